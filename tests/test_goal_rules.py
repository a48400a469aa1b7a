"""Rules of goals by tables, and laws that hold whatever both sides do, in any order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, insert

from bot.chat import goals as chat_goals
from bot.chat.reply import Outcome
from bot.config import load
from bot.core.goals import LONGEST, MOST, Wrong, card, lines, progress, untouched, wrong
from bot.core.history import Goal, History, Session, Side
from bot.core.person import Expects
from bot.render import phrase
from bot.store import goals as kept_goals
from bot.store import keyring, keys, people
from bot.store.columns import metadata
from bot.store.tables import clinic, goal, goal_change, pair, person
from tests.conftest import ROOT, rows_of
from tests.laws import law

pytestmark = pytest.mark.deep

CONFIG, _ = load(ROOT / "config.example.toml")
WAITING = goal_change.select().where(goal_change.c.agreed.is_(None))
NOW = datetime(2026, 11, 3, 20, 0, tzinfo=UTC)
GOALS = (Goal(1, "sleep"), Goal(2, "Less anger"), Goal(3, "see friends"))

# ------------------------------------------------------------------------------------------------ what can be added


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("run again", None),
        ("x" * LONGEST, None),
        (" " + " ".join(["x"] * (LONGEST // 2)) + "  ", None),
        ("", "nothing_typed"),
        (" \n ", "nothing_typed"),
        ("x" * (LONGEST + 1), "too_long"),
        ("sleep", "goal_twice"),
        ("  less \n ANGER ", "goal_twice"),
    ],
)
def test_why_words_cannot_become_a_goal(typed: str, why: Wrong | None) -> None:
    assert wrong(typed, GOALS) == why


def test_a_sixth_is_one_too_many_but_other_words_are_not() -> None:
    five = tuple(Goal(n, f"goal {n}") for n in range(MOST))
    assert wrong("one more", five) == "goal_full"
    assert wrong("one more", five, new=False) is None
    assert wrong("goal 1", five) == "goal_twice"


# ------------------------------------------------------------------------------------------------ who touched what


def ticks(text: str | None, **far: int) -> Side:
    """ "1 2*" is 1 and 2 ticked and 2 put first; None: no answer. `g2=3`: mostly, of goal 2."""
    if text is None:
        return Side(goals={f"progress.{name[1:]}": value for name, value in far.items()} or None)
    chosen = tuple(int(word.strip("*")) for word in text.split())
    top = next((int(word.strip("*")) for word in text.split() if "*" in word), chosen[0] if len(chosen) == 1 else None)
    return Side(goals={"chosen": chosen, "top": top, **{f"progress.{n[1:]}": v for n, v in far.items()}})


def past(*sessions: tuple[Side, Side]) -> History:
    """Weekly sessions from 3 November on, each with both sides."""
    days = [datetime(2026, 11, 3, 21, tzinfo=UTC) + timedelta(weeks=n) for n in range(len(sessions))]
    rows = [Session(at, f"{at:%m-%d}", "held", *sides) for at, sides in zip(days, sessions, strict=True)]
    return History(tuple(rows), GOALS)


def both(patient: str | None, therapist: str | None) -> tuple[Side, Side]:
    return ticks(patient), ticks(therapist)


ONLY_2 = both("2", "2")


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        pytest.param([ONLY_2] * 3, {}, id="three sessions are not yet four"),
        pytest.param([ONLY_2] * 4, {1: None, 3: None}, id="never ticked by anybody"),
        pytest.param([both("1", "2"), *[ONLY_2] * 4], {1: "11-03", 3: None}, id="ticked once by the patient"),
        pytest.param([both("2", "1 3*"), *[ONLY_2] * 4], {1: "11-03", 3: "11-03"}, id="ticked once by the therapist"),
        pytest.param([*[ONLY_2] * 3, both("2", "3"), ONLY_2], {1: None}, id="one tick of one side is enough"),
        pytest.param([*[ONLY_2] * 3, both(None, None)], {}, id="silence is no sign"),
        pytest.param([*[ONLY_2] * 3, both(None, "2")], {1: None, 3: None}, id="one side that ticks is enough"),
        pytest.param([*[ONLY_2] * 2, both(None, None), *[ONLY_2] * 2], {1: None, 3: None}, id="silence breaks nothing"),
    ],
)  # fmt: skip
def test_what_nobody_touched(sessions: list[tuple[Side, Side]], said: dict[int, str | None]) -> None:
    assert {line.goal.id: line.local for line in untouched(past(*sessions))} == said


def test_a_goal_added_lately_is_not_missed() -> None:
    sides = [replace(side, offered=frozenset({1, 2})) for side in ONLY_2]
    assert [line.goal.id for line in untouched(past(*[(sides[0], sides[1])] * 4))] == [1]


def test_of_retired_goals_nothing_is_said() -> None:
    history = past(*[(ticks("2", g1=3), ticks("2"))] * 4)
    retired = replace(history, goals=(replace(GOALS[0], retired=True), GOALS[1]))
    assert (progress(retired), untouched(retired)) == ((), ())
    assert [g.id for g in card(retired, "patient").earlier] == [1]


def test_progress_is_told_by_the_digest_of_its_session_only() -> None:
    history = past((ticks("2", g1=1, g2=2), ticks(None)), (ticks("2", g2=0), ticks(None)))
    assert [(line.goal.id, line.local, line.far) for line in progress(history)] == [(1, "11-03", 1), (2, "11-10", 0)]
    assert [(line.goal.id, line.far) for line in lines(history, "11-10")] == [(2, 0)]
    assert lines(history, None) == ()


# ------------------------------------------------------------------------------------------------ the card


def test_the_card_shows_the_last_four_sessions_with_ticks() -> None:
    shown = card(past(both("1", "1"), both("1 2*", None), both(None, None), both("2", "3"), both(None, "3"), ONLY_2),
                 "therapist")  # fmt: skip
    assert shown.sessions == ("11-10", "11-24", "12-01", "12-08")
    assert shown.goals[0].patient == ("ticked", "not", "none", "not")
    assert shown.goals[1].patient == ("first", "first", "none", "first")
    assert shown.goals[2].therapist == ("none", "first", "first", "not")


def test_the_patient_learns_nothing_of_the_therapists_ticks() -> None:
    history = past(*[both("2", "1 2*")] * 4, both(None, "3"))
    blank = replace(history, sessions=tuple(replace(s, therapist=Side()) for s in history.sessions))
    assert card(history, "patient") == card(blank, "patient")
    assert card(history, "patient").goals[0].untouched is not None  # by herself


def test_the_therapist_learns_nothing_of_a_blind_session() -> None:
    history = past(*[both("2", "2")] * 3, (ticks("1", g1=4), ticks(None)))
    blind = frozenset({"11-24"})
    without = replace(history, sessions=history.sessions[:-1])
    assert card(history, "therapist", blind) == card(without, "therapist")
    assert card(history, "patient").goals[0].patient[-1] == "first"


# ------------------------------------------------------------------------------------------------ laws

CODES = (("T-1", "therapist", 1), ("P-014", "patient", 14), ("T-2", "therapist", 2), ("P-021", "patient", 21))
SECRET = {1: "sleep", 2: "convoy"}
"""A word in every goal of each pair: Tomas and Anna, Vera and Clara."""

ONCE = ["retire", "asked", "fits", "keep", "change", "gone", "kept", "earlier"]
VERBS = [*["type"] * 6, *["add"] * 4, *["reword"] * 2, *ONCE]
acts = st.lists(
    st.tuples(
        st.integers(0, 3),  # who
        st.sampled_from(VERBS),
        st.sampled_from([True, True, True, False]),  # a button of the own pair, or of the other one
        st.integers(1, 8),  # goal or change
        st.sampled_from([*"abcdefgh", "x" * 130]),  # what is typed
    ),
    min_size=15,
    max_size=40,
)


@cache
def engine() -> Engine:
    """A database in memory; each law takes back what it did."""
    made, keyed = create_engine("sqlite://"), Path(mkdtemp()) / "accord.db"
    keys.prepare(keyed)
    keyring.attach(made, keyed)
    with made.begin() as conn:
        metadata.create_all(conn)
    return made


@contextmanager
def two_pairs() -> Iterator[Connection]:
    """Two therapists with a patient and four goals each; everybody has just been asked for one more."""
    with engine().connect() as conn:
        conn.execute(insert(clinic).values(id=1, name="C", zone="UTC"))
        for n, (code, role, chat) in enumerate(CODES, start=1):
            row = {"id": n, "clinic_id": 1, "role": role, "code": code, "zone": "UTC", "lang": "en", "state": "active"}
            conn.execute(insert(person).values(**row, key_id=code))
            people.change(conn, n, chat_id=chat)
        for n, (patient, therapist) in enumerate(((2, 1), (4, 3)), start=1):
            values = {"id": n, "clinic_id": 1, "patient_id": patient, "therapist_id": therapist, "started_at": NOW}
            conn.execute(insert(pair).values(values))
            for word in range(MOST - 1):
                kept_goals.add(conn, n, f"{SECRET[n]} {word}", "patient", NOW)
        for who in people.people(conn):
            of = 1 if who.code in ("T-1", "P-014") else 2
            people.expect(conn, who, Expects("goal", of, 0, NOW))
        yield conn
        conn.rollback()


def seen(outcome: Outcome) -> str:
    """All that goes back."""
    shown = [reply.message for reply in outcome.replies]
    return f"{outcome.toast} " + " ".join(m.text + str(m.rows) for m in shown)


def act(conn: Connection, who_id: int, verb: str, of: int, about: int, typed: str) -> str:
    """One tap, or ("type") one typed line, if one was asked for; what this person saw."""
    assert CONFIG is not None
    who = people.by_id(conn, who_id)
    people.expect(conn, who, None)
    if verb != "type":
        return seen(chat_goals.on_tap(conn, who, f"g:{verb}:{of}:{about}", None, CONFIG, NOW))
    if who.expects is None:
        return ""
    words = f"{SECRET[who.expects.pair]} {typed}"
    return seen(chat_goals.on_words(conn, who, words, who.expects, CONFIG, NOW))


def whole(conn: Connection) -> dict[int, list[int]]:
    """The numbers of each pair's goals: without a gap, at most five open, at most one question about each."""
    rows = sorted(rows_of(conn, goal, {}), key=lambda row: int(row.id))
    for of in SECRET:
        mine = [row for row in rows if row.pair_id == of]
        assert [row.number for row in mine] == list(range(1, len(mine) + 1))
        assert sum(row.retired_at is None for row in mine) <= MOST
        assert all(SECRET[of] in row.words for row in mine)
    waiting = [row.goal_id for row in conn.execute(WAITING)]
    assert len(set(waiting)) == len(waiting)
    return {of: [row.number for row in rows if row.pair_id == of] for of in SECRET}


