"""The picture of a pair as a value, and as it is drawn: who is in it, what is not, and what its marks and words say."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html import escape, unescape
from random import Random
from re import DOTALL, findall, search

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import drawing
from bot.core.chart import Chart, for_patient, for_therapist
from bot.core.findings import findings
from bot.core.history import History, Session
from bot.render import page
from tests.case_files import CANCELLED, EXCUSED, FALLEN, MISSED, NOT_MET, UNASKED, Json, case_file, did, history, met
from tests.case_files import tasks as rated
from tests.random_cases import random_case
from tests.test_findings_laws import CASES, FAST
from tests.test_locale import lang

pytestmark = pytest.mark.deep

CAPTION = 1024


def chart(sessions: Sequence[Json], blind: Sequence[int] = ()) -> Chart:
    """The therapist's chart of these sessions; `blind`: those for which the own form is open."""
    read = history(case_file(sessions))
    return for_therapist("P-014", read, frozenset(read.sessions[n].local for n in blind))


def both(patient: int, therapist: int, done: int | None = None) -> Json:
    """A session in which both gave one number throughout."""
    they = dict.fromkeys(("goals", "tasks", "bond"), (therapist, therapist))
    homework = None if done is None else {"given": "yes", "done": done}
    return met(goals=(patient,) * 2, tasks=(patient,) * 2, bond=(patient,) * 2, homework=homework, they=they)


# ------------------------------------------------------------------------------------------------ what it shows


@pytest.mark.parametrize(
    ("session", "gap"),
    [
        (both(4, 4), None),
        (met(), None),  # every item skipped: an answer
        (MISSED, "no_answer"),
        (EXCUSED, "away"),
        (UNASKED, "not_asked"),
        (CANCELLED, "cancelled"),
        (NOT_MET, "not_met"),
        (NOT_MET | {"patient": "missed"}, "not_met"),
    ],
)
def test_each_session_says_why_there_is_no_answer(session: Json, gap: str | None) -> None:
    (column,) = chart([session]).columns
    assert column.gap == gap


@pytest.mark.parametrize(
    ("homework", "done"),
    [
        ({"done": 0}, 0),
        ({"done": 4}, 4),
        ({"done": None}, None),
        ({"given": "no"}, None),
        ({"given": "not_sure"}, None),
        ({"done": None, "they": {"given": "yes", "done": 3}}, None),
    ],
)
def test_homework_is_what_the_patient_says_was_done(homework: Json, done: int | None) -> None:
    assert chart([did(**homework)]).columns[0].homework == done


def test_both_sides_are_there_with_nothing_filled_in() -> None:
    goals, tasks, bond = chart([both(4, 3), MISSED, met(tasks=(3, 4), they={"goals": (5, 5)})]).courses
    assert (goals.patient, goals.therapist) == ((4.0, None, None), (3.0, None, 5.0))
    assert (tasks.patient, tasks.therapist) == ((4.0, None, 3.5), (3.0, None, None))
    assert [course.about for course in (goals, tasks, bond)] == ["goals", "tasks", "bond"]


def test_a_session_that_is_still_to_come_is_not_in_it() -> None:
    sessions = [both(4, 4), {"state": "planned"}]
    assert len(chart(sessions).columns) == len(for_patient(history(case_file(sessions))).columns) == 1


DROPS = [
    ("a drop of a point below the median of the last three", FALLEN, (2,), ()),
    ("back within half a point", [*FALLEN, *rated((4, 5))], (2,), (3,)),
    ("not quite back", [*FALLEN, *rated((4, 4))], (2,), ()),
    ("back after a session without an answer", [*FALLEN, MISSED, *rated((5, 5))], (2,), (4,)),
    ("a further drop does not replace the open one", [*FALLEN, *rated((1, 1), (4, 4))], (2,), ()),
    ("a second drop after the first was repaired", [*FALLEN, *rated((5, 5), (5, 5), (5, 5), (3, 3))], (2, 6), (3,)),
    ("a drop from 5 to 4 is one too", rated((5, 5), (5, 5), (4, 4)), (2,), ()),
    ("a flag takes the place of such a note", rated((5, 5), (5, 5), (4, 4), (4, 4), (4, 4), (2, 2)), (2, 5), ()),
    ("half a point is none", rated((5, 5), (5, 5), (4, 5)), (), ()),
]


