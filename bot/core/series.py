"""Sessions that recur, as RFC 5545 says it: weekdays, a wall time, every N weeks, until a date or so many times.

Dates are worked out by dateutil on naive wall times; `core.walltime.to_utc` says what instants they mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import dropwhile, takewhile

from dateutil.rrule import MO, WEEKLY, rrule

from bot.core.plan import WEEKDAYS

MOST_WEEKS = 52
"""The longest pause between two weeks with sessions."""
LONGEST = timedelta(days=3660)
"""A series with an end ends within ten years; one without goes on until somebody ends it."""
EXAMPLE = 'write it as "Tue 14:00", or "Tue,Thu 14:00 every 2 weeks until 2026-12-31"'

_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RFC_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PART = re.compile(r"every (?P<every>\d{1,4}|other) weeks?|every (?P<weekly>week)|until (?P<until>\S+)|"
                   r"(?:count |for )?(?P<count>\d{1,4})(?: times| sessions)?")  # fmt: skip
_HEAD = re.compile(r"(?P<days>[a-z]+(?:(?: *, *| and | )[a-z]+)*) (?P<clock>\d{1,2}:\d\d)(?: (?P<rest>.+))?")


class NotARule(ValueError):
    """Words or numbers that give no rule; the text is a sentence with an example."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When sessions recur: weekdays (0 is Monday, in order), wall time, every how many weeks, and at most one end:
    the last day (inclusive), or how many times in all.
    """

    weekdays: tuple[int, ...]
    clock: time
    every: int = 1
    until: date | None = None
    count: int | None = None

    def words(self) -> str:
        """The rule as it can be typed: "Tue,Thu 14:00 every 2 weeks until 2026-12-31"."""
        parts = [f"{','.join(WEEKDAYS[n] for n in self.weekdays)} {self.clock:%H:%M}"]
        parts += [f"every {self.every} weeks"] if self.every > 1 else []
        parts += [f"until {self.until}"] if self.until else []
        parts += [f"count {self.count}"] if self.count else []
        return " ".join(parts)

    def rfc(self) -> str:
        """The rule's RFC 5545 text, without its time of day: "FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2;COUNT=8"."""
        parts = ["FREQ=WEEKLY", f"BYDAY={','.join(_RFC_DAYS[n] for n in self.weekdays)}"]
        parts += [f"INTERVAL={self.every}"] if self.every > 1 else []
        parts += [f"UNTIL={self.until:%Y%m%d}"] if self.until else []
        parts += [f"COUNT={self.count}"] if self.count else []
        return ";".join(parts)

    def first_day(self, begin: date) -> date:
        """The first of its weekdays on or after `begin`; weeks between are counted from that day's week."""
        return min(begin + timedelta(days=(n - begin.weekday()) % 7) for n in self.weekdays)

    def walls(self, begin: date, first: date, last: date) -> Iterator[datetime]:
        """The wall times meant by a series that began on `begin`, from `first` to `last`, both inclusive."""
        starts = datetime.combine(self.first_day(begin), self.clock)
        end = datetime.combine(last if self.until is None else min(last, self.until), self.clock)
        until = end if self.count is None else None  # a rule has one of the two
        dates = rrule(
            WEEKLY, dtstart=starts, interval=self.every, byweekday=self.weekdays, until=until, count=self.count, wkst=MO
        )
        near = dates if until else takewhile(end.__ge__, dates)
        return dropwhile(datetime.combine(first, time.min).__gt__, near)

    def shifted(self, days: int, clock: time, met: int) -> "Rule":
        """The rest of a series that moves by so many days to another time of day, after `met` of its times."""
        return replace(
            self,
            weekdays=tuple(sorted((n + days) % 7 for n in self.weekdays)),
            clock=clock,
            until=None if self.until is None else self.until + timedelta(days=days),
            count=None if self.count is None else self.count - met,
        )


