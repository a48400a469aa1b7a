"""Answers -> scores, on the scale that was answered.

A subscale needs both of its items, a total five of six; with fewer there is no score (None), never an imputed one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.history import Answer, Answers, Part, answered

SUBSCALES = ("tasks", "goals", "bond")
TOTAL_NEEDS = 5
ITEMS = {name: (f"{name}_1", f"{name}_2") for name in SUBSCALES}
ALL_ITEMS = tuple(item for name in SUBSCALES for item in ITEMS[name])


@dataclass(frozen=True, slots=True)
class Scores:
    """Means on the 1-5 scale; None where too little was answered.

    `lowest`: the lowest answer by subscale, if any. `rated`: how many items were answered, `is_one_option`: all alike.
    """

    tasks: float | None = None
    goals: float | None = None
    bond: float | None = None
    total: float | None = None
    lowest: Mapping[str, int] = field(default_factory=dict, compare=False)
    rated: int = field(default=0, compare=False)
    is_one_option: bool = field(default=False, compare=False)

    def of(self, name: str) -> float | None:
        """The score of that name: tasks, goals, bond or total."""
        score: float | None = getattr(self, name)
        return score


def number(answers: Answers, item: str) -> int | None:
    """The answer as a number; None if it was skipped or is not a number (such as "not_yet")."""
    value = answers.get(item)
    return value if isinstance(value, int) else None


def rated_items(answers: Answers, items: Sequence[str]) -> list[int]:
    """The numbers among the answers to these items, in order, without those skipped."""
    return [value for item in items if isinstance(value := answers.get(item), int)]


def mean_if(values: Sequence[int], needs: int) -> float | None:
    """The mean of the answered items, None if there are fewer than `needs`."""
    return sum(values) / len(values) if len(values) >= needs else None


def alliance_scores(part: Part) -> Scores:
    """The subscales and the total of one side's alliance form."""
    answers = answered(part)
    return Scores() if answers is None else _scores(tuple(answers.get(item) for item in ALL_ITEMS))


@lru_cache(maxsize=4096)  # most forms are like others: a digest reads the same few again and again
def _scores(six: tuple[Answer, ...]) -> Scores:
    answers = dict(zip(ALL_ITEMS, six, strict=True))
    rated = {name: rated_items(answers, ITEMS[name]) for name in SUBSCALES}
    means = {name: mean_if(values, len(ITEMS[name])) for name, values in rated.items()}
    every = [value for values in rated.values() for value in values]
    lowest = {name: min(values) for name, values in rated.items() if values}
    total = mean_if(every, TOTAL_NEEDS)
    return Scores(**means, total=total, lowest=lowest, rated=len(every), is_one_option=len(set(every)) == 1)


def homework_index(part: Part) -> float | None:
    """How much and how well, 0-1: (done/4 + well/4) / 2. None without homework; well is 0 when nothing was done."""
    answers = answered(part)
    if answers is None or answers.get("given") != "yes":
        return None
    done = number(answers, "done")
    well = 0 if done == 0 else number(answers, "well")
    return None if done is None or well is None else (done / 4 + well / 4) / 2
