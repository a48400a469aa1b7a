"""R13: wall time to instant against an oracle written a second way: a walk over the minutes of UTC.

The oracle asks a zone one thing only: what does the clock on this wall show at this instant? Around every change of a
zone's clocks it walks through six days of minutes and notes when each wall time is first shown.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bot.core.walltime import at_local, local_date, to_utc, zone_names, zone_of
from bot.prove.proof import Tally, check

YEARS = range(2020, 2038)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AROUND = 3 * DAY
QUARTERS = [time(n // 4, n % 4 * 15) for n in range(96)]
ODD = [time(0, 1), time(2, 29), time(23, 59)]


def zone_years(seed: int, amount: int, tally: Tally) -> None:
    """So many years of zones: one year of each zone, the next piece another; with 18 pieces all from 2020 to 2037."""
    zones = sorted(zone_names())
    every = [(zone, YEARS[(number + n) % len(YEARS)]) for n in YEARS for number, zone in enumerate(zones)]
    begin = seed // 1000 * len(zones) % len(every)
    for zone, year in (every * (2 + amount // len(every)))[begin : begin + amount]:
        one_year(zone, year, Random(f"{seed} {zone} {year}"), tally)
        tally.done += 1


def one_year(name: str, year: int, random: Random, tally: Tally) -> None:
    """Every quarter of an hour around each change of the clocks, and some days of each month."""
    zone = zone_of(name)
    changed: set[date] = set()
    for change in changes(zone, year):
        changed |= {(change + n * DAY).date() for n in range(-3, 4)}
        _around(name, zone, change, tally)
        tally.struck["clock change"] += 1
    for month in range(1, 13):
        day = date(year, month, random.randint(1, 28))
        if day not in changed:
            _plain_day(name, zone, day, tally)


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the wall shows."""
    return instant.astimezone(zone).replace(tzinfo=None)


def changes(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    """The first minutes at which the wall's clock has moved by more or less than a minute."""
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        following = hour + DAY
        if shown(following, zone) - shown(hour, zone) != DAY:
            yield from _minute_of(hour, following, zone)
        hour = following


def _minute_of(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    at = begin
    while at < end:
        if shown(at + MINUTE, zone) - shown(at, zone) != MINUTE:
            yield at + MINUTE
        at += MINUTE


def _around(name: str, zone: ZoneInfo, change: datetime, tally: Tally) -> None:
    """Note when each wall time is first shown, then ask the rule for each."""
    first: dict[datetime, datetime] = {}
    at = change - AROUND - 2 * DAY
    while at < change + AROUND + 2 * DAY:
        first.setdefault(shown(at, zone), at)
        at += MINUTE
    before = shown(change - MINUTE, zone) + MINUTE  # what the wall would show, had nothing changed
    begin = shown(change - AROUND, zone).date()
    for number in range(7):
        day = begin + number * DAY
        for clock in (*QUARTERS, *ODD):
            wall = datetime.combine(day, clock)
            expected = first.get(wall) or change + (wall - before)
            _compare(name, wall, to_utc(wall, zone), expected)
            _compare(name, wall, at_local(day, clock, zone), expected)
            tally.figures["instants"] += 1


def _plain_day(name: str, zone: ZoneInfo, day: date, tally: Tally) -> None:
    """Nothing changes near it: the offset at noon is that of the day."""
    noon = datetime.combine(day, time(12), UTC)
    offset = shown(noon, zone) - noon.replace(tzinfo=None)
    for clock in QUARTERS:
        wall = datetime.combine(day, clock)
        expected = wall.replace(tzinfo=UTC) - offset
        if shown(expected, zone) == wall:
            _compare(name, wall, to_utc(wall, zone), expected)
            check(local_date(expected, zone) == day, f"{name} {wall}: another date")
            tally.figures["instants"] += 1


def _compare(name: str, wall: datetime, got: datetime, expected: datetime) -> None:
    check(got.astimezone(UTC) == expected, f"{name} {wall}: the program says {got}, the minutes say {expected}")
