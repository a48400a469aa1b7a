"""What was taken on until next time, in the therapist's words: kept under the session it was set in, one for each."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.core.form import Asks
from bot.core.history import Homework
from bot.core.questionnaire import Voice
from bot.store.columns import AnyRow
from bot.store.people import CLINIC
from bot.store.tables import check_in, homework, pair, session
from bot.store.upsert import insert_or_change


def of_session(conn: Connection, session_id: int) -> Homework | None:
    """The homework set in a session, if it was put in words."""
    row = conn.execute(select(homework.c.words, homework.c.why).where(homework.c.session_id == session_id)).first()
    return None if row is None else Homework(*row)


def of_pair(conn: Connection, pair_id: int) -> dict[int, Homework]:
    """All the homework of a pair that was put in words, by session."""
    query = select(homework.c.session_id, homework.c.words, homework.c.why).where(homework.c.pair_id == pair_id)
    return {row.session_id: Homework(row.words, row.why) for row in conn.execute(query)}


def latest(conn: Connection, pair_id: int) -> tuple[str, Homework] | None:
    """The homework set last, with the wall time of its session."""
    query = select(session.c.local, homework.c.words, homework.c.why).join(
        session, session.c.id == homework.c.session_id
    )
    row = conn.execute(query.where(homework.c.pair_id == pair_id).order_by(session.c.starts_at.desc()).limit(1)).first()
    return None if row is None else (row.local, Homework(row.words, row.why))


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
        select(check_in.c.kind, check_in.c.asks)
        .join(pair, pair.c.id == check_in.c.pair_id)
        .where(check_in.c.session_id == session_id, check_in.c.person_id == pair.c.patient_id)
        .where(check_in.c.opened_at.is_not(None))
    )
    rows = conn.execute(asked)
    return any(row.kind == "homework" or "homework" in (row.asks or {}).get("questionnaires", ()) for row in rows)


def put(conn: Connection, pair_id: int, session_id: int, words: str, now: datetime) -> None:
    """Put the homework of a session in words; other words than before replace those, and their reason."""
    before = of_session(conn, session_id)
    why = before.why if before is not None and before.words == words else None
    values = {
        "clinic_id": CLINIC, "pair_id": pair_id, "session_id": session_id, "words": words, "why": why, "set_at": now,
    }  # fmt: skip
    conn.execute(insert_or_change(conn, homework, ("session_id",), ("words", "why", "set_at")), values)


def put_why(conn: Connection, session_id: int, why: str) -> None:
    """Say what the homework of a session is for."""
    conn.execute(update(homework).where(homework.c.session_id == session_id).values(why=why))
