"""Where the two sides are compared, the order of what is said, and the numbers a clinic can set.

Each row is held against the project and against the second implementation (`findings_oracle`). Sessions are a week
apart; `met(tasks=(3, 3), they=dict(tasks=(4, 5)))` is a session with the patient's two items and the therapist's.
"""

from dataclasses import fields, replace
from typing import Any

import pytest

from bot.core.findings import IN_ORDER, LAST, Ticked, findings, ticked
from bot.core.history import Part, Side
from bot.core.thresholds import Thresholds
from tests.case_files import (
    ANSWERED,
    CANCELLED,
    FALLEN,
    MISSED,
    SLIDING,
    Json,
    began,
    bond,
    case_file,
    did,
    found,
    gap,
    history,
    met,
    remembered,
    same,
    says_of,
    table,
    tasks,
    whole,
    without_form,
)


@table([
    ("a patient 1.5 lower in raw numbers is far lower after the usual difference", [gap((3, 3), (4, 5))],
     "flag tasks, patient lower"),
    ("half a point lower is the usual noise", [gap((3, 4), (4, 4))], ""),
    ("a patient at the top who rates 1.5 higher is only noted", [gap((5, 5), (4, 3))], "note tasks, therapist lower"),
    ("a patient 1 lower in raw numbers is noted, 1.35 after the usual difference", [gap((3, 3), (4, 4))],
     "note tasks, patient lower"),
    ("one point higher is what therapists usually rate lower", [gap((4, 4), (3, 3))], ""),
    ("a patient 1.5 higher is noted, 1.15 after the usual difference", [gap((4, 4), (3, 2))],
     "note tasks, therapist lower"),
    ("a patient 2 higher is flagged, 1.65 after the usual difference", [gap((4, 4), (2, 2))],
     "flag tasks, therapist lower"),
    ("at the top even the widest gap stays a note", [gap((5, 5), (1, 1))], "note tasks, therapist lower"),
    ("one item below the top it is a flag again", [gap((5, 4), (1, 1))], "flag tasks, therapist lower"),
    ("twice in a row the same way is a flag", [gap((3, 3), (4, 4)), gap((3, 3), (4, 4))], "flag tasks, patient lower"),
    ("twice in a row in opposite ways are two notes", [gap((4, 4), (3, 2)), gap((3, 3), (4, 4))],
     "note tasks, patient lower"),
    ("twice at the top stays a note", [gap((5, 5), (4, 3)), gap((5, 5), (4, 3))], "note tasks, therapist lower"),
    ("a note at the top counts as the first of two", [gap((5, 5), (4, 3)), gap((4, 4), (3, 2))],
     "flag tasks, therapist lower"),
    ("a session of agreement between breaks the run",
     [gap((3, 3), (4, 4)), gap((4, 4), (4, 4)), gap((3, 3), (4, 4))], "note tasks, patient lower"),
    ("a session without an answer between does not", [gap((3, 3), (4, 4)), MISSED, gap((3, 3), (4, 4))],
     "flag tasks, patient lower"),
    ("nor does one the therapist did not rate", [gap((3, 3), (4, 4)), met(tasks=(4, 4)), gap((3, 3), (4, 4))],
     "flag tasks, patient lower"),
    ("nor one that was answered too late",
     [gap((3, 3), (4, 4)), gap((4, 4), (4, 4), hours=169), gap((3, 3), (4, 4))], "flag tasks, patient lower"),
    ("a late answer is no first of two", [gap((3, 3), (4, 4), hours=169), gap((3, 3), (4, 4))],
     "note tasks, patient lower"),
    ("an answer exactly a week after the start is in time", [gap((3, 3), (4, 5), hours=168)],
     "flag tasks, patient lower"),
    ("a patient's answer a minute past the week is not compared", [gap((3, 3), (4, 5), hours=168.02)], ""),
    ("nor is a therapist's", [gap((3, 3), (4, 5), their_hours=168.02)], ""),
    ("one skipped item leaves nothing to compare", [gap((3, None), (4, 5))], ""),
    ("goals are judged as tasks are", [met(goals=(3, 3), they={"goals": (4, 5)})], "flag goals, patient lower"),
    ("goals and tasks are each said", [met(goals=(3, 3), tasks=(3, 3), they={"goals": (4, 5), "tasks": (4, 4)})],
     "flag goals, patient lower; note tasks, patient lower"),
    ("the bond is shown and never flagged", [met(bond=(1, 1), they={"bond": (5, 5)})], ""),
    ("a gap in goals is no first of two for tasks",
     [met(goals=(3, 3), they={"goals": (4, 4)}), gap((3, 3), (4, 4))], "note tasks, patient lower"),
])  # fmt: skip
def test_disagreement(sessions: list[Json], says: str) -> None:
    assert says_of("disagreement", sessions) == says


