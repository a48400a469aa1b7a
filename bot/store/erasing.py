"""Erasure: everything of a patient goes, the keys with which it was sealed are destroyed, the log keeps that it was so.

In two steps, so that a bot can still take back in the chat what Telegram lets it: first it is asked for, and nothing
more is sent or asked; as soon as what waits is out, and after a day at the latest, all rows go in one transaction.
Then the keys: the patient's own, and those of pages and messages that may speak of several patients, after everything
else that they sealed was sealed anew. A process that dies in between does the rest at the next start, and so does one
whose database was restored from before: what has no key any more goes again.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Select, delete, exists, null, select, text, update

from bot.core.person import Person
from bot.store import audit, outbox, sealing
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable
from bot.store.keys import Line
from bot.store.sealing import EVERYTHING, INBOX, PAGES, Book
from bot.store.tables import (
    answer,
    answer_before,
    away,
    check_in,
    digest,
    goal,
    goal_change,
    homework,
    inbox,
    pair,
    person,
    series,
    session,
    snooze,
)  # fmt: skip
from bot.store.tables import outbox as outgoing
from bot.store.tables_call import call
from bot.store.tables_joining import consent, invite, relink
from bot.store.tables_refusal import refusal
from bot.store.tables_web import desk_mark, own_page

WITHIN = timedelta(hours=24)
"""By when it is done at the latest."""
CAN_BE_DELETED = timedelta(hours=48)
"""So long Telegram lets a bot delete what it sent (https://core.telegram.org/bots/api#deletemessage)."""
_SHARED = ("digest", "outbox", "inbox")
_KEPT: dict[str, Any] = {"outbox": text("length(body) > 0"), "inbox": inbox.c.raw != b""}
"""What of these holds anything; of messages as their index has it."""


def ask(conn: Connection, who: Person, now: datetime, by: int | None, why: str | None, but: int | None = None) -> int:
    """Begin: nothing is sent any more but deletions of what stands in the chat (not of `but`); how many."""
    audit.note(conn, "erase asked", now, by=by, about=who.id, why=why)
    conn.execute(update(person).where(person.c.id == who.id).values(erase_at=now + WITHIN))
    waiting = (outgoing.c.person_id == who.id) & (outgoing.c.state == "waiting")
    conn.execute(update(outgoing).where(waiting).values(state="dropped"))
    messages = [one for one in _in_chat(conn, who, now - CAN_BE_DELETED) if one != but]
    for message_id in messages:
        outbox.add(conn, who, f"forget:{who.id}:{message_id}", "delete", {"delete": message_id}, now)
    return len(messages)


def _in_chat(conn: Connection, who: Person, since: datetime) -> list[int]:
    """The messages that the bot sent to a person since, as far as it knows their numbers."""
    if who.chat_id is None:
        return []
    sent = select(outgoing.c.message_id).where(outgoing.c.person_id == who.id, outgoing.c.sent_at >= since)
    asked = select(check_in.c.message_id).where(check_in.c.person_id == who.id, check_in.c.opened_at >= since)
    found = {*conn.execute(sent).scalars(), *conn.execute(asked).scalars(), who.message_id}
    return sorted(one for one in found if one is not None)


def due(conn: Connection, now: datetime) -> list[int]:
    """Whose rows are to go now: nothing for them is on its way any more, the day is over, or the keys are gone."""
    unsent = exists().where(text("outbox.state IN ('waiting', 'sending')"), outgoing.c.person_id == person.c.id)
    query = select(person.c.id).where(person.c.erased_at.is_(None), person.c.role == "patient")
    asked = query.where(person.c.erase_at.is_not(None), ~unsent | (person.c.erase_at <= now))
    found = set(conn.execute(asked).scalars())
    erased = set(conn.execute(select(person.c.key_id).where(person.c.erased_at.is_not(None))).scalars())
    if gone := {owner.partition(":")[2] for owner in sealing.keyring(conn).without()} - erased:
        found |= set(conn.execute(query.where(person.c.key_id.in_(gone))).scalars())
    return sorted(found)


def erase(conn: Connection, person_id: int, now: datetime) -> None:
    """Delete every row about a patient. What stays: the code, that it was erased and when, and the log. What is sealed
    with keys of several patients is yet to be sealed anew.
    """
    readers = _readers(conn)
    sealing.keyring(conn).make([*(f"{one}{PAGES}" for one in readers), INBOX], anew=True)
    mine: Select[tuple[int]] = select(pair.c.id).where(pair.c.patient_id == person_id)
    _forget_pages(conn, mine)
    _forget_updates(conn, person_id)
    _delete_all(conn, person_id, mine)
    nothing = dict.fromkeys(("chat_id", "chat_key", "message_id", "unreachable_since", "digest_at", "weekly_at"))
    more = {"expects": null(), "plan": null(), "pilot": False, "zone": "UTC", "state": "discharged", "erased_at": now}
    conn.execute(update(person).where(person.c.id == person_id).values({**nothing, **more}))
    audit.note(conn, "erased", now, about=person_id)


def _readers(conn: Connection) -> list[str]:
    """Whoever gets messages and pages that may speak of several patients."""
    return list(conn.execute(select(sealing.own()).where(person.c.role != "patient")).scalars())


def _forget_pages(conn: Connection, mine: Select[tuple[int]]) -> None:
    """Pages of several patients on which this one may stand, and the text of what was sent."""
    therapists = select(pair.c.therapist_id).where(pair.c.id.in_(mine))
    of_several = digest.c.pair_id.is_(None) & digest.c.therapist_id.in_(therapists)
    conn.execute(update(digest).where(of_several).values(text=None, html=None, said=None))
    over = outgoing.c.state.in_(("sent", "dropped", "gone")) & _KEPT["outbox"]
    conn.execute(update(outgoing).where(over).values(body=b""))


def _forget_updates(conn: Connection, person_id: int) -> None:
    """Updates of this person that were set aside or not yet dealt with; their raw text names the chat."""
    chat = conn.execute(select(person.c.chat_id).where(person.c.id == person_id)).scalar()
    number = _or_none(sealing.of_person(conn, person_id), chat, person.c.chat_id, person_id)
    book = sealing.book(conn, INBOX)
    for row in conn.execute(select(inbox).where(inbox.c.raw != b"")).all():
        said = _or_none(book, row.raw, inbox.c.raw, row.update_id)
        if said is None or (number is not None and re.search(rf'"id": ?{number}\b', said)):
            conn.execute(update(inbox).where(inbox.c.update_id == row.update_id).values(raw=b"", state="done"))


def _or_none(book: Book, sealed: bytes | None, column: Column[Any], *row: object) -> Any:
    """What was sealed; None if there is nothing, or its key is gone."""
    try:
        return book.open(sealed, column, *row)
    except (KeyDestroyed, KeyMissing, Unreadable):
        return None


def _delete_all(conn: Connection, person_id: int, mine: Select[tuple[int]]) -> None:
    """Every row of the patient's pairs, and the patient's own; what refers to something first."""
    checks = select(check_in.c.id).where(check_in.c.pair_id.in_(mine))
    sessions = select(session.c.id).where(session.c.pair_id.in_(mine))
    digests = select(digest.c.id).where(digest.c.pair_id.in_(mine))
    about = outgoing.c.about.in_(checks) | outgoing.c.about.in_(digests)
    conn.execute(delete(outgoing).where(about | (outgoing.c.person_id == person_id)))
    for table in (answer_before, answer):
        conn.execute(delete(table).where(table.c.check_in_id.in_(checks)))
    goals = select(goal.c.id).where(goal.c.pair_id.in_(mine))
    conn.execute(delete(goal_change).where(goal_change.c.goal_id.in_(goals)))
    conn.execute(delete(desk_mark).where(desk_mark.c.session_id.in_(sessions)))
    for of_pairs in (goal, homework, snooze, digest, check_in, session, series):
        conn.execute(delete(of_pairs).where(of_pairs.c.pair_id.in_(mine)))
    for of_person in (relink, invite, consent, away, refusal, call, own_page):
        conn.execute(delete(of_person).where(of_person.c.person_id == person_id))
    conn.execute(delete(pair).where(pair.c.patient_id == person_id))


# ------------------------------------------------------------------------------------------------ keys


def seal_anew(conn: Connection) -> dict[str, int]:
    """Seal with the newest key what an older one of the same owner has sealed; the owners, and the keys that were the
    newest. Before older ones are destroyed.
    """
    keyring = sealing.keyring(conn)
    newest = {owner: keyring.current(owner) for owner in keyring.with_several()}
    if not newest:
        return newest
    for of in (one for one in EVERYTHING if one.name in _SHARED):
        kept = of.query.where(_KEPT[of.name]) if of.name in _KEPT else of.query
        for row in conn.execute(kept).all():
            if row.owner in newest:
                values = {name: value for name, value in sealing.opened(conn, of, row).items() if _is_there(row, name)}
                sealing.put_anew(conn, of, row, values)
    return newest


def _is_there(row: object, name: str) -> bool:
    return getattr(row, name) not in (None, b"")


def destroy(conn: Connection, now: datetime, newest: Mapping[str, int]) -> int:
    """Destroy the keys of everybody erased, and those older than the `newest` with which was sealed anew; how many. To
    be called once that is on the disk. A key that another process has made since is newer still, and changes nothing.
    """
    keyring = sealing.keyring(conn)
    erased = set(conn.execute(select(sealing.own()).where(person.c.erased_at.is_not(None))).scalars())

    def gone(line: Line) -> bool:
        return line.owner in erased or line.number < newest.get(line.owner, 0)

    if not newest and not any(keyring.has(owner) for owner in erased):
        return 0
    return keyring.destroy(gone, now)
