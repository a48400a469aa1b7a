"""What the front desk said of appointments, kept so that it can be taken back."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot.core.person import Person
from bot.store.columns import AnyRow
from bot.store.tables import pair, person, session
from bot.store.tables_web import desk_mark

_patient = person.alias("patient")


def add(conn: Connection, who: Person, before: AnyRow, state: str, now: datetime) -> None:
    """Keep what a session was before it was marked."""
    values = {
        "clinic_id": who.clinic_id, "session_id": before.id, "person_id": who.id, "state_before": before.state,
        "confirm_before": before.confirm, "state": state, "at": now,
    }  # fmt: skip
    conn.execute(insert(desk_mark).values(values))


def find(conn: Connection, mark_id: int, since: datetime) -> AnyRow | None:
    """A mark made since then that was not taken back."""
    if abs(mark_id) >= 2**63:
        return None
    good = (desk_mark.c.id == mark_id) & desk_mark.c.undone_at.is_(None) & (desk_mark.c.at > since)
    return conn.execute(select(desk_mark).where(good)).first()


def undone(conn: Connection, mark_id: int, now: datetime) -> None:
    """A mark was taken back."""
    conn.execute(update(desk_mark).where(desk_mark.c.id == mark_id).values(undone_at=now))


def since(conn: Connection, moment: datetime) -> list[AnyRow]:
    """The marks made since then that stand, the newest first: id, state, local, at, patient; one for each session."""
    rows = conn.execute(
        select(desk_mark.c.id, desk_mark.c.state, desk_mark.c.at, desk_mark.c.session_id, session.c.local,
               session.c.state.label("is"), _patient.c.code.label("patient"))
        .join(session, session.c.id == desk_mark.c.session_id)
        .join(pair, pair.c.id == session.c.pair_id)
        .join(_patient, _patient.c.id == pair.c.patient_id)
        .where(desk_mark.c.undone_at.is_(None), desk_mark.c.at > moment)
        .order_by(desk_mark.c.id.desc())
    )  # fmt: skip
    newest: dict[int, AnyRow] = {}
    for row in rows:
        newest.setdefault(row.session_id, row)
    return [row for row in newest.values() if row._mapping["is"] == row.state]
