"""How long what is kept is kept: spans such as "7 years", the night in which what is over goes, and what goes next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.core.walltime import at_local, local_date

Unit = Literal["days", "years"]
NIGHT = time(3, 30)
"""When it is done, by the clinic's clock: nobody taps, and the clocks have changed already on the nights they do."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """So many days, or years of the calendar."""

    count: int
    unit: Unit = "days"

    @property
    def days(self) -> int:
        """About so many days, to compare spans by."""
        return self.count * (365 if self.unit == "years" else 1)

    def before(self, now: datetime) -> datetime:
        """What happened before this instant has been kept so long by now. A 29th of February is kept a day longer."""
        if self.unit == "days":
            return now - timedelta(days=self.count)
        leap = now.month == 2 and now.day == 29
        return now.replace(year=now.year - self.count, day=28 if leap else now.day)

    def after(self, began: datetime) -> datetime:
        """Until when it is kept."""
        if self.unit == "days":
            return began + timedelta(days=self.count)
        if began.month == 2 and began.day == 29:
            began = began.replace(month=3, day=1)
        return began.replace(year=began.year + self.count)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of thing is kept, None: for good. `hold`: the law wants everything kept for now, so that
    nothing goes. `records`: everything about a patient, from the end of the treatment on.
    """

    hold: bool = False
    records: Span | None = None
    messages: Span | None = Span(90)
    invites: Span | None = Span(90)
    unread: Span | None = Span(30)
    log: Span | None = None

    @property
    def things(self) -> dict[str, Span]:
        """What goes besides records, by kind."""
        spans = {"messages": self.messages, "invites": self.invites, "unread": self.unread, "log": self.log}
        return {kind: span for kind, span in spans.items() if span is not None}


@dataclass(frozen=True, slots=True)
class Tonight:
    """What goes in the next night: whose records (codes), and how many of each other kind; whose record ends next."""

    codes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    next_code: str = ""
    next_at: datetime | None = None
    hold: bool = False
    keeps_records: bool = False  # no span says when a record ends

    @property
    def something(self) -> bool:
        """Whether anything goes, or would."""
        return bool(self.codes) or any(self.counts.values())


def last_night(now: datetime, zone: ZoneInfo) -> datetime:
    """The newest instant, not after now, at which the night's work was to begin."""
    today = at_local(local_date(now, zone), NIGHT, zone)
    return today if today <= now else at_local(local_date(now, zone) - ONE_DAY, NIGHT, zone)


def next_night(now: datetime, zone: ZoneInfo) -> datetime:
    """The instant after now at which it is to begin next."""
    day = local_date(now, zone)
    return next(at for n in range(3) if (at := at_local(day + n * ONE_DAY, NIGHT, zone)) > now)


def is_due(last: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the night's work was not done since the night began. The first time waits for a night to come."""
    return last is not None and (last < last_night(now, zone) or last > now)


# ------------------------------------------------------------------------------------------------ the night rehearsed

_GOING = (("messages", "old message"), ("invites", "old invite"), ("unread", "unread update"), ("log", "log line"))
MOST_CODES = 10


def rehearsed(tonight: Tonight) -> tuple[bool, str]:
    """Whether [retention] hold keeps something that would go; and what goes, and who is next, as a sentence."""
    goes = _what_goes(tonight)
    if tonight.hold:
        without = f"; without it would go tonight: {goes}" if goes else ""
        return bool(goes), f"[retention] hold keeps everything{without}."
    says = f"Tonight goes: {goes}." if goes else "Tonight nothing goes."
    if tonight.keeps_records:
        return False, f"{says} No patient's record ends: [retention] records says no time."
    after = f" The next record to end: {tonight.next_code}, on {tonight.next_at:%Y-%m-%d}." if tonight.next_at else ""
    return False, f"{says}{after}"


def _what_goes(tonight: Tonight) -> str:
    """ "the records of 2 patients (P-014, P-020), 1,204 old messages"; "" for nothing."""
    codes, many = tonight.codes, len(tonight.codes) - MOST_CODES
    named = ", ".join(codes[:MOST_CODES]) + (f" and {many} more" if many > 0 else "")
    parts = [f"the records of {counted(len(codes), 'patient')} ({named})"] if codes else []
    counts = ((tonight.counts.get(kind, 0), what) for kind, what in _GOING)
    parts += [counted(number, what) for number, what in counts if number]
    return ", ".join(parts)


def counted(number: int, what: str) -> str:
    """ "1 patient", "1,204 patients"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
