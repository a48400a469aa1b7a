"""When something is due next, over all tables that hold what is due."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store.tables import check_in, digest, outbox
from bot.store.tables_call import call
from bot.store.tables_watch import alert
from bot.store.tables_web import web_login

# Each condition is that of the table's partial index, which has the earliest moment at its beginning.
_EARLIEST = {
    "check_in": select(func.min(check_in.c.due_at)).where(check_in.c.due_at.is_not(None)),
    "digest": select(func.min(digest.c.due_at)).where(digest.c.due_at.is_not(None)),
    "words": select(func.min(check_in.c.words_due_at)).where(check_in.c.words_due_at.is_not(None)),
    "link": select(func.min(web_login.c.hide_at)).where(web_login.c.hide_at.is_not(None)),
    "call": select(func.min(call.c.due_at)).where(call.c.due_at.is_not(None)),
    "alert": select(func.min(alert.c.due_at)).where(alert.c.due_at.is_not(None)),
    "outbox": select(func.min(outbox.c.not_before)).where(outbox.c.state == "waiting"),
}
_MOMENTS = select(*(query.scalar_subquery().label(name) for name, query in _EARLIEST.items()))


def moments(conn: Connection) -> Mapping[str, datetime]:
    """The earliest moment at which each kind of thing wants attention: check-ins, digests, … Those that do not want
    any are left out.
    """
    row = conn.execute(_MOMENTS).one()
    return {name: at for name, at in row._mapping.items() if at is not None}


def next_at(conn: Connection) -> datetime | None:
    """The earliest moment at which anything wants attention; None if nothing does."""
    return min(moments(conn).values(), default=None)
