"""When something is due next, over all tables that hold what is due."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, column, text

from bot.store.columns import Utc

# Each condition is that of the table's partial index, which has the earliest moment at its beginning. In SQL's own
# words, as this is asked each second: a statement put together of parts takes twice as long.
_EARLIEST = {
    "check_in": "min(due_at) FROM check_in WHERE due_at IS NOT NULL",
    "digest": "min(due_at) FROM digest WHERE due_at IS NOT NULL",
    "words": "min(words_due_at) FROM check_in WHERE words_due_at IS NOT NULL",
    "link": "min(hide_at) FROM web_login WHERE hide_at IS NOT NULL",
    "call": "min(due_at) FROM call WHERE due_at IS NOT NULL",
    "alert": "min(due_at) FROM alert WHERE due_at IS NOT NULL",
    "outbox": "min(not_before) FROM outbox WHERE state = 'waiting'",
}
_MOMENTS = text(f"SELECT {', '.join(f'(SELECT {query})' for query in _EARLIEST.values())}").columns(
    *(column(name, Utc) for name in _EARLIEST)
)


def moments(conn: Connection) -> Mapping[str, datetime]:
    """The earliest moment at which each kind of thing wants attention: check-ins, digests, … Those that do not want
    any are left out.
    """
    row = conn.execute(_MOMENTS).one()
    return {name: at for name, at in zip(_EARLIEST, row, strict=True) if at is not None}


def next_at(conn: Connection) -> datetime | None:
    """The earliest moment at which anything wants attention; None if nothing does."""
    return min(moments(conn).values(), default=None)
