"""What one check-in asks: which questions, in which order, given what was answered so far."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.form import Asks, Form, Key, asked, compose, next_open
from bot.core.history import Answer, Goal
from bot.core.questionnaire import Voice
from bot.questionnaire_folder import load_questionnaires, shipped_questionnaires
from tests.laws import law

BY_ID, _ = load_questionnaires(shipped_questionnaires())
GOALS = (Goal(1, "sleep through the night"), Goal(3, "less anger at home", "therapist"))


def form(*questionnaires: str, voice: Voice = "patient", **more: object) -> Form:
    """The form of one side over some questionnaires."""
    return compose(BY_ID, replace(Asks(questionnaires), **more), voice)  # type: ignore[arg-type]


def items(one: Form, answers: dict[Key, Answer] | None = None) -> str:
    """The ids of the questions asked, in order."""
    return " ".join(one.questions[n].key[1] for n in asked(one, answers or {}))


ALLIANCE = "goals_1 goals_2 tasks_1 tasks_2 bond_1 bond_2"
HOMEWORK = "given done well why fits difficulty obstacles"


@pytest.mark.parametrize(
    ("asks", "voice", "more", "expected"),
    [
        (["alliance"], "patient", {}, f"{ALLIANCE} own_words words_for"),
        (["alliance"], "therapist", {"bond": False}, "goals_1 goals_2 tasks_1 tasks_2"),
        (["alliance"], "therapist", {"bond": True}, ALLIANCE),
        (["goals"], "patient", {}, ""),
        (["goals"], "patient", {"goals": GOALS}, "chosen top"),
        (["goals"], "patient", {"goals": GOALS, "number": 4}, "chosen top progress.1 progress.3"),
        (["goals"], "therapist", {"goals": GOALS, "number": 4}, "chosen top"),
        (["goals"], "patient", {"goals": GOALS, "before": ((1,), 1)}, "still chosen top"),
        (["homework"], "patient", {}, HOMEWORK),
        (["homework"], "therapist", {}, "given"),
        (["homework"], "therapist", {"last_homework": 7}, "given done"),
        (["start"], "patient", {}, "privacy hopes options say"),
        (["start"], "therapist", {}, ""),
        (["start"], "patient", {"only": {"start": ("say",)}}, "say"),
        (["alliance", "start"], "patient", {"only": {"start": ("say",)}}, f"{ALLIANCE} own_words words_for say"),
        (["no_longer_there", "start"], "patient", {}, "privacy hopes options say"),
    ],
)
def test_what_is_asked_of_whom(asks: list[str], voice: Voice, more: dict[str, object], expected: str) -> None:
    assert items(form(*asks, voice=voice, **more)) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"given": "no"}, "given"),
        ({"given": "not_sure"}, "given"),
        ({"given": None}, "given"),
        ({"given": "yes"}, HOMEWORK),
        ({"given": "yes", "done": 0}, "given done why fits difficulty obstacles"),
        ({"given": "yes", "done": 1}, HOMEWORK),
        ({"given": "yes", "done": 2}, HOMEWORK),
        ({"given": "yes", "done": 3}, "given done well why fits difficulty"),
        ({"given": "yes", "done": None}, "given done why fits difficulty"),
    ],
)
def test_homework_asks_on_only_where_it_applies(answers: dict[str, Answer], expected: str) -> None:
    assert items(form("homework"), {("homework", item): value for item, value in answers.items()}) == expected


def test_what_last_time_had_is_asked_whatever_was_agreed_today() -> None:
    therapist = form("homework", voice="therapist", last_homework=7)
    assert items(therapist, {("homework", "given"): "no"}) == "given done"


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [((), "chosen"), ((1,), "chosen"), ((1, 3), "chosen top"), ((1, "other"), "chosen top"), (None, "chosen")],
)
def test_which_comes_first_is_asked_of_two_or_more(ticks: Answer, expected: str) -> None:
    assert items(form("goals", goals=GOALS), {("goals", "chosen"): ticks}) == expected


def test_only_what_was_ticked_can_come_first_something_else_too() -> None:
    one = form("goals", goals=GOALS)
    top = next(n for n, q in enumerate(one.questions) if q.item.id == "top")
    assert [choice.id for _, choice in one.choices(top, {("goals", "chosen"): (3, "other")})] == [3, "other"]


def test_goals_stand_before_something_else_with_their_numbers() -> None:
    chosen = form("goals", goals=GOALS).questions[0]
    assert [choice.id for choice in chosen.choices] == [1, 3, "other"]
    assert chosen.choices[1].label == {"": "3. less anger at home"}


def test_yes_to_still_the_same_ends_the_goals() -> None:
    one = form("goals", goals=GOALS, before=((1,), 1))
    assert items(one, {("goals", "still"): "yes"}) == "still"
    assert items(one, {("goals", "still"): "change"}) == "still chosen top"


def test_the_next_open_question_passes_over_answers_and_skips() -> None:
    one = form("alliance")
    assert next_open(one, {("alliance", "goals_1"): 4, ("alliance", "goals_2"): None}) == 2
    assert next_open(one, {q.key: None for q in one.questions}) is None


def test_what_is_asked_survives_being_stored() -> None:
    asks = Asks(("goals", "start"), 4, GOALS, ((1, "other"), "other"), 7, False, {"start": ("say",)})
    assert Asks.from_json(json.loads(json.dumps(asks.to_json()))) == asks
    assert Asks.from_json(json.loads(json.dumps(Asks(("alliance",)).to_json()))) == Asks(("alliance",))


EVERY = form("alliance", "goals", "homework", "start", goals=GOALS, number=4)


@law(100)
@given(st.data())
def test_law_answering_in_order_the_count_shrinks_but_never_grows(data: st.DataObject) -> None:
    answers: dict[Key, Answer] = {}
    counts = [len(asked(EVERY, answers))]
    while (index := next_open(EVERY, answers)) is not None:
        question = EVERY.questions[index]
        ids: list[Answer] = [choice.id for _, choice in EVERY.choices(index, answers)]
        one = data.draw(st.sampled_from([None, *ids]))
        answers[question.key] = (one,) if question.item.kind == "many" and one is not None else one  # type: ignore[assignment]
        counts.append(len(asked(EVERY, answers)))
    assert counts == sorted(counts, reverse=True)
