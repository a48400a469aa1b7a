"""Rules of sessions that recur: read from words, turned into dates, and held against a plain walk over the days."""

from datetime import date, datetime, time, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.core.series import NotARule, Rule, from_rfc, in_reach, parse, with_end
from tests import schedule_oracle as oracle

TWO = time(14)
MONDAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("Tue 14:00", Rule((1,), TWO)),
        ("  tuesday   14:00 ", Rule((1,), TWO)),
        ("Thu,Tue 14:00", Rule((1, 3), TWO)),
        ("Tue and Thu 14:00", Rule((1, 3), TWO)),
        ("Tue, Thu, Fri 9:05", Rule((1, 3, 4), time(9, 5))),
        ("Tue 14:00 every week", Rule((1,), TWO)),
        ("Tue 14:00 every other week", Rule((1,), TWO, every=2)),
        ("Tue 14:00 every 3 weeks", Rule((1,), TWO, every=3)),
        ("Tue 14:00 until 2026-12-31", Rule((1,), TWO, until=date(2026, 12, 31))),
        ("Tue 14:00 count 8", Rule((1,), TWO, count=8)),
        ("Tue 14:00 for 8 sessions", Rule((1,), TWO, count=8)),
        ("Tue,Thu 14:00 every 2 weeks until 2026-12-31", Rule((1, 3), TWO, 2, date(2026, 12, 31))),
        ("Tue 14:00 count 8 every 2 weeks", Rule((1,), TWO, 2, count=8)),
    ],
)
def test_words_that_are_a_rule(words: str, rule: Rule) -> None:
    assert parse(words) == rule


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "not a weekday and a time"),
        ("14:00", "not a weekday and a time"),
        ("Tue", 'write it as "Tue 14:00"'),
        ("Tu 14:00", 'no day "tu"'),
        ("Tuesdax 14:00", 'no day "tuesdax"'),
        ("Tue 25:00", "no time 25:00"),
        ("Tue 14:00 sometimes", "write it as"),
        ("Tue 14:00 every 0 weeks", "1 to 52"),
        ("Tue 14:00 every 53 weeks", "1 to 52"),
        ("Tue 14:00 every 2 weeks every 3 weeks", 'I do not understand "every 3 weeks"'),
        ("Tue 14:00 until 2026-11-31", "not a date"),
        ("Tue 14:00 until 2026-12-31 count 8", "not both"),
    ],
)
def test_words_that_are_none(words: str, says: str) -> None:
    with pytest.raises(NotARule, match=says):
        parse(words)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Rule((1,), TWO, until=MONDAY), "no session from 2026-11-02 until 2026-11-02"),
        (Rule((1,), TWO, until=date(2037, 1, 1)), "ten years"),
        (Rule((1,), TWO, every=52, count=9999), "ten years"),
        (Rule((1,), TWO, count=600), "ten years"),
    ],
)
def test_an_end_out_of_reach_is_refused(rule: Rule, says: str) -> None:
    with pytest.raises(NotARule, match=says):
        in_reach(rule, MONDAY)


def test_without_an_end_it_goes_on() -> None:
    assert in_reach(Rule((1,), TWO), MONDAY) == Rule((1,), TWO)
    assert with_end(Rule((1,), TWO), every=2, count=3) == Rule((1,), TWO, 2, count=3)


def test_every_second_week_is_counted_from_the_first_session() -> None:
    """From a Wednesday on, the first Tuesday is next week: that one is the first, not the one after."""
    walls = list(Rule((1,), TWO, every=2).walls(date(2026, 11, 4), MONDAY, date(2026, 12, 10)))
    assert [wall.day for wall in walls] == [10, 24, 8]


# ------------------------------------------------------------------------------------------------ laws

days = some.dates(date(2026, 1, 1), date(2028, 12, 31))
clocks = some.times().map(lambda t: t.replace(second=0, microsecond=0))


@some.composite
def rules(draw: some.DrawFn) -> Rule:
    weekdays = tuple(sorted(draw(some.sets(some.integers(0, 6), min_size=1))))
    end = draw(some.sampled_from(("none", "until", "count")))
    until = draw(days) if end == "until" else None
    count = draw(some.integers(1, 40)) if end == "count" else None
    return Rule(weekdays, draw(clocks), draw(some.integers(1, 6)), until, count)


def walked(rule: Rule, begin: date, last: date) -> list[datetime]:
    """The same dates, day by day: a week counts if it is the first one's, or so many weeks later."""
    found: list[datetime] = []
    day = begin
    while day <= last:
        if day.weekday() in rule.weekdays:
            monday = day - timedelta(days=day.weekday())
            first = found[0].date() if found else day
            weeks = (monday - (first - timedelta(days=first.weekday()))).days // 7
            if weeks % rule.every == 0 and (rule.until is None or day <= rule.until):
                found.append(datetime.combine(day, rule.clock))
        day += timedelta(days=1)
    return found[: rule.count]


@given(rules(), days, some.integers(0, 300), some.integers(0, 300))
def test_dates_are_those_found_by_walking(rule: Rule, begin: date, skip: int, more: int) -> None:
    first, last = begin + timedelta(days=skip), begin + timedelta(days=skip + more)
    expected = [wall for wall in walked(rule, begin, last) if wall.date() >= first]
    assert list(rule.walls(begin, first, last)) == expected


@given(rules())
def test_a_rule_survives_being_typed_and_being_stored(rule: Rule) -> None:
    assert parse(rule.words()) == rule
    assert from_rfc(rule.rfc(), rule.clock) == rule


@given(some.integers(0, 6), clocks, days)
def test_every_week_it_meets_when_the_rehearsals_oracle_does(weekday: int, clock: time, begin: date) -> None:
    told = oracle.Rule(weekday, clock, "America/Denver", "America/Denver", begin, 60)
    expected = [one.meant for one in islice(oracle.meetings(told), 20)]
    found = Rule((weekday,), clock).walls(begin, begin, expected[-1].date())
    assert list(found) == expected


@given(rules(), days, some.integers(-6, 20), some.integers(0, 10))
def test_the_rest_of_a_series_moves_as_one(rule: Rule, begin: date, shift: int, met: int) -> None:
    """From one of its times on, every time is so many days later; with gaps only while no weekday changes its week."""
    before = list(rule.walls(begin, begin, begin + timedelta(days=400)))
    stays = rule.every == 1 or len(rule.weekdays) == 1
    if met >= len(before) or not stays:
        return
    rest = rule.shifted(shift, rule.clock, met)
    begins = before[met].date() + timedelta(days=shift)
    after = rest.walls(begins, begins, begin + timedelta(days=400 + shift))
    assert list(after) == [wall + timedelta(days=shift) for wall in before[met:]]
