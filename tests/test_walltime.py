"""Wall times over the zones of the world: an ambiguous one is the first, a missing one moves forward by the gap."""

import zoneinfo
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.places import PLACES
from bot.core.walltime import after_quiet, at_local, is_quiet, is_zone, local_date, to_utc, zone_of
from bot.core.zones import nearest_zones
from tests.laws import law
from tests.schedule_oracle import CHANGES, MINUTE, ODD, ZONES, awake, change_near, when, zones_that_change

NIGHT = (time(21), time(8))


@pytest.mark.parametrize(("zone", "wall", "instant", "then"), [
    # once
    ("Asia/Kolkata", "2026-11-03 14:00", "2026-11-03 08:30", "14:00"),
    # twice: the first
    ("America/Denver", "2026-11-01 01:30", "2026-11-01 07:30", "01:30"),
    ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", "02:30"),
    ("Europe/Dublin", "2026-10-25 01:30", "2026-10-25 00:30", "01:30"),
    ("Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03 14:45", "01:45"),
    ("Africa/Casablanca", "2024-03-10 02:30", "2024-03-10 01:30", "02:30"),
    ("America/Sao_Paulo", "2018-02-17 23:30", "2018-02-18 01:30", "23:30"),
    # never: forward by the gap
    ("America/Denver", "2026-03-08 01:59", "2026-03-08 08:59", "01:59"),
    ("America/Denver", "2026-03-08 02:00", "2026-03-08 09:00", "03:00"),
    ("America/Denver", "2026-03-08 02:59", "2026-03-08 09:59", "03:59"),
    ("America/Denver", "2026-03-08 03:00", "2026-03-08 09:00", "03:00"),
    ("Europe/Dublin", "2026-03-29 01:30", "2026-03-29 01:30", "02:30"),
    ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45", "02:45"),
    ("Antarctica/Troll", "2026-03-29 01:30", "2026-03-29 01:30", "03:30"),
    ("Africa/Casablanca", "2024-04-14 02:30", "2024-04-14 02:30", "03:30"),
    # no midnight
    ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04 03:00", "01:00"),
    ("Asia/Beirut", "2026-03-29 00:15", "2026-03-28 22:15", "01:15"),
    # forward into the next date
    ("Asia/Pyongyang", "2018-05-04 23:45", "2018-05-04 15:15", "00:15"),
    ("Pacific/Apia", "2011-12-30 10:00", "2011-12-30 20:00", "10:00"),
])  # fmt: skip
def test_the_instant_that_a_wall_time_means(zone: str, wall: str, instant: str, then: str) -> None:
    day, clock = date.fromisoformat(wall[:10]), time.fromisoformat(wall[11:])
    meant = at_local(day, clock, zone_of(zone))
    assert (f"{meant:%Y-%m-%d %H:%M}", meant.tzinfo) == (instant, UTC)
    assert f"{meant.astimezone(zone_of(zone)):%H:%M}" == then


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Apia", 31), ("Europe/Berlin", 30), ("Pacific/Pago_Pago", 29)])
def test_the_date_on_this_persons_wall(zone: str, day: int) -> None:
    assert local_date(datetime(2011, 12, 30, 10, tzinfo=UTC), zone_of(zone)) == date(2011, 12, day)


def test_zones_are_those_of_the_wheel_whatever_the_machine_has() -> None:
    assert zoneinfo.TZPATH == ()
    assert [name for name in ZONES if not is_zone(name)] == []


@pytest.mark.parametrize("name", ["", "Nowhere/None", "America", "../etc", "/etc/localtime", "zone.tab", "\0"])
def test_what_is_no_zone_is_not_found(name: str) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zone_of(name)
    assert not is_zone(name)


