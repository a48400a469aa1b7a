"""When something is due next, over all tables that hold what is due."""

from datetime import datetime

from sqlalchemy import Connection, func, select, union_all

from bot.store.tables import check_in, digest, outbox
from bot.store.tables_call import call
from bot.store.tables_web import web_login

# Each condition is that of the table's partial index, which has the earliest moment at its beginning.
_MOMENTS = union_all(
    select(func.min(check_in.c.due_at).label("at")).where(check_in.c.due_at.is_not(None)),
    select(func.min(check_in.c.words_due_at)).where(check_in.c.words_due_at.is_not(None)),
    select(func.min(digest.c.due_at)).where(digest.c.due_at.is_not(None)),
    select(func.min(web_login.c.hide_at)).where(web_login.c.hide_at.is_not(None)),
    select(func.min(call.c.due_at)).where(call.c.due_at.is_not(None)),
    select(func.min(outbox.c.not_before)).where(outbox.c.state == "waiting"),
).subquery()
_NEXT = select(func.min(_MOMENTS.c.at))


def next_at(conn: Connection) -> datetime | None:
    """The earliest moment at which a check-in, a digest or the outbox wants attention; None if nothing does."""
    return conn.execute(_NEXT).scalar()
