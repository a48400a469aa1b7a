"""Updates as Telegram handed them over: stored before they are confirmed, done once their reply was tried."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, text, update

from bot.store import alarms, sealing
from bot.store.columns import AnyRow
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable
from bot.store.tables import inbox
from bot.store.upsert import insert_or_leave

AT_ONCE = 500  # are deleted in one transaction
_BETWEEN = select(inbox.c.update_id).where(inbox.c.update_id.between(bindparam("first"), bindparam("last")))
_NEW = (inbox.c.update_id == bindparam("b_id")) & (inbox.c.state == "new")
_ACCEPT = update(inbox).where(_NEW).values(state="accepted")
_DONE = update(inbox).where(inbox.c.update_id == bindparam("b_id")).values(state="done", raw=b"")


def add(conn: Connection, updates: Sequence[tuple[int, str]], done: Iterable[int], now: datetime) -> list[int]:
    """Store raw updates (id, JSON text) that are new, and mark the given ids done. The ids of the new ones."""
    finish(conn, done)
    if not updates:
        return []
    ids = [update_id for update_id, _ in updates]
    known = set(conn.execute(_BETWEEN, {"first": min(ids), "last": max(ids)}).scalars())
    keys = sealing.book(conn, sealing.INBOX)
    rows = [
        {"update_id": i, "raw": keys.seal(raw, inbox.c.raw, i), "received_at": now, "state": "new"}
        for i, raw in updates
        if i not in known
    ]
    if rows:
        conn.execute(insert_or_leave(conn, inbox, "update_id"), rows)
    return [row["update_id"] for row in rows]  # type: ignore[misc]


def finish(conn: Connection, done: Iterable[int]) -> None:
    """Mark updates done; their text is not kept."""
    ids = [{"b_id": update_id} for update_id in done]
    if ids:
        conn.execute(_DONE, ids)


def accept(conn: Connection, update_id: int) -> bool:
    """Mark an update accepted, in the transaction that does what it asks; False if that has been done before."""
    return conn.execute(_ACCEPT, {"b_id": update_id}).rowcount == 1


def set_aside(conn: Connection, update_id: int, error: str, now: datetime) -> None:
    """Set an update aside that cannot be read, with the kind of error; the raw text stays for a person to look at."""
    conn.execute(update(inbox).where(inbox.c.update_id == update_id).values(state="aside", error=error[:200]))
    alarms.note(conn, "unread", now)


def unfinished(conn: Connection) -> list[tuple[int, str, str]]:
    """What a stop left behind: (id, raw, state) of updates that are new or accepted, in their order."""
    rows = conn.execute(
        select(inbox.c.update_id, inbox.c.raw, inbox.c.state)
        .where(text("state IN ('new', 'accepted')"))  # as the index has it: only so it is used
        .order_by(inbox.c.received_at, inbox.c.update_id)
    )
    keys = sealing.book(conn, sealing.INBOX)
    return [(row.update_id, _opened(keys, row), row.state) for row in rows]


def _opened(keys: sealing.Book, row: AnyRow) -> str:
    """The update's text; one that does not open is no update, and is set aside as such."""
    try:
        return str(keys.open(row.raw, inbox.c.raw, row.update_id))
    except (Unreadable, KeyDestroyed, KeyMissing):
        return "{}"


def done_before(conn: Connection, before: datetime) -> list[int]:
    """`AT_ONCE` of the updates that are done and came before this, or all. Neither ids nor times are sure to grow:
    Telegram begins anew after a week without updates, and a clock may have been wrong.
    """
    old = (inbox.c.state == "done") & (inbox.c.received_at < before)
    return list(conn.execute(select(inbox.c.update_id).where(old).order_by(inbox.c.update_id).limit(AT_ONCE)).scalars())


def forget(conn: Connection, ids: Sequence[int]) -> None:
    """Delete updates; ids are needed only while Telegram may repeat them."""
    conn.execute(delete(inbox).where(inbox.c.update_id.in_(ids)))
