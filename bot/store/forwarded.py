"""How far the log of who saw what was sent on, to where it is kept a second time: entry by entry, in order."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from bot.store.columns import AnyRow
from bot.store.tables_audit import audit, forwarded

ONE = 1  # the only row
EMPTY = "cut"
"""What is left of an entry that is not kept any longer: it says nothing."""


def last(conn: Connection) -> int:
    """The number of the last entry that was sent on; 0: none was yet."""
    return conn.execute(select(forwarded.c.entry).where(forwarded.c.id == ONE)).scalar() or 0


def after(conn: Connection, most: int) -> list[AnyRow]:
    """The oldest entries that wait, at most so many."""
    waits = (audit.c.id > last(conn)) & (audit.c.did != EMPTY)
    return list(conn.execute(select(audit).where(waits).order_by(audit.c.id).limit(most)))


def up_to(conn: Connection, entry: int) -> None:
    """All entries up to this one were taken there."""
    if conn.execute(update(forwarded).where(forwarded.c.id == ONE).values(entry=entry)).rowcount == 0:
        conn.execute(insert(forwarded).values(id=ONE, entry=entry))


def behind(conn: Connection) -> tuple[int, datetime | None]:
    """How many entries wait, and since when."""
    waits = (audit.c.id > last(conn)) & (audit.c.did != EMPTY)
    row = conn.execute(select(func.count(audit.c.id), func.min(audit.c.at)).where(waits)).one()
    return int(row[0]), row[1]
