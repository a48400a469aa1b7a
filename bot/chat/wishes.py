"""When a therapist's digests come, in /settings: how long before a session, or all in the morning; the weekly one."""

from sqlalchemy import Connection

from bot.config import Config
from bot.core.person import Person
from bot.core.plan import WEEKDAYS, Plan
from bot.core.plans import wished_by
from bot.message import Button, Message, Rows, one_a_line
from bot.render import phrase
from bot.store import people

LEADS = (30, 60, 120)  # minutes before the session
HOURS = ("07", "08", "12", "16", "18", "20")  # for the weekly one


def rows(who: Person) -> list[tuple[Button, ...]]:
    """The buttons of /settings."""
    return [(_button(who.lang, "set_digest", "digests"),), (_button(who.lang, "set_weekly", "weekly"),)]


def shown(who: Person, config: Config) -> Plan:
    """The plan as it is for this therapist."""
    return wished_by(who, config.plan)


def choices(who: Person, verb: str, value: str, config: Config) -> Message | None:
    """What can be chosen; None if the verb is none of these."""
    if verb == "digests":
        return Message(phrase(who.lang, "when_digest"), _times(who, config))
    if verb == "weekly":
        days = [Button(phrase(who.lang, "weekday", n), f"e:weekday:{day}") for n, day in enumerate(WEEKDAYS)]
        return Message(phrase(who.lang, "which_weekday"), (*one_a_line(days), _back(who)))
    if verb == "weekday" and value in WEEKDAYS:
        hours = [Button(f"{hour}:00", f"e:weekly_at:{value}.{hour}") for hour in HOURS]
        return Message(phrase(who.lang, "which_hour"), (tuple(hours[:3]), tuple(hours[3:]), _back(who)))
    return None


def _times(who: Person, config: Config) -> Rows:
    leads = [_button(who.lang, "lead", f"lead:{minutes}", minutes) for minutes in LEADS]
    morning = _button(who.lang, "each_morning", "morning", f"{shown(who, config).digest_morning:%H:%M}")
    return (*one_a_line([*leads, morning]), _back(who))


def _back(who: Person) -> tuple[Button, ...]:
    return (_button(who.lang, "back", "settings"),)


def change(conn: Connection, who: Person, verb: str, value: str) -> bool:
    """Keep a wish; False if the verb is none."""
    if verb == "lead" and value in map(str, LEADS):
        people.change(conn, who.id, digest_at="lead", digest_lead=int(value))
    elif verb == "morning":
        people.change(conn, who.id, digest_at="morning")
    elif verb == "weekly_at" and value.partition(".")[0] in WEEKDAYS and value.partition(".")[2] in HOURS:
        people.change(conn, who.id, weekly_at=value.replace(".", " ") + ":00")
    elif verb != "settings":  # back without a change
        return False
    return True


def _button(lang: str, words: str, verb: str, *values: object) -> Button:
    return Button(phrase(lang, words, *values), f"e:{verb}")