def test_disagreement_gives_both_numbers_and_the_gap() -> None:
    (finding,) = [f for f in found(case_file([gap((3, 3), (4, 5))]))[-1] if f.rule == "disagreement"]
    assert (finding.patient, finding.therapist) == (3.0, 4.5)
    assert finding.more["gap"] == pytest.approx(-1.85)


def test_disagreement_says_whether_it_was_so_before() -> None:
    told = found(case_file([gap((3, 3), (4, 4)), gap((3, 3), (4, 5)), gap((4, 4), (3, 2)), gap((3, 3), (3, 3))]))
    assert [f.more["again"] for session in told for f in session if f.rule == "disagreement"] == [False, True, False]


@table([
    ("both at the middle is too low", [gap((3, 3), (3, 3))], "flag tasks"),
    ("both well below it too", [gap((1, 2), (2, 1))], "flag tasks"),
    ("half a point above the middle on the patient's side is not", [gap((3, 4), (3, 3))], ""),
    ("nor on the therapist's", [gap((3, 3), (3, 4))], ""),
    ("a 4 and a 2 make a middle", [gap((4, 2), (3, 3))], "flag tasks"),
    ("both high is agreement", [gap((5, 5), (5, 5))], ""),
    ("goals are judged as tasks are", [met(goals=(3, 2), they={"goals": (3, 3)})], "flag goals"),
    ("a low bond on both sides is no such line", [met(bond=(1, 1), they={"bond": (1, 1)})], ""),
    ("low tasks here and low goals there are not agreed", [met(tasks=(3, 3), they={"goals": (3, 3)})], ""),
    ("a patient alone is not agreement", [met(tasks=(1, 1))], ""),
    ("a patient who answered too late is not compared", [gap((3, 3), (3, 3), hours=169)], ""),
    ("a therapist who answered too late is not either", [gap((3, 3), (3, 3), their_hours=169)], ""),
    ("a week after the start is in time", [gap((3, 3), (3, 3), hours=168, their_hours=168)], "flag tasks"),
    ("a skipped item leaves nothing to compare", [gap((3, 3), (3, None))], ""),
    ("tasks are said before goals", [met(tasks=(3, 3), goals=(3, 3), they={"tasks": (3, 3), "goals": (3, 3)})],
     "flag tasks; flag goals"),
])  # fmt: skip
def test_agreed_low(sessions: list[Json], says: str) -> None:
    assert says_of("agreed_low", sessions) == says


def named(patient: tuple[Any, list[Any]], therapist: tuple[Any, list[Any]], **hours: float) -> Json:
    """A session in which each side named the goal it puts first, and ticked some."""
    they = {"top": therapist[0], "ticks": therapist[1], "hours": hours.get("their_hours")}
    return met(top=patient[0], ticks=patient[1], they=they, hours=hours.get("hours"))


@table([
    ("the goal the patient puts first is not on the therapist's mind", [named((2, [1, 2]), (3, [1, 3]))],
     "flag goals"),
    ("both put the same goal first, the therapist has one more", [named((1, [1]), (1, [1, 3]))], ""),
    ("both tick the patient's first, but another comes first for the therapist", [named((1, [1]), (3, [1, 3]))],
     "note goals"),
    ("nothing in common", [named((1, [1]), (2, [2, 3]))], "flag goals"),
    ("the same ticks with different firsts", [named((1, [1, 2, 3]), (2, [1, 2, 3]))], "note goals"),
    ("something else comes first for the patient", [named(("other", [1, "other"]), (1, [1]))], "flag goals"),
    ("something else on both sides is not the same thing", [named(("other", ["other"]), ("other", ["other"]))],
     "flag goals"),
    ("something else beside the shared first changes nothing", [named((1, [1, "other"]), (1, [1, "other"]))], ""),
    ("something else comes first for the therapist", [named((1, [1, 2]), ("other", [1, "other"]))], "note goals"),
    ("only something else in common is nothing in common", [named((1, [1, "other"]), (2, [2, "other"]))],
     "flag goals"),
    ("the patient skipped the first, one goal is shared", [named((None, [1, 2]), (3, [1, 3]))], ""),
    ("the patient skipped the first, none is shared", [named((None, [1, 2]), (3, [3]))], "flag goals"),
    ("the therapist skipped the first", [named((1, [1, 2]), (None, [1, 3]))], ""),
    ("only the patient was asked", [met(ticks=[1], top=1)], ""),
    ("only the therapist answered", [met(they={"ticks": [1], "top": 1})], ""),
    ("the patient's ticks came too late", [named((2, [1, 2]), (3, [1, 3]), hours=169)], ""),
    ("the therapist's came at the last moment", [named((2, [1, 2]), (3, [1, 3]), their_hours=168)], "flag goals"),
    ("the third session with the same ticks is still listed", [named((1, [1]), (2, [2]))] * 3, "flag goals"),
])  # fmt: skip
def test_named_goals(sessions: list[Json], says: str) -> None:
    assert says_of("named_goals", sessions) == says


