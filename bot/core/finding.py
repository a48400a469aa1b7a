"""One thing a digest says, as a value. The rules that find it: `findings` (ratings) and `homework`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["note", "flag"]
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the digest says. `patient` and `therapist` are the numbers compared; `more` feeds the sentence."""

    rule: str
    about: str
    level: Level
    patient: float | None = None
    therapist: float | None = None
    direction: Literal["patient lower", "therapist lower"] | None = None
    more: Mapping[str, object] = field(default_factory=dict)


At = tuple[int, Finding]
"""A finding and the index of the session it is said at."""


def at_least(value: float, bound: float) -> bool:
    """value >= bound, forgiving the rounding of means."""
    return value >= bound - TOLERANCE


def at_most(value: float, bound: float) -> bool:
    """value <= bound, forgiving the rounding of means."""
    return value <= bound + TOLERANCE
