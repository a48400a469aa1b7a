"""The state machine of one check-in: tables for its rules, and laws that hold whatever is tapped."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.checkin import (
    WORKING,
    CheckIn,
    Due,
    Place,
    Screen,
    after_due,
    due,
    held_back,
    is_over,
    last_moment,
    next_due,
    times_to_ask_again,
)  # fmt: skip
from bot.core.form import Asks, Form, Key, asked, compose
from bot.core.history import Answer, Goal
from bot.core.plan import Plan
from bot.core.questionnaire import Voice
from bot.core.taps import Step, Tap, Verb, step
from bot.questionnaire_folder import load_questionnaires, shipped_questionnaires
from tests.laws import law

BY_ID, _ = load_questionnaires(shipped_questionnaires())
PLAN = Plan()
NOW = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)  # 16:00 in Denver
CLOSES = NOW + timedelta(hours=72)
GOALS = (Goal(1, "sleep through the night"), Goal(2, "less anger at home"), Goal(3, "be with the children"))
EVERYTHING = ("alliance", "goals", "homework", "start")
SKIP_ALL: tuple[Verb, ...] = ("skip",) * 40


def form_of(voice: Voice, before: bool = False, asks: tuple[str, ...] = EVERYTHING) -> Form:
    """The longest form of a side: every questionnaire, three goals, at a fourth session."""
    last = ((1, 2), 1) if before else None
    return compose(BY_ID, Asks(asks, 4, GOALS, last, last_homework=1), voice)


def opened(voice: Voice = "patient", **place: Any) -> CheckIn:
    """A check-in that has just been opened, with the person at a place in it."""
    at = replace(Place(), **place)
    return CheckIn(
        "c", voice, "alliance", "open", "America/Denver", CLOSES, place=at, reminds=NOW + timedelta(hours=24)
    )


def tap(form: Form, check_in: CheckIn, verb: Verb, *more: int, words: str = "", now: datetime = NOW) -> Step:
    """Tap a button of the screen that is shown."""
    item, choice = (*more, check_in.place.at, 0)[:2] if not more else (*more, 0)[:2]
    return step(form, check_in, Tap(verb, check_in.place.turn, item, choice, words), now, PLAN)


def after(form: Form, check_in: CheckIn, *verbs: Verb) -> CheckIn:
    """The check-in after these taps."""
    for verb in verbs:
        check_in = tap(form, check_in, verb).check_in
    return check_in


# ------------------------------------------------------------------------------------------------ time, by tables


@pytest.mark.parametrize(
    ("now", "offered"),
    [
        ("2026-11-03T23:00", "hour tonight tomorrow"),  # 16:00 in Denver
        ("2026-11-04T01:30", "hour tonight tomorrow"),  # 18:30
        ("2026-11-04T02:00", "hour tomorrow"),  # 19:00: tonight is now
        ("2026-11-04T03:00", "tomorrow"),  # 20:00: in an hour it is quiet
        ("2026-11-04T06:00", "tomorrow"),  # 23:00
        ("2026-11-04T14:00", "hour tonight tomorrow"),  # 07:00: in an hour it is eight
        ("2026-11-04T13:59", "tonight tomorrow"),
        ("2026-11-06T21:59", "hour"),  # closes at 16:00 today
        ("2026-11-06T22:00", ""),  # in an hour it has closed
        ("2026-11-06T22:30", ""),
    ],
)
def test_what_later_offers(now: str, offered: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert [word for word, _ in times_to_ask_again(opened(), at, PLAN)] == offered.split()


def test_whoever_began_is_offered_later_times_up_to_the_longer_closing() -> None:
    begun = opened(started=True)
    assert [word for word, _ in times_to_ask_again(begun, CLOSES - timedelta(minutes=45), PLAN)] == ["hour"]


@pytest.mark.parametrize(
    ("place", "hours", "what"),
    [
        ({}, 0, None),
        ({}, 24, "remind"),
        ({"reminded": True}, 24, None),
        ({}, 72, "close"),
        ({"started": True}, 72, "remind"),
        ({"started": True, "reminded": True}, 72, None),
        ({"started": True}, 72.5, "close"),
        ({"screen": "put_off", "again": NOW + timedelta(hours=1)}, 0.99, None),
        ({"screen": "put_off", "again": NOW + timedelta(hours=1)}, 1, "again"),
        ({"screen": "question", "touched": NOW}, 4 / 60, None),
        ({"screen": "question", "touched": NOW}, 5 / 60, "hide"),
        ({"screen": "question", "touched": NOW, "hidden": True}, 5 / 60, None),
        ({"screen": "summary", "touched": NOW}, 5 / 60, "hide"),
        ({"screen": "ready", "touched": NOW}, 5 / 60, None),
    ],
)
def test_what_is_due(place: dict[str, Any], hours: float, what: Due | None) -> None:
    assert due(opened(**place), NOW + timedelta(hours=hours), PLAN) == what


@pytest.mark.parametrize(
    ("voice", "state", "started", "after_closing", "over"),
    [
        ("patient", "open", False, timedelta(0), False),
        ("patient", "missed", False, timedelta(days=7), False),
        ("patient", "missed", False, timedelta(days=7, seconds=1), True),
        ("patient", "missed", True, timedelta(days=7, minutes=30), False),
        ("patient", "answered", True, -timedelta(hours=1), True),
        ("patient", "excused", False, -timedelta(hours=1), True),
        ("patient", "planned", False, -timedelta(hours=1), True),
        ("therapist", "open", False, timedelta(0), False),
        ("therapist", "open", True, timedelta(minutes=30), False),
        ("therapist", "open", True, timedelta(minutes=31), True),
        ("therapist", "missed", True, timedelta(0), True),
    ],
)
def test_when_nothing_can_be_answered_any_more(
    voice: Voice, state: str, started: bool, after_closing: timedelta, over: bool
) -> None:
    check_in = replace(opened(voice, started=started), state=state)  # type: ignore[arg-type]
    assert is_over(check_in, CLOSES + after_closing, PLAN) is over


def test_a_reminder_waits_for_the_end_of_quiet_hours_but_not_past_the_closing() -> None:
    morning = NOW + timedelta(hours=40)
    assert held_back(opened(), "remind", morning).reminds == morning
    assert held_back(opened(), "remind", CLOSES).reminds is None
    assert held_back(opened(again=NOW), "again", morning).place.again == morning


def test_closing_leaves_a_form_that_can_be_begun_late() -> None:
    closed = after_due(opened(screen="question", at=3, touched=NOW, started=True), "close")
    assert (closed.state, closed.place.screen, closed.place.hidden) == ("missed", "ready", True)
    assert after(form_of("patient"), closed, "begin").place.screen == "question"


# ------------------------------------------------------------------------------------------------ taps, by examples


def test_begin_leads_to_the_first_question_and_counts_a_turn() -> None:
    begun = after(form_of("patient"), opened(), "begin")
    assert (begun.place.screen, begun.place.at, begun.place.turn, begun.place.started) == ("question", 0, 1, True)


def test_back_on_the_first_question_stays_there() -> None:
    begun = after(form_of("patient"), opened(), "begin", "back", "back")
    assert (begun.place.screen, begun.place.at) == ("question", 0)


def test_back_on_the_summary_leads_to_the_last_question() -> None:
    form = form_of("patient")
    summary = after(form, opened(), "begin", *SKIP_ALL)
    assert summary.place.screen == "summary"
    assert after(form, summary, "back").place.at == asked(form, summary.answers)[-1]


@pytest.mark.parametrize("verb", ["change", "send", "goto", "again", "did_not_meet", "pass", "done", "on"])
def test_a_button_that_is_not_on_the_screen_is_stale(verb: Verb) -> None:
    form = form_of("patient")
    begun = after(form, opened(), "begin")
    result = tap(form, begun, verb)
    assert result.happened == "stale"
    assert result.check_in.place.screen == "question"


def test_what_was_picked_for_another_time_than_offered_is_stale() -> None:
    form = form_of("patient")
    later = after(form, opened(), "begin", "later")
    assert tap(form, later, "again", words="tonight", now=NOW + timedelta(hours=6)).happened == "stale"
    assert tap(form, later, "again", words="tonight").check_in.place.again == NOW + timedelta(hours=3)


def test_yes_to_still_the_same_repeats_the_ticks() -> None:
    form = form_of("patient", before=True)
    index = next(n for n, q in enumerate(form.questions) if q.item.id == "still")
    at = replace(opened(), place=Place("question", index, 5, started=True, touched=NOW))
    result = tap(form, at, "pick", index, 0)
    assert result.wrote == {("goals", "still"): "yes", ("goals", "chosen"): (1, 2), ("goals", "top"): 1}


def test_a_form_sent_late_is_marked() -> None:
    form = form_of("patient")
    closed = after_due(after(form, opened(), "begin", *SKIP_ALL), "close")
    late = tap(form, after(form, closed, "begin"), "send", now=CLOSES + timedelta(days=2))
    assert (late.check_in.state, late.check_in.late) == ("answered", True)


# ------------------------------------------------------------------------------------------------ laws


VERBS: tuple[Verb, ...] = (
    "begin", "pick", "on", "off", "done", "back", "skip", "later", "again", "hide", "change", "goto", "send", "pass",
    "not_met", "words",
)  # fmt: skip
taps = st.builds(
    Tap,
    st.sampled_from(VERBS),
    st.none() | st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 14),
    st.sampled_from(("", "hour", "tonight", "my own words", "x" * 1001)),
)
moments = st.integers(0, 200_000).map(lambda seconds: NOW + timedelta(seconds=seconds))


@st.composite
def likely(draw: st.DrawFn, form: Form, check_in: CheckIn) -> Tap:
    """A tap that mostly means something on the screen that is shown."""
    place = check_in.place
    shown = asked(form, check_in.answers)
    item = draw(st.sampled_from(shown)) if place.screen in ("form", "change") else place.at
    picks: tuple[Verb, ...] = ("pick",) * 8
    verbs: Mapping[Screen, tuple[Verb, ...]] = {
        "ready": ("begin", "begin", "later"),
        "question": (*picks, "on", "on", "off", "done", "done", "skip", "back", "back", "words", "hide", "not_met"),
        "form": (*picks[:4], "on", "on", "off", "send", "pass", "hide", "later"),
        "summary": ("change", "change", "change", "back", "send"),
        "change": ("goto", "goto", "back"),
        "later": ("back", "again"),
        "put_off": ("begin",),
        "not_met": ("back",),
    }
    verb = draw(st.sampled_from(("begin",) if place.hidden else verbs[place.screen]))
    turn = None if verb == "words" else place.turn
    known = [n for n, _ in form.choices(item, check_in.answers)] or [0]
    return Tap(verb, turn, item, draw(st.sampled_from(known)), draw(st.sampled_from(("hour", "words of my own"))))


@st.composite
def walks(draw: st.DrawFn, most: int = 30) -> tuple[Form, list[tuple[Tap, Step]]]:
    """A walk through a form: mostly sensible taps, now and then any tap at all, with what each did."""
    voice: Voice = draw(st.sampled_from(("patient", "patient", "therapist")))
    asks = draw(st.sampled_from((("goals",), ("homework",), ("goals", "homework"), EVERYTHING)))
    form, check_in = form_of(voice, draw(st.booleans()), asks), opened(voice)
    walk, now = [], NOW
    for _ in range(draw(st.integers(1, most))):
        now += timedelta(seconds=draw(st.integers(0, 600)))
        one = draw(taps if draw(st.integers(0, 9)) == 0 else likely(form, check_in))
        result = step(form, check_in, one, now, PLAN)
        walk.append((one, result))
        check_in = result.check_in
    return form, walk


LAW = law(80)


@LAW
@given(walks())
def test_law_whatever_is_tapped_the_turn_only_grows(walked: tuple[Form, list[tuple[Tap, Step]]]) -> None:
    _, walk = walked
    turns = [0, *(result.check_in.place.turn for _, result in walk)]
    assert all(before <= then <= before + 1 for before, then in pairwise(turns))


@LAW
@given(walks())
def test_law_what_is_written_is_what_is_shown(walked: tuple[Form, list[tuple[Tap, Step]]]) -> None:
    """The rows of the database, changed step by step, always equal the answers on the screen."""
    _, walk = walked
    rows: dict[Key, Answer] = {}
    for _, result in walk:
        rows |= result.wrote
        for key in result.dropped:
            rows.pop(key, None)
        if result.check_in.state == "open" or result.happened == "sent":
            assert {k: v for k, v in rows.items() if v is not None} == {
                k: v for k, v in result.check_in.answers.items() if v is not None
            }


@LAW
@given(walks())
def test_law_send_keeps_an_answer_or_a_skip_for_each_question_asked(
    walked: tuple[Form, list[tuple[Tap, Step]]],
) -> None:
    form, walk = walked
    for _, result in walk:
        if result.happened == "sent":
            answers = result.check_in.answers
            asked_for = {form.questions[n].key for n in asked(form, answers)}
            assert asked_for <= answers.keys()
            assert all(key in asked_for or key[1] in ("chosen", "top") for key in answers)


@LAW
@given(walks())
def test_law_a_double_tap_equals_a_single_tap(walked: tuple[Form, list[tuple[Tap, Step]]]) -> None:
    form, walk = walked
    one, result = walk[-1]
    if one.turn is None:
        return  # typed words speak of the screen that is shown by then
    twice = step(form, result.check_in, one, NOW + timedelta(days=1), PLAN)
    assert twice.check_in.answers == result.check_in.answers
    assert twice.check_in.state == result.check_in.state
    if twice.check_in.place.screen != "form":
        assert twice.check_in.place.turn == result.check_in.place.turn


@LAW
@given(walks(), st.data())
def test_law_an_old_button_never_changes_an_answer(
    walked: tuple[Form, list[tuple[Tap, Step]]], data: st.DataObject
) -> None:
    """In the one-message form a row's button says all it means; any other button of an earlier screen does nothing."""
    form, walk = walked
    present = walk[-1][1].check_in
    old, _ = data.draw(st.sampled_from(walk))
    if old.turn is None or old.turn >= present.place.turn:
        return
    result = step(form, present, old, NOW + timedelta(days=1), PLAN)
    if present.place.screen == "form" and old.verb in ("pick", "on", "off"):
        row = {question.key for question in form.questions[old.item : old.item + 1]}  # none where there is no such row
        assert set(result.wrote) <= row | {("goals", "chosen"), ("goals", "top")}
    else:
        assert result.check_in.answers == present.answers
        assert result.happened in ("stale", "closed")


