"""Answers into scores: means on the scale that was answered, and no score where too little was answered."""

from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.history import Answers, Part
from bot.core.scoring import Scores, alliance_scores, homework_index, mean_if, number, rated_items

ITEMS = ("tasks_1", "tasks_2", "goals_1", "goals_2", "bond_1", "bond_2")
RATINGS = st.fixed_dictionaries({item: st.none() | st.integers(1, 5) for item in ITEMS})


def form(*six: int | None) -> dict[str, int | None]:
    """A form: the two items of tasks, of goals, of bond."""
    return dict(zip(ITEMS, six, strict=True))


@pytest.mark.parametrize(
    ("part", "scores"),
    [
        pytest.param(form(3, 4, 5, 5, 1, 2), Scores(3.5, 5.0, 1.5, 20 / 6), id="each pair's mean, and the mean of all"),
        pytest.param(form(None, 4, 5, 5, 1, 2), Scores(None, 5.0, 1.5, 17 / 5), id="half a pair is no score of it"),
        pytest.param(form(4, 4, None, 5, 3, None), Scores(4.0), id="four of six are no total"),
        pytest.param(form(1, 1, 1, 1, 1, 1), Scores(1.0, 1.0, 1.0, 1.0), id="the bottom"),
        pytest.param(form(5, 5, 5, 5, 5, 5), Scores(5.0, 5.0, 5.0, 5.0), id="the top"),
        pytest.param({"tasks_1": 2, "tasks_2": 3}, Scores(tasks=2.5), id="an item left out was skipped"),
        pytest.param({"tasks_1": 2, "own_words": "slower"}, Scores(), id="own words are no rating"),
        pytest.param({}, Scores(), id="an empty form has no score"),
        pytest.param("missed", Scores(), id="a missed form has none"),
        pytest.param("excused", Scores(), id="nor has an excused one"),
        pytest.param(None, Scores(), id="nor one that was never asked"),
    ],
)
def test_alliance_scores(part: Part, scores: Scores) -> None:
    assert alliance_scores(part) == scores


def test_a_score_by_its_name() -> None:
    scores = alliance_scores(form(3, 3, 4, 4, 5, 5))
    assert [scores.of(name) for name in ("tasks", "goals", "bond", "total")] == [3.0, 4.0, 5.0, 4.0]


@given(RATINGS)
def test_a_score_lies_between_the_lowest_and_the_highest_answer(answers: dict[str, int | None]) -> None:
    given_ratings = [value for value in answers.values() if value is not None]
    total = alliance_scores(answers).total
    assert (total is None) == (len(given_ratings) < 5)
    if total is not None:
        assert min(given_ratings) - 1e-9 <= total <= max(given_ratings) + 1e-9


@given(RATINGS, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(answers: dict[str, int | None], rng: Random) -> None:
    mixed = {item: answers[item] for item in rng.sample(ITEMS, len(ITEMS))}
    assert alliance_scores(mixed) == alliance_scores(answers)


@given(st.fixed_dictionaries({item: st.integers(1, 5) for item in ITEMS}))
def test_of_a_full_form_the_total_is_the_mean_of_its_parts(answers: dict[str, int]) -> None:
    scores = alliance_scores(answers)
    assert scores.total == pytest.approx(fmean([scores.of(k) or 0.0 for k in ("tasks", "goals", "bond")]))


@pytest.mark.parametrize(
    ("value", "read"), [(3, 3), (0, 0), (None, None), ("not_yet", None), (("unclear",), None)], ids=str
)
def test_only_a_number_is_read_as_one(value: int | str | tuple[str, ...] | None, read: int | None) -> None:
    answers: Answers = {"item": value}
    assert number(answers, "item") == read
    assert number({}, "item") is None


def test_rated_items_keep_their_order_and_pass_over_what_was_skipped() -> None:
    assert rated_items({"b": 2, "a": 5, "c": None, "d": "not_yet"}, ("a", "b", "c", "d", "e")) == [5, 2]


@pytest.mark.parametrize(
    ("values", "needs", "mean"), [([], 1, None), ([4], 2, None), ([4, 5], 2, 4.5), ([1, 2, 3], 2, 2.0)]
)
def test_a_mean_only_of_enough_values(values: list[int], needs: int, mean: float | None) -> None:
    assert mean_if(values, needs) == mean


@pytest.mark.parametrize(
    ("part", "index"),
    [
        pytest.param({"given": "yes", "done": 4, "well": 4}, 1.0, id="all of it, fully"),
        pytest.param({"given": "yes", "done": 2, "well": 3}, 0.625, id="half of it, mostly well"),
        pytest.param({"given": "yes", "done": 0}, 0.0, id="none of it: how well is not asked"),
        pytest.param({"given": "yes", "done": 0, "well": 4}, 0.0, id="none of it, whatever stands beside it"),
        pytest.param({"given": "yes", "done": 1, "well": 0}, 0.125, id="a little of it, badly"),
        pytest.param({"given": "yes", "done": 3, "well": None}, None, id="how well was skipped"),
        pytest.param({"given": "yes", "done": None, "well": 3}, None, id="how much was skipped"),
        pytest.param({"given": "no", "done": 4, "well": 4}, None, id="nothing was given"),
        pytest.param({"given": "not_sure"}, None, id="not sure whether any was given"),
        pytest.param({}, None, id="an empty form"),
        pytest.param("missed", None, id="a missed form"),
        pytest.param(None, None, id="never asked"),
    ],
)
def test_homework_index(part: Part, index: float | None) -> None:
    assert homework_index(part) == index
