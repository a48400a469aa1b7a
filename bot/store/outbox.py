"""What is to be sent and nobody is waiting for. Written in the transaction that decides it, sent by `delivery`."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from bot.core.person import Person
from bot.core.walltime import after_quiet, zone_of
from bot.store import alarms, pilots
from bot.store.columns import AnyRow
from bot.store.tables import check_in, outbox, person
from bot.store.upsert import insert_or_leave

ALARM, PROMPT, NOTICE, DIGEST = 0, 1, 2, 3  # rank: alarms before check-ins before notices before digests
RANK = {
    "alarm": ALARM,
    "prompt": PROMPT,
    "reminder": PROMPT,
    "edit": PROMPT,
    "delete": PROMPT,
    "notice": NOTICE,
    "reply": NOTICE,  # to somebody's own tap or command, which could not be given at once
    "digest": DIGEST,
    "menu": DIGEST,
}
ASKING = ("prompt", "reminder")
"""What rings to ask: not in quiet hours, and not when it is over."""
BY_ITSELF = ("prompt", "reminder", "notice", "digest")
"""What the pilot holds back from those who did not join; replies and what belongs to them go to everybody."""

_WAITING = (
    select(outbox.c.id, outbox.c.kind, outbox.c.about, outbox.c.rank, outbox.c.body, outbox.c.attempts,
           outbox.c.person_id, person.c.chat_id, person.c.zone, check_in.c.state.label("check_in_state"))
    .join(person, person.c.id == outbox.c.person_id)
    .outerjoin(check_in, check_in.c.id == outbox.c.about)
    .where(outbox.c.state == "waiting", outbox.c.not_before <= bindparam("now"))
    .order_by(outbox.c.rank, outbox.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
_CLAIM = update(outbox).where(outbox.c.id == bindparam("b_id")).values(state="sending", attempts=outbox.c.attempts + 1)

_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in ("state", "sent_at", "message_id")})
)
# `+ 0`: the few that are put off are quickly found by their time, not by the person, who may have had thousands.
_PUT_OFF = select(func.max(outbox.c.not_before)).where(
    outbox.c.person_id + 0 == bindparam("person"), outbox.c.state == "waiting", outbox.c.not_before > bindparam("now")
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing to send: a message, an edit or a deletion, for one chat."""

    id: int
    kind: str
    about: str | None
    rank: int
    body: dict[str, Any]
    attempts: int
    person_id: int
    chat_id: int | None


def add(
    conn: Connection, who: Person, key: str, kind: str, body: dict[str, Any], now: datetime, about: str | None = None
) -> None:
    """Put something into the outbox, behind what is put off for the same person; the same key again changes nothing.

    What the pilot holds back is kept there too, and never sent.
    """
    put_off = conn.execute(_PUT_OFF, {"person": who.id, "now": now}).scalar()
    held = kind in BY_ITSELF and pilots.holds(conn, who, now)
    values = {
        "clinic_id": who.clinic_id, "person_id": who.id, "key": key, "kind": kind, "about": about,
        "rank": RANK[kind], "body": body, "state": "held" if held else "waiting",
        "not_before": now if held else put_off or now,
    }  # fmt: skip
    conn.execute(insert_or_leave(conn, outbox, "key"), values)


def claim(conn: Connection, now: datetime, most: int) -> list[Outgoing]:
    """Take what is due, in order; it is "sending" until `settle` says what became of it.

    A screen that waited here while the person went on is dropped: it would bring an older one back. So is a question
    that is over meanwhile; and one that waited into the quiet hours waits for their end.
    """
    found = list(conn.execute(_WAITING, {"now": now, "most": most}))
    rows = [_outgoing(row) for row in found if not (_is_over(conn, row) or _is_held_back(conn, row, now))]
    outdated = [row for row in rows if "turn" in row.body and row.body["turn"] != turn_of(conn, row.about)]
    for row in outdated:
        settle(conn, row.id, "dropped", None, None)
    claimed = [row for row in rows if row not in outdated]
    if claimed:
        conn.execute(_CLAIM, [{"b_id": row.id} for row in claimed])
    return claimed


