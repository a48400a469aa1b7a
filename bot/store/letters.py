"""Letters: what was set aside. Messages that Telegram refused or may have lost, and updates that could not be read.

Only kinds, codes and moments are shown, never words.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, not_, select, text, update

from bot.core import sending
from bot.core.health import Vitals
from bot.store import alerts, outages, zone_data
from bot.store.people import Refused
from bot.store.tables import check_in, digest, inbox, outbox, person

LISTED = ("aside", "unknown")
MOST = 1000


@dataclass(frozen=True, slots=True)
class Letter:
    """One of them: its id ("out-7", "in-7"), what it is, whose code, how it stands and why."""

    id: str
    what: str
    whose: str | None
    state: str
    why: str | None
    at: datetime | None


def listed(conn: Connection) -> list[Letter]:
    """All of them, the oldest first: outgoing ones, then incoming ones."""
    out = (
        select(outbox.c.id, outbox.c.kind, person.c.code, outbox.c.state, outbox.c.error, outbox.c.not_before)
        .join(person, person.c.id == outbox.c.person_id)
        .where(outbox.c.state.in_(LISTED))
        .order_by(outbox.c.id)
        .limit(MOST)
    )
    read = select(inbox.c.update_id, inbox.c.error, inbox.c.received_at).where(inbox.c.state == "aside")
    found = [
        Letter(f"out-{r.id}", r.kind, r.code, "refused" if r.state == "aside" else "unknown", r.error, r.not_before)
        for r in conn.execute(out)
    ]
    return found + [
        Letter(f"in-{r.update_id}", "update", None, "unread", r.error, r.received_at)
        for r in conn.execute(read.order_by(inbox.c.received_at, inbox.c.update_id).limit(MOST))
    ]


def retry(conn: Connection, letter_id: str, now: datetime) -> str:
    """Try one again; when that happens: "now" or "at the next start". Refused if there is no such letter."""
    where, number = _found(conn, letter_id)
    if where == "in":
        conn.execute(update(inbox).where(inbox.c.update_id == number).values(state="new", error=None))
        return "at the next start"
    about = conn.execute(select(outbox.c.about).where(outbox.c.id == number)).scalar()
    state = conn.execute(select(check_in.c.state).where(check_in.c.id == about)).scalar()
    if state not in (None, "open", "missed"):
        raise Refused(f"{letter_id} is about a check-in that is over: accord doctor letters drop {letter_id}")
    values = {"state": "waiting", "not_before": now, "error": None}
    conn.execute(update(outbox).where(outbox.c.id == number).values(values))
    return "now"


def drop(conn: Connection, letter_id: str) -> None:
    """Do without one; the words of an incoming one are deleted. Refused if there is no such letter."""
    where, number = _found(conn, letter_id)
    if where == "in":
        conn.execute(update(inbox).where(inbox.c.update_id == number).values(state="done", raw=b""))
    else:
        conn.execute(update(outbox).where(outbox.c.id == number).values(state="dropped"))


def _found(conn: Connection, letter_id: str) -> tuple[str, int]:
    """Where it lies, and its number there."""
    where, _, number = letter_id.partition("-")
    if where in ("in", "out") and number.isdecimal() and len(number) < 19:
        rows = {
            "in": select(inbox.c.update_id).where(inbox.c.update_id == int(number), inbox.c.state == "aside"),
            "out": select(outbox.c.id).where(outbox.c.id == int(number), outbox.c.state.in_(LISTED)),
        }
        if conn.execute(rows[where]).first() is not None:
            return where, int(number)
    raise Refused(f'There is no letter "{letter_id}": accord doctor letters shows them.')


def vitals(conn: Connection, now: datetime) -> Vitals:
    """What the database says of the work, for the doctor."""
    unsent, since = _unsent(conn, now)
    states = select(outbox.c.state, func.count()).where(outbox.c.state.in_(LISTED)).group_by(outbox.c.state)
    count = {state: int(number) for state, number in conn.execute(states)}
    unread = select(func.count()).select_from(inbox).where(inbox.c.state == "aside")
    again = select(func.sum(outbox.c.attempts - 1)).where(outbox.c.attempts > 1, outbox.c.kind.in_(sending.COPIES))
    return Vitals(
        outages.last_beat(conn), zone_data.is_current(conn), unsent, since, count.get("aside", 0),
        int(conn.execute(unread).scalar_one()), count.get("unknown", 0), int(conn.execute(again).scalar() or 0),
        alerts.stuck(conn, now),
    )  # fmt: skip


def _unsent(conn: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many messages wait past their time, and since when the oldest does.

    What is tried again has its next try as its time; so of a check-in and a digest it is when they were put out.
    """
    put_out = func.coalesce(check_in.c.opened_at, digest.c.built_at, outbox.c.not_before)
    offers = outbox.c.kind.in_(sending.AWAITING)
    awaits_tap = offers & (outbox.c.state == "waiting") & (outbox.c.attempts > 0)
    query = (
        select(func.count(), func.min(put_out))
        .select_from(outbox)
        .outerjoin(check_in, (check_in.c.id == outbox.c.about) & offers)
        .outerjoin(digest, (digest.c.id == outbox.c.about) & offers)
        # As the index of what is not sent has it.
        .where(text("outbox.state IN ('waiting', 'sending')"), put_out <= now, not_(awaits_tap))
    )
    number, since = conn.execute(query).one()
    return int(number), since
