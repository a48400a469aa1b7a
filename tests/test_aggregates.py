"""The clinic's own numbers: nothing is said of fewer than five people."""

from datetime import timedelta

import pytest

from bot.core.aggregates import Aggregates, Asking, Digested, aggregates

HOUR = timedelta(hours=1)


def askings(*answered: int | None) -> list[Asking]:
    """One asking of each person, answered after so many hours or not."""
    return [Asking(person, None if hours is None else hours * HOUR) for person, hours in enumerate(answered)]


@pytest.mark.parametrize(
    ("found", "answered", "after"),
    [
        ([], None, None),
        (askings(1, 2, 3, 4), None, None),
        (askings(1, 2, 3, 4, None), 0.8, None),  # five were asked, and the time is about four
        (askings(1, 2, 3, 4, 9), 1.0, 3 * HOUR),
        (askings(1, 2, 3, 4, 9, None), 5 / 6, 3 * HOUR),
        ([*askings(1, 2, 3), *askings(5, 6)], None, None),  # five answers, of three people
    ],
)
def test_shares_and_times(found: list[Asking], answered: float | None, after: timedelta | None) -> None:
    assert aggregates(found, []) == Aggregates(answered, after, None)


def test_what_was_talked_about() -> None:
    of_four = [Digested(pair, True) for pair in (1, 2, 3, 4, 4, 4)]
    assert aggregates([], of_four).talked_about is None
    assert aggregates([], [*of_four, Digested(5, False)]).talked_about == 6 / 7
