"""What is due when: a table for each line of the plan that is about time, a sentence a row.

Sessions are wall times in Denver, where the clinic is (`+90`: 90 minutes), what is due is on the receiver's wall.
The year is 2026: the clocks of Denver go forward on 8 March at 02:00 and back on 1 November at 02:00; 3 November is
a Tuesday. Where a check-in is not asked, the reason stands in the place of its opening.
"""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.core.plan import Plan
from bot.core.schedule import Appointment, AskAt, Kind, Planned, Receiver, check_ins, digests, weekly_after
from bot.core.walltime import at_local, to_utc, zone_of

DENVER, TOKYO, BERLIN = (zone_of(name) for name in ("America/Denver", "Asia/Tokyo", "Europe/Berlin"))
AT_HOME = Receiver(DENVER)
PLAN = Plan()


def wall(text: str) -> datetime:
    return datetime.strptime(f"2026-{text.strip()}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - what a wall shows has no zone


def appointments(text: str) -> list[Appointment]:
    """Sessions from "11-03 14:00, 11-10 14:00+90"; one in brackets is cancelled."""
    made = []
    for n, word in enumerate(text.split(",")):
        begins, _, minutes = word.strip(" ()").partition("+")
        starts = to_utc(wall(begins), DENVER)
        ends = starts + timedelta(minutes=int(minutes or 60))
        made.append(Appointment(n, starts, ends, "cancelled" if "(" in word else "planned"))
    return made


def local(instant: datetime | None, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%m-%d %H:%M}" if instant else "-"


def said(planned: Planned, zone: ZoneInfo = DENVER) -> list[str]:
    """When it opens, reminds and closes; only the reason where it is not asked."""
    if planned.why:
        return [planned.why]
    return [local(at, zone) for at in (planned.opens, planned.reminds, planned.closes)]


def asked(sessions: str, voice: str, kind: Kind, patient: Receiver = AT_HOME, plan: Plan = PLAN) -> list[Planned]:
    everything = check_ins(appointments(sessions), patient, AT_HOME, plan)
    return [planned for planned in everything if (planned.voice, planned.kind) == (voice, kind)]


def table(text: str) -> list[object]:
    """A case for each line: the sentence is its name, the cells are between bars."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [pytest.param(cells[0], cells[1:], id=sentence) for sentence, *cells in lines]


@pytest.mark.parametrize(("sessions", "due"), table("""
    60 min after the end; 24 h, 72 h after that  | 11-03 14:00, 11-10 14:00 | 11-03 16:00 | 11-04 16:00 | 11-06 16:00
    without a next session all the same          | 11-03 14:00              | 11-03 16:00 | 11-04 16:00 | 11-06 16:00
    2 h before the next session is first         | 11-03 14:00, 11-05 14:00 | 11-03 16:00 | 11-04 16:00 | 11-05 12:00
    a cancelled session is not the next          | 11-03 14:00, (11-05 14:00) | 11-03 16:00 | 11-04 16:00 | 11-06 16:00
    a session of 90 minutes                      | 11-03 14:00+90           | 11-03 16:30 | 11-04 16:30 | 11-06 16:30
    20:59 is not quiet                           | 11-03 18:59              | 11-03 20:59 | 11-04 20:59 | 11-06 20:59
    21:00 is; all counts from the actual opening | 11-03 19:00              | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    07:59 is quiet                               | 11-03 05:59              | 11-03 08:00 | 11-04 08:00 | 11-06 08:00
    08:00 is not quiet                           | 11-03 06:00              | 11-03 08:00 | 11-04 08:00 | 11-06 08:00
    a session at 22:30 is asked about next day   | 11-03 22:30              | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    no reminder at the closing                   | 11-03 14:00, 11-04 18:00 | 11-03 16:00 | -           | 11-04 16:00
    a reminder a minute before the closing       | 11-03 14:00, 11-04 18:01 | 11-03 16:00 | 11-04 16:00 | 11-04 16:01
    back to back: closed before it could open    | 11-03 14:00, 11-03 15:00 | too late
    two in a day: it would open at its closing   | 11-03 10:00, 11-03 14:00 | too late
    two in a day, a minute to answer             | 11-03 10:00, 11-03 14:01 | 11-03 12:00 | -           | 11-03 12:01
    quiet until the closing                      | 11-03 20:00, 11-04 10:00 | too late
    quiet until a minute before the closing      | 11-03 20:00, 11-04 10:01 | 11-04 08:00 | -           | 11-04 08:01
    24 h and 72 h are elapsed: clocks forward    | 03-07 14:00              | 03-07 16:00 | 03-08 17:00 | 03-10 17:00
    24 h and 72 h are elapsed: clocks back       | 10-31 14:00              | 10-31 16:00 | 11-01 15:00 | 11-03 15:00
    clocks forward: the reminder becomes quiet   | 03-07 18:00              | 03-07 20:00 | 03-09 08:00 | 03-10 21:00
    clocks back: the reminder becomes quiet      | 10-30 22:00              | 10-31 08:00 | 11-01 08:00 | 11-03 07:00
    a time shown twice is the first              | 11-01 01:30+420          | 11-01 08:30 | 11-02 08:30 | 11-04 08:30
    a time never shown is an hour later          | 03-08 02:30+300          | 03-08 09:30 | 03-09 09:30 | 03-11 09:30
"""))  # fmt: skip
def test_patients_check_in(sessions: str, due: list[str]) -> None:
    assert said(asked(sessions, "patient", "alliance")[0]) == due


@pytest.mark.parametrize(("sessions", "due"), table("""
    as the session ends, until the next starts   | 11-03 14:00, 11-10 14:00 | 11-03 15:00 | 11-04 15:00 | 11-10 14:00
    however far off the next session is          | 11-03 14:00, 12-29 14:00 | 11-03 15:00 | 11-04 15:00 | 12-29 14:00
    however near the next session is             | 11-03 10:00, 11-03 14:00 | 11-03 11:00 | -           | 11-03 14:00
    7 days after opening if none is planned      | 11-03 14:00              | 11-03 15:00 | 11-04 15:00 | 11-10 15:00
    7 days too if the next is cancelled          | 11-03 14:00, (11-17 14:00) | 11-03 15:00 | 11-04 15:00 | 11-10 15:00
    7 days are elapsed: clocks back              | 10-30 14:00              | 10-30 15:00 | 10-31 15:00 | 11-06 14:00
    20:59 is not quiet                           | 11-03 19:59              | 11-03 20:59 | 11-04 20:59 | 11-10 20:59
    21:00 is; all counts from the actual opening | 11-03 20:00              | 11-04 08:00 | 11-05 08:00 | 11-11 08:00
    a session at 22:30                           | 11-03 22:30, 11-10 22:30 | 11-04 08:00 | 11-05 08:00 | 11-10 22:30
    back to back: not asked                      | 11-03 14:00, 11-03 15:00 | too late
    quiet until the next session starts          | 11-03 22:30, 11-04 08:00 | too late
    no reminder as the next session starts       | 11-03 14:00, 11-04 15:00 | 11-03 15:00 | -           | 11-04 15:00
    a reminder a minute before the next session  | 11-03 14:00, 11-04 15:01 | 11-03 15:00 | 11-04 15:00 | 11-04 15:01
    clocks forward: the reminder becomes quiet   | 03-07 19:00              | 03-07 20:00 | 03-09 08:00 | 03-14 21:00
"""))  # fmt: skip
def test_therapists_check_in(sessions: str, due: list[str]) -> None:
    assert said(asked(sessions, "therapist", "alliance")[0]) == due


@pytest.mark.parametrize(("sessions", "due"), table("""
    18:00 on the day before the next session   | 11-03 14:00, 11-10 14:00 | 11-09 18:00 | - | 11-10 12:00
    10 x 24 h is near                          | 11-03 14:00, 11-13 14:00 | 11-12 18:00 | - | 11-13 12:00
    a minute more is far: day 6, for 48 h      | 11-03 14:00, 11-13 14:01 | 11-09 18:00 | - | 11-11 18:00
    no next session: day 6, for 48 h           | 11-03 14:00              | 11-09 18:00 | - | 11-11 18:00
    clocks back: ten days, same time, are far  | 10-25 14:00, 11-04 14:00 | 10-31 18:00 | - | 11-02 17:00
    clocks back: 10 x 24 h                     | 10-25 14:00, 11-04 13:00 | 11-03 18:00 | - | 11-04 11:00
    clocks forward: ten days + 1 h are near    | 03-01 14:00, 03-11 15:00 | 03-10 18:00 | - | 03-11 13:00
    clocks forward: + 1 min; 48 h are elapsed  | 03-01 14:00, 03-11 15:01 | 03-07 18:00 | - | 03-09 19:00
    18:00 is a time of day: clocks back        | 10-26 14:00, 11-02 14:00 | 11-01 18:00 | - | 11-02 12:00
    far, a long stay: 2 h before next is first | 11-03 14:00+12960, 11-14 14:01 | 11-12 15:00 | - | 11-14 12:01
    not before the end + 60 min                | 11-03 17:30, 11-04 17:30 | 11-03 19:30 | - | 11-04 15:30
    the end + 60 min is 18:00                  | 11-03 16:00, 11-04 16:00 | 11-03 18:00 | - | 11-04 14:00
    the end + 60 min is in the quiet hours     | 11-03 22:30, 11-04 14:00 | 11-04 08:00 | - | 11-04 12:00
    in the quiet hours until its closing       | 11-03 22:30, 11-04 10:00 | too late
    two sessions in a day                      | 11-03 10:00, 11-03 16:00 | 11-03 12:00 | - | 11-03 14:00
    back to back: not asked                    | 11-03 14:00, 11-03 15:00 | too late
"""))  # fmt: skip
def test_homework(sessions: str, due: list[str]) -> None:
    assert said(asked(sessions, "patient", "homework")[0]) == due


def test_homework_can_be_left_out_of_the_plan() -> None:
    assert asked("11-03 14:00", "patient", "homework", plan=Plan(homework=False)) == []


@pytest.mark.parametrize(("kind", "zone", "sessions", "due"), [
    # 14:00 in Denver is 22:00 in Berlin: an hour after the end is midnight there
    ("alliance", BERLIN, "11-03 14:00, 11-10 14:00", ["11-04 08:00", "11-05 08:00", "11-07 08:00"]),
    # only Berlin has put its clocks back: the next session is an hour earlier on the patient's wall
    ("homework", BERLIN, "10-20 14:00, 10-27 14:00", ["10-26 18:00", "-", "10-27 19:00"]),
    # 14:00 in Denver is 06:00 of the next date in Tokyo: both the session's date and the next one's are Tokyo's
    ("homework", TOKYO, "11-03 14:00, 11-10 14:00", ["11-10 18:00", "-", "11-11 04:00"]),
    ("homework", TOKYO, "11-03 14:00", ["11-10 18:00", "-", "11-12 18:00"]),
    # the next session's date in Denver is this one's in Tokyo
    ("homework", TOKYO, "11-03 20:00, 11-04 10:00", ["11-04 18:00", "-", "11-05 00:00"]),
])  # fmt: skip
def test_a_patient_in_another_zone(kind: Kind, zone: ZoneInfo, sessions: str, due: list[str]) -> None:
    assert said(asked(sessions, "patient", kind, Receiver(zone))[0], zone) == due


def test_the_patients_zone_is_nothing_to_the_therapist() -> None:
    abroad = asked("11-03 14:00, 11-10 14:00", "therapist", "alliance", Receiver(TOKYO))
    assert abroad == asked("11-03 14:00, 11-10 14:00", "therapist", "alliance")


@pytest.mark.parametrize(("wish", "cells"), table("""
    no wish: an hour after                       | after   | 11-03 14:00      | 11-03 16:00 | 11-04 16:00 | 11-06 16:00
    same evening, and all counts from there      | evening | 11-03 14:00      | 11-03 19:00 | 11-04 19:00 | 11-06 19:00
    19:00 as the session ends                    | evening | 11-03 18:00      | 11-03 19:00 | 11-04 19:00 | 11-06 19:00
    19:00 is over: an hour after                 | evening | 11-03 18:01      | 11-03 20:01 | 11-04 20:01 | 11-06 20:01
    the evening is over, and quiet               | evening | 11-03 22:30      | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    the evening of the date on which it began    | evening | 11-03 23:30      | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    same evening, clocks back in the night       | evening | 10-31 14:00      | 10-31 19:00 | 11-01 18:00 | 11-03 18:00
    next morning                                 | morning | 11-03 14:00      | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    the morning after the date on which it began | morning | 11-03 23:30      | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    still in session next morning: an hour after | morning | 11-03 20:00+840  | 11-04 11:00 | 11-05 11:00 | 11-07 11:00
    next morning, clocks back in the night       | morning | 10-31 14:00      | 11-01 08:00 | 11-02 08:00 | 11-04 08:00
    next morning is too late                     | morning | 11-03 14:00, 11-04 10:00 | too late
"""))  # fmt: skip
def test_the_patients_wish(wish: AskAt, cells: list[str]) -> None:
    sessions, *due = cells
    assert said(asked(sessions, "patient", "alliance", Receiver(DENVER, ask_at=wish))[0]) == due


def test_the_wish_is_about_the_patients_alliance_check_in_alone() -> None:
    wishes = (Receiver(DENVER, ask_at="after"), Receiver(DENVER, ask_at="morning"))
    others = [asked("11-03 14:00, 11-05 14:00", "therapist", "alliance", patient) for patient in wishes]
    homework = [asked("11-03 14:00, 11-05 14:00", "patient", "homework", patient) for patient in wishes]
    assert others[0] == others[1]
    assert homework[0] == homework[1]


WEEKS = "11-03 14:00, (11-05 14:00), 11-10 14:00, 11-17 14:00, 11-24 14:00"


@pytest.mark.parametrize(("patient", "plan", "earlier", "whys"), [
    (AT_HOME, PLAN, 0, [None, None, None, None]),
    (Receiver(DENVER, ask_every=2), PLAN, 0, [None, "every", None, "every"]),  # the cancelled one is not counted
    (Receiver(DENVER, ask_every=2), PLAN, 3, ["every", None, "every", None]),
    (AT_HOME, Plan(ask_every=2), 0, [None, "every", None, "every"]),
    (Receiver(DENVER, ask_every=3), Plan(ask_every=2), 0, [None, "every", "every", None]),
])  # fmt: skip
def test_every_second_session(patient: Receiver, plan: Plan, earlier: int, whys: list[str | None]) -> None:
    planned = check_ins(appointments(WEEKS), patient, AT_HOME, plan, earlier)
    assert [p.why for p in planned if p.kind == "homework"] == whys
    assert [p.why for p in planned if (p.voice, p.kind) == ("patient", "alliance")] == whys
    assert [p.why for p in planned if p.voice == "therapist"] == [None] * 4


@pytest.mark.parametrize(("days", "cells"), table("""
    the day before is nothing       | 11-02..11-02 | alliance | 11-03 14:00 | 11-03 16:00 | 11-04 16:00 | 11-06 16:00
    the last day away counts        | 11-01..11-03 | alliance | 11-03 14:00 | away
    the first day away counts       | 11-03..11-05 | alliance | 11-03 14:00 | away
    wished in it, opened after it   | 11-03..11-03 | alliance | 11-03 19:00 | 11-04 08:00 | 11-05 08:00 | 11-07 08:00
    wished before it, opened in it  | 11-04..11-04 | alliance | 11-03 19:00 | away
    a reminder that day is muted    | 11-04..11-04 | alliance | 11-03 14:00 | 11-03 16:00 | -           | 11-06 16:00
    a closing that day is a closing | 11-06..11-06 | alliance | 11-03 14:00 | 11-03 16:00 | 11-04 16:00 | 11-06 16:00
    a reminder waits into it: muted | 03-09..03-09 | alliance | 03-07 18:00 | 03-07 20:00 | -           | 03-10 21:00
    a reminder waits past it: sent  | 03-08..03-08 | alliance | 03-07 18:00 | 03-07 20:00 | 03-09 08:00 | 03-10 21:00
    homework is judged by itself    | 11-09..11-09 | homework | 11-03 14:00 | away
    homework opens after the return | 11-03..11-08 | homework | 11-03 14:00 | 11-09 18:00 | -           | 11-11 18:00
"""))  # fmt: skip
def test_days_away(days: str, cells: list[str]) -> None:
    first, last = (wall(f"{day} 00:00").date() for day in days.split(".."))
    kind: Kind = "homework" if cells[0] == "homework" else "alliance"
    away = Receiver(DENVER, away=((date(2026, 1, 1), date(2026, 1, 2)), (first, last)))
    assert said(asked(cells[1], "patient", kind, away)[0]) == cells[2:]


@pytest.mark.parametrize(("day", "why"), [(3, None), (4, "away")])
def test_days_away_are_the_patients_local_dates(day: int, why: str | None) -> None:
    """In Denver it is the 3rd, 20:00; in Tokyo the 4th, noon."""
    patient = Receiver(TOKYO, away=((date(2026, 11, day), date(2026, 11, day)),))
    assert asked("11-03 18:00", "patient", "alliance", patient)[0].why == why


def test_the_patients_days_away_never_change_what_the_therapist_is_asked() -> None:
    away = Receiver(DENVER, away=((date(2026, 11, 1), date(2026, 12, 31)),))
    for planned in asked(WEEKS, "patient", "alliance", away):
        assert (planned.why, planned.reminds) == ("away", None)
    assert asked(WEEKS, "therapist", "alliance", away) == asked(WEEKS, "therapist", "alliance")


def test_days_away_are_the_patients_alone() -> None:
    away = Receiver(DENVER, away=((date(2026, 11, 1), date(2026, 12, 31)),))
    assert check_ins(appointments(WEEKS), AT_HOME, away, PLAN) == check_ins(appointments(WEEKS), AT_HOME, AT_HOME, PLAN)


@pytest.mark.parametrize(("sessions", "due"), table("""
    none before the first session                  | 11-03 14:00
    60 minutes before each of the others           | 11-03 14:00, 11-10 14:00, 11-17 09:30 | 11-10 13:00 | 11-17 08:30
    none before a cancelled one                    | 11-03 14:00, (11-10 14:00), 11-17 14:00 | 11-17 13:00
    a cancelled one is not the pair's first        | (11-03 14:00), 11-10 14:00, 11-17 14:00 | 11-17 13:00
    digests do not wait for the end of quiet hours | 11-03 14:00, 11-10 06:30, 11-17 22:30 | 11-10 05:30 | 11-17 21:30
    back to back: while the first is on            | 11-03 14:00, 11-03 15:00 | 11-03 14:00
    60 minutes are elapsed: clocks forward         | 03-01 14:00, 03-08 03:30 | 03-08 01:30
    before a time that is never shown              | 03-01 14:00, 03-08 02:30 | 03-08 01:30
"""))  # fmt: skip
def test_digests(sessions: str, due: list[str]) -> None:
    assert [local(digest.at, DENVER) for digest in digests(appointments(sessions), PLAN)] == due


def test_with_earlier_sessions_the_first_of_these_has_a_digest() -> None:
    assert [digest.session for digest in digests(appointments(WEEKS), PLAN, earlier=1)] == [0, 2, 3, 4]


@pytest.mark.parametrize(("start", "hours_apart"), [
    ("02-16 07:00", [168, 167, 168]),  # from 23 February
    ("10-12 07:00", [168, 169, 168]),  # from 19 October
])  # fmt: skip
def test_weekly_digests_come_on_mondays_at_seven_whatever_the_clocks_do(start: str, hours_apart: list[int]) -> None:
    mondays = [weekly_after(to_utc(wall(start), DENVER), DENVER, PLAN)]
    for _ in hours_apart:
        mondays.append(weekly_after(mondays[-1], DENVER, PLAN))
    assert {f"{monday.astimezone(DENVER):%a %H:%M}" for monday in mondays} == {"Mon 07:00"}
    assert [(b - a) / timedelta(hours=1) for a, b in pairwise(mondays)] == hours_apart


@pytest.mark.parametrize(("now", "then"), table("""
    a minute before it | 11-02 06:59 | 11-02 07:00
    at it: the next    | 11-02 07:00 | 11-09 07:00
    on a Sunday night  | 11-08 23:59 | 11-09 07:00
    on a Tuesday       | 11-03 00:00 | 11-09 07:00
"""))  # fmt: skip
def test_the_next_weekly_digest(now: str, then: list[str]) -> None:
    assert [local(weekly_after(to_utc(wall(now), DENVER), DENVER, PLAN), DENVER)] == then


def test_a_weekly_digest_that_the_clocks_move_to_the_next_date_is_not_lost() -> None:
    """Pyongyang, Friday 4 May 2018: the clocks went from 23:30 to midnight, so 23:45 was 00:15."""
    zone, plan = zone_of("Asia/Pyongyang"), Plan(weekly_day=4, weekly_time=time(23, 45))
    at_midnight = at_local(date(2018, 5, 5), time(0), zone)
    assert weekly_after(at_midnight, zone, plan) == at_midnight + timedelta(minutes=15)


def test_every_delay_of_the_plan_may_be_nothing() -> None:
    """Opens as the session ends, reminds at once, and is open until the next session."""
    nothing = timedelta(0)
    plan = Plan(
        patient_opens_after=nothing, patient_reminds_after=nothing, patient_closes_before_next=nothing,
        quiet_from=time(0), quiet_until=time(0),
    )  # fmt: skip
    due = said(asked("11-03 22:00, 11-04 09:00", "patient", "alliance", plan=plan)[0])
    assert due == ["11-03 23:00", "11-03 23:00", "11-04 09:00"]
