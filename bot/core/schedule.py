"""Sessions + plan + zones -> what is due when. All calendar arithmetic of check-ins and digests lives here.

Times of day are the receiver's own; durations are elapsed time. A check-in whose opening would fall at or past its
closing is not asked, one whose opening falls into days away is excused: both are said here, not found out later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from bot.core.plan import Plan
from bot.core.questionnaire import Voice
from bot.core.walltime import after_quiet, at_local, local_date

Kind = Literal["alliance", "homework"]
AskAt = Literal["after", "evening", "morning"]
Excused = Literal["away", "every"]


STANDING = ("planned", "held")


class Appointment(NamedTuple):
    """A session as the schedule sees it: its id, its instants (UTC) and whether it takes (or took) place."""

    id: int
    starts: datetime
    ends: datetime
    state: Literal["planned", "held", "missed", "cancelled"] = "planned"

    @property
    def stands(self) -> bool:
        """Whether people meet, or met: there is something to ask about."""
        return self.state in STANDING


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whoever is asked: the zone of the clock on the wall, the days away (local, both inclusive), the wishes."""

    zone: ZoneInfo
    away: tuple[tuple[date, date], ...] = ()
    ask_at: AskAt = "after"
    ask_every: int = 1

    def is_away(self, instant: datetime) -> bool:
        """Whether this instant falls on a day away."""
        if not self.away:  # nearly everybody, nearly always
            return False
        day = local_date(instant, self.zone)
        return any(first <= day <= last for first, last in self.away)


class Planned(NamedTuple):  # made by the hundred thousand: cheaper than a frozen dataclass
    """One check-in to come. `why` is None if it will be asked; else why not ("away", "every", "too late")."""

    session: int
    voice: Voice
    kind: Kind
    opens: datetime
    reminds: datetime | None
    closes: datetime
    why: Excused | Literal["too late"] | None = None


class DigestDue(NamedTuple):
    """The digest that comes before a session."""

    session: int
    at: datetime


def check_ins(
    sessions: Sequence[Appointment], patient: Receiver, therapist: Receiver, plan: Plan, earlier: int = 0
) -> list[Planned]:
    """Every check-in about these sessions (in order of time) of one pair, asked or not.

    `earlier` is how many sessions the pair had before the first of these; it counts for "every second session".
    """
    planned = []
    standing = [session for session in sessions if session.state in STANDING]
    every = max(patient.ask_every, plan.ask_every)
    for n, (session, following) in enumerate(zip(standing, (*standing[1:], None), strict=False), earlier):
        is_turn = n % every == 0
        if plan.ask_patient:
            planned.append(_of_patient(session, following, patient, plan, is_turn))
        if plan.ask_therapist:
            planned.append(_of_therapist(session, following, therapist, plan))
        if plan.ask_patient and plan.homework:
            planned.append(_of_homework(session, following, patient, plan, is_turn))
    return planned


def _of_patient(
    session: Appointment, following: Appointment | None, who: Receiver, plan: Plan, is_turn: bool
) -> Planned:
    opens = after_quiet(_wished(session, who, plan), who.zone, plan.quiet_from, plan.quiet_until)
    return _made(session, following, "patient", "alliance", opens, who, plan, is_turn)


def _wished(session: Appointment, who: Receiver, plan: Plan) -> datetime:
    """When the patient would like to be asked: an hour after, the evening of the session's date, or the next morning.

    A wish that is over before the session ends is an hour after.
    """
    after = session.ends + plan.patient_opens_after
    if who.ask_at == "after":
        return after
    day = local_date(session.starts, who.zone)
    evening = at_local(day, plan.evening, who.zone)
    wished = evening if who.ask_at == "evening" else at_local(day + timedelta(days=1), plan.morning, who.zone)
    return wished if wished >= session.ends else after


def _of_therapist(session: Appointment, following: Appointment | None, who: Receiver, plan: Plan) -> Planned:
    opens = after_quiet(session.ends + plan.therapist_opens_after, who.zone, plan.quiet_from, plan.quiet_until)
    return _made(session, following, "therapist", "alliance", opens, who, plan)