def _is_over(conn: Connection, row: AnyRow) -> bool:
    """Whether this asks or reminds of what is answered or closed: then it is dropped, whatever it waited for. So is a
    reminder whose question has not gone out yet: both would ring at once.

    What was never sent was not asked: nobody was silent.
    """
    if row.kind not in ASKING or row.check_in_state is None:
        return False
    if row.check_in_state == "open" and not (row.kind == "reminder" and _prompt_waits(conn, row)):
        return False
    settle(conn, row.id, "dropped", None, None)
    if row.kind == "prompt" and row.attempts == 0:
        missed = (check_in.c.id == row.about) & (check_in.c.state == "missed")
        conn.execute(update(check_in).where(missed).values(state="not_asked", why="outage", due_at=None))
    return True


def _prompt_waits(conn: Connection, reminder: AnyRow) -> bool:
    """Whether the question that it reminds of still waits here."""
    same = (outbox.c.about == reminder.about) & (outbox.c.kind == "prompt") & (outbox.c.state == "waiting")
    mine = outbox.c.person_id == reminder.person_id  # the index
    return conn.execute(select(outbox.c.id).where(mine, same).limit(1)).first() is not None


def _is_held_back(conn: Connection, row: AnyRow, now: datetime) -> bool:
    """Whether it would ring in quiet hours, as it could not go out before: then it waits for their end."""
    if row.kind not in ASKING or "quiet" not in row.body:
        return False
    begin, end = map(time.fromisoformat, row.body["quiet"])
    until = after_quiet(now, zone_of(row.zone), begin, end)
    if until > now:
        conn.execute(update(outbox).where(outbox.c.id == row.id).values(not_before=until))
    return until > now


def turn_of(conn: Connection, check_in_id: str | None) -> int | None:
    """The turn of the screen at which a check-in stands."""
    place = conn.execute(select(check_in.c.place).where(check_in.c.id == check_in_id)).scalar()
    return None if place is None else int(place["turn"])


def _outgoing(row: AnyRow) -> Outgoing:
    return Outgoing(row.id, row.kind, row.about, row.rank, row.body, row.attempts + 1, row.person_id, row.chat_id)


def settle(conn: Connection, outgoing_id: int, state: str, sent_at: datetime | None, message_id: int | None) -> None:
    """Write back what became of a send."""
    conn.execute(_SETTLE, {"b_id": outgoing_id, "b_state": state, "b_sent_at": sent_at, "b_message_id": message_id})


def put_back(conn: Connection, person_id: int, not_before: datetime, counted: int | None = None) -> None:
    """All there is for this person waits until `not_before`, so that its order stays.

    Only the one that may have arrived (`counted`) keeps its attempt.
    """
    to_person = update(outbox).where(outbox.c.person_id == person_id)
    claimed = to_person.where(outbox.c.state == "sending")
    conn.execute(claimed.where(outbox.c.id != (counted or 0)).values(attempts=outbox.c.attempts - 1))
    conn.execute(claimed.values(state="waiting", not_before=not_before))
    waiting = to_person.where(outbox.c.state == "waiting", outbox.c.not_before < not_before)
    conn.execute(waiting.values(not_before=not_before))


def give_up_on(conn: Connection, person_id: int, now: datetime) -> None:
    """The person cannot be reached: nothing that waits for them is tried, and it is kept when that began."""
    waiting = (outbox.c.person_id == person_id) & outbox.c.state.in_(("waiting", "sending"))
    conn.execute(update(outbox).where(waiting).values(state="gone"))
    alarms.lost(conn, person_id, now)


def resume(conn: Connection, now: datetime) -> int:
    """After a stop: what was being sent may or may not have arrived; it is tried once more, and counted."""
    again = update(outbox).where(outbox.c.state == "sending").values(state="waiting", not_before=now)
    return conn.execute(again).rowcount
