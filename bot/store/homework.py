"""What was taken on until next time, in the therapist's words: kept under the session it was set in, one for each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.core.form import Asks
from bot.core.history import Homework
from bot.core.questionnaire import Voice
from bot.store import versions
from bot.store.columns import AnyRow
from bot.store.people import CLINIC
from bot.store.sealing import Book
from bot.store.sealing import of_pair as its_book
from bot.store.tables import check_in, homework, pair, session

_COLUMNS = select(homework.c.session_id, homework.c.words, homework.c.why, homework.c.rev, homework.c.pair_id)
_OF_PAIR = _COLUMNS.where(homework.c.pair_id == bindparam("pair"))


def of_session(conn: Connection, session_id: int) -> Homework | None:
    """The homework set in a session, if it was put in words."""
    row = conn.execute(_COLUMNS.where(homework.c.session_id == session_id)).first()
    return None if row is None else _opened(its_book(conn, row.pair_id), row)


def _opened(book: Book, row: AnyRow) -> Homework:
    words, why = (
        book.open(sealed, column, row.session_id, rev=row.rev)
        for sealed, column in ((row.words, homework.c.words), (row.why, homework.c.why))
    )
    return Homework(words, why)


def of_pair(conn: Connection, pair_id: int, book: Book | None = None) -> dict[int, Homework]:
    """All the homework of a pair that was put in words, by session."""
    book = book or its_book(conn, pair_id)
    rows = conn.execute(_OF_PAIR, {"pair": pair_id}).all()
    return {row.session_id: _opened(book, row) for row in rows}


def latest(conn: Connection, pair_id: int) -> tuple[str, Homework] | None:
    """The homework set last, with the wall time of its session."""
    query = _COLUMNS.add_columns(session.c.local).join(session, session.c.id == homework.c.session_id)
    row = conn.execute(query.where(homework.c.pair_id == pair_id).order_by(session.c.starts_at.desc()).limit(1)).first()
    return None if row is None else (row.local, _opened(its_book(conn, pair_id), row))


def in_words(conn: Connection, asks: Asks, voice: Voice, session_id: int) -> Asks:
    """What a check-in asks, with the words of that homework: of this session, or for a therapist of the last one."""
    about = session_id if voice == "patient" else asks.last_homework
    if about is None or "homework" not in asks.questionnaires:
        return asks
    return replace(asks, homework=of_session(conn, about))


def session_now(conn: Connection, pair_id: int, now: datetime) -> AnyRow | None:
    """The pair's last session that has started and stands: homework is set in that one."""
    begun = (session.c.pair_id == pair_id) & (session.c.starts_at <= now) & session.c.state.in_(("planned", "held"))
    return conn.execute(select(session).where(begun).order_by(session.c.starts_at.desc()).limit(1)).first()


def was_asked(conn: Connection, session_id: int) -> bool:
    """Whether the patient was asked already what came of the homework of this session."""
    asked = (
        select(check_in.c.id, check_in.c.kind, check_in.c.asks, check_in.c.pair_id)
        .join(pair, pair.c.id == check_in.c.pair_id)
        .where(check_in.c.session_id == session_id, check_in.c.person_id == pair.c.patient_id)
        .where(check_in.c.opened_at.is_not(None))
    )
    return any(row.kind == "homework" or "homework" in _questionnaires(conn, row) for row in conn.execute(asked).all())


def _questionnaires(conn: Connection, row: AnyRow) -> Sequence[str]:
    asks = its_book(conn, row.pair_id).open(row.asks, check_in.c.asks, row.id)
    return () if asks is None else asks["questionnaires"]


def put(conn: Connection, pair_id: int, session_id: int, words: str, now: datetime) -> None:
    """Put the homework of a session in words; other words than before replace those, and their reason."""
    before = of_session(conn, session_id)
    why = before.why if before is not None and before.words == words else None
    more = {"clinic_id": CLINIC, "pair_id": pair_id, "set_at": now}
    _put(conn, pair_id, session_id, Homework(words, why), more, now)


def _put(conn: Connection, pair_id: int, session_id: int, given: Homework, more: dict[str, Any], now: datetime) -> None:
    """Write words and reason as the row's next version."""
    last = conn.execute(select(homework.c.rev).where(homework.c.session_id == session_id)).scalar()
    book, rev = its_book(conn, pair_id), (last or 0) + 1
    why = None if given.why is None else book.seal(given.why, homework.c.why, session_id, rev=rev)
    words = book.seal(given.words, homework.c.words, session_id, rev=rev)
    values = more | {"session_id": session_id, "words": words, "why": why, "rev": rev}
    if last is None:
        conn.execute(insert(homework).values(values))
    else:
        conn.execute(update(homework).where(homework.c.session_id == session_id).values(values))
        versions.replaced(conn, "homework changed", pair_id, str(session_id), rev, now, "therapist")


def put_why(conn: Connection, session_id: int, why: str, now: datetime) -> None:
    """Say what the homework of a session is for."""
    row = conn.execute(_COLUMNS.where(homework.c.session_id == session_id)).one()
    given = _opened(its_book(conn, row.pair_id), row)
    _put(conn, row.pair_id, session_id, replace(given, why=why), {}, now)