@LAW
@given(walks(), taps)
def test_law_after_send_nothing_changes(walked: tuple[Form, list[tuple[Tap, Step]]], more: Tap) -> None:
    form, walk = walked
    sent = next((result.check_in for _, result in walk if result.happened == "sent"), None)
    if sent is not None:
        assert step(form, sent, more, NOW, PLAN) == Step(sent, "closed")


@LAW
@given(walks())
def test_law_what_is_shown_can_be_shown(walked: tuple[Form, list[tuple[Tap, Step]]]) -> None:
    """The question on the screen is one that is asked, so that "2 of 6" can be said of it."""
    form, walk = walked
    for _, result in walk:
        check_in = result.check_in
        if check_in.place.screen == "question" and check_in.state == "open":
            assert check_in.place.at in asked(form, check_in.answers)


@LAW
@given(moments, st.sampled_from((*WORKING, "ready", "put_off")), st.booleans(), st.booleans(), moments, moments)
def test_law_a_tick_comes_to_an_end(
    now: datetime, screen: Screen, hidden: bool, started: bool, touched: datetime, again: datetime
) -> None:
    """What is due gets done once; then the next moment lies ahead. Otherwise a tick would go round for ever."""
    check_in = opened(screen=screen, hidden=hidden, started=started, touched=touched, again=again, turn=3)
    for _ in range(5):
        what = due(check_in, now, PLAN)
        if what is None:
            break
        check_in = after_due(check_in, what)
    following = next_due(check_in, NOW, PLAN)
    assert due(check_in, now, PLAN) is None
    assert following is None or following > now


@LAW
@given(moments)
def test_law_later_is_never_past_the_closing(now: datetime) -> None:
    check_in = opened()
    assert all(now < at < last_moment(check_in, PLAN) for _, at in times_to_ask_again(check_in, now, PLAN))
