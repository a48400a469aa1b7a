"""[Call me, please] of a patient, and [I have it] of the clinic's contact. Who calls, and when, is between the two."""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat.reply import Outcome, Reply
from bot.chat.screens import crisis
from bot.config import Config
from bot.core.call import Call, reached_at
from bot.core.person import Person
from bot.core.walltime import zone_of
from bot.message import Button, Message, Rows
from bot.render import local, page, phrase
from bot.store import calls, outbox, people

ABOUT = "call:"
"""A message that says how a request stands is about "call:" and its id."""


def rows(who: Person | None, config: Config) -> Rows:
    """The button, where there is somebody whom it reaches: for a patient who is not discharged."""
    if who is None or who.role != "patient" or who.state == "discharged" or not config.call_me.is_offered:
        return ()
    return ((Button(phrase(who.lang, "call_me"), "k:ask"),),)


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """[Call me, please]; at a contact [Open] and [I have it]."""
    _, verb, call_id, *_ = [*data.split(":"), "", ""]
    if verb == "ask" and rows(who, config):
        return _ask(conn, who, config, now)
    asked = calls.find(conn, call_id)
    if asked is None or who.code not in config.call_me.contacts or verb not in ("open", "mine"):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if verb == "mine" and calls.seen(conn, asked.id, who, now):
        told = calls.find(conn, asked.id)
        assert told is not None
        tell(conn, told, config, now)
        return Outcome((Reply(_for_contact(conn, told, who), message_id),), woke=True)
    return Outcome((Reply(_for_contact(conn, asked, who), message_id),))


def _ask(conn: Connection, who: Person, config: Config, now: datetime) -> Outcome:
    """One request at a time: a second tap says how the first one stands."""
    asked = calls.open_of(conn, who.id)
    if asked is None:
        due = reached_at(config.call_me.hours, zone_of(config.clinic.zone), now)
        asked = calls.add(conn, who, due, now)
    return Outcome((Reply(standing(asked, who, config, now), about=f"{ABOUT}{asked.id}"),), woke=True)


def remember(conn: Connection, about: str, message_id: int) -> None:
    """Which message says how a request stands."""
    calls.set_message(conn, about.removeprefix(ABOUT), message_id)


def standing(asked: Call, who: Person, config: Config, now: datetime) -> Message:
    """How a request stands, for the patient; whom to call instead stands under all but the good news."""
    zone = zone_of(who.zone)
    waits_until = asked.due if asked.state == "asked" and asked.due is not None and asked.due > now else None
    text = page(
        who.lang, "call.txt", state=asked.state, crisis=crisis(config, who.lang),
        until=waits_until and local(who.lang, "day_and_time", waits_until.astimezone(zone)),
        seen=asked.seen and local(who.lang, "clock", asked.seen.astimezone(zone)),
        minutes=int(config.call_me.second_after.total_seconds() // 60), has_second=bool(config.call_me.second),
    )  # fmt: skip
    return Message(text)


def tell(conn: Connection, asked: Call, config: Config, now: datetime) -> None:
    """Bring the patient's message up to date; where there is none yet, a new one comes."""
    who = people.by_id(conn, asked.person_id)
    if who.chat_id is None:
        return
    edited = {} if asked.message_id is None else {"edit": asked.message_id}
    body = standing(asked, who, config, now).to_json() | edited
    outbox.add(conn, who, f"call:{asked.id}:{asked.state}", "edit" if edited else "alarm", body, now)


def _for_contact(conn: Connection, asked: Call, contact: Person) -> Message:
    """Who asks, since when, and whether somebody has it."""
    zone, code = zone_of(contact.zone), people.by_id(conn, asked.person_id).code
    seen = asked.seen and local(contact.lang, "clock", asked.seen.astimezone(zone))
    at = local(contact.lang, "day_and_time", asked.asked.astimezone(zone))
    mine = Button(phrase(contact.lang, "call_mine"), f"k:mine:{asked.id}")
    return Message(page(contact.lang, "call_for.txt", code=code, at=at, seen=seen), () if seen else ((mine,),))
