"""[Call me, please]: whom it reaches, in which hours, and when a second person is told. No promise that anybody calls.

"Outside the hours: No one will see this before Mon 08:00. Inside: Sent. Not seen yet; [I have it] at the contact
changes it to Seen 14:05; without that in 15 min a second contact is alerted and the patient told."
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.core.walltime import ONE_DAY, at_local, local_date

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SPAN = re.compile(r"(?:(\w{3})(?:\s*-\s*(\w{3}))?\s+)?([0-2]?\d):([0-5]\d)\s*-\s*([0-2]?\d):([0-5]\d)")
State = Literal["asked", "sent", "late", "seen", "nobody"]
"""asked: nobody is told yet. sent: the first contact is. late: not seen in time, the second one is told too, if there
is one. nobody: neither could be told.
"""
OPEN: tuple[State, ...] = ("asked", "sent", "late")


class NoHours(ValueError):
    """Raised for words that are no hours."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of certain weekdays (0 is Monday). One that ends at or before its beginning goes into the next day."""

    days: frozenset[int]
    begin: time
    end: time


@dataclass(frozen=True, slots=True)
class CallMe:
    """Who is told, by code ("": there is no such button), and who after them; when they are there; how long to wait."""

    contact: str = ""
    second: str = ""
    hours: tuple[Hours, ...] = ()
    second_after: timedelta = timedelta(minutes=15)

    @property
    def is_offered(self) -> bool:
        """Whether patients are shown the button."""
        return bool(self.contact and self.hours)

    @property
    def contacts(self) -> tuple[str, ...]:
        """The codes of those who are told, in order."""
        return tuple(code for code in (self.contact, self.second) if code)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `due`: when something is to be done about it; until somebody is told that is when hours begin."""

    id: str
    person_id: int
    state: State
    asked: datetime
    due: datetime | None
    seen: datetime | None = None
    message_id: int | None = None


def parse_hours(words: str) -> tuple[Hours, ...]:
    """The hours in "Mon-Fri 08:00-17:00, Sat 09:00-12:00"; NoHours if it is none. "" has none."""
    return tuple(_span(part.strip()) for part in words.split(",") if part.strip())


def _span(words: str) -> Hours:
    found = SPAN.fullmatch(words)
    if found is None:
        raise NoHours(words)
    first, last, *clock = found.groups()
    known = {day.lower(): n for n, day in enumerate(DAYS)}
    try:
        begin = known[(first or "Mon").lower()]
        end = known[(last or first or "Sun").lower()]
        hours = [int(number) for number in clock]
        until = time(0) if hours[2:] == [24, 0] else time(hours[2], hours[3])
        days = frozenset((begin + n) % 7 for n in range((end - begin) % 7 + 1))
        return Hours(days, time(hours[0], hours[1]), until)
    except (KeyError, ValueError):
        raise NoHours(words) from None


def reached_at(hours: tuple[Hours, ...], zone: ZoneInfo, now: datetime) -> datetime:
    """When a request of now is in front of somebody: at once, or when the hours begin (in the clinic's zone)."""
    today = local_date(now, zone)
    later: list[datetime] = []
    for n in range(-1, 9):
        day = today + n * ONE_DAY
        for span in hours:
            if day.weekday() in span.days:
                begin = at_local(day, span.begin, zone)
                end = at_local(day if span.end > span.begin else day + ONE_DAY, span.end, zone)
                later += [now] if begin <= now < end else [begin] if begin > now else []
    return min(later)
