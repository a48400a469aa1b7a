"""The rehearsal: some of it read line by line, and all of it held against a second one over many rules and zones."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest

from bot.core.plan import Plan
from bot.core.rehearsal import Recurring, rehearse
from bot.core.schedule import Receiver
from bot.core.series import Rule as Weekly
from bot.core.walltime import zone_of
from tests.schedule_oracle import CHANGES, DAY, ODD, ZONES, Rehearsal, Row, Rule, change_near, zones_that_change

pytestmark = pytest.mark.deep

TUESDAYS = Rule(1, time(14), "America/Denver", "America/Denver", date(2026, 10, 20), 60)


def rehearsed(rule: Rule, plan: Plan | None = None) -> list[Row]:
    """What the program says to that rule."""
    weekly = Recurring(Weekly((rule.weekday,), rule.clock), rule.minutes, frozenset(rule.excepts))
    patient = Receiver(zone_of(rule.patient_zone), rule.aways)
    return [s.row() for s in rehearse(weekly, rule.first_day, rule.days, zone_of(rule.zone), patient, plan or Plan())]


def lines(rows: list[Row]) -> list[str]:
    """A row in a line, without its instant."""
    return [f"{row['local']} {row['to']} {row['what']} {row['session'] or '-'}" for row in rows]


def test_the_row_of_the_contract() -> None:
    assert {
        "at": "2026-11-03T23:00:00Z", "local": "2026-11-03T16:00:00-07:00", "to": "patient", "what": "alliance",
        "session": "2026-11-03T14:00",
    } in rehearsed(TUESDAYS)  # fmt: skip


def test_eight_days_with_a_patient_in_berlin_while_the_clocks_of_berlin_go_back() -> None:
    assert lines(rehearsed(replace(TUESDAYS, patient_zone="Europe/Berlin", days=8))) == [
        "2026-10-20T15:00:00-06:00 therapist alliance 2026-10-20T14:00",
        "2026-10-21T08:00:00+02:00 patient alliance 2026-10-20T14:00",  # 60 min after the end was midnight in Berlin
        "2026-10-21T15:00:00-06:00 therapist reminder 2026-10-20T14:00",
        "2026-10-22T08:00:00+02:00 patient reminder 2026-10-20T14:00",
        "2026-10-24T08:00:00+02:00 patient closes 2026-10-20T14:00",
        "2026-10-26T07:00:00-06:00 therapist weekly -",
        "2026-10-26T18:00:00+01:00 patient homework 2026-10-20T14:00",
        "2026-10-27T19:00:00+01:00 patient closes 2026-10-20T14:00",
        "2026-10-27T13:00:00-06:00 therapist digest 2026-10-27T14:00",
        "2026-10-27T14:00:00-06:00 therapist closes 2026-10-20T14:00",
        "2026-10-27T15:00:00-06:00 therapist alliance 2026-10-27T14:00",
    ]


def test_the_window_begins_with_its_first_midnight_and_ends_before_its_last() -> None:
    at_midnight = replace(TUESDAYS, weekday=0, clock=time(0), first_day=date(2026, 10, 19), days=7)
    assert [row["at"] for row in rehearsed(at_midnight, Plan(weekly_time=time(0))) if row["what"] == "weekly"] == [
        "2026-10-19T06:00:00Z"
    ]
    assert lines(rehearsed(at_midnight))[-1] == "2026-10-25T23:00:00-06:00 therapist digest 2026-10-26T00:00"


def test_a_session_is_called_by_the_wall_time_meant() -> None:
    """On 14 March 2027 there is no 02:30 in Denver: they meet at 03:30, and the digest comes 60 minutes before."""
    early = replace(TUESDAYS, weekday=6, clock=time(2, 30), first_day=date(2027, 3, 7), days=8)
    assert "2027-03-14T01:30:00-07:00 therapist digest 2027-03-14T02:30" in lines(rehearsed(early))


def test_a_date_without_a_session() -> None:
    """Nothing is said about it, and the session before it has its next one two weeks later: its homework is far."""
    about = [row["session"] for row in rehearsed(replace(TUESDAYS, excepts=(date(2026, 11, 24),)))]
    assert "2026-11-24T14:00" not in about
    assert Counter(about)["2026-11-17T14:00"] == Counter(about)["2026-11-10T14:00"]
    assert "2026-11-23T18:00:00-07:00 patient homework 2026-11-17T14:00" in lines(rehearsed(TUESDAYS))


def any_time(dice: random.Random, near: date, change: datetime | None) -> tuple[int, time]:
    """A weekday and a time of day: where the clocks change, at the edges of the quiet hours, or any."""
    if change and dice.random() < 0.5:
        wall = change + dice.randrange(120) * timedelta(minutes=1) + dice.choice((-1, 0, 0, 0)) * DAY
        return wall.weekday(), wall.time()
    first, last = dice.choice(((0, 209), (420, 480), (1080, 1439), (1080, 1439), (0, 1439)))
    hour, minute = divmod(dice.choice((dice.randint(first, last), dice.randint(first, last) // 30 * 30)), 60)
    return (near + dice.choice((-2, -2, -1, -1, 0, 1)) * DAY).weekday(), time(hour, minute)


def any_rule(dice: random.Random) -> Rule:
    """A rule, more often than not with something unusual in it."""
    zone, around = dice.choice(ODD)
    if dice.random() < 0.7:
        around = dice.choice(CHANGES)
        zone = dice.choice(zones_that_change(around) if dice.random() < 0.7 else ZONES)
    other = dice.choice(zones_that_change(around) or ZONES) if dice.random() < 0.7 else dice.choice(ZONES)
    change = change_near(around, zone)
    near = change.date() if change else around
    weekday, clock = any_time(dice, near, change)
    start, days = near - dice.randrange(20) * DAY, dice.choice((1, 20, 30, 45))
    met = [start + n * DAY for n in range(days + 40) if (start + n * DAY).weekday() == weekday]
    aways = [dice.choice(met[:5]) + dice.choice((0, 1, 2, 6)) * DAY for _ in range(dice.choice((0, 0, 1, 3)))]
    return Rule(
        weekday, clock, zone, dice.choice((zone, other)), start, days,
        minutes=dice.choice((60, 60, 60, 1, 45, 90, 600, 1500, 6000, 9900, 10080)),
        excepts=tuple(day for day in met if dice.random() < dice.choice((0, 0.3))),
        aways=tuple((day, day + dice.choice((0, 0, 1, 5)) * DAY) for day in aways),
    )  # fmt: skip


def in_order(rows: list[Row]) -> list[Row]:
    """By time; what comes at the same time by its words."""
    return sorted(rows, key=lambda row: [word or "" for word in row.values()])


def held_against_each_other(seed: int, rules: int) -> Counter[str]:
    """What the second rehearsal met on the way: a law about quiet hours that never meets any says nothing."""
    seen: Counter[str] = Counter()
    dice = random.Random(seed)
    for _ in range(rules):
        rule = any_rule(dice)
        second = Rehearsal(rule)
        rows = rehearsed(rule)
        assert in_order(rows) == in_order(second.play()), rule
        assert all(str(a["at"]) <= str(b["at"]) for a, b in pairwise(rows)), rule
        seen += second.seen
    return seen


MET = (
    "opening waits for 08:00", "reminder waits for 08:00", "too late to ask", "excused, away", "reminder muted, away",
    "reminder dropped at the closing", "homework without a near session", "homework held back to the end + 60 min",
    "session at a time shown twice", "session at a time never shown",
)  # fmt: skip


def test_two_rehearsals_agree_row_by_row() -> None:
    seen = held_against_each_other(seed=20261101, rules=100)
    assert {what: count for what in MET if (count := seen[what]) < 3} == {}


@pytest.mark.proof
def test_two_rehearsals_agree_row_by_row_over_thousands_of_rules() -> None:
    seen = held_against_each_other(seed=20270314, rules=4000)
    assert {what: count for what in MET if (count := seen[what]) < 100} == {}
