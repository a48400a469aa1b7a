"""When something is due next, over all tables that hold what is due."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store.outbox import next_at as next_in_outbox
from bot.store.tables import check_in, digest


def next_at(conn: Connection) -> datetime | None:
    """The earliest moment at which a check-in, a digest or the outbox wants attention; None if nothing does."""
    moments = [
        conn.execute(select(func.min(check_in.c.due_at))).scalar(),
        conn.execute(select(func.min(digest.c.due_at))).scalar(),
        next_in_outbox(conn),
    ]
    return min((at for at in moments if at is not None), default=None)