def _of_homework(
    session: Appointment, following: Appointment | None, who: Receiver, plan: Plan, is_turn: bool
) -> Planned:
    earliest = max(_homework_day(session, following, who, plan), session.ends + plan.homework_opens_after)
    opens = after_quiet(earliest, who.zone, plan.quiet_from, plan.quiet_until)
    return _made(session, following, "patient", "homework", opens, who, plan, is_turn)


def _is_near(session: Appointment, following: Appointment, plan: Plan) -> bool:
    return following.starts - session.starts <= plan.homework_next_within


def _homework_day(session: Appointment, following: Appointment | None, who: Receiver, plan: Plan) -> datetime:
    """18:00 on the day before the next session if that is near, else on the sixth day after this one."""
    if following is not None and _is_near(session, following, plan):
        day = local_date(following.starts, who.zone).toordinal() - plan.homework_days_before
    else:
        day = local_date(session.starts, who.zone).toordinal() + plan.homework_days_after
    return at_local(date.fromordinal(day), plan.homework_time, who.zone)


def _made(
    session: Appointment,
    following: Appointment | None,
    voice: Voice,
    kind: Kind,
    opens: datetime,
    who: Receiver,
    plan: Plan,
    is_turn: bool = True,
) -> Planned:
    closes = closes_at(session, following, voice, kind, opens, plan)
    why: Excused | Literal["too late"] | None = None
    if opens >= closes:
        why = "too late"
    elif not is_turn:
        why = "every"
    elif voice == "patient" and who.is_away(opens):
        why = "away"
    reminds = None if why or kind == "homework" else reminds_at(voice, kind, opens, closes, who, plan)
    return Planned(session.id, voice, kind, opens, reminds, closes, why)


def closes_at(
    session: Appointment, following: Appointment | None, voice: Voice, kind: Kind, opened: datetime, plan: Plan
) -> datetime:
    """When a check-in that opened (or opens) then is closed; `following` is the pair's next planned session."""
    if voice == "therapist":
        return following.starts if following else opened + plan.therapist_closes_after
    if kind == "alliance":
        closing = opened + plan.patient_closes_after
        return min(closing, following.starts - plan.patient_closes_before_next) if following else closing
    elapsed = opened + plan.homework_closes_after
    if following is None:
        return elapsed
    before_next = following.starts - plan.homework_closes_before_next
    return before_next if _is_near(session, following, plan) else min(before_next, elapsed)


def reminds_at(
    voice: Voice, kind: Kind, opened: datetime, closes: datetime, who: Receiver, plan: Plan
) -> datetime | None:
    """When the one reminder comes, None if there is none: homework has none, days away mute it, nor at the closing."""
    if kind == "homework":
        return None
    wait = plan.patient_reminds_after if voice == "patient" else plan.therapist_reminds_after
    reminds = after_quiet(opened + wait, who.zone, plan.quiet_from, plan.quiet_until)
    muted = voice == "patient" and who.is_away(reminds)
    return None if muted or reminds >= closes else reminds


def digests(sessions: Sequence[Appointment], plan: Plan, earlier: int = 0) -> list[DigestDue]:
    """The digest before each session but the pair's first. Digests do not wait for the end of quiet hours."""
    standing = [session for session in sessions if session.state in STANDING]
    skip = 0 if earlier else 1
    return [DigestDue(session.id, session.starts - plan.digest_before) for session in standing[skip:]]


def weekly_after(instant: datetime, zone: ZoneInfo, plan: Plan) -> datetime:
    """The first weekly digest later than this instant, in the therapist's zone."""
    day = local_date(instant, zone)
    day -= timedelta(days=(day.weekday() - plan.weekly_day) % 7)
    at = at_local(day, plan.weekly_time, zone)
    return at if at > instant else at_local(day + timedelta(days=7), plan.weekly_time, zone)


def morning_after(instant: datetime, zone: ZoneInfo, plan: Plan) -> datetime:
    """The first morning's digest later than this instant, in the therapist's zone."""
    day = local_date(instant, zone)
    at = at_local(day, plan.digest_morning, zone)
    return at if at > instant else at_local(day + timedelta(days=1), plan.digest_morning, zone)
