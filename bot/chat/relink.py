"""A new phone for somebody who is in: their therapist (or the desk) says whether that is right."""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat import menus
from bot.chat.reply import Outcome, Reply, said
from bot.chat.screens import fixed
from bot.config import Config
from bot.core.person import Person
from bot.message import Button, Message, one_a_line
from bot.render import phrase
from bot.store import away, outbox, people, relinks
from bot.store.relinks import Relink


def ask(conn: Connection, who: Person, chat_id: int, config: Config, now: datetime) -> Outcome:
    """A new chat has opened the link of somebody who is in: it waits, and whoever can confirm it is told."""
    asked = relinks.ask(conn, who, chat_id, now, config.invite.valid)
    for pair_id in people.pairs(conn, patient_id=who.id):
        reader = away.reader_for(conn, people.pair_of(conn, pair_id).therapist, now)
        if reader.can_be_asked:
            opens = Button(phrase(reader.lang, "open"), f"r:{asked}:open")
            body = Message(phrase(reader.lang, "ready_phone"), ((opens,),)).to_json()
            outbox.add(conn, reader, f"relink:{asked}:{reader.id}", "notice", body, now)
    return waits(conn, chat_id, who.lang, config, now) or Outcome()


def waits(conn: Connection, chat_id: int, lang: str, config: Config, now: datetime) -> Outcome | None:
    """All that a chat reads which is not confirmed yet; None if it waits for nothing."""
    asked = relinks.of_chat(conn, chat_id, now)
    if asked is None:
        return None
    role = people.by_id(conn, asked.person_id).role
    words = phrase(lang, "confirm_by_therapist" if role == "patient" else "confirm_by_clinic")
    return said(Message(f"{words}\n\n{fixed(lang, config)}"))


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """[Open], [Yes, let in] or [No]: buttons of the patient's therapist; for anybody else they do nothing."""
    _, number, verb, *_ = [*data.split(":"), "", ""]
    asked = relinks.find(conn, number)
    if asked is None or verb not in ("open", "yes", "no") or not _confirms(conn, who, asked, now):
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if asked.is_waiting(now) and verb != "open":
        asked = decide(conn, asked, verb == "yes", now)
        return Outcome((Reply(_shown(conn, who, asked, now), message_id),), woke=True)
    return Outcome((Reply(_shown(conn, who, asked, now), message_id),))


def _confirms(conn: Connection, who: Person, asked: Relink, now: datetime) -> bool:
    pairs = people.pairs(conn, patient_id=asked.person_id)
    return who.role == "therapist" and any(away.may_read(conn, who, pair_id, now) for pair_id in pairs)


def _shown(conn: Connection, who: Person, asked: Relink, now: datetime) -> Message:
    """The question, or what became of it."""
    code = people.by_id(conn, asked.person_id).code
    if not asked.is_waiting(now):
        return Message(phrase(who.lang, "phone_in" if asked.state == "let_in" else "phone_out", code))
    buttons = [Button(phrase(who.lang, f"phone_{word}"), f"r:{asked.id}:{word}") for word in ("yes", "no")]
    return Message(phrase(who.lang, "phone_asks", code), one_a_line(buttons))


def decide(conn: Connection, asked: Relink, yes: bool, now: datetime) -> Relink:
    """Let the new phone in, in place of the old one, or refuse it; the link is used up in both cases."""
    if not yes or not relinks.let_in(conn, asked, now):
        relinks.refuse_all(conn, asked.person_id, now)
    else:
        who = people.by_id(conn, asked.person_id)
        menus.show(conn, who, now)
        body = Message(phrase(who.lang, "ready_linked")).to_json()
        outbox.add(conn, who, f"linked:{asked.id}", "reply", body, now)
    decided = relinks.find(conn, asked.id)
    assert decided is not None
    return decided
