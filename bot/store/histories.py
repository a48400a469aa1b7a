"""Answers of a pair put together as a history, the way `core.findings` reads it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from bot.core.form import Asks
from bot.core.history import Answers, History, Homework, Part, Session, SessionState, Side
from bot.core.measures import ACCORDS
from bot.store import answers as kept_answers
from bot.store import homework
from bot.store.columns import AnyRow
from bot.store.goals import goals_of
from bot.store.sealing import Book, of_pair
from bot.store.tables import answer, check_in, person, session

Parts = dict[str, dict[str, Any]]

# Statements are made once: a weekly digest reads fifty pairs, and making one costs more than running it.
_OF_PAIR: BindParameter[int] = bindparam("pair_id")
_SESSIONS = (
    select(session.c.id, session.c.starts_at, session.c.ends_at, session.c.local, session.c.state)
    .where(session.c.pair_id == _OF_PAIR, session.c.starts_at < bindparam("before"))
    .where(session.c.closure_id.is_(None))  # that the clinic was closed says nothing about the two
    .order_by(session.c.starts_at, session.c.id)
)
_CHECKS = (
    select(
        check_in.c.id, check_in.c.session_id, check_in.c.kind, check_in.c.state, check_in.c.asks,
        check_in.c.answered_at, person.c.role,
    )
    .join(person, person.c.id == check_in.c.person_id)
    .where(check_in.c.pair_id == _OF_PAIR)
)  # fmt: skip
_ANSWERS = (
    select(
        answer.c.check_in_id,
        answer.c.filed_under,
        answer.c.questionnaire,
        answer.c.item,
        answer.c.value,
        answer.c.rev,
        person.c.role,
    )
    .join(check_in, check_in.c.id == answer.c.check_in_id)
    .join(person, person.c.id == check_in.c.person_id)
    .where(check_in.c.pair_id == _OF_PAIR, check_in.c.state == "answered")
)


def history_of(conn: Connection, pair_id: int, before: datetime, now: datetime) -> History:
    """Everything a pair answered about its sessions that start before an instant, in order of time."""
    sessions = list(conn.execute(_SESSIONS, {"pair_id": pair_id, "before": before}))
    book = of_pair(conn, pair_id)
    checks = _checks(conn, pair_id, book)
    answers = _answers(conn, pair_id, book)
    set_in = homework.of_pair(conn, pair_id, book)
    built = [_session(row, checks[row.id], answers[row.id], set_in.get(row.id), now) for row in sessions]
    return History(tuple(built), goals_of(conn, pair_id, retired=True, book=book))


@dataclass(frozen=True, slots=True)
class _Check:
    """A check-in of the pair, with what it asked."""

    session_id: int
    kind: str
    state: str
    asks: dict[str, Any] | None
    answered_at: datetime | None
    role: str


def _checks(conn: Connection, pair_id: int, book: Book) -> defaultdict[int, list[_Check]]:
    by_session: defaultdict[int, list[_Check]] = defaultdict(list)
    for check_in_id, session_id, kind, state, sealed, answered_at, role in conn.execute(_CHECKS, {"pair_id": pair_id}):
        asks = book.open(sealed, check_in.c.asks, check_in_id)
        by_session[session_id].append(_Check(session_id, kind, state, asks, answered_at, role))
    return by_session


def _answers(conn: Connection, pair_id: int, book: Book) -> defaultdict[int, dict[str, Parts]]:
    """By session, role and questionnaire: the answers of forms that were sent."""
    filed: defaultdict[int, dict[str, Parts]] = defaultdict(lambda: {"patient": {}, "therapist": {}})
    revs = kept_answers.revs_of_pair(conn, pair_id)
    for row in conn.execute(_ANSWERS, {"pair_id": pair_id}):
        value = kept_answers.opened(book, row, revs)
        filed[row.filed_under][row.role].setdefault(row.questionnaire, {})[row.item] = value
    return filed


def _session(
    row: AnyRow, checks: list[_Check], answers: dict[str, Parts], set_in: Homework | None, now: datetime
) -> Session:
    state: SessionState = "held" if row.state == "planned" and row.ends_at <= now else row.state
    patient, therapist = (_side(role, checks, answers[role]) for role in ("patient", "therapist"))
    return Session(row.starts_at, row.local, state, patient, therapist, set_in)


def _side(role: str, checks: list[_Check], answers: Parts) -> Side:
    by_kind = {row.kind: row for row in checks if row.role == role}
    main, later = by_kind.get("alliance"), by_kind.get("homework")
    asks = None if main is None or main.asks is None else Asks.from_json(main.asks)
    return Side(
        _part("alliance", main, answers),
        _part("goals", main, answers),
        _part("homework", later if role == "patient" else main, answers),
        _part("start", main, answers),
        None if main is None else main.answered_at,
        None if asks is None else frozenset(goal.id for goal in asks.goals),
        {name: _part(name, row, answers) for row in (main, later) for name in _own_names(row)},
    )


def _own_names(row: _Check | None) -> set[str]:
    """The clinic's own questionnaires that a check-in asks."""
    return set() if row is None or row.asks is None else set(row.asks["questionnaires"]) - ACCORDS


def _part(questionnaire: str, row: _Check | None, answers: Parts) -> Part:
    """What became of one questionnaire of a side: its answers, missed, excused, or None where it was not asked."""
    given: Answers | None = answers.get(questionnaire)
    if given is not None:
        return given
    if row is None or row.asks is None:
        return "excused" if row is not None and row.state == "excused" else None
    asked = questionnaire in row.asks["questionnaires"]
    if row.state == "answered":
        return {} if asked and questionnaire != "homework" else None
    became: Part = row.state if row.state in ("missed", "excused") and asked else None  # type: ignore[assignment]
    return became


def sessions_before(conn: Connection, pair_id: int, before: datetime) -> list[int]:
    """The ids of the pair's sessions that took place before an instant, in order of time."""
    rows = select(session.c.id).where(
        session.c.pair_id == pair_id, session.c.starts_at < before, session.c.state.in_(("planned", "held"))
    )
    return list(conn.execute(rows.order_by(session.c.starts_at)).scalars())
