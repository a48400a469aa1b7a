"""What is to be sent and nobody is waiting for. Written in the transaction that decides it, sent by `delivery`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, not_, null, select, text, update

from bot.core import second_route, sending
from bot.core.person import Person
from bot.core.walltime import after_quiet, zone_of
from bot.store import alarms, alerts, pilots
from bot.store.columns import AnyRow
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable
from bot.store.sealing import book, of_reader, own, reader
from bot.store.tables import check_in, digest, outbox, person
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
BY_ITSELF = ("prompt", "reminder", "notice", "digest")
"""What the pilot holds back from those who did not join; replies and what belongs to them go to everybody."""

HELD = "quiet hours"
"""The error of what waits for their end. Nothing else of this person waits with it: an alert rings at night, too."""

_NOT_SENT = text("outbox.state IN ('waiting', 'sending')")  # as the index of these has it
_WAITING = (
    select(outbox.c.id, outbox.c.kind, outbox.c.about, outbox.c.rank, outbox.c.body, outbox.c.attempts,
           outbox.c.key, outbox.c.person_id, person.c.chat_id, person.c.zone, own().label("own"),
           reader().label("reader"))
    .join(person, person.c.id == outbox.c.person_id)
    .where(outbox.c.state == "waiting", outbox.c.not_before <= bindparam("now"))
    .order_by(outbox.c.rank, outbox.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
_CLAIM = update(outbox).where(outbox.c.id == bindparam("b_id")).values(state="sending", attempts=outbox.c.attempts + 1)

_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in ("state", "sent_at", "message_id", "error")})
)
_TO_PERSON = update(outbox).where(outbox.c.person_id == bindparam("b_person"))
_PUT_BACK = _TO_PERSON.where(outbox.c.state == "sending").values(
    state="waiting", not_before=bindparam("b_not_before"), error=None,
    attempts=outbox.c.attempts - case((outbox.c.id == bindparam("b_counted"), 0), else_=1),
)  # fmt: skip
_PUT_BEHIND = _TO_PERSON.where(outbox.c.state == "waiting", outbox.c.not_before < bindparam("b_not_before")).values(
    not_before=bindparam("b_not_before")
)
_PLACES = select(check_in.c.id, check_in.c.state, check_in.c.place).where(
    check_in.c.id.in_(bindparam("abouts", expanding=True))
)
_WAITS = select(outbox.c.about).where(
    _NOT_SENT, outbox.c.kind == "prompt", outbox.c.state == "waiting",
    outbox.c.about.in_(bindparam("abouts", expanding=True)),
)  # fmt: skip
# `+ 0`: the few that are put off are quickly found by their time, not by the person, who may have had thousands. What
# waits for a tap waits alone.
_ALONE = outbox.c.kind.in_(sending.AWAITING) & (outbox.c.attempts > 0)
_PUT_OFF = select(
    func.max(outbox.c.not_before), select(reader()).where(person.c.id == bindparam("person")).scalar_subquery()
).where(
    outbox.c.person_id + 0 == bindparam("person"), outbox.c.state == "waiting", outbox.c.not_before > bindparam("now"),
    not_(_ALONE), outbox.c.error.is_distinct_from(HELD),
)  # fmt: skip


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
    conn: Connection,
    who: Person,
    key: str,
    kind: str,
    body: dict[str, Any],
    now: datetime,
    about: str | None = None,
    awake: datetime | None = None,
) -> None:
    """Put something into the outbox, behind what is put off for the same person; the same key again changes nothing.

    What the pilot holds back is kept there too, and never sent. `awake`: it waits for the end of quiet hours.
    """
    put_off, owner = conn.execute(_PUT_OFF, {"person": who.id, "now": now}).one()
    held = kind in BY_ITSELF and pilots.holds(conn, who, now)
    values = {
        "clinic_id": who.clinic_id, "person_id": who.id, "key": key, "kind": kind, "about": about,
        "rank": RANK[kind], "body": book(conn, owner).seal(body, outbox.c.body, key),
        "state": "held" if held else "waiting", "not_before": now if held else max(put_off or now, awake or now),
        "error": HELD if awake is not None and awake > now else None,
    }  # fmt: skip
    conn.execute(insert_or_leave(conn, outbox, "key"), values)
    if kind == "alarm" and who.role != "patient":
        alerts.watch(conn, key, now + second_route.AFTER)


def claim(conn: Connection, now: datetime, most: int) -> tuple[list[Outgoing], bool]:
    """Take what is due, in order; it is "sending" until `settle` says what became of it. And whether that was all.

    A screen that waited here while the person went on is dropped: it would bring an older one back. What waited for a
    tap, and got it, has arrived. What asks and could not go out before the quiet hours waits for their end.
    """
    found = conn.execute(_WAITING, {"now": now, "most": most}).all()
    read = [(row, one.zone) for one in found if (row := _readable(conn, one)) is not None]
    rows = [row for row, zone in read if not _is_held_back(conn, row, zone, now)]
    overtaken = _overtaken(conn, rows)
    for row in (row for row in rows if row.id in overtaken):
        arrived = row.kind in sending.AWAITING and row.attempts > 1
        settle(conn, row.id, "sent" if arrived else "dropped", None, None)
    claimed = [row for row in rows if row.id not in overtaken]
    if claimed:
        conn.execute(_CLAIM, [{"b_id": row.id} for row in claimed])
    return claimed, len(found) < most


def arrived_at(conn: Connection, key: str) -> datetime | None:
    """When what was added under that key was sent; None: not yet, nobody knows, or it is long forgotten."""
    return conn.execute(select(outbox.c.sent_at).where(outbox.c.key == key)).scalar()


def unsent(conn: Connection, now: datetime, most: int) -> int:
    """How many messages could go out now if they had their turn; counted up to `most`."""
    waiting = select(outbox.c.id).where(outbox.c.state == "waiting", outbox.c.not_before <= now).limit(most)
    return int(conn.execute(select(func.count()).select_from(waiting.subquery())).scalar_one())


def _overtaken(conn: Connection, rows: list[Outgoing]) -> set[int]:
    """The ids of those whose person has gone on meanwhile: the check-in is at another screen or not asked any more, its
    question still waits (with its reminder both would ring at once), the digest was opened.
    """
    screens = [row for row in rows if "turn" in row.body]
    repeated = [row for row in rows if row.kind == "digest" and row.attempts > 1]
    found: set[int] = set()
    if screens:
        here = conn.execute(_PLACES, {"abouts": sorted({row.about for row in screens if row.about is not None})})
        stands = {row.id: (row.place["turn"], row.state) for row in here if row.place is not None}
        found |= {row.id for row in screens if not _fits(row, *stands.get(row.about or "", (None, "")))}
        reminders = {row.about: row.id for row in screens if row.kind == "reminder"}
        found |= {reminders[about] for about in _unasked(conn, reminders)}
    if repeated:
        seen = digest.c.id.in_({row.about for row in repeated}) & digest.c.opened_at.is_not(None)
        opened = set(conn.execute(select(digest.c.id).where(seen)).scalars())
        found |= {row.id for row in repeated if row.about in opened}
    return found


def _fits(row: Outgoing, turn: int | None, state: str) -> bool:
    """Whether a message belongs to the screen at which its check-in stands; what asks, only while it is open."""
    return row.body["turn"] == turn and (state == "open" or row.kind not in ASKING)


def _unasked(conn: Connection, check_in_ids: Collection[str | None]) -> list[str | None]:
    """Those of these check-ins whose question still waits here."""
    if not check_in_ids:
        return []
    return list(conn.execute(_WAITS, {"abouts": list(check_in_ids)}).scalars())


def _is_held_back(conn: Connection, row: Outgoing, zone: str, now: datetime) -> bool:
    """Whether it asks, and would do so in quiet hours as it could not go out before: then it waits for their end."""
    if "quiet" not in row.body:
        return False
    begin, end = map(time.fromisoformat, row.body["quiet"])
    until = after_quiet(now, zone_of(zone), begin, end)
    if until > now:
        conn.execute(update(outbox).where(outbox.c.id == row.id).values(not_before=until, error=HELD))
    return until > now


def turn_of(conn: Connection, check_in_id: str | None) -> int | None:
    """The turn of the screen at which a check-in stands."""
    place = conn.execute(select(check_in.c.place).where(check_in.c.id == check_in_id)).scalar()
    return None if place is None else int(place["turn"])


def _readable(conn: Connection, row: AnyRow) -> Outgoing | None:
    """What is to be sent; one that does not open is set aside, and delays nobody."""
    try:
        return _outgoing(conn, row)
    except (Unreadable, KeyDestroyed, KeyMissing) as error:
        settle(conn, row.id, "aside", None, None, type(error).__name__)
        return None


def _outgoing(conn: Connection, row: AnyRow) -> Outgoing:
    body = book(conn, row.reader).open(row.body, outbox.c.body, row.key)
    chat = book(conn, row.own).open(row.chat_id, person.c.chat_id, row.person_id)
    return Outgoing(row.id, row.kind, row.about, row.rank, body, row.attempts + 1, row.person_id, chat)


def settle(
    conn: Connection,
    outgoing_id: int,
    state: str,
    sent_at: datetime | None,
    message_id: int | None,
    error: str | None = None,
) -> None:
    """Write back what became of a send; `error`: the kind of refusal."""
    became = {"b_state": state, "b_sent_at": sent_at, "b_message_id": message_id, "b_error": error}
    conn.execute(_SETTLE, {"b_id": outgoing_id} | became)


def wait_alone(conn: Connection, outgoing_id: int, not_before: datetime) -> None:
    """This one waits, counted as a copy; what else there is for the person goes on."""
    values = {"state": "waiting", "not_before": not_before}
    conn.execute(update(outbox).where(outbox.c.id == outgoing_id).values(values))


def drop_unsent(conn: Connection, about: str) -> bool:
    """Drop the message that offers a check-in if it was never sent, not even perhaps; whether it was so."""
    unsent = (outbox.c.kind == "prompt") & (outbox.c.state == "waiting") & (outbox.c.attempts == 0)
    here = _NOT_SENT & (outbox.c.about == about) & unsent
    return conn.execute(update(outbox).where(here).values(state="dropped")).rowcount > 0


def drop_unasked(conn: Connection, person_id: int) -> None:
    """Drop all that waits for somebody who did not ask for it just now."""
    unasked = (outbox.c.person_id == person_id) & outbox.c.kind.in_(BY_ITSELF) & (outbox.c.state == "waiting")
    conn.execute(update(outbox).where(_NOT_SENT, unasked).values(state="dropped"))


def change_body(conn: Connection, outgoing_id: int, body: dict[str, Any]) -> None:
    """Another text for what is not sent yet."""
    key, person_id = conn.execute(select(outbox.c.key, outbox.c.person_id).where(outbox.c.id == outgoing_id)).one()
    sealed = of_reader(conn, person_id).seal(body, outbox.c.body, key)
    conn.execute(update(outbox).where(outbox.c.id == outgoing_id).values(body=sealed))


def put_back(conn: Connection, person_id: int, not_before: datetime, counted: int | None = None) -> None:
    """All there is for this person waits until `not_before`, so that its order stays.

    Only the one that may have arrived (`counted`) keeps its attempt.
    """
    values = {"b_person": person_id, "b_not_before": not_before}
    conn.execute(_PUT_BACK, values | {"b_counted": counted or 0})
    conn.execute(_PUT_BEHIND, values)


def give_up_on(conn: Connection, person_id: int, now: datetime) -> None:
    """The person cannot be reached: nothing that waits for them is tried, and it is kept when that began."""
    waiting = (outbox.c.person_id == person_id) & outbox.c.state.in_(("waiting", "sending"))
    conn.execute(update(outbox).where(waiting).values(state="gone"))
    alarms.lost(conn, person_id, now)


def cut_off(conn: Connection) -> list[Outgoing]:
    """What was being sent when the program stopped, in order; `attempts` counts that send."""
    columns = (
        outbox.c.id, outbox.c.kind, outbox.c.about, outbox.c.rank, outbox.c.body, outbox.c.key, outbox.c.person_id,
        (outbox.c.attempts - 1).label("attempts"), null().label("chat_id"), own().label("own"),
        reader().label("reader"),
    )  # fmt: skip
    query = select(*columns).join(person, person.c.id == outbox.c.person_id)
    rows = conn.execute(query.where(_NOT_SENT, outbox.c.state == "sending")).all()
    return [one for row in rows if (one := _readable(conn, row)) is not None]
