"""A second rehearsal, written from the words of the rules alone, to hold the program's against.

It shares no clock arithmetic with `bot`: the one question it asks a zone is "what does the clock on this wall show at
this instant?", and it finds every local time by walking through the minutes until the wall shows it.
"""

import zoneinfo
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count, pairwise
from zoneinfo import ZoneInfo

zoneinfo.reset_tzpath(to=())  # the wheel's zones, not the machine's

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ZONES = sorted(zoneinfo.available_timezones())
CHANGES = [date(y, m, d) for y, m, d in (
    (2026, 3, 8), (2026, 3, 29), (2026, 4, 5), (2026, 9, 6), (2026, 9, 27), (2026, 10, 4), (2026, 10, 25),
    (2026, 11, 1), (2027, 3, 14), (2027, 3, 28), (2027, 4, 4), (2027, 10, 31), (2027, 11, 7),
)]  # fmt: skip
ODD = [
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a Friday that never was
    ("Pacific/Kiritimati", date(1994, 12, 31)),  # a Saturday that never was
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Africa/Casablanca", date(2024, 3, 10)),  # the clocks go back for Ramadan
    ("Africa/Casablanca", date(2024, 4, 14)),
    ("Europe/Dublin", date(2026, 3, 29)),  # winter is the daylight saving time
    ("Europe/Dublin", date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # no midnight
    ("America/Sao_Paulo", date(2018, 2, 17)),  # 23:00 twice
    ("Asia/Beirut", date(2026, 3, 29)),
    ("America/Nuuk", date(2024, 3, 30)),  # no 22:00
    ("America/Scoresbysund", date(2024, 3, 31)),  # a new zone and summer at once: the clock stands still
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("Antarctica/Casey", date(2023, 3, 9)),  # three hours
    ("Asia/Pyongyang", date(2018, 5, 4)),  # the last half hour of a day is missing
    ("America/Caracas", date(2016, 5, 1)),
    ("Pacific/Easter", date(2026, 4, 4)),  # 21:00 twice
    ("Pacific/Chatham", date(2026, 9, 27)),
]


Row = dict[str, str | None]


@dataclass(frozen=True)
class Rule:
    """What `accord rehearse` is told."""

    weekday: int
    clock: time
    zone: str
    patient_zone: str
    first_day: date
    days: int
    minutes: int = 60
    excepts: tuple[date, ...] = ()
    aways: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True)
class Meeting:
    """A session: its name is the wall time meant."""

    meant: datetime
    starts: datetime
    ends: datetime

    @property
    def name(self) -> str:
        return f"{self.meant:%Y-%m-%dT%H:%M}"


zone_called = cache(ZoneInfo)


def shown(instant: datetime, zone: str) -> datetime:
    """What the wall clock shows at an instant, without its offset."""
    return instant.astimezone(zone_called(zone)).replace(tzinfo=None)


@cache
def change_near(around: date, zone: str) -> datetime | None:
    """What the wall shows an hour before the clocks change, if they do in the ten days on either side."""
    hours = [datetime.combine(around, time(), UTC) + n * HOUR for n in range(-240, 240)]
    walls = [shown(hour, zone) for hour in hours]
    return next((before for before, after in pairwise(walls) if after - before != HOUR), None)


@cache
def zones_that_change(around: date) -> list[str]:
    """The zones whose clocks change in the ten days on either side."""
    begin, end = (datetime.combine(around, time(), UTC) + n * DAY for n in (-10, 10))
    return [zone for zone in ZONES if shown(end, zone) - shown(begin, zone) != end - begin]


