"""Days on which somebody is not there: a patient's days away, a therapist's leave and who covers for it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, insert, select

from bot.core.away import Span, merged, without
from bot.core.person import Person
from bot.core.walltime import local_date, zone_of
from bot.store.people import by_id
from bot.store.tables import away, clinic, leave, pair


def spans_of(conn: Connection, who: Person) -> list[Span]:
    """A patient's days away, in the own local dates, in order."""
    rows = conn.execute(select(away.c.first, away.c.last).where(away.c.person_id == who.id).order_by(away.c.first))
    return [(row.first, row.last) for row in rows]


def add(conn: Connection, who: Person, span: Span) -> list[Span]:
    """Add days away; what overlaps or follows at once becomes one span. All spans as they are then."""
    return _keep(conn, who, merged([*spans_of(conn, who), span]))


def remove(conn: Connection, who: Person, span: Span) -> list[Span]:
    """Take days back; all spans as they are then."""
    return _keep(conn, who, without(spans_of(conn, who), span))


def _keep(conn: Connection, who: Person, spans: list[Span]) -> list[Span]:
    conn.execute(delete(away).where(away.c.person_id == who.id))
    rows = [{"clinic_id": who.clinic_id, "person_id": who.id, "first": first, "last": last} for first, last in spans]
    if rows:
        conn.execute(insert(away), rows)
    return spans


# ------------------------------------------------------------------------------------------------ a therapist's leave


@dataclass(frozen=True, slots=True)
class Leave:
    """A therapist's days off, in the clinic's dates. `cancels`: no weekly session is laid out in them."""

    first: date
    last: date
    cancels: bool
    cover_id: int | None

    def holds(self, day: date) -> bool:
        """Whether this day is one of them."""
        return self.first <= day <= self.last


def leaves_of(conn: Connection, therapist_id: int) -> list[Leave]:
    """A therapist's leaves, in order."""
    columns = (leave.c.first, leave.c.last, leave.c.cancels, leave.c.cover_id)
    query = select(*columns).where(leave.c.person_id == therapist_id).order_by(leave.c.first)
    return [Leave(*row) for row in conn.execute(query)]


def take_leave(conn: Connection, who: Person, one: Leave) -> None:
    """Keep a leave in place of what there was on these days."""
    end_leave(conn, who, (one.first, one.last))
    _add_leave(conn, who, one, (one.first, one.last))


def end_leave(conn: Connection, who: Person, span: Span) -> None:
    """Take days of leave back."""
    for old in leaves_of(conn, who.id):
        left = without([(old.first, old.last)], span)
        if left != [(old.first, old.last)]:
            same = (leave.c.person_id == who.id) & (leave.c.first == old.first) & (leave.c.last == old.last)
            conn.execute(delete(leave).where(same))
            for part in left:
                _add_leave(conn, who, old, part)


def _add_leave(conn: Connection, who: Person, one: Leave, span: Span) -> None:
    values = {"cancels": one.cancels, "cover_id": one.cover_id, "first": span[0], "last": span[1]}
    conn.execute(insert(leave).values(clinic_id=who.clinic_id, person_id=who.id, **values))


def _today(conn: Connection, now: datetime) -> date:
    return local_date(now, zone_of(str(conn.execute(select(clinic.c.zone)).scalar_one())))


def reader_for(conn: Connection, therapist: Person, now: datetime) -> Person:
    """Whoever gets what comes for a therapist today: the cover during a leave, if there is one who can be reached."""
    today = _today(conn, now)
    for one in leaves_of(conn, therapist.id):
        if one.holds(today) and one.cover_id is not None and (cover := by_id(conn, one.cover_id)).can_be_asked:
            return cover
    return therapist


def may_read(conn: Connection, who: Person, pair_id: int, now: datetime) -> bool:
    """Whether this is a pair that has not ended, of this therapist or of one they cover for today."""
    therapist_id = conn.execute(
        select(pair.c.therapist_id).where(pair.c.id == pair_id, pair.c.ended_at.is_(None))
    ).scalar()
    return therapist_id is not None and reads_for(conn, who, therapist_id, now)


def reads_for(conn: Connection, who: Person, therapist_id: int, now: datetime) -> bool:
    """Whether this is the therapist, or one who covers for them today."""
    if who.id == therapist_id:
        return True
    today = (leave.c.first <= _today(conn, now)) & (leave.c.last >= _today(conn, now))
    covers = select(leave.c.id).where(leave.c.person_id == therapist_id, leave.c.cover_id == who.id, today)
    return who.state == "active" and conn.execute(covers).first() is not None