@pytest.mark.parametrize(("sessions", "drops", "repairs"), [row[1:] for row in DROPS], ids=[row[0] for row in DROPS])
def test_drops_and_where_they_are_repaired(
    sessions: list[Json], drops: tuple[int, ...], repairs: tuple[int, ...]
) -> None:
    course = chart(sessions).courses[1]
    assert (course.drops, course.repairs) == (drops, repairs)


# ------------------------------------------------------------------------------------------------ laws

SIDES = st.builds(lambda seed: history(random_case(Random(seed))), st.integers(0, 10_000))


@FAST
@given(CASES, st.randoms(use_true_random=False))
def test_of_a_blind_session_nothing_of_the_patients_is_there(data: Json, rng: Random) -> None:
    """Whatever the patient said about it, the chart is the same; also what follows from it later."""
    read = history(data)
    hidden = rng.choice(read.sessions)
    other = rng.choice(read.sessions).patient
    changed = _with(read, hidden.local, replace(hidden, patient=other))
    blind = frozenset({hidden.local})
    assert for_therapist("P-014", read, blind) == for_therapist("P-014", changed, blind)


def _with(read: History, local: str, session: Session) -> History:
    return replace(read, sessions=tuple(session if s.local == local else s for s in read.sessions))


@FAST
@given(CASES, SIDES)
def test_the_patients_own_chart_does_not_know_the_therapist(data: Json, other: History) -> None:
    read = history(data)
    sides = [session.therapist for session in other.sessions] * 12
    changed = tuple(replace(s, therapist=side) for s, side in zip(read.sessions, sides, strict=False))
    own = for_patient(read)
    assert own == for_patient(replace(read, sessions=changed))
    assert own.is_own
    assert not any(course.therapist or course.drops or course.repairs for course in own.courses)


def test_while_a_drop_is_not_back_the_chart_shows_it_open() -> None:
    """The rule not_back and the chart follow the same drops."""
    checked = 0
    for seed in range(400):
        sessions = history(random_case(Random(seed))).sessions
        read = History(tuple(session for session in sessions if session.state != "planned"))
        drawn = {course.about: course for course in for_therapist("P-014", read).courses}
        for n, finding in ((n, f) for n, said in enumerate(findings(read)) for f in said if f.rule == "not_back"):
            if finding.about in drawn:
                course, checked = drawn[finding.about], checked + 1
                assert max(d for d in course.drops if d <= n) > max((r for r in course.repairs if r <= n), default=-1)
    assert checked >= 20


@FAST
@given(CASES)
def test_every_session_is_there_once_and_every_number_on_the_scale(data: Json) -> None:
    read = history(data)
    shown = for_therapist("P-014", read)
    assert [column.local for column in shown.columns] == [s.local for s in read.sessions if s.state != "planned"]
    for course in shown.courses:
        assert len(course.patient) == len(course.therapist) == len(shown.columns)
        assert all(value is None or 1 <= value <= 5 for value in (*course.patient, *course.therapist))
        assert all(course.patient[n] is not None for n in (*course.drops, *course.repairs))


# ------------------------------------------------------------------------------------------------ in words

WORDS = [both(4, 3, 2), both(5, 4, 4), MISSED, both(3, 5, 0), EXCUSED, both(5, 5, 3)]


def test_the_same_facts_in_words() -> None:
    lines = page("en", "chart.txt", c=chart(WORDS)).splitlines()
    assert lines[0] == "P-014 · 6 sessions, 3 Mar – 7 Apr"
    assert lines[2] == (
        "Goals: patient 4.0 the first time, 5.0 the last time; you 3.0 the first time, 5.0 the last time."
        " Clear drop: 24 Mar. Back again: 7 Apr"
    )
    assert lines[5:] == ["Homework done: most or all: 2 of 4", "No answer: 1", "Away or paused: 1"]


@lang
def test_the_words_of_many_sessions_would_fit_a_caption(lang: str) -> None:
    for seed in range(10):
        rows = [row for n in range(4) for row in random_case(Random(10 * seed + n))["sessions"]]
        many = [{"state": row["state"]} | _sides(row) for row in rows]
        assert len(page(lang, "chart.txt", c=chart(many))) <= CAPTION


def _sides(row: Json) -> Json:
    """The sides without the dates they were answered at."""
    sides = {who: row.get(who) for who in ("patient", "therapist")}
    return {
        who: {k: v for k, v in side.items() if k not in ("answered_at", "goals")} if isinstance(side, dict) else side
        for who, side in sides.items()
    }


