"""Away: a patient says from when until when, and is asked and reminded of nothing; or the desk does."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clinic_people as desk
from bot.core.away import DAY, Span, merged, month_later, read_day, without, wrong
from bot.store.people import Refused
from bot.store.tables import away, check_in
from tests.conftest import FIRST, Clinic, Someone

TODAY = date(2026, 11, 2)
SECOND, THIRD = "2026-11-10T14:00", "2026-11-17T14:00"


def span(first: str, last: str) -> Span:
    return date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")


async def days(clinic: Clinic) -> list[Span]:
    return [(row.first, row.last) for row in await clinic.rows(away)]


# ------------------------------------------------------------------------------------------------ in the chat


async def test_two_taps_and_anna_is_away(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await anna.says("/away")
    assert anna.buttons == ["Today", "Tomorrow", "Another day"]
    await anna.taps("Tomorrow")
    assert anna.screen == "Away from Tue 3 Nov, that day included. For how long?"
    assert anna.buttons == ["3 days", "1 week", "2 weeks", "1 month", "Type a date"]
    await anna.taps("3 days")
    assert anna.screen.startswith("You are away from Tue 3 Nov to Thu 5 Nov.")
    assert await days(clinic) == [span("11-03", "11-05")]
    await clinic.until("2026-11-05T12:00")
    assert anna.prompts == []
    assert [row.why for row in await clinic.rows(check_in, person_id=3, session_id=1, kind="alliance")] == ["away"]
    await tomas.sends_form()
    await clinic.until("2026-11-10T13:10")
    await tomas.taps("Open")
    assert tomas.sees("Not asked: away until Thu 5 Nov")
    assert len(anna.prompts) == 1  # what was taken on, on Monday


async def test_what_is_open_stays_open_and_is_not_reminded_of(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:10")
    await anna.says("/away")
    await anna.taps("Tomorrow", "1 week")
    await clinic.until("2026-11-06T12:00")
    assert len(anna.prompts) == 1
    await anna.fills("444444", *["Skip"] * 4)
    assert (await clinic.answers("P-014"))["alliance.goals_1"] == 4


async def test_back_before_the_time(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", SECOND)
    await anna.says("/away")
    await anna.taps("Today", "2 weeks")
    await clinic.until("2026-11-05T10:00")
    await anna.says("/away")
    assert anna.buttons == ["I am back", "Change", "Add other days"]
    await anna.taps("I am back")
    assert anna.screen == "All right: you are here. I will ask as before."
    assert await days(clinic) == [span("11-02", "11-04")]
    await clinic.until("2026-11-10T16:00")
    assert len(anna.prompts) == 1


async def test_changed_and_taken_back_before_it_begins(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/away")
    await anna.taps("Another day")
    await anna.says("24 Dec")
    await anna.taps("1 month")
    assert await days(clinic) == [(date(2026, 12, 24), date(2027, 1, 23))]
    await anna.taps("Change", "Tomorrow", "Type a date")
    await anna.says("10 Nov")
    assert anna.screen.startswith("You are away from Tue 3 Nov to Tue 10 Nov.")
    assert await days(clinic) == [span("11-03", "11-10")]
    await anna.taps("Add other days", "Another day")
    await anna.says("2026-11-20")
    await anna.taps("3 days", "I am not going")
    assert await days(clinic) == [span("11-20", "11-22")]
    assert anna.screen.startswith("You are away from Fri 20 Nov to Sun 22 Nov.")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("soon", "I cannot read that as a date. Type a date"),
        ("2026-11-01", "That ends before it begins."),
        ("2029-01-01", "That is more than two years."),
        ("31 Feb", "I cannot read that as a date."),
    ],
)
async def test_a_day_that_cannot_be_is_asked_again(clinic: Clinic, anna: Someone, typed: str, says: str) -> None:
    await anna.says("/away")
    await anna.taps("Tomorrow", "Type a date")
    await anna.says(typed)
    assert anna.screen.startswith(says)
    assert await days(clinic) == []


async def test_an_end_before_the_beginning_is_said(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/away")
    await anna.taps("Another day")
    await anna.says("24 Dec")
    await anna.taps("Type a date")
    await anna.says("20 Dec")
    assert anna.screen.startswith("That ends before it begins.")
    assert await days(clinic) == []


async def test_forged_and_double_taps_do_no_harm(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await anna.says("/away")
    await anna.taps("Tomorrow")
    week = anna.data["1 week"]
    await anna.presses(week)
    await anna.presses(week)
    assert await days(clinic) == [span("11-03", "11-09")]
    for data in (
        "a", "a:", "a:for", "a:for:0:0001-01-01:3", "a:for:0:9999-12-31:month", "a:for:x:2026-11-03:400",
        "a:from:0:9999-12-31", "a:from:0:0001-01-01", "a:type:0001-01-01:9999-12-31", "a:back:0001-01-01",
    ):  # fmt: skip
        await anna.presses(data)
        await anna.says("2026-11-04")
    assert await days(clinic) == [span("11-03", "11-09")]
    await tomas.says("/away")
    assert tomas.sees("/today")
    await tomas.presses(week)
    assert tomas.toast.startswith("This button does not work any more.")


async def test_zone_is_a_shortcut(anna: Someone, tomas: Someone) -> None:
    for one in (anna, tomas):
        await one.says("/zone")
        assert one.screen == "It is 10:00 for you?"
        await one.taps("No, my clock is different", "Europe", "Berlin 18:00")
        await one.says("/zone")
        assert one.screen == "It is 18:00 for you?"
        await one.taps("Yes, that is right")
        assert "18:00 (Berlin)" in one.screen


# ------------------------------------------------------------------------------------------------ at the desk


async def test_the_desk_says_it_and_takes_it_back(clinic: Clinic) -> None:
    values = (clinic.config, "P-014")
    for one in (span("12-01", "12-05"), span("12-06", "12-10"), span("12-03", "12-04")):
        shown = await clinic.desk(desk.set_away, *values, one, clinic.clock.now())
    assert shown["away"] == ["2026-12-01..2026-12-10"]
    shown = await clinic.desk(desk.remove_away, *values, span("12-04", "12-05"), clinic.clock.now())
    assert shown["away"] == ["2026-12-01..2026-12-03", "2026-12-06..2026-12-10"]
    assert await clinic.desk(desk.list_away, clinic.config, None, clinic.clock.now()) == [
        {"id": 3, "patient": "P-014", "away": shown["away"]}
    ]
    shown = await clinic.desk(desk.remove_away, *values, None, clinic.clock.now())
    assert shown["away"] == []


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("2026-12-10", "2026-12-01", "ends before it begins"),
        ("2026-10-01", "2026-11-01", "is over already"),
        ("2026-12-01", "2028-12-10", "more than two years"),
    ],
)
async def test_a_range_that_cannot_be_is_refused_and_nothing_saved(
    clinic: Clinic, first: str, last: str, says: str
) -> None:
    one = (date.fromisoformat(first), date.fromisoformat(last))
    with pytest.raises(Refused, match=says):
        await clinic.desk(desk.set_away, clinic.config, "P-014", one, clinic.clock.now())
    assert await days(clinic) == []


# ------------------------------------------------------------------------------------------------ the rules


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [("11-02", "11-02", None), ("10-01", "11-02", None), ("11-03", "11-02", "reversed"), ("10-01", "11-01", "past")],
)
def test_which_ranges_can_be(first: str, last: str, why: str | None) -> None:
    assert wrong(span(first, last), TODAY) == why


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-12-24", date(2026, 12, 24)), (" 24 Dec ", date(2026, 12, 24)), ("December 24, 2027", date(2027, 12, 24)),
        ("24 de diciembre", date(2026, 12, 24)), ("1 nov", date(2027, 11, 1)), ("2 November", date(2026, 11, 2)),
        ("29 feb", date(2028, 2, 29)), ("2026-13-01", None), ("24/12", None), ("dec", None), ("24", None),
        ("24 dec 25 dec", None), ("maybe", None), ("", None), ("24 dec 99999", None),
    ],
)  # fmt: skip
def test_which_days_are_understood(typed: str, day: date | None) -> None:
    assert read_day(typed, TODAY) == day


@pytest.mark.parametrize(
    ("day", "later"),
    [
        ("2026-12-24", "2027-01-24"),
        ("2026-01-31", "2026-02-28"),
        ("2028-01-30", "2028-02-29"),
        ("2026-05-31", "2026-06-30"),
    ],
)
def test_a_month_later(day: str, later: str) -> None:
    assert month_later(date.fromisoformat(day)) == date.fromisoformat(later)


near = st.dates(date(2026, 1, 1), date(2026, 2, 10))
spans = st.lists(st.tuples(near, near).map(lambda two: (min(two), max(two))), max_size=6)


def days_in(found: list[Span]) -> set[date]:
    return {first + n * DAY for first, last in found for n in range((last - first).days + 1)}


@given(spans)
def test_merging_keeps_the_days_in_as_few_spans_as_can_be(found: list[Span]) -> None:
    joined = merged(found)
    assert days_in(joined) == days_in(found)
    assert all(later[0] > earlier[1] + DAY for earlier, later in pairwise(joined))


@given(spans, st.tuples(near, near).map(lambda two: (min(two), max(two))))
def test_taking_days_back_takes_those_and_no_others(found: list[Span], gone: Span) -> None:
    assert days_in(without(found, gone)) == days_in(found) - days_in([gone])
