"""What planning a clinic's weekly patients costs, over bare dateutil that makes the same dates; and one pair's edit."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock
from random import Random

from dateutil.rrule import WEEKLY, rrule

from bot.core.plan import Plan
from bot.core.rehearsal import Recurring, rehearse
from bot.core.schedule import Appointment, Receiver, check_ins, digests
from bot.core.series import Rule
from bot.core.walltime import to_utc, zone_of
from tests.bench.figures import Figure, middle

PATIENTS, QUICK, DAYS, ROUNDS = 10_000, 1_000, 90, 3
FIRST = date(2026, 10, 5)
ZONES = ("America/Denver", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Honolulu")
HOUR = timedelta(hours=1)
PLAN = Plan()

Weekly = tuple[Rule, str]
"""A patient: when the session is, and the zone the patient lives in."""


def patients(many: int) -> list[Weekly]:
    """Weekly sessions all over the week, by a seed."""
    random = Random(5)
    times = [clock(hour, minute) for hour in range(7, 18) for minute in (0, 30)]
    return [(Rule((random.randrange(5),), random.choice(times)), random.choice(ZONES)) for _ in range(many)]


def measure(quick: bool) -> Iterator[Figure]:
    """CPU of the sessions' instants alone, and of everything that is asked and sent about them."""
    everybody = patients(QUICK if quick else PATIENTS)
    bare, sessions, planned = ([] for _ in range(3))
    for _ in range(ROUNDS):
        bare.append(_seconds(lambda: [_bare(rule) for rule, _ in everybody]))
        sessions.append(_seconds(lambda: [_sessions(rule) for rule, _ in everybody]))
        planned.append(_seconds(lambda: [_planned(rule, zone) for rule, zone in everybody]))
    assert all(_bare(rule) == [wall for wall, _ in _sessions(rule)] for rule, _ in everybody)
    told = f"{len(everybody)} patients, {DAYS} days; dateutil {middle(bare):.2f} s"
    yield Figure(
        "sessions with their instants over bare dateutil", middle(sessions) / middle(bare), bound=4, behind=told
    )
    yield Figure(
        "the same with every check-in, reminder, closing and digest", middle(planned) / middle(bare), goal=4,
        behind=f"{sum(_planned(rule, zone) for rule, zone in everybody)} of them, {middle(planned):.2f} s",
    )  # fmt: skip
    yield Figure("ms to rehearse one patient", 1000 * _seconds(_rehearsed))


def _seconds(work: object) -> float:
    assert callable(work)
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _bare(rule: Rule) -> list[datetime]:
    begin = datetime.combine(rule.first_day(FIRST), rule.clock)
    return list(rrule(WEEKLY, dtstart=begin, until=datetime.combine(FIRST + timedelta(days=DAYS), clock.max)))


def _sessions(rule: Rule) -> list[tuple[datetime, datetime]]:
    zone = zone_of(ZONES[0])
    return [(wall, to_utc(wall, zone)) for wall in rule.walls(FIRST, FIRST, FIRST + timedelta(days=DAYS))]


def _planned(rule: Rule, zone: str) -> int:
    """How much there is to ask and to send about one patient's sessions."""
    sessions = [Appointment(n, at, at + HOUR) for n, (_, at) in enumerate(_sessions(rule))]
    asked = check_ins(sessions, Receiver(zone_of(zone)), Receiver(zone_of(ZONES[0])), PLAN)
    return len(asked) + len(digests(sessions, PLAN))


def _rehearsed() -> None:
    rehearse(Recurring(Rule((1,), clock(14))), FIRST, DAYS, zone_of(ZONES[0]), Receiver(zone_of(ZONES[1])), PLAN)
