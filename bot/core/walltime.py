"""Wall time and zones -> instants. An ambiguous time is the first of the two, a missing one moves forward by the gap.

All arithmetic on durations is done in UTC: two datetimes of one zone compare by their wall clocks, which is wrong
when the clocks change.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name; ZoneInfoNotFoundError if there is none."""
    return ZoneInfo(name)


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a wall time (naive) means in a zone: fold 0 gives the first, or moves a missing one forward."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant of a time of day on a local date."""
    return to_utc(datetime.combine(day, clock), zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date the calendar on this person's wall shows."""
    return instant.astimezone(zone).date()


def after_quiet(instant: datetime, zone: ZoneInfo, quiet_from: time, quiet_until: time) -> datetime:
    """The instant itself, or the end of the quiet hours it falls in (`quiet_from` included, `quiet_until` not)."""
    if quiet_from == quiet_until:
        return instant
    local = instant.astimezone(zone)
    clock = local.time()
    over_midnight = quiet_from > quiet_until
    if over_midnight and clock >= quiet_from:
        return at_local(local.date() + timedelta(days=1), quiet_until, zone)
    inside = clock < quiet_until if over_midnight else quiet_from <= clock < quiet_until
    return max(instant, at_local(local.date(), quiet_until, zone)) if inside else instant