def from_rfc(text: str, clock: time) -> Rule:
    """The rule from what `Rule.rfc` wrote; ValueError for anything else."""
    parts = dict(part.split("=", 1) for part in text.split(";"))
    until, count = parts.get("UNTIL"), parts.get("COUNT")
    return Rule(
        tuple(_RFC_DAYS.index(day) for day in parts["BYDAY"].split(",")),
        clock,
        int(parts.get("INTERVAL", 1)),
        None if until is None else datetime.strptime(until, "%Y%m%d").date(),  # noqa: DTZ007 - a date, no instant
        None if count is None else int(count),
    )


# ------------------------------------------------------------------------------------------------ from words


def parse(words: str) -> Rule:
    """The rule from words such as "Tue,Thu 14:00 every 2 weeks until 2026-12-31"; NotARule says what is wrong."""
    found = _HEAD.fullmatch(" ".join(words.lower().split()))
    if found is None:
        raise NotARule(f'"{words}" is not a weekday and a time: {EXAMPLE}.')
    days = re.split(r"[ ,]+(?:and )?", found["days"])
    rule = Rule(tuple(sorted({_weekday(day, words) for day in days})), _clock(found["clock"], words))
    return _with_parts(rule, found["rest"], words) if found["rest"] else rule


def _weekday(name: str, words: str) -> int:
    fits = [n for n, long in enumerate(_LONG) if len(name) >= 3 and long.startswith(name)]
    if not fits:
        raise NotARule(f'"{words}" is not a weekday and a time: there is no day "{name}", {EXAMPLE}.')
    return fits[0]


def _clock(text: str, words: str) -> time:
    try:
        return time.fromisoformat(text.zfill(5))
    except ValueError:
        raise NotARule(f'"{words}" is not a weekday and a time: there is no time {text}, {EXAMPLE}.') from None


def _with_parts(rule: Rule, rest: str, words: str) -> Rule:
    """The rule with what follows the time of day, each part at most once."""
    given: dict[str, str] = {}
    for part in re.split(r" (?=every |until |count |for )", rest):
        found = _PART.fullmatch(part)
        name, value = (None, "") if found is None else next((n, v) for n, v in found.groupdict().items() if v)
        name = "every" if name == "weekly" else name
        if name is None or name in given:
            raise NotARule(f'I do not understand "{part}" in "{words}": {EXAMPLE}.')
        given[name] = value
    every = {"week": "1", "other": "2"}.get(given.get("every", "1"), given.get("every", "1"))
    until = _until(given["until"], words) if "until" in given else None
    return with_end(replace(rule, every=int(every)), until=until, count=int(given["count"]) if "count" in given else 0)


def _until(text: str, words: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotARule(f'"{text}" in "{words}" is not a date: write it as 2026-12-31.') from None


def with_end(rule: Rule, every: int = 0, until: date | None = None, count: int = 0) -> Rule:
    """The rule with what is said beside it (0 or None: as it is); NotARule if both ends are given."""
    rule = replace(rule, every=every or rule.every, until=until or rule.until, count=count or rule.count)
    if rule.until is not None and rule.count is not None:
        raise NotARule("A series ends on a date or after so many sessions, not both: leave out one of them.")
    if not 1 <= rule.every <= MOST_WEEKS:
        raise NotARule(f"Every {rule.every} weeks is not possible: 1 to {MOST_WEEKS}.")
    return rule


def in_reach(rule: Rule, begin: date) -> Rule:
    """The rule if it has a session and its end, if it has one, is near enough; else NotARule."""
    if rule.until is not None and rule.until < rule.first_day(begin):
        raise NotARule(f"There is no session from {begin} until {rule.until}: choose a later last day.")
    lasts = timedelta(0) if rule.until is None else rule.until - begin
    if rule.count is not None:
        lasts = timedelta(weeks=rule.every * (rule.count - 1) // len(rule.weekdays))
    if lasts > LONGEST:
        raise NotARule("A series may last ten years at most: choose an earlier end, or none.")
    return rule