@pytest.mark.parametrize(
    ("part", "read"),
    [
        pytest.param({"chosen": (1, "other"), "top": 1}, Ticked((1, "other"), 1), id="two ticks, one of them first"),
        pytest.param({"chosen": (1,), "top": None}, Ticked((1,), None), id="the first was skipped"),
        pytest.param({"chosen": (), "top": 1}, None, id="nothing was ticked"),
        pytest.param({"chosen": None}, None, id="the ticks were skipped"),
        pytest.param({}, None, id="an empty form"),
        pytest.param("missed", None, id="a missed form"),
        pytest.param(None, None, id="never asked"),
    ],
)
def test_what_a_side_ticked(part: Part, read: Ticked | None) -> None:
    assert ticked(Side(goals=part)) == read


@pytest.mark.parametrize(
    ("patient_list", "therapist_list", "levels"),
    [
        pytest.param(None, None, ["flag"], id="all goals were on both lists"),
        pytest.param({1, 2}, {1}, [], id="the patient's first was added after the therapist answered"),
        pytest.param({1}, {1, 2, 3}, ["flag"], id="the therapist's first was added after the patient answered"),
        pytest.param({2}, {1, 2, 3}, [], id="all that the therapist ticked was added afterwards"),
        pytest.param({1, 2, 3}, {3}, [], id="all that the patient ticked was added afterwards"),
    ],
)
def test_a_goal_added_after_one_side_answered_is_left_out(
    patient_list: set[int] | None, therapist_list: set[int] | None, levels: list[str]
) -> None:
    read = history(case_file([named((2, [1, 2]), (3, [1, 3]))]))
    (session,) = read.sessions
    listed = [None if goals is None else frozenset(goals) for goals in (patient_list, therapist_list)]
    patient = replace(session.patient, offered=listed[0])
    therapist = replace(session.therapist, offered=listed[1])
    told = findings(replace(read, sessions=(replace(session, patient=patient, therapist=therapist),)))
    assert [f.level for f in told[0] if f.rule == "named_goals"] == levels


def test_flags_come_first_in_the_order_of_the_rules() -> None:
    start = {"options": 1, "say": 1, "privacy": 1}
    homework = {"given": "yes", "done": 0, "why": 1, "difficulty": 4}
    they = {"tasks": (5, 5), "goals": (3, 3), "ticks": [2], "homework": {"given": "no"}}
    last = met(tasks=(2, 2), goals=(3, 3), bond=(4, 4), ticks=[1], top=1, homework=homework, start=start, they=they)
    told = found(case_file([*same(4, 4), last]))[-1]
    assert [(f.level, f.rule, f.about) for f in told] == [
        ("flag", "disagreement", "tasks"), ("flag", "named_goals", "goals"), ("flag", "agreed_low", "goals"),
        ("flag", "homework_memory", "homework"), ("flag", "drop", "tasks"), ("flag", "drop", "goals"),
        ("flag", "drop", "total"), ("flag", "low", "tasks"), ("flag", "low", "goals"),
        ("flag", "homework_fit", "homework"), ("flag", "start", "options"), ("flag", "start", "say"),
        ("flag", "start", "privacy"), ("note", "homework_little", "homework"), ("note", "homework_hard", "homework"),
    ]  # fmt: skip


def test_notes_follow_in_the_same_order_with_the_quiet_rules_last() -> None:
    they = {"tasks": (3, 3), "ticks": [1, 2], "top": 2, "homework": {"given": "yes", "done": 3}}
    homework = {"given": "yes", "done": 1, "difficulty": 3}
    last = met(tasks=(5, 5), bond=(3, 3), ticks=[1], top=1, homework=homework, they=they)
    told = found(case_file([met(bond=(3, 3)), CANCELLED, met(bond=(3, 3)), met(), last]))[-1]
    assert [(f.level, f.rule) for f in told] == [
        ("flag", "low"), ("note", "disagreement"), ("note", "named_goals"), ("note", "homework_memory"),
        ("note", "homework_little"), ("note", "homework_hard"), ("note", "fit"),
    ]  # fmt: skip


def test_the_rules_are_those_of_the_case_file_contract() -> None:
    assert set(IN_ORDER + LAST) == {
        "disagreement", "agreed_low", "named_goals", "low", "drop", "slide", "not_back", "flat", "no_response", "setup",
        "homework_little", "homework_fit", "homework_memory", "homework_hard", "start", "fit",
    }  # fmt: skip


def test_a_history_without_sessions_says_nothing() -> None:
    assert found(case_file([])) == []