# ------------------------------------------------------------------------------------------------ drawn


def texts(svg: str) -> list[str]:
    """The words in a picture, from top to bottom."""
    return [unescape(words).strip() for words in findall(r"<text[^>]*>(.*?)</text>", svg, DOTALL)]


def test_both_lines_are_named_where_they_end() -> None:
    words = texts(drawing.svg(chart(WORDS), "en"))
    assert words[0] == "P-014"
    for one in ("Goals", "Tasks", "Bond", "Patient 5.0", "You 5.0", "3 Mar", "7 Apr", "Clear drop", "No answer"):
        assert one in words
    assert {"Metas", "Paciente 5.0", "Usted 5.0", "7 abr", "Baja clara"} <= set(texts(drawing.svg(chart(WORDS), "es")))


def test_the_key_explains_only_what_is_there() -> None:
    words = texts(drawing.svg(chart([both(4, 4)]), "en"))
    assert not {"Clear drop", "Back again", "No answer", "Homework", "done"} & set(words)
    assert "Session cancelled" in texts(drawing.svg(chart([CANCELLED]), "en"))


def test_the_patients_own_picture_names_nobody_else() -> None:
    own = drawing.svg(for_patient(history(case_file(WORDS))), "en")
    assert set(texts(own)) & {"Patient 5.0", "P-014", "Clear drop", "Bond", "Tasks"} == set()
    assert {"Your ratings", "You 5.0", "How we work", "Trust between us"} <= set(texts(own))
    assert drawing.THERAPIST not in own
    assert "P-014" not in own


def test_what_is_blind_is_not_drawn() -> None:
    open_form = drawing.svg(chart([both(4, 3), both(1, 5)], blind=[1]), "en")
    assert "Patient 4.0" in texts(open_form)
    assert "Patient 1.0" not in texts(open_form)
    assert "Your form comes first" in texts(open_form)


@lang
def test_a_line_is_broken_where_nobody_answered(lang: str) -> None:
    svg = drawing.svg(chart([both(4, 4), MISSED, both(3, 3)]), lang)
    path = search(rf'<path d="([^"]*)"[^>]*stroke: {drawing.PATIENT}; stroke-width: 2.6', svg)
    assert path is not None
    assert (path[1].count("M"), path[1].count("L")) == (2, 0)


@lang
@pytest.mark.parametrize("sessions", [[], [both(4, 3)], WORDS, [MISSED] * 5, WORDS * 5], ids=len)
def test_it_stands_in_a_page_by_itself_and_says_what_it_shows(lang: str, sessions: list[Json]) -> None:
    shown = chart(sessions)
    svg = drawing.svg(shown, lang)
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>")
    assert f"<desc>{escape(page(lang, 'chart.txt', c=shown))}</desc>" in svg
    assert findall(r'https?://[^"]*', svg) == ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]
    assert "<style" not in svg
    assert svg == drawing.svg(shown, lang)


def test_nothing_lies_outside_the_picture_and_long_histories_have_few_dates() -> None:
    svg = drawing.svg(chart(WORDS * 5), "es")
    size = search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert size is not None
    width, height = map(float, size.groups())
    for x, y in findall(r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"', svg):
        assert 0 < float(x) < width
        assert 0 < float(y) < height
    dates = [words for words in texts(svg) if words.endswith((" mar", " abr", " may", " jun", " jul", " ago", " sept"))]
    assert len(dates) == drawing.DATES


def test_the_picture_for_a_phone_is_large_and_upright_and_names_nobody() -> None:
    png = drawing.png(chart(WORDS), "en")
    width, height = (int.from_bytes(png[n : n + 4], "big") for n in (16, 20))
    assert png.startswith(b"\x89PNG")
    assert width == drawing.WIDTH < height < 2 * width
    assert b"P-014" not in png
    assert b"matplotlib" not in png.lower()


NOTHING_HEAVY = """
import sys
import bot.service, bot.drawing
print([name for name in ("matplotlib", "numpy", "PIL") if name in sys.modules])
"""


def test_the_drawing_library_is_not_loaded_before_a_picture_is_asked_for() -> None:
    ended = subprocess.run([sys.executable, "-c", NOTHING_HEAVY], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
