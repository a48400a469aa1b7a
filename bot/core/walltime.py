"""Wall time and zones -> instants. An ambiguous time is the first of the two, a missing one moves forward by the gap.

All arithmetic on durations is done in UTC: two datetimes of one zone compare by their wall clocks, which is wrong
when the clocks change.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name; ZoneInfoNotFoundError if there is none, whatever else the name may be."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as wrong:  # "", "../etc", "America" (a folder), "zone.tab" (no zone)
        raise ZoneInfoNotFoundError(f"no time zone {name!r}") from wrong


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a wall time (naive) means in a zone: fold 0 gives the first, or moves a missing one forward."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant of a time of day on a local date."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date the calendar on this person's wall shows."""
    return instant.astimezone(zone).date()


def is_quiet(instant: datetime, zone: ZoneInfo, quiet_from: time, quiet_until: time) -> bool:
    """Whether the wall shows a time in the quiet hours (`quiet_from` included, `quiet_until` not)."""
    clock = instant.astimezone(zone).time()
    if quiet_from > quiet_until:  # over midnight
        return clock >= quiet_from or clock < quiet_until
    return quiet_from <= clock < quiet_until


def after_quiet(instant: datetime, zone: ZoneInfo, quiet_from: time, quiet_until: time) -> datetime:
    """The instant itself, or the end of the quiet hours it falls in."""
    local = instant.astimezone(zone)
    if quiet_until <= local.time() < quiet_from:  # nearly always, as the quiet hours are the night
        return instant
    if quiet_until < quiet_from:
        end = datetime.combine(local if local.time() < quiet_until else local + ONE_DAY, quiet_until, zone)
        if local.utcoffset() == end.utcoffset() == end.replace(fold=1).utcoffset():  # no clock changes meanwhile
            return end.astimezone(UTC)
    while is_quiet(instant, zone, quiet_from, quiet_until):  # once; again only if the clocks change at their end
        instant = _next_time(instant, quiet_until, zone)
    return instant


def _next_time(instant: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """The next instant later than this one that a time of day means; of a time shown twice both count."""
    today, folds = local_date(instant, zone), [clock.replace(fold=fold) for fold in (0, 1)]
    days = (today, today + ONE_DAY)
    return next(
        min(later) for day in days if (later := [at for f in folds if (at := at_local(day, f, zone)) > instant])
    )


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The IANA names of all zones."""
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether there is a zone of that IANA name."""
    return name in zone_names()
