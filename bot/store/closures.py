"""Days on which the clinic is closed: no session of a series is laid out on them, and those to come are cancelled."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot.store.columns import AnyRow
from bot.store.people import CLINIC, Refused
from bot.store.tables import closure, pair, session


def closures(conn: Connection) -> list[AnyRow]:
    """All of them, in order of time."""
    query = select(closure).where(closure.c.clinic_id == CLINIC)
    return list(conn.execute(query.order_by(closure.c.first, closure.c.last, closure.c.id)))


def closure_row(conn: Connection, closure_id: int) -> AnyRow:
    """A closure by its id; Refused if there is none."""
    known = abs(closure_id) < 2**63
    row = conn.execute(select(closure).where(closure.c.id == closure_id)).first() if known else None
    if row is None:
        raise Refused(f"There is no closure {closure_id}. `accord clinic closure list` shows them with their ids.")
    return row


def closed_on(rows: list[AnyRow], day: date) -> AnyRow | None:
    """The closure that a date falls on."""
    return next((row for row in rows if row.first <= day <= row.last), None)


def add_closure(conn: Connection, first: date, last: date, name: str | None) -> int | None:
    """Keep a closure; its id, None if there is one of these days already."""
    same = select(closure.c.id).where(closure.c.clinic_id == CLINIC, closure.c.first == first, closure.c.last == last)
    if conn.execute(same).first() is not None:
        return None
    values = {"clinic_id": CLINIC, "first": first, "last": last, "name": name}
    made = conn.execute(insert(closure).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def to_come(
    conn: Connection, first: date, last: date, now: datetime, therapist_id: int | None = None
) -> list[tuple[int, int]]:
    """The sessions to come (id, pair) planned on these dates, both inclusive: of everybody, or of one therapist."""
    query = (
        select(session.c.id, session.c.pair_id)
        .join(pair, pair.c.id == session.c.pair_id)
        .where(session.c.state == "planned", session.c.starts_at > now)
        .where(session.c.local >= first.isoformat(), session.c.local < (last + timedelta(days=1)).isoformat())
        .order_by(session.c.starts_at, session.c.id)
    )
    if therapist_id is not None:
        query = query.where(pair.c.therapist_id == therapist_id)
    return [(row.id, row.pair_id) for row in conn.execute(query)]


def cancel_for(conn: Connection, closure_id: int, session_ids: list[int]) -> None:
    """Cancel sessions because the clinic is closed."""
    for session_id in session_ids:
        values = {"state": "cancelled", "closure_id": closure_id}
        conn.execute(update(session).where(session.c.id == session_id).values(values))


def cancelled_for(conn: Connection, closure_id: int) -> list[AnyRow]:
    """The sessions that were cancelled because of a closure."""
    return list(conn.execute(select(session).where(session.c.closure_id == closure_id).order_by(session.c.starts_at)))


def remove_closure(conn: Connection, closure_id: int) -> None:
    """Forget a closure; sessions that it cancelled stay as they are."""
    conn.execute(update(session).where(session.c.closure_id == closure_id).values(closure_id=None))
    conn.execute(delete(closure).where(closure.c.id == closure_id))
