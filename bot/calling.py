"""What is due about a request to be called: tell the first contact, then the second one, and the patient how it is."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.chat import call
from bot.config import Config
from bot.core.call import Call, State
from bot.message import Button, Message
from bot.render import phrase
from bot.store import alerts, calls, outbox, people

log = logging.getLogger(__name__)


def escalate(conn: Connection, call_id: str, config: Config, now: datetime) -> None:
    """Do what is due about one request; nobody who can be told is itself something the patient is told at once."""
    asked = calls.find(conn, call_id)
    if asked is None or asked.seen is not None:
        return
    first, second = config.call_me.contact, config.call_me.second
    if asked.state == "asked" and (_alert(conn, asked, first, now) or _alert(conn, asked, second, now)):
        waited = _now_is(conn, asked, "sent", now + config.call_me.second_after)
        if asked.due is not None and asked.due > asked.asked:  # it said until then that no one sees it
            call.tell(conn, waited, config, now)
        return
    if asked.state == "asked" or not _alert(conn, asked, second, now):
        log.error("call %s: there is nobody else who can be told", call_id)
        if asked.state == "asked" or second:
            alerts.watch(conn, f"call:{asked.id}:{alerts.UNTOLD}", now)
    state: State = "nobody" if asked.state == "asked" else "late"
    call.tell(conn, _now_is(conn, asked, state, None), config, now)
    _nudge(conn, asked, now)


def _now_is(conn: Connection, asked: Call, state: State, due: datetime | None) -> Call:
    calls.now_is(conn, asked.id, state, due)
    return replace(asked, state=state, due=due)


def _alert(conn: Connection, asked: Call, code: str, now: datetime) -> bool:
    """Tell a contact, without saying who asks: that stands behind [Open]. False if nobody can be told there."""
    who = calls.reachable(conn, code)
    if who is None:
        return False
    opens = Button(phrase(who.lang, "open"), f"k:open:{asked.id}")
    body = Message(phrase(who.lang, "ready_call"), ((opens,),)).to_json()
    outbox.add(conn, who, f"call:{asked.id}:{code}", "alarm", body, now)
    return True


def _nudge(conn: Connection, asked: Call, now: datetime) -> None:
    """An edit makes no sound: the patient is asked to look, where there is a message to look at."""
    who = people.by_id(conn, asked.person_id)
    if asked.message_id is not None and who.chat_id is not None:
        body = Message(phrase(who.lang, "ready_not_seen")).to_json()
        outbox.add(conn, who, f"call:{asked.id}:nudge", "alarm", body, now)
