"""Every key of config.toml, in one table: how it is read, what it is if left out, and what to add if it may not be.

The keys of [plan] and [findings] are the fields of Plan and Thresholds: a new field there is a new key here.
"""

from dataclasses import dataclass, fields
from datetime import time, timedelta
from typing import Any

from bot.config_readers import (
    LOG_LEVELS,
    Reader,
    arguments,
    at_least,
    clock,
    code,
    duration,
    flag,
    hours,
    languages,
    last_day,
    lasting,
    names,
    number,
    one_of,
    ping,
    site,
    syslog,
    text,
    url,
    variable,
    weekday,
    whole,
    words,
    zone,
)
from bot.core.plan import Plan
from bot.core.retention import Retention
from bot.core.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Key:
    """One key. Without a default it must be there, and `remedy` is what to add."""

    read: Reader
    default: Any = None
    remedy: str = ""


SEEN = {"en": "in the hour before your next session", "es": "en la hora previa a su próxima sesión"}

PLAN_READERS: dict[str, Reader] = {
    "digest": one_of(("lead", "morning")),
    "weekly_day": weekday,
    "ask_every": whole(1, 52),
    "homework_days_before": whole(0, 30),
    "homework_days_after": whole(0, 60),
}
FINDINGS_READERS: dict[str, Reader] = {
    "usual_gap_goals": number(-4, 4),
    "usual_gap_tasks": number(-4, 4),
    "answered_within_hours": number(0, 8784),
    "drop_spread": number(0, 10),
    "drop_spread_needs": whole(2, 1000),
    "slide_of": whole(2, 1000),
    "early_sessions": whole(0, 1000),
    "homework_little": whole(0, 4),
    "homework_half": whole(0, 4),
    "homework_fit": whole(1, 5),
    "homework_memory": whole(1, 4),
    "homework_hard": whole(0, 4),
    "start": whole(1, 5),
}
BY_TYPE: dict[type, Reader] = {
    timedelta: duration,
    time: clock,
    bool: flag,
    int: whole(1, 1000),
    float: number(0, 5),
    str: text(100),
}


def _of(kind: type[Plan] | type[Thresholds], readers: dict[str, Reader]) -> dict[str, Key]:
    """A key for each field; its reader follows from the default's type where none is named."""
    return {
        field.name: Key(readers.get(field.name) or BY_TYPE[type(field.default)], field.default)
        for field in fields(kind)
    }


TABLES: dict[str, dict[str, Key]] = {
    "clinic": {
        "name": Key(text(80), remedy='name = "…", as people know the clinic'),
        "zone": Key(zone, remedy='zone = "America/Denver", the time zone of its sessions'),
        "languages": Key(languages, ("en", "es")),
        "approval": Key(text(300, empty=True), ""),
        "contact": Key(words, remedy='contact = "call the front desk at …"'),
        "answers_seen": Key(words, SEEN),
    },
    "crisis": {
        "line": Key(words, remedy='line = { en = "dial 988, then press 1, or text 838255", es = "…" }'),
        "overseas": Key(words, remedy='overseas = { en = "…", es = "…" }: whom to call where 988 does not work'),
    },
    "telegram": {
        "base_url": Key(url, "https://api.telegram.org"),
        "token_env": Key(variable, "ACCORD_TOKEN"),
        "token_file": Key(text(500, empty=True), ""),
    },
    "database": {"path": Key(text(500), "accord.db"), "encrypt": Key(flag, True)},
    "questionnaires": {
        "folder": Key(text(500), "questionnaires"),
        "after_session": Key(names, ("alliance", "goals")),
        "after_first": Key(names, ("start",)),
        "homework": Key(names, ("homework",)),
        "therapist": Key(names, ("alliance", "goals", "homework")),
    },
    "plan": _of(Plan, PLAN_READERS),
    "findings": _of(Thresholds, FINDINGS_READERS),
    "invite": {"valid": Key(duration, timedelta(days=7)), "tries_per_hour": Key(whole(1, 1000), 5)},
    "consent": {"add": Key(words, {})},
    "backup": {
        "folder": Key(text(500, empty=True), ""),
        "every": Key(at_least(timedelta(minutes=1), '"15 min"'), timedelta(minutes=15)),
        "keep": Key(whole(1, 3660), 14),
    },
    "retention": {
        "hold": Key(flag, False),
        "records": Key(lasting(30), None),
        "messages": Key(lasting(7), Retention().messages),
        "invites": Key(lasting(7), Retention().invites),
        "unread": Key(lasting(1), Retention().unread),
        "log": Key(lasting(365), None),
    },
    "metrics": {"port": Key(whole(0, 65535), 0)},
    "alarms": {
        "duty_chat": Key(code, ""),
        "overdue_after": Key(at_least(timedelta(minutes=1), '"10 min"'), timedelta(minutes=10)),
        "heartbeat_url": Key(ping, ""),
        "heartbeat_every": Key(at_least(timedelta(seconds=10), '"5 min"'), timedelta(minutes=5)),
        "command": Key(arguments, ()),
    },
    "call_me": {
        "contact": Key(code, ""),
        "second": Key(code, ""),
        "hours": Key(hours, ()),
        "second_after": Key(at_least(timedelta(minutes=1), '"15 min"'), timedelta(minutes=15)),
    },
    "pilot": {"until": Key(last_day)},
    "web": {
        "enabled": Key(flag, False),
        "host": Key(text(100), "127.0.0.1"),
        "port": Key(whole(0, 65535), 8080),
        "public_url": Key(site, ""),
        "second_factor": Key(one_of(("none", "totp")), "none"),
    },
    "chat": {"answer_on": Key(one_of(("chat", "page")), "chat")},
    "log": {"level": Key(one_of(LOG_LEVELS), "INFO"), "forward": Key(syslog, "")},
}

BY_LANGUAGE = [(table, key) for table, keys in TABLES.items() for key, one in keys.items() if one.read is words]
CHECK_INS = ("after_session", "after_first", "homework", "therapist")
"""The keys of [questionnaires] that say what a check-in holds."""
AT_LEAST = (
    ("disagreement_flag", "disagreement_note"),
    ("silent_flag", "silent_note"),
    ("homework_half", "homework_little"),
    ("drop_base_of", "drop_base_needs"),
    ("drop_spread_of", "drop_spread_needs"),
)
"""Of each two thresholds the first may not be the smaller one."""
