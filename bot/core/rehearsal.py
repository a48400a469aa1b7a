"""What would be sent: sessions that recur and a plan, played forward. Every session is held and nobody answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.core.plan import Plan
from bot.core.questionnaire import Voice
from bot.core.schedule import Appointment, Receiver, check_ins, digests, weekly_after
from bot.core.series import Rule
from bot.core.walltime import at_local, to_utc

What = Literal["closes", "alliance", "homework", "reminder", "digest", "weekly"]
WHATS: tuple[What, ...] = ("closes", "alliance", "homework", "reminder", "digest", "weekly")
PAST_THE_END = timedelta(days=400)
"""How far weekly sessions are laid out past the window, so that its last ones know their next."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing that would be sent (or closed): when (UTC), to whom, in whose zone, about which session."""

    at: datetime
    to: Voice
    what: What
    session: str | None
    zone: ZoneInfo

    def row(self) -> dict[str, str | None]:
        """The contract's JSON object."""
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        local = self.at.astimezone(self.zone).isoformat(timespec="seconds")
        return {"at": at, "local": local, "to": self.to, "what": self.what, "session": self.session}


@dataclass(frozen=True, slots=True)
class Recurring:
    """Sessions to play forward: their rule, their length in minutes, and the dates on which there is none."""

    rule: Rule
    minutes: int = 60
    without: frozenset[date] = frozenset()


def rehearse(what: Recurring, first: date, days: int, zone: ZoneInfo, patient: Receiver, plan: Plan) -> list[Sent]:
    """All that would be sent from local midnight of `first` for `days` days, in order of time."""
    begin, end = (at_local(first + timedelta(days=n), time(0), zone) for n in (0, days))
    meant = what.rule.walls(first, first, first + timedelta(days=days) + PAST_THE_END)
    walls = [wall for wall in meant if wall.date() not in what.without]
    length = timedelta(minutes=what.minutes)
    starts = [to_utc(wall, zone) for wall in walls]
    sessions = [Appointment(n, at, at + length) for n, at in enumerate(starts)]
    names = [wall.isoformat(timespec="minutes") for wall in walls]
    return in_window(play(sessions, names, patient, Receiver(zone), plan, begin, end), begin, end)


def in_window(sent: Sequence[Sent], begin: datetime, end: datetime) -> list[Sent]:
    """What falls into the window, in order of time."""
    return sorted(
        (s for s in sent if begin <= s.at < end), key=lambda s: (s.at, WHATS.index(s.what), s.to, s.session or "")
    )


def play(
    sessions: Sequence[Appointment],
    names: Sequence[str],
    patient: Receiver,
    therapist: Receiver,
    plan: Plan,
    begin: datetime,
    end: datetime,
    earlier: int = 0,
) -> list[Sent]:
    """Everything about these sessions, in no order; `names` are their wall times, by position."""
    name = {session.id: word for session, word in zip(sessions, names, strict=True)}
    sent: list[Sent] = []
    for planned in check_ins(sessions, patient, therapist, plan, earlier):
        zone = patient.zone if planned.voice == "patient" else therapist.zone
        moments: list[tuple[What, datetime | None]] = [
            (planned.kind, planned.opens), ("reminder", planned.reminds), ("closes", planned.closes),
        ]  # fmt: skip
        if planned.why is None:
            about = name[planned.session]
            sent += [Sent(at, planned.voice, what, about, zone) for what, at in moments if at is not None]
    for digest in digests(sessions, plan, earlier):
        sent.append(Sent(digest.at, "therapist", "digest", name[digest.session], therapist.zone))
    weekly = weekly_after(begin - timedelta(microseconds=1), therapist.zone, plan)
    while weekly < end:
        sent.append(Sent(weekly, "therapist", "weekly", None, therapist.zone))
        weekly = weekly_after(weekly, therapist.zone, plan)
    return sent
