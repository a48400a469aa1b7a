"""What a change of the schedule does: to check-ins that are still to come, as three numbers; and to whom, and when."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

What = Literal["new", "moved", "dropped"]
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


class Seen(NamedTuple):
    """Something on a calendar: its wall time in the clinic ("2026-11-09T14:00"), and whatever else may change."""

    at: str
    more: object = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that comes, moves or goes: `of` is "session", or who is asked ("patient", "homework", "therapist").

    `at` is its wall time then (before, if it goes), `was` the one it had, if that is another. By code, never by name.
    """

    what: What
    of: str
    at: str
    was: str | None
    patient: str
    therapist: str


def changes(
    of: Mapping[Hashable, str], before: Mapping[Hashable, Seen], after: Mapping[Hashable, Seen], pair: tuple[str, str]
) -> list[Changed]:
    """What lies between two views of one pair, one by one; `of` says what each of them is."""
    found = []
    for key, name in of.items():
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            found.append(Changed("new", name, new.at, None, *pair))
        elif old is not None and new is None:
            found.append(Changed("dropped", name, old.at, None, *pair))
        elif old is not None and new is not None and old != new:
            found.append(Changed("moved", name, new.at, old.at if old.at != new.at else None, *pair))
    return sorted(found, key=lambda one: (one.at, one.of))
