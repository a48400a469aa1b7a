"""Alerts that are watched until they arrive, and those that go by the second route because they do not."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, func, select, update

from bot.core import second_route
from bot.core.call import OPEN
from bot.store.tables import outbox
from bot.store.tables_call import call
from bot.store.tables_watch import alert
from bot.store.upsert import insert_or_leave

Stands = Literal["waits", "lost", "over"]
"""waits: it may still arrive. lost: a request to be called that will not, and that nobody has seen. over: neither."""
UNTOLD = "untold"
_LATE = select(alert.c.key).where((alert.c.due_at <= bindparam("now")) | (alert.c.told_at > bindparam("since")))


def watch(conn: Connection, key: str, at: datetime) -> None:
    """The alert of this key goes by the second route at this moment unless it has arrived."""
    conn.execute(insert_or_leave(conn, alert, "key"), {"key": key, "due_at": at})


def put_off(conn: Connection, until: datetime) -> None:
    """No alert goes by the second route before this moment."""
    conn.execute(update(alert).where(alert.c.due_at < until).values(due_at=until))


def undelivered(conn: Connection, now: datetime) -> list[tuple[int, Stands]]:
    """The alerts that go by the second route now. What has arrived, or is over, is not watched any more."""
    found: list[tuple[int, Stands]] = []
    for row in conn.execute(select(alert.c.id, alert.c.key, alert.c.told_at).where(alert.c.due_at <= now)).all():
        stands = _stands(conn, row.key)
        if stands != "over":
            found.append((row.id, stands))
        elif row.told_at is None:
            conn.execute(delete(alert).where(alert.c.id == row.id))
        else:
            _look_again(conn, row.id, None)
    return found


def _stands(conn: Connection, key: str) -> Stands:
    state = conn.execute(select(outbox.c.state).where(outbox.c.key == key)).scalar()
    kind, call_id, *_ = [*key.split(":"), ""]
    if kind == "call":
        asked = conn.execute(select(call.c.state).where(call.c.id == call_id)).scalar()
        if asked not in (*OPEN, "nobody"):  # somebody has seen it, or it was erased
            return "over"
    if state in ("waiting", "sending"):
        return "waits"
    return "lost" if kind == "call" and state not in ("sent", "dropped") else "over"


def told(conn: Connection, alert_id: int, stands: Stands, went: bool, now: datetime) -> None:
    """It went by the second route, or that did not work (`went`)."""
    if went:
        conn.execute(update(alert).where(alert.c.id == alert_id).values(told_at=func.coalesce(alert.c.told_at, now)))
    _look_again(conn, alert_id, second_route.next_due(stands == "waits", went, now))


def _look_again(conn: Connection, alert_id: int, at: datetime | None) -> None:
    conn.execute(update(alert).where(alert.c.id == alert_id).values(due_at=at))


def stuck(conn: Connection, now: datetime) -> int:
    """How many alerts somebody should know of now who was not reached."""
    late = conn.execute(_LATE, {"now": now, "since": now - second_route.LASTS}).scalars().all()
    return sum(_stands(conn, key) != "over" for key in late)
