"""What the clinic's duty chat is told: deliveries that stand still, people who cannot be reached, times offline.

Nothing in these messages says who: no code, no name, no word of what is asked. `accord clinic ledger` does.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.config import Config
from bot.core.alarm import EVENTS, Bout, Duty, happened, lasting
from bot.core.ledger import Rules, view
from bot.core.person import Person
from bot.core.walltime import zone_of
from bot.message import Message
from bot.render import page
from bot.store import alarms, alerts, ledger, outbox

MOST_OUTAGES = 5


def alarm(conn: Connection, config: Config, now: datetime) -> Duty:
    """Tell the duty chat what it is to be told now, each at most once; whether it can be told anything."""
    status, duty = alarms.duty(conn, config.alarms.duty_chat)
    if status == "off":
        alarms.forget(conn)
    if duty is None:
        return status
    late = overdue(conn, config.ledger_rules, now)
    _say(conn, duty, *lasting(alarms.bout(conn, "overdue"), late > 0, now), {"n": late}, now)
    for kind in EVENTS:
        bout = alarms.bout(conn, kind)
        if bout.count:
            _say(conn, duty, *happened(bout, now), _about(conn, bout, duty, now), now)
    return status


def look(conn: Connection, config: Config, now: datetime) -> tuple[Duty, bool, int]:
    """Whether the duty chat can be told anything; whether `alarm` has anything to keep or to say, which it nearly never
    has; how many alerts do not arrive.
    """
    status, duty = alarms.duty(conn, config.alarms.duty_chat)
    is_news = (duty is not None or status == "off") and alarms.any_kept(conn)
    is_news = is_news or (duty is not None and overdue(conn, config.ledger_rules, now) > 0)
    return status, is_news, alerts.stuck(conn, now)


def overdue(conn: Connection, rules: Rules, now: datetime) -> int:
    """How many check-ins and digests are past their time and not sent, by the rules of the ledger."""
    seen = (view(fact, None, rules, now) for fact in ledger.unsent(conn, now - rules.overdue_after))
    return sum(entry is not None and entry.state == "overdue" for entry in seen)


def _about(conn: Connection, bout: Bout, duty: Person, now: datetime) -> dict[str, Any]:
    """What a message about events needs: how many, and for times offline from when to when."""
    if bout.kind == "unreachable":  # who came back meanwhile is no news any more
        return {"n": min(bout.count, alarms.unreachable(conn))}
    if bout.kind in ("aside", "unread"):
        return {"n": bout.count}
    times = alarms.outages_since(conn, bout.since or now, MOST_OUTAGES)
    zone = zone_of(duty.zone)
    spans = [(begin.astimezone(zone), end.astimezone(zone)) for begin, end in times]
    missed = sum(ledger.lost_between(conn, begin, end, now) for begin, end in times)
    return {"n": missed, "spans": spans}


def _say(conn: Connection, duty: Person, bout: Bout, said: str | None, about: dict[str, Any], now: datetime) -> None:
    """Keep the bout, and put the message into the outbox in front of everything else. Of nobody nothing is said."""
    if said is None and bout == alarms.bout(conn, bout.kind):
        return
    alarms.keep(conn, bout)
    if said is None or (bout.kind == "unreachable" and not about["n"]):
        return
    words = page(duty.lang, "alarm.txt", kind=bout.kind, said=said, **{"n": 0, "spans": []} | about)
    key = f"alarm:{bout.kind}:{said}:{now.isoformat()}"
    outbox.add(conn, duty, key, "alarm", Message(words).to_json(), now)
