"""Answers of a pair put together as a history, the way `core.findings` reads it."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from bot.core.form import Asks
from bot.core.history import Answers, History, Homework, Part, Session, SessionState, Side
from bot.core.measures import ACCORDS
from bot.store import homework
from bot.store.columns import AnyRow
from bot.store.goals import goals_of
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
        check_in.c.session_id, check_in.c.kind, check_in.c.state, check_in.c.asks, check_in.c.answered_at, person.c.role
    )
    .join(person, person.c.id == check_in.c.person_id)
    .where(check_in.c.pair_id == _OF_PAIR)
)  # fmt: skip
_ANSWERS = (
    select(answer.c.filed_under, answer.c.questionnaire, answer.c.item, answer.c.value, person.c.role)
    .join(check_in, check_in.c.id == answer.c.check_in_id)
    .join(person, person.c.id == check_in.c.person_id)
    .where(check_in.c.pair_id == _OF_PAIR, check_in.c.state == "answered")
)


def history_of(conn: Connection, pair_id: int, before: datetime, now: datetime) -> History:
    """Everything a pair answered about its sessions that start before an instant, in order of time."""
    sessions = list(conn.execute(_SESSIONS, {"pair_id": pair_id, "before": before}))
    checks = _checks(conn, pair_id)
    answers = _answers(conn, pair_id)
    set_in = homework.of_pair(conn, pair_id)
    built = [_session(row, checks[row.id], answers[row.id], set_in.get(row.id), now) for row in sessions]
    return History(tuple(built), goals_of(conn, pair_id, retired=True))


def _checks(conn: Connection, pair_id: int) -> defaultdict[int, list[AnyRow]]:
    by_session: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in conn.execute(_CHECKS, {"pair_id": pair_id}):
        by_session[row.session_id].append(row)
    return by_session


def _answers(conn: Connection, pair_id: int) -> defaultdict[int, dict[str, Parts]]:
    """By session, role and questionnaire: the answers of forms that were sent."""
    filed: defaultdict[int, dict[str, Parts]] = defaultdict(lambda: {"patient": {}, "therapist": {}})
    for row in conn.execute(_ANSWERS, {"pair_id": pair_id}):
        value = tuple(row.value) if isinstance(row.value, list) else row.value
        filed[row.filed_under][row.role].setdefault(row.questionnaire, {})[row.item] = value
    return filed


def _session(
    row: AnyRow, checks: list[AnyRow], answers: dict[str, Parts], set_in: Homework | None, now: datetime
) -> Session:
    state: SessionState = "held" if row.state == "planned" and row.ends_at <= now else row.state
    patient, therapist = (_side(role, checks, answers[role]) for role in ("patient", "therapist"))
    return Session(row.starts_at, row.local, state, patient, therapist, set_in)


def _side(role: str, checks: list[AnyRow], answers: Parts) -> Side:
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


def _own_names(row: AnyRow | None) -> set[str]:
    """The clinic's own questionnaires that a check-in asks."""
    return set() if row is None or row.asks is None else set(row.asks["questionnaires"]) - ACCORDS


def _part(questionnaire: str, row: AnyRow | None, answers: Parts) -> Part:
    """What became of one questionnaire of a side: its answers, missed, excused, or None where it was not asked."""
    given: Answers | None = answers.get(questionnaire)
    if given is not None:
        return given
    if row is None or row.asks is None:
        return "excused" if row is not None and row.state == "excused" else None
    asked = questionnaire in row.asks["questionnaires"]
    if row.state == "answered":
        return {} if asked and questionnaire != "homework" else None
    return row.state if row.state in ("missed", "excused") and asked else None


def sessions_before(conn: Connection, pair_id: int, before: datetime) -> list[int]:
    """The ids of the pair's sessions that took place before an instant, in order of time."""
    rows = select(session.c.id).where(
        session.c.pair_id == pair_id, session.c.starts_at < before, session.c.state.in_(("planned", "held"))
    )
    return list(conn.execute(rows.order_by(session.c.starts_at)).scalars())