@st.composite
def zones_and_walls(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a time on its wall, often one near a change of the clocks."""
    any_day = st.dates(date(1980, 1, 1), date(2037, 1, 1))
    zone, around = draw(st.sampled_from(ODD) | st.tuples(st.sampled_from(ZONES), any_day))
    hour_before = change_near(around, zone) or datetime.combine(around, time())
    return zone, hour_before + draw(st.integers(-180, 1800)) * MINUTE


LAW = settings(law(60), derandomize=True, database=None)


def instants() -> st.SearchStrategy[tuple[str, datetime]]:
    """A zone and an instant."""
    return zones_and_walls().map(lambda pair: (pair[0], pair[1].replace(tzinfo=UTC)))


@LAW
@given(zones_and_walls())
def test_walking_through_the_minutes_comes_to_the_same_instant(zone_and_wall: tuple[str, datetime]) -> None:
    zone, wall = zone_and_wall
    assert to_utc(wall, zone_of(zone)) == when(wall, zone)


@pytest.mark.proof
def test_walking_comes_to_the_same_instant_around_every_change_of_two_years() -> None:
    changes = {(zone, change_near(around, zone)) for around in CHANGES for zone in zones_that_change(around)}
    walls = [(zone, before + n * MINUTE) for zone, before in changes if before for n in range(-60, 240, 15)]
    assert len(walls) > 10_000
    assert [(zone, wall) for zone, wall in walls if to_utc(wall, zone_of(zone)) != when(wall, zone)] == []


@LAW
@given(instants())
def test_quiet_hours_end_with_the_first_minute_that_is_not_quiet(zone_and_instant: tuple[str, datetime]) -> None:
    zone, instant = zone_and_instant
    assert after_quiet(instant, zone_of(zone), *NIGHT) == awake(instant, zone)


CLOCKS_BACK = ("America/Denver", datetime(2026, 11, 1, 8, 10, tzinfo=UTC))  # 01:10, for the second time
CLOCKS_FORWARD = ("America/Denver", datetime(2026, 3, 8, 8, 30, tzinfo=UTC))  # 01:30, before there is no 02:30


@LAW
@example(CLOCKS_BACK, time(21), time(1, 30))
@example(CLOCKS_FORWARD, time(3), time(2, 30))
@given(instants(), st.times(), st.times())
def test_quiet_hours_of_any_kind(zone_and_instant: tuple[str, datetime], start: time, end: time) -> None:
    zone, instant = zone_of(zone_and_instant[0]), zone_and_instant[1]
    sent = after_quiet(instant, zone, start, end)
    assert sent >= instant
    assert not is_quiet(sent, zone, start, end)
    assert after_quiet(sent, zone, start, end) == sent
    assert (sent == instant) == (not is_quiet(instant, zone, start, end))


@pytest.mark.parametrize(("clock", "quiet"), [("20:59:59", False), ("21:00", True), ("00:00", True), ("08:00", False)])
def test_the_night_is_quiet_from_nine_until_eight(clock: str, quiet: bool) -> None:
    zone = zone_of("America/Denver")
    assert is_quiet(at_local(date(2026, 11, 3), time.fromisoformat(clock), zone), zone, *NIGHT) == quiet


@pytest.mark.parametrize(("clock", "sent"), [("12:59",) * 2, ("13:00", "15:00"), ("14:59", "15:00"), ("15:00",) * 2])
def test_quiet_hours_may_lie_in_the_day(clock: str, sent: str) -> None:
    zone = zone_of("Asia/Tokyo")
    instant = at_local(date(2026, 11, 3), time.fromisoformat(clock), zone)
    assert f"{after_quiet(instant, zone, time(13), time(15)).astimezone(zone):%H:%M}" == sent


@pytest.mark.parametrize(("zone_and_instant", "end", "sent"), [
    (CLOCKS_BACK, time(1, 30), "1 Nov 01:30 MST"),  # the first 01:30 is over
    (CLOCKS_BACK, time(1), "1 Nov 01:10 MST"),
    (CLOCKS_FORWARD, time(2, 30), "8 Mar 03:30 MDT"),
])  # fmt: skip
def test_quiet_hours_that_end_while_the_clocks_change(
    zone_and_instant: tuple[str, datetime], end: time, sent: str
) -> None:
    zone, instant = zone_of(zone_and_instant[0]), zone_and_instant[1]
    assert f"{after_quiet(instant, zone, time(21), end).astimezone(zone):%-d %b %H:%M %Z}" == sent


def test_quiet_hours_that_end_as_they_begin_are_none() -> None:
    midnight = at_local(date(2026, 11, 3), time(0), zone_of("Asia/Tokyo"))
    assert after_quiet(midnight, zone_of("Asia/Tokyo"), time(0), time(0)) == midnight


def test_every_place_has_zones_that_there_are() -> None:
    assert {zone for zones in PLACES.values() for zone in zones if not is_zone(zone)} == set()
    assert all(name == name.strip().lower() and name for name in PLACES)


@pytest.mark.parametrize(("typed", "first"), [
    ("Colorado", "America/Denver"), ("Eastern", "America/New_York"), ("Pacific Time", "America/Los_Angeles"),
    ("Denver, CO", "America/Denver"), ("Colorodo", "America/Denver"), ("Texas", "America/Chicago"),
    ("hawaii", "Pacific/Honolulu"), ("EDT", "America/New_York"), ("New York", "America/New_York"),
    ("America/Dever", "America/Denver"), ("Fort Carson", "America/Denver"), ("berlin", "Europe/Berlin"),
])  # fmt: skip
def test_a_zone_is_suggested_by_what_people_mean(typed: str, first: str) -> None:
    assert nearest_zones(typed)[0] == first
