"""The pilot as the database knows it: when it ends, and who takes part."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.core.person import Person
from bot.core.pilot import holds_back
from bot.store.people import as_person, fields
from bot.store.tables import clinic, person

_END = select(clinic.c.pilot_until)


def end(conn: Connection) -> datetime | None:
    """When the pilot ends; None if there is none."""
    at: datetime | None = conn.execute(_END).scalar()
    return at


def holds(conn: Connection, who: Person, planned: datetime) -> bool:
    """Whether the pilot keeps back what was planned for this instant and this person."""
    return not who.pilot and holds_back(who, planned, end(conn))


def taking_part(conn: Connection) -> list[Person]:
    """Who joined, by role and code."""
    query = select(*fields()).where(person.c.pilot).order_by(person.c.role.desc(), person.c.code)
    return [as_person(conn, row) for row in conn.execute(query)]
