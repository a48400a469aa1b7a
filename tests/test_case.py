"""A case file with mistakes: each is listed at its path with what to write instead, and nothing makes the reader fall.

Every row takes one good case, spoils one place of it, and names the mistakes it must lead to.
"""

import copy
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.case import parse
from bot.core.findings import findings
from bot.core.history import Goal, Side
from bot.core.problem import Problem
from tests.laws import law

GOOD: dict[str, Any] = {
    "zone": "America/Denver",
    "goals": [{"id": 1, "words": "sleep through the night"}, {"id": 2, "words": "less anger at home"},
              {"id": 3, "words": "see friends"}],
    "sessions": [
        {
            "starts": "2026-03-03T14:00",
            "state": "held",
            "patient": {
                "alliance": {"goals_1": 4, "goals_2": 4, "tasks_1": 3, "bond_1": 5, "own_words": "slower",
                             "words_for": "self"},
                "goals": {"chosen": [1, 2], "top": 2},
                "homework": {"given": "yes", "done": 1, "well": 2, "why": 2, "fits": 3, "difficulty": 1,
                             "obstacles": ["no_point"]},
                "start": {"privacy": 4, "hopes": "to sleep", "options": "not_yet", "say": 2},
                "answered_at": "2026-03-05T10:00",
            },
            "therapist": {"alliance": {"goals_1": 4}, "goals": {"chosen": [1, "other"], "top": "other"},
                          "homework": {"given": "yes", "done": 3}},
        },
        {"starts": "2026-03-10T14:00", "state": "held", "patient": "missed", "therapist": None},
        {"starts": "2026-03-17T14:00", "state": "cancelled"},
    ],
}  # fmt: skip
TAKE_OUT = object()


