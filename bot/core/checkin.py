"""One check-in: its states, where the person is in it, and what is due about it when. What a tap does: `taps`.

States of the row: planned -> open -> answered | missed; or excused | not_asked. While it is open the person is on a
screen: ready, question (or form: the therapist's one message), summary, change, later, put_off, not_met.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.core.form import Key
from bot.core.history import Answer
from bot.core.plan import Plan
from bot.core.questionnaire import Voice
from bot.core.schedule import Kind
from bot.core.walltime import after_quiet, at_local, local_date, zone_of

State = Literal["planned", "open", "answered", "missed", "excused", "not_asked"]
Screen = Literal["ready", "question", "form", "summary", "change", "later", "put_off", "not_met"]

TAP_LIVES = timedelta(seconds=150)
"""So long Telegram keeps a pressed button for a bot that does not fetch it (telegram-bot-api, Client.cpp)."""
LONG_OFFLINE = timedelta(minutes=10)

WORKING: tuple[Screen, ...] = ("question", "form", "summary", "change", "later", "not_met")
"""Screens that show something another person should not read: they hide themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the person is in the form. `turn` counts the screens shown, `at` is the question's number in the form."""

    screen: Screen = "ready"
    at: int = 0
    turn: int = 0
    hidden: bool = False
    started: bool = False
    touched: datetime | None = None  # last tap; five idle minutes later the screen hides itself
    again: datetime | None = None  # "Later": asked again then
    reminded: bool = False


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One asking of one person about one session."""

    id: str
    voice: Voice
    kind: Kind
    state: State
    zone: str
    closes: datetime
    answers: Mapping[Key, Answer] = field(default_factory=dict)
    place: Place = Place()
    reminds: datetime | None = None
    late: bool = False


# ------------------------------------------------------------------------------------------------ time


def last_moment(check_in: CheckIn, plan: Plan) -> datetime:
    """Until when it can be sent in time: whoever started within the window may finish a little after the closing."""
    grace = plan.patient_finish_within if check_in.place.started else timedelta(0)
    return check_in.closes + grace


def is_over(check_in: CheckIn, now: datetime, plan: Plan) -> bool:
    """Whether nothing can be answered any more, not even late (which is kept, and marked)."""
    if check_in.voice == "patient":
        return check_in.state not in ("open", "missed") or now > last_moment(check_in, plan) + plan.patient_late_for
    return check_in.state != "open" or now > last_moment(check_in, plan)


def next_due(check_in: CheckIn, opens: datetime, plan: Plan) -> datetime | None:
    """When the tick must look at this check-in again; None: never."""
    place, moments = check_in.place, []
    if check_in.state == "planned":
        return opens
    if check_in.state not in ("open", "missed"):
        return None
    if place.screen in WORKING and not place.hidden and place.touched is not None:
        moments.append(place.touched + plan.hide_after)
    if check_in.state == "open":
        moments.append(last_moment(check_in, plan))
        moments += [at for at in (place.again, None if place.reminded else check_in.reminds) if at is not None]
    return min(moments, default=None)


Due = Literal["close", "again", "remind", "hide"]


def due(check_in: CheckIn, now: datetime, plan: Plan) -> Due | None:
    """What the tick has to do about an opened check-in now: one thing at a time, the weightiest first."""
    place = check_in.place
    if check_in.state == "open":
        if now >= last_moment(check_in, plan):
            return "close"
        if place.again is not None and now >= place.again:
            return "again"
        if not place.reminded and check_in.reminds is not None and now >= check_in.reminds:
            return "remind"
    if check_in.state not in ("open", "missed") or place.screen not in WORKING or place.hidden:
        return None
    return "hide" if place.touched is not None and now >= place.touched + plan.hide_after else None


def after_due(check_in: CheckIn, what: Due) -> CheckIn:
    """The check-in once that was done. A screen that was being read is hidden: the fresh message stands for it."""
    place = replace(check_in.place, hidden=check_in.place.screen in WORKING, touched=None)
    if what == "close":
        return replace(check_in, state="missed", place=replace(place, screen="ready", again=None))
    if what == "again":
        place = replace(place, screen="ready" if place.screen == "put_off" else place.screen, again=None)
    if what == "remind":
        place = replace(place, reminded=True)
    return replace(check_in, place=place)


def held_back(check_in: CheckIn, what: Due, until: datetime) -> CheckIn:
    """A reminder that is due in quiet hours waits for their end; at or past the closing it does not come at all."""
    at = until if until < check_in.closes else None
    if what == "remind":
        return replace(check_in, reminds=at)
    return replace(check_in, place=replace(check_in.place, again=at))


def after_outage(check_in: CheckIn, offline: timedelta) -> CheckIn | None:
    """The check-in as it is offered again after nobody was heard for so long; None: it is left as it stands.

    A pressed button lives 150 s at Telegram. After a few minutes that matters to whoever was in the middle of it;
    after a longer time whoever has it open may have tapped in vain. What was put off comes by itself.
    """
    place = check_in.place
    at_work = place.screen in WORKING and not place.hidden
    if check_in.state != "open" or place.again is not None or offline < (TAP_LIVES if at_work else LONG_OFFLINE):
        return None
    return replace(check_in, place=replace(place, hidden=place.screen in WORKING, touched=None))


def times_to_ask_again(check_in: CheckIn, now: datetime, plan: Plan) -> list[tuple[str, datetime]]:
    """What [Later] offers: in an hour, tonight, tomorrow; never in quiet hours, never past the closing."""
    zone = zone_of(check_in.zone)
    today = local_date(now, zone)
    offers = [
        ("hour", now + timedelta(hours=1)),
        ("tonight", at_local(today, plan.evening, zone)),
        ("tomorrow", at_local(today + timedelta(days=1), plan.morning, zone)),
    ]
    until = last_moment(check_in, plan)
    awake = [o for o in offers if after_quiet(o[1], zone, plan.quiet_from, plan.quiet_until) == o[1]]
    return [(word, at) for word, at in awake if now < at < until]