def walk(instant: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """Minute after minute, each with what the wall shows then."""
    while True:
        yield instant, shown(instant, zone)
        instant += MINUTE


@cache
def when(wall: datetime, zone: str) -> datetime:
    """The first minute at which the wall shows it; if it jumps over it, the same time plus the width of the jump.

    From later than it can be, back by the hour until the wall shows four hours less: no clock goes back as far as that.
    """
    early = wall.replace(tzinfo=UTC) + 14 * HOUR
    while shown(early, zone) > wall - 4 * HOUR:
        early -= HOUR
    for (_, before), (minute, after) in pairwise(walk(early, zone)):
        if before < wall < after:
            wall += after - before - MINUTE
        if after == wall:
            return minute
    raise AssertionError("time goes on")


def is_quiet(showing: datetime) -> bool:
    return showing.hour >= 21 or showing.hour < 8


@cache
def awake(instant: datetime, zone: str) -> datetime:
    """The instant, or the first minute after it that is not quiet."""
    return next(minute for minute, showing in walk(instant, zone) if not is_quiet(showing))


def meetings(rule: Rule) -> Iterator[Meeting]:
    """One a week for ever, without those excepted."""
    for number in count():
        day = rule.first_day + number * DAY
        if day.weekday() == rule.weekday and day not in rule.excepts:
            meant = datetime.combine(day, rule.clock)
            starts = when(meant, rule.zone)
            yield Meeting(meant, starts, starts + rule.minutes * MINUTE)


def clock_changes_at(this: Meeting, zone: str) -> str:
    """Whether the wall shows a session's time once, twice or never."""
    if shown(this.starts, zone) != this.meant:
        return "session at a time never shown"
    later = [shown(this.starts + n * HOUR / 2, zone) for n in range(1, 7)]
    return "session at a time shown twice" if this.meant in later else "session at a time shown once"


class Rehearsal:
    """Writes rows down as they come; the window and the order are seen to at the end. `seen` counts what was met."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.begins = when(datetime.combine(rule.first_day, time()), rule.zone)
        self.stops = when(datetime.combine(rule.first_day + rule.days * DAY, time()), rule.zone)
        self.rows: list[tuple[datetime, Row]] = []
        self.seen: Counter[str] = Counter()

    def write(self, at: datetime, to: str, what: str, session: str | None) -> None:
        if self.begins <= at < self.stops:
            local = at.astimezone(zone_called(self.zone_of(to))).isoformat()
            row: Row = {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "local": local, "to": to, "what": what, "session": session}
            self.rows.append((at, row))

    def zone_of(self, person: str) -> str:
        return self.rule.patient_zone if person == "patient" else self.rule.zone

    def is_away(self, instant: datetime, person: str) -> bool:
        today = shown(instant, self.rule.patient_zone).date()
        return person == "patient" and any(first <= today <= last for first, last in self.rule.aways)

    def opening(self, wished: datetime, to: str) -> datetime:
        opens = awake(wished, self.zone_of(to))
        self.seen["opening waits for 08:00"] += opens != wished
        return opens

    def ask(self, to: str, what: str, session: str, opens: datetime, closes: datetime) -> bool:
        """Write an opening and its closing, unless it is too late or the patient is away; say whether it was asked."""
        if opens >= closes:
            self.seen["too late to ask"] += 1
            return False
        if self.is_away(opens, to):
            self.seen["excused, away"] += 1
            return False
        self.write(opens, to, what, session)
        self.write(closes, to, "closes", session)
        return True

    def remind(self, to: str, session: str, opened: datetime, closes: datetime) -> None:
        reminds = awake(opened + 24 * HOUR, self.zone_of(to))
        self.seen["reminder waits for 08:00"] += reminds != opened + 24 * HOUR
        if reminds >= closes:
            self.seen["reminder dropped at the closing"] += 1
        elif self.is_away(reminds, to):
            self.seen["reminder muted, away"] += 1
        else:
            self.write(reminds, to, "reminder", session)

    def alliance_of_patient(self, this: Meeting, after: Meeting) -> None:
        opens = self.opening(this.ends + HOUR, "patient")
        closes = min(opens + 72 * HOUR, after.starts - 2 * HOUR)
        if self.ask("patient", "alliance", this.name, opens, closes):
            self.remind("patient", this.name, opens, closes)

    def alliance_of_therapist(self, this: Meeting, after: Meeting) -> None:
        opens = self.opening(this.ends, "therapist")
        if self.ask("therapist", "alliance", this.name, opens, after.starts):
            self.remind("therapist", this.name, opens, after.starts)

    def homework(self, this: Meeting, after: Meeting) -> None:
        zone = self.rule.patient_zone
        near = after.starts - this.starts <= 10 * 24 * HOUR
        day = shown(after.starts, zone).date() - DAY if near else shown(this.starts, zone).date() + 6 * DAY
        six = when(datetime.combine(day, time(18)), zone)
        opens = self.opening(max(six, this.ends + HOUR), "patient")
        closes = after.starts - 2 * HOUR
        if not near:
            self.seen["homework without a near session"] += 1
            closes = min(closes, opens + 48 * HOUR)
        self.seen["homework held back to the end + 60 min"] += six < this.ends + HOUR
        self.ask("patient", "homework", this.name, opens, closes)

    def weeklies(self) -> None:
        for number in range(self.rule.days):
            day = self.rule.first_day + number * DAY
            if day.weekday() == 0:
                self.write(when(datetime.combine(day, time(7)), self.rule.zone), "therapist", "weekly", None)

    def play(self) -> list[Row]:
        for this, after in pairwise(meetings(self.rule)):
            if this.starts >= self.stops:
                break
            self.seen[clock_changes_at(this, self.rule.zone)] += 1
            self.alliance_of_patient(this, after)
            self.alliance_of_therapist(this, after)
            self.homework(this, after)
            self.write(after.starts - HOUR, "therapist", "digest", after.name)
        self.weeklies()
        return [row for _, row in sorted(self.rows, key=lambda pair: pair[0])]
