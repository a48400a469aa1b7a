"""Requests to be called: one open one a person at a time, and what became of it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot import ids
from bot.core.call import OPEN, Call, State
from bot.core.person import Person
from bot.store import people
from bot.store.tables_call import call

_COLUMNS = (
    call.c.id, call.c.person_id, call.c.state, call.c.asked_at, call.c.due_at, call.c.seen_at, call.c.message_id,
)  # fmt: skip


def add(conn: Connection, who: Person, due: datetime, now: datetime) -> Call:
    """Keep a request; somebody is to be told at `due`."""
    made = ids.token()
    values = {"id": made, "clinic_id": who.clinic_id, "person_id": who.id, "state": "asked", "asked_at": now}
    conn.execute(insert(call).values(**values, due_at=due))
    return Call(made, who.id, "asked", now, due)


def find(conn: Connection, call_id: str) -> Call | None:
    """The request of that id."""
    row = conn.execute(select(*_COLUMNS).where(call.c.id == call_id)).first()
    return None if row is None else Call(*row)


def open_of(conn: Connection, person_id: int) -> Call | None:
    """A person's request that nobody has seen yet."""
    mine = (call.c.person_id == person_id) & call.c.state.in_(OPEN)
    row = conn.execute(select(*_COLUMNS).where(mine).order_by(call.c.asked_at.desc()).limit(1)).first()
    return None if row is None else Call(*row)


def due_ids(conn: Connection, now: datetime, most: int) -> list[str]:
    """The requests about which something is to be done now, the oldest first."""
    query = select(call.c.id).where(call.c.due_at <= now).order_by(call.c.due_at).limit(most)
    return list(conn.execute(query).scalars())


def now_is(conn: Connection, call_id: str, state: State, due: datetime | None) -> None:
    """How a request stands, and when to look at it again."""
    conn.execute(update(call).where(call.c.id == call_id).values(state=state, due_at=due))


def seen(conn: Connection, call_id: str, by: Person, now: datetime) -> bool:
    """Somebody has it; False if somebody has it already. One that nobody could be told of can be seen later, too."""
    free = (call.c.id == call_id) & call.c.seen_at.is_(None)
    values = {"state": "seen", "due_at": None, "seen_at": now, "seen_by": by.id}
    return conn.execute(update(call).where(free).values(values)).rowcount > 0


def reachable(conn: Connection, code: str) -> Person | None:
    """The contact of that code, if a message can reach them now."""
    who = people.find(conn, code) if code else None
    return who if who is not None and who.can_be_asked and who.role != "patient" else None


def untold(conn: Connection, codes: Collection[str]) -> tuple[str, ...]:
    """Those of these contacts whom no message can reach now."""
    return tuple(code for code in codes if reachable(conn, code) is None)


def postpone(conn: Connection, call_id: str, until: datetime) -> None:
    """Look at it again at `until`."""
    conn.execute(update(call).where(call.c.id == call_id).values(due_at=until))


def set_message(conn: Connection, call_id: str, message_id: int) -> None:
    """Which message tells the patient how it stands."""
    conn.execute(update(call).where(call.c.id == call_id).values(message_id=message_id))