def zones(name: str) -> ZoneInfo | None:
    """The lookup that a caller hands in."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def spoilt(path: str, value: object) -> dict[str, Any]:
    """The good case with another value at one place, or without that place; `sessions.0.starts`."""
    data = copy.deepcopy(GOOD)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = data
    for step in way:
        place = place[step]
    if value is TAKE_OUT:
        del place[last]
    else:
        place[last] = value
    return data


def problems(data: object) -> list[Problem]:
    """Every mistake in a case; a case has either a history or mistakes, and each says what to do."""
    read, found = parse(data, zones)
    assert (read is None) == bool(found)
    assert all(": " in problem.says and problem.says.endswith((".", "?")) for problem in found)
    return found


def told(data: object) -> str:
    """The mistakes as they are printed."""
    return "\n".join(f"{problem.where}: {problem.says}" for problem in problems(data))


# ------------------------------------------------------------------------------------------------ good cases


def test_a_good_case_is_read() -> None:
    read, found = parse(GOOD, zones)
    assert read is not None
    assert found == []
    assert [goal.id for goal in read.goals] == [1, 2, 3]
    assert read.goals[0] == Goal(1, "sleep through the night")
    assert [session.state for session in read.sessions] == ["held", "held", "cancelled"]
    first, second, third = read.sessions
    assert first.local == "2026-03-03T14:00"
    assert first.patient.goals == {"chosen": (1, 2), "top": 2}
    assert second.patient == Side(alliance="missed")
    assert third.patient == third.therapist == Side()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("sessions", [], id="no session yet"),
        pytest.param("sessions.0.patient", None, id="a patient not asked"),
        pytest.param("sessions.0.patient", "excused", id="a patient away"),
        pytest.param("sessions.0.patient", {}, id="a patient asked nothing"),
        pytest.param("sessions.0.patient.alliance", {}, id="a form sent with every item skipped"),
        pytest.param("sessions.0.patient.alliance", {"goals_1": None}, id="an item skipped"),
        pytest.param("sessions.0.patient.alliance", {"goals_1": 1, "goals_2": 5}, id="the ends of a scale from 1 to 5"),
        pytest.param("sessions.0.patient.homework", {"done": 0, "well": 4}, id="the ends of a scale from 0 to 4"),
        pytest.param("sessions.0.patient.goals", "missed", id="ticks missed"),
        pytest.param("sessions.0.patient.goals", {"chosen": [1]}, id="no goal first"),
        pytest.param("sessions.0.patient.goals", {"chosen": None, "top": None}, id="ticks skipped"),
        pytest.param("sessions.0.patient.homework.obstacles", [], id="nothing in the way"),
        pytest.param("sessions.0.patient.answered_at", "2026-03-05T10:00+09:00", id="answered in another zone"),
        pytest.param("sessions.0.patient.answered_at", "2026-03-05T10:00Z", id="answered by the clock of the world"),
        pytest.param("sessions.1.state", "missed", id="a session missed, its check-in too"),
        pytest.param("sessions.2.state", "planned", id="a session to come"),
        pytest.param("sessions.2.starts", "2026-03-10T14:01", id="a minute after the session before"),
    ],
)  # fmt: skip
def test_good_cases(path: str, value: object) -> None:
    assert told(spoilt(path, value)) == ""


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        pytest.param("2026-03-07T14:00", datetime(2026, 3, 7, 21, tzinfo=UTC), id="winter"),
        pytest.param("2026-03-08T14:00", datetime(2026, 3, 8, 20, tzinfo=UTC), id="summer"),
        pytest.param("2026-03-08T02:30", datetime(2026, 3, 8, 9, 30, tzinfo=UTC), id="skipped: moved forward"),
        pytest.param("2026-11-01T01:30", datetime(2026, 11, 1, 7, 30, tzinfo=UTC), id="there twice: the first"),
    ],
)
def test_a_wall_time_means_an_instant_in_the_zone_of_the_case(wall: str, instant: datetime) -> None:
    row = {"starts": wall, "state": "held", "patient": {"answered_at": wall}}
    read, _ = parse({"zone": "America/Denver", "sessions": [row]}, zones)
    assert read is not None
    (session,) = read.sessions
    assert (session.starts, session.local, session.patient.answered_at) == (instant, wall, instant)


def test_an_offset_says_when_the_answer_came_whatever_the_zone() -> None:
    read, _ = parse(spoilt("sessions.0.patient.answered_at", "2026-03-05T10:00+09:00"), zones)
    assert read is not None
    assert read.sessions[0].patient.answered_at == datetime(2026, 3, 5, 1, tzinfo=UTC)


def test_zones_are_looked_up_by_the_caller() -> None:
    asked: list[str] = []

    def one_zone(name: str) -> ZoneInfo | None:
        asked.append(name)
        return ZoneInfo("UTC") if name == "here" else None

    assert parse(GOOD | {"zone": "here"}, one_zone)[1] == []
    assert [problem.path for problem in parse(GOOD, one_zone)[1]] == [("zone",)]
    assert asked == ["here", "America/Denver"]


# ------------------------------------------------------------------------------------------------ one mistake

ALLIANCE, TICKS = "sessions.0.patient.alliance", "sessions.0.patient.goals"
HOMEWORK, START = "sessions.0.patient.homework", "sessions.0.patient.start"
MISTAKES: list[tuple[str, object, str, str]] = [
    ("zone", TAKE_OUT, "zone", "is missing: add it"),
    ("zone", "America/Denvr", "zone", 'write one such as "America/Denver"'),
    ("zone", 7, "zone", 'write one such as "America/Denver"'),
    ("zone", None, "zone", "null is not a time zone"),
    ("sessions", TAKE_OUT, "sessions", "is missing: add it"),
    ("sessions", None, "sessions", "write it in square brackets"),
    ("sessions", {}, "sessions", "{} is not a list"),
    ("sesions", [], "sesions", 'Did you mean "sessions"?'),
    ("goals.2", "sleep", "goals[2]", "write it in braces"),
    ("goals.2.id", TAKE_OUT, "goals[2].id", "is missing: add it"),
    ("goals.2.id", 1, "goals[2].id", "1 stands twice: give each goal a number of its own"),
    ("goals.2.id", 0, "goals[2].id", "write a whole number from 1 up"),
    ("goals.2.id", "2", "goals[2].id", "write a whole number from 1 up"),
    ("goals.2.id", 2.0, "goals[2].id", "2.0 cannot number a goal"),
    ("goals.2.id", True, "goals[2].id", "true cannot number a goal"),
    ("goals.2.words", TAKE_OUT, "goals[2].words", "is missing: add it"),
    ("goals.2.words", "  ", "goals[2].words", "write the goal in words"),
    ("goals.2.words", 5, "goals[2].words", "write the goal in words"),
    ("goals.2.text", "sleep", "goals[2].text", "known: id, words"),
    ("sessions.1", "held", "sessions[1]", "write it in braces"),
    ("sessions.1.starts", TAKE_OUT, "sessions[1].starts", "is missing: add it"),
    ("sessions.1.starts", "10 March", "sessions[1].starts", 'write it as "2026-03-03T14:00"'),
    ("sessions.1.starts", "2026-03-10", "sessions[1].starts", 'write it as "2026-03-03T14:00"'),
    ("sessions.1.starts", "2026-02-30T14:00", "sessions[1].starts", "is not a date and time"),
    ("sessions.1.starts", "2026-03-10T14:00Z", "sessions[1].starts", "write the wall time in the case's zone"),
    ("sessions.1.starts", 20260310, "sessions[1].starts", "20260310 is not a date and time"),
    ("sessions.2.starts", "9999-12-31T23:59", "sessions[2].starts", "is not a date and time"),
    ("sessions.0.starts", "0001-01-01T00:00", "sessions[0].starts", "is not a date and time"),
    ("sessions.1.starts", "2026-03-03T14:00", "sessions[1].starts", "put the sessions in order of time"),
    ("sessions.2.starts", "2026-03-09T14:00", "sessions[2].starts", "(2026-03-10T14:00): put the sessions in order"),
    ("sessions.1.state", TAKE_OUT, "sessions[1].state", "is missing: add it"),
    ("sessions.1.state", "cancled", "sessions[1].state", 'Did you mean "cancelled"?'),
    ("sessions.1.state", ["held"], "sessions[1].state", 'write one of "planned", "held", "missed", "cancelled"'),
    ("sessions.2.patient", {"alliance": {}}, "sessions[2].patient", "only a held session has answers. Take them out"),
    ("sessions.1.minutes", 60, "sessions[1].minutes", "known: starts, state, patient, therapist"),
    ("sessions.1.patient", "late", "sessions[1].patient", '"missed", "excused" or null'),
    ("sessions.1.patient", 3, "sessions[1].patient", "write it in braces"),
    ("sessions.0.patient.aliance", {}, "sessions[0].patient.aliance", 'Did you mean "alliance"?'),
    ("sessions.0.therapist.start", {}, "sessions[0].therapist.start", "is not a key here"),
    ("sessions.0.therapist.alliance.own_words", "x", "sessions[0].therapist.alliance.own_words", "is not a key here"),
    ("sessions.0.therapist.homework.why", 3, "sessions[0].therapist.homework.why", "known: given, done"),
    ("sessions.0.patient.answered_at", "later", "sessions[0].patient.answered_at", "is not a date and time"),
    ("sessions.0.patient.answered_at", 5, "sessions[0].patient.answered_at", "5 is not a date and time"),
    ("sessions.0.patient.answered_at", "0001-01-01T00:00+14:00", "sessions[0].patient.answered_at", "date and time"),
    (ALLIANCE, [4, 4], "sessions[0].patient.alliance", "[4, 4] cannot stand here"),
    (ALLIANCE, [[4], {}], "sessions[0].patient.alliance", "[[…], {}] cannot stand here"),
    (ALLIANCE, [4, 4, 4, 4, 4], "sessions[0].patient.alliance", "[4, 4, 4, 4, 4] cannot stand here"),
    (ALLIANCE, [4, 4, 4, 4, 4, 4], "sessions[0].patient.alliance", "[…] cannot stand here"),
    (ALLIANCE, {"goals_1": {"is": 4}}, "sessions[0].patient.alliance.goals_1", "{…} is not on this scale"),
    (ALLIANCE, "answered", "sessions[0].patient.alliance", 'write an object with answers, "missed"'),
    (f"{ALLIANCE}.goals_1", 0, "sessions[0].patient.alliance.goals_1", "write a whole number from 1 to 5"),
    (f"{ALLIANCE}.goals_1", 6, "sessions[0].patient.alliance.goals_1", "or null if it was skipped"),
    (f"{ALLIANCE}.goals_1", True, "sessions[0].patient.alliance.goals_1", "true is not on this scale"),
    (f"{ALLIANCE}.goals_1", 1.0, "sessions[0].patient.alliance.goals_1", "1.0 is not on this scale"),
    (f"{ALLIANCE}.goals_1", "4", "sessions[0].patient.alliance.goals_1", '"4" is not on this scale'),
    (f"{ALLIANCE}.goals_1", float("nan"), "sessions[0].patient.alliance.goals_1", "NaN is not on this scale"),
    (f"{ALLIANCE}.goals_1", 10**400, "sessions[0].patient.alliance.goals_1", "such a large number is not on"),
    (f"{ALLIANCE}.goals_1", [4], "sessions[0].patient.alliance.goals_1", "[4] is not on this scale"),
    (f"{ALLIANCE}.goals_3", 4, "sessions[0].patient.alliance.goals_3", "Did you mean"),
    (f"{ALLIANCE}.own_words", 5, "sessions[0].patient.alliance.own_words", "5 is not a text: write it in quotes"),
    (f"{ALLIANCE}.words_for", "clinic", "sessions[0].patient.alliance.words_for", 'write one of "therapist", "self"'),
    ("sessions.0.therapist.alliance.words_for", "self", "sessions[0].therapist.alliance.words_for", "is not a key"),
    (f"{TICKS}.chosen", [], "sessions[0].patient.goals.chosen", "list 1 to 3 of the goals' ids"),
    (f"{TICKS}.chosen", 2, "sessions[0].patient.goals.chosen", "2 cannot stand here: list 1 to 3"),
    (f"{TICKS}.chosen", [1, 2, "other", 1], "sessions[0].patient.goals.chosen", '[1, 2, "other", 1] cannot stand'),
    (f"{TICKS}.chosen", [2, 7], "sessions[0].patient.goals.chosen[1]", '7 is no goal of this case: write the id of'),
    (f"{TICKS}.chosen", [2, True], "sessions[0].patient.goals.chosen[1]", "true is no goal of this case"),
    (f"{TICKS}.chosen", [2, {"id": 1}], "sessions[0].patient.goals.chosen[1]", "{…} is no goal of this case"),
    (f"{TICKS}.chosen", [2, 1, 2], "sessions[0].patient.goals.chosen[2]", "2 stands in the list twice"),
    (f"{TICKS}.chosen", TAKE_OUT, "sessions[0].patient.goals.top", 'in "chosen": tick it there too'),
    (f"{TICKS}.top", "other", "sessions[0].patient.goals.top", '"other" is not among the goals in "chosen"'),
    (f"{TICKS}.top", 3, "sessions[0].patient.goals.top", "3 is not among the goals"),
    (f"{TICKS}.top", 2.0, "sessions[0].patient.goals.top", "2.0 is not among the goals"),
    (f"{TICKS}.top", [2], "sessions[0].patient.goals.top", "[2] is not among the goals"),
    (f"{TICKS}.first", 2, "sessions[0].patient.goals.first", "known: chosen, top"),
    (f"{HOMEWORK}.given", "maybe", "sessions[0].patient.homework.given", 'write one of "yes", "no", "not_sure"'),
    (f"{HOMEWORK}.given", True, "sessions[0].patient.homework.given", "true is not known here"),
    (f"{HOMEWORK}.done", 5, "sessions[0].patient.homework.done", "write a whole number from 0 to 4"),
    (f"{HOMEWORK}.well", -1, "sessions[0].patient.homework.well", "write a whole number from 0 to 4"),
    (f"{HOMEWORK}.why", 0, "sessions[0].patient.homework.why", "write a whole number from 1 to 5"),
    (f"{HOMEWORK}.fits", 6, "sessions[0].patient.homework.fits", "write a whole number from 1 to 5"),
    (f"{HOMEWORK}.difficulty", 5, "sessions[0].patient.homework.difficulty", "write a whole number from 0 to 4"),
    (f"{HOMEWORK}.obstacles", "no_time", "sessions[0].patient.homework.obstacles", "in square brackets"),
    (f"{HOMEWORK}.obstacles", ["no_times"], "sessions[0].patient.homework.obstacles[0]", 'Did you mean "no_time"?'),
    (f"{HOMEWORK}.obstacles", [{}], "sessions[0].patient.homework.obstacles[0]", "{} is not known here"),
    (f"{HOMEWORK}.obstacles", ["forgot"] * 2, "sessions[0].patient.homework.obstacles[1]", "in the list twice"),
    (f"{START}.options", "later", "sessions[0].patient.start.options", 'from 1 to 5 or "not_yet"'),
    (f"{START}.say", 0, "sessions[0].patient.start.say", 'from 1 to 5 or "not_yet"'),
    (f"{START}.privacy", "not_yet", "sessions[0].patient.start.privacy", "write a whole number from 1 to 5, or null"),
    (f"{START}.hopes", ["sleep"], "sessions[0].patient.start.hopes", "write it in quotes"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "where", "remedy"), MISTAKES, ids=[f"{row[2]}: {row[3]} ({n})" for n, row in enumerate(MISTAKES)]
)
def test_one_mistake_is_told_at_its_place_with_the_remedy(path: str, value: object, where: str, remedy: str) -> None:
    (problem,) = problems(spoilt(path, value))
    assert problem.where == where
    assert remedy in problem.says


@pytest.mark.parametrize("data", [None, [], "case", 3, 1.5, True, float("nan")], ids=str)
def test_a_file_that_holds_no_object_is_one_mistake(data: object) -> None:
    (problem,) = problems(data)
    assert problem.path == ()
    assert "is not an object: write it in braces" in problem.says


# ------------------------------------------------------------------------------------------------ many mistakes


def test_an_empty_object_lacks_both_things_a_case_needs() -> None:
    assert told({}) == "zone: is missing: add it.\nsessions: is missing: add it."


def test_many_mistakes_are_all_listed() -> None:
    data = {
        "zone": "Nowhere",
        "goals": [{"id": 1}, {"id": 1, "words": ""}],
        "sessions": [
            {"starts": "soon", "patient": {"alliance": {"goals_1": 9, "goals_2": "x", "tasks_9": 3}}},
            {"starts": "2026-03-10T14:00", "state": "held", "therapist": {"goals": {"chosen": [5, 6], "top": 5}}},
            {"starts": "2026-03-09T14:00", "state": "off", "patient": {"homework": {"obstacles": ["a", "b"]}}},
        ],
        "notes": "",
    }
    assert [problem.where for problem in problems(data)] == [
        "notes", "zone", "goals[0].words", "goals[1].id", "goals[1].words",
        "sessions[0].state", "sessions[0].starts", "sessions[0].patient.alliance.tasks_9",
        "sessions[0].patient.alliance.goals_1", "sessions[0].patient.alliance.goals_2",
        "sessions[1].therapist.goals.chosen[0]", "sessions[1].therapist.goals.chosen[1]",
        "sessions[2].state", "sessions[2].patient.homework.obstacles[0]", "sessions[2].patient.homework.obstacles[1]",
        "sessions[2].starts",
    ]  # fmt: skip


def test_without_a_list_of_goals_nothing_can_be_ticked() -> None:
    ticked = ["sessions[0].patient.goals.chosen[0]", "sessions[0].patient.goals.chosen[1]"]
    for none in (None, [], TAKE_OUT):
        where = [problem.where for problem in problems(spoilt("goals", none))]
        assert where == [*ticked, "sessions[0].therapist.goals.chosen[0]"]


@pytest.mark.parametrize("goals", ["sleep", 0, False, "", {}], ids=repr)
def test_goals_that_are_no_list(goals: object) -> None:
    first, *ticks = problems(spoilt("goals", goals))
    assert first.where == "goals"
    assert "is not a list: write it in square brackets." in first.says
    assert all("is no goal of this case" in problem.says for problem in ticks)


def test_a_session_that_was_not_held_has_answers_of_neither_side() -> None:
    where = [problem.where for problem in problems(spoilt("sessions.0.state", "cancelled"))]
    assert where == ["sessions[0].patient", "sessions[0].therapist"]


def test_the_order_of_sessions_is_checked_even_where_the_zone_is_wrong() -> None:
    data = spoilt("sessions.2.starts", "2026-03-01T14:00") | {"zone": "Nowhere"}
    assert [problem.where for problem in problems(data)] == ["zone", "sessions[2].starts"]


def test_a_session_without_a_time_does_not_hide_the_order_of_the_others() -> None:
    data = spoilt("sessions.2.starts", "2026-03-01T14:00")
    data["sessions"][1]["starts"] = "soon"
    assert [problem.where for problem in problems(data)] == ["sessions[1].starts", "sessions[2].starts"]


def test_a_long_value_is_cut_short() -> None:
    (problem,) = problems(spoilt("sessions.1.patient", "x" * 10_000))
    assert len(problem.says) < 200


# ------------------------------------------------------------------------------------------------ anything at all

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["held", "missed", "excused", "other", "not_yet", "yes", "2026-03-03T14:00", 1, 1.0, 10**30])
)  # fmt: skip
ABSURD = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def places(value: object, path: str = "") -> list[str]:
    """Every place inside a case, as `spoilt` names it."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inside = [(f"{path}.{step}".lstrip("."), one) for step, one in steps]
    return [place for where, one in inside for place in (where, *places(one, where))]


@pytest.mark.deep
@law(80)
@given(st.sampled_from(places(GOOD)), ABSURD)
def test_no_value_in_any_place_makes_it_fall(path: str, value: object) -> None:
    read, found = parse(spoilt(path, value), zones)
    assert (read is None) == bool(found)
    if read is not None:
        findings(read)


@law(30)
@given(ABSURD)
def test_nor_does_any_other_json(value: object) -> None:
    problems(value)


@pytest.mark.parametrize("depth", [10, 400])
def test_nor_does_a_deep_nest(depth: int) -> None:
    nest = json.loads("[" * depth + "]" * depth)
    for path in places(GOOD):
        parse(spoilt(path, nest), zones)
