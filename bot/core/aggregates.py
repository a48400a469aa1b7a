"""Numbers of the whole clinic, for the clinic: never of a therapist, and none of fewer than five people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

FEWEST = 5
"""A number about fewer people could be read as one about somebody."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One check-in that was answered (after so long) or not, and whose it was."""

    person: int
    after: timedelta | None


@dataclass(frozen=True, slots=True)
class Digested:
    """One digest that named a disagreement: of which pair, and whether it was said to be talked about."""

    pair: int
    talked_about: bool


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Shares from 0 to 1, and the median time until an answer; None: of too few to say."""

    answered: float | None
    after: timedelta | None
    talked_about: float | None


def aggregates(askings: Sequence[Asking], digests: Sequence[Digested]) -> Aggregates:
    """The clinic's numbers. Each counts for itself how many people it is about."""
    answers = [(one.person, one.after) for one in askings if one.after is not None]
    share = len(answers) / len(askings) if _enough({one.person for one in askings}) else None
    enough = _enough({person for person, _ in answers})
    after = timedelta(seconds=median([after.total_seconds() for _, after in answers])) if enough else None
    talked = sum(one.talked_about for one in digests) / len(digests) if _enough({one.pair for one in digests}) else None
    return Aggregates(share, after, talked)


def _enough(people: Collection[int]) -> bool:
    return len(people) >= FEWEST