@law(30)
@given(acts=acts)
def test_whatever_both_sides_do_the_list_stays_whole_and_their_own(acts: list[tuple[int, str, bool, int, str]]) -> None:
    with two_pairs() as conn:
        before = whole(conn)
        for who, verb, own, about, typed in acts:
            mine = 1 if who < 2 else 2
            said = act(conn, who + 1, verb, mine if own else 3 - mine, about, typed)
            assert SECRET[3 - mine] not in said
            assert own or verb == "type" or said.strip() == phrase("en", "toast_not_yours")
            after = whole(conn)
            assert all(after[of][: len(before[of])] == before[of] for of in SECRET)  # nothing is deleted
            before = after


@law(30)
@given(rewordings=st.lists(st.tuples(st.integers(1, 2), st.sampled_from("abcd")), min_size=1, max_size=8))
def test_no_brings_back_words_that_both_stood_by(rewordings: list[tuple[int, str]]) -> None:
    """However often either rewords before the other answers."""
    with two_pairs() as conn:
        for who, typed in rewordings:
            act(conn, who, "reword", 1, 1, "")
            act(conn, who, "type", 1, 1, typed)
        for change in kept_goals.waiting(conn, 1):
            other = 2 if change.changed_by == "therapist" else 1
            act(conn, other, "keep", 1, change.id, "")
            assert kept_goals.goals_of(conn, 1)[0].words == f"{SECRET[1]} 0"