def test_a_planned_session_says_nothing() -> None:
    assert found(case_file([ANSWERED, MISSED, MISSED, MISSED, without_form(None, "planned")]))[-1] == []


LATE_BY_A_WEEK = [gap((3, 3), (4, 5), hours=300)]
VARIED = tasks((2, 2), (3, 3), (4, 4), (5, 5), (2, 2))


NUMBERS: list[tuple[str, float, str, list[Json], str, str]] = [
    ("usual_gap_goals", 0.6, "disagreement", [met(goals=(3, 4), they={"goals": (4, 4)})], "", "note"),
    ("usual_gap_tasks", 0.0, "disagreement", [gap((4, 4), (3, 3))], "", "note"),
    ("usual_gap_tasks", 1.6, "disagreement", [gap((5, 5), (5, 5))], "", "flag"),
    ("disagreement_note", 0.8, "disagreement", [gap((3, 4), (4, 4))], "", "note"),
    ("disagreement_flag", 2.0, "disagreement", [gap((3, 3), (4, 5))], "flag", "note"),
    ("answered_within_hours", 300.0, "disagreement", LATE_BY_A_WEEK, "", "flag"),
    ("agreed_low", 3.5, "agreed_low", [gap((3, 4), (3, 4))], "", "flag"),
    ("low", 3.5, "low", tasks((3, 4)), "", "flag"),
    ("low_item", 1.0, "low", tasks((5, 2)), "flag", ""),
    ("early_sessions", 0, "low", bond((3, 3)), "note", "flag"),
    ("drop", 0.5, "drop", tasks((4, 4), (4, 4), (3, 4)), "", "flag"),
    ("drop_total", 0.5, "drop", [whole(*[4] * 6)] * 2 + [whole(4, 3, 4, 3, 4, 3)], "", "flag"),
    ("drop_spread", 1.0, "drop", VARIED, "", "flag"),
    ("drop_base_of", 1, "drop", tasks((3, 3), (3, 3), (4, 4), (3, 3)), "", "flag"),
    ("drop_base_needs", 1, "drop", tasks((4, 4), (3, 3)), "", "flag"),
    ("drop_spread_of", 3, "drop", VARIED, "", "flag"),
    ("drop_spread_needs", 9, "drop", VARIED, "", "flag"),
    ("drop_still_high", 3.0, "drop", tasks((4, 4), (4, 4), (3, 3)), "flag", "note"),
    ("slide", 2.0, "slide", SLIDING, "flag", ""),
    ("slide_of", 5, "slide", SLIDING, "flag", ""),
    ("repaired_within", 1.0, "not_back", FALLEN + tasks((3, 3), (3, 3), (4, 4)), "note", ""),
    ("not_back_from", 1, "not_back", FALLEN + tasks((3, 3)), "", "note"),
    ("flat_from", 2, "flat", same(4, 4), "", "note"),
    ("flat_from", 1, "flat", same(4), "", "note"),
    ("flat_every", 1, "flat", same(4, 4, 4, 4), "", "note"),
    ("flat_every", 1, "flat", same(4, 4), "", ""),
    ("flat_needs", 2, "flat", tasks((4, 4), (4, 4), (4, 4)), "", "note"),
    ("silent_note", 1, "no_response", [ANSWERED, MISSED], "", "note"),
    ("silent_flag", 2, "no_response", [ANSWERED, MISSED, MISSED], "note", "flag"),
    ("homework_little", 2, "homework_little", [did(done=2)], "", "note"),
    ("homework_half", 3, "homework_fit", [did(done=3, obstacles=["unclear"])], "", "flag"),
    ("homework_fit", 3, "homework_fit", [did(why=3)], "", "flag"),
    ("homework_memory", 1, "homework_memory", [remembered("yes", "yes", 2, 3)], "", "note"),
    ("homework_hard", 2, "homework_hard", [did(done=1, difficulty=2)], "", "note"),
    ("start", 3, "start", began(say=3), "", "flag"),
    ("fit", 3.5, "fit", bond((3, 4), (3, 4), (3, 4)), "", "note"),
    ("fit_sessions", 2, "fit", bond((3, 3), (3, 3)), "", "note"),
]


@pytest.mark.parametrize(
    ("name", "value", "rule", "sessions", "before", "after"), NUMBERS, ids=[f"{row[0]} = {row[1]}" for row in NUMBERS]
)
def test_every_number_can_be_set_by_the_clinic(
    name: str, value: float, rule: str, sessions: list[Json], before: str, after: str
) -> None:
    levels = [
        ";".join(f.level for f in found(case_file(sessions), t)[-1] if f.rule == rule)
        for t in (Thresholds(), replace(Thresholds(), **dict[str, Any]({name: value})))
    ]
    assert levels == [before, after]


def test_no_number_is_left_out() -> None:
    assert {name for name, *_ in NUMBERS} == {field.name for field in fields(Thresholds)}
