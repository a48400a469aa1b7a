"""What a change of the schedule does to the check-ins that are still to come, as three numbers."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

Ahead = Mapping[Hashable, object]
"""The check-ins that will be asked: which one -> its moments."""


@dataclass(frozen=True, slots=True)
class Effect:
    """So many check-ins come at another time, are not asked any more, or are asked in addition."""

    moved: int = 0
    dropped: int = 0
    new: int = 0

    def __add__(self, other: "Effect") -> "Effect":
        """Both together."""
        return Effect(self.moved + other.moved, self.dropped + other.dropped, self.new + other.new)


def compare(before: Ahead, after: Ahead) -> Effect:
    """What lies between two views of one pair."""
    both = before.keys() & after.keys()
    moved = sum(before[key] != after[key] for key in both)
    return Effect(moved, len(before) - len(both), len(after) - len(both))
