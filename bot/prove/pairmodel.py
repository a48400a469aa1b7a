"""A second, small telling of a check-in's life, for R5: values and arithmetic, and nothing of the bot's own code.

One therapist with two patients, all in one zone; four questions, each of which may be skipped; no homework. It says
what state each check-in is in and on which screen, after everything the desk, the people and the clock do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Denver")
QUESTIONS = 4
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LENGTH, GRACE, LATE, IDLE = HOUR, 30 * MINUTE, 7 * DAY, 5 * MINUTE
SHEETS = ("question", "form", "summary", "change", "later", "not_met")
"""Screens that hide themselves."""
Key = tuple[int, str]
"""Which session, whose check-in: "patient" or "therapist"."""


def awake(at: datetime) -> datetime:
    """That moment, or eight in the morning if it is night."""
    wall = at.astimezone(ZONE)
    if time(8) <= wall.time() < time(21):
        return at
    day = wall.date() + (DAY if wall.hour >= 21 else timedelta())
    return datetime.combine(day, time(8), ZONE).astimezone(at.tzinfo)


@dataclass(slots=True)
class Session:
    """A session of one patient."""

    patient: str
    starts: datetime
    state: str = "planned"

    @property
    def ends(self) -> datetime:
        """An hour later."""
        return self.starts + LENGTH

    @property
    def stands(self) -> bool:
        """Whether people meet, or met."""
        return self.state in ("planned", "held")


@dataclass(slots=True)
class CheckIn:
    """One asking."""

    voice: str
    opens: datetime
    closes: datetime
    state: str = "planned"
    why: str = ""
    opened: datetime | None = None
    reminds: datetime | None = None
    reminded: bool = False
    screen: str = "ready"
    at: int = 0
    turn: int = 0
    hidden: bool = False
    started: bool = False
    touched: datetime | None = None
    again: datetime | None = None
    late: bool = False
    answers: dict[int, int | None] = field(default_factory=dict)

    @property
    def ends(self) -> datetime:
        """Until when it can be sent in time."""
        return self.closes + (GRACE if self.started else timedelta())

    def is_over(self, now: datetime) -> bool:
        """Whether a tap changes nothing any more."""
        if self.voice == "patient":
            return self.state not in ("open", "missed") or now > self.ends + LATE
        return self.state != "open" or now > self.ends

    def shown(self) -> tuple[object, ...]:
        """What is compared."""
        place = (self.screen, self.turn, self.hidden, self.started, self.reminded, self.again is not None)
        return self.state, *place, self.at if self.screen == "question" else None, self.late, dict(self.answers)

    # ---------------------------------------------------------------------------------------- taps

    def go(self, screen: str, now: datetime, at: int = 0) -> None:
        """To another screen."""
        self.screen, self.at, self.turn, self.hidden = screen, at, self.turn + 1, False
        self.started = self.started or screen not in ("later", "put_off")
        self.touched, self.again = now, None

    def onward(self, now: datetime) -> None:
        """To the next question without an answer, or to the end."""
        left = [n for n in range(QUESTIONS) if n not in self.answers]
        if self.voice == "therapist":
            self.go("form", now)
        elif left:
            self.go("question", now, left[0])
        else:
            self.go("summary", now)

    def begin(self, now: datetime) -> None:
        """[Begin] or [Continue]."""
        if self.hidden and self.screen in SHEETS:
            self.go(self.screen, now, self.at)
        else:
            self.onward(now)

    def answer(self, question: int, value: int | None, now: datetime) -> None:
        """A choice, or [Skip]."""
        self.answers[question] = value
        self.onward(now)

    def back(self, now: datetime) -> None:
        """[Back]."""
        if self.screen == "change":
            self.go("summary", now)
        elif self.screen in ("later", "not_met"):
            self.onward(now)
        else:
            before = self.at - 1 if self.screen == "question" else QUESTIONS - 1
            self.go("question", now, max(before, 0))

    def hide(self) -> None:
        """[Hide]."""
        self.hidden, self.turn, self.touched = True, self.turn + 1, None

    def send(self, now: datetime, nothing: bool = False) -> None:
        """[Send]; `nothing`: [Skip this form]."""
        if self.voice == "therapist" and not self.answers and not nothing:
            self.touched = now  # a slip
            return
        self.late = self.state == "missed" or now > self.ends
        self.answers = {n: None if nothing else self.answers.get(n) for n in range(QUESTIONS)}
        self.go("summary", now)
        self.state = "answered"

    def offers(self, now: datetime) -> dict[str, datetime]:
        """What [Later] offers."""
        day = now.astimezone(ZONE).date()
        evening = datetime.combine(day, time(19), ZONE).astimezone(now.tzinfo)
        morning = datetime.combine(day + DAY, time(8), ZONE).astimezone(now.tzinfo)
        made = {"hour": now + HOUR, "tonight": evening, "tomorrow": morning}
        return {word: at for word, at in made.items() if awake(at) == at and now < at < self.ends}

    def put_off(self, until: datetime, now: datetime) -> None:
        """One of them."""
        self.go("put_off", now)
        self.again, self.touched = until, None


@dataclass(slots=True)
class Model:
    """The clinic."""

    now: datetime
    sessions: dict[int, Session] = field(default_factory=dict)
    check_ins: dict[Key, CheckIn] = field(default_factory=dict)
    away: dict[str, set[date]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)

    # ---------------------------------------------------------------------------------------- the desk

    def is_taken(self, starts: datetime, but: int | None = None) -> bool:
        """Whether the therapist has another session then."""
        others = (one for number, one in self.sessions.items() if number != but and one.state != "cancelled")
        return any(one.starts < starts + LENGTH and one.ends > starts for one in others)

    def standing(self, patient: str) -> list[tuple[int, Session]]:
        """The patient's sessions that take place, in order."""
        mine = [(number, one) for number, one in self.sessions.items() if one.patient == patient and one.stands]
        return sorted(mine, key=lambda pair: (pair[1].starts, pair[0]))

    def following(self, number: int) -> Session | None:
        """The patient's next session after this one."""
        own = self.sessions[number]
        return next((one for _, one in self.standing(own.patient) if one.starts > own.starts), None)

    def closes(self, number: int, voice: str, opened: datetime) -> datetime:
        """When a check-in that opened then is closed."""
        following = self.following(number)
        if voice == "therapist":
            return following.starts if following else opened + 7 * DAY
        return min(opened + 3 * DAY, following.starts - 2 * HOUR) if following else opened + 3 * DAY

    def plan(self, patient: str) -> None:
        """After any change at the desk: what is still to come goes by the sessions as they are now."""
        for number, session in self.standing(patient):
            for voice, wait in (("patient", HOUR), ("therapist", timedelta())):
                self._plan_one((number, voice), session, awake(session.ends + wait))
        for number in [n for n, one in self.sessions.items() if one.patient == patient and not one.stands]:
            for voice in ("patient", "therapist"):
                self._called_off((number, voice))

    def _plan_one(self, key: Key, session: Session, opens: datetime) -> None:
        kept, closes = self.check_ins.get(key), self.closes(*key, opens)
        if kept is None or self._is_void(kept, session):
            self.check_ins[key] = CheckIn(key[1], opens, closes)
        elif kept.state == "planned":
            kept.opens, kept.closes = opens, closes
        elif kept.state == "open" and kept.opened is not None:
            kept.closes = self.closes(*key, kept.opened)

    def _is_void(self, kept: CheckIn, session: Session) -> bool:
        if kept.state in ("planned", "answered"):
            return False
        return session.ends > self.now or (kept.state == "excused" and kept.why in ("not_met", "cancelled"))

    def _called_off(self, key: Key) -> None:
        kept = self.check_ins.get(key)
        if kept is not None and kept.state == "planned":
            del self.check_ins[key]
        elif kept is not None and kept.state == "open":
            kept.state, kept.why = "excused", "cancelled"

    def did_not_meet(self, number: int) -> None:
        """Somebody says so: both sides' check-ins are void."""
        for voice in ("patient", "therapist"):
            kept = self.check_ins.get((number, voice))
            if kept is not None and kept.state in ("planned", "open", "missed"):
                kept.state, kept.why = "excused", "not_met"
        self.sessions[number].state = "missed"
        self.plan(self.sessions[number].patient)

    def pause(self, patient: str) -> None:
        """Nothing is asked of this patient; what is open is excused."""
        self.paused.add(patient)
        for (number, voice), kept in self.check_ins.items():
            if voice == "patient" and kept.state == "open" and self.sessions[number].patient == patient:
                kept.state, kept.why = "excused", "paused"

    # ---------------------------------------------------------------------------------------- the clock

    def is_away(self, key: Key, at: datetime) -> bool:
        """Whether the person asked is away that day."""
        return key[1] == "patient" and at.astimezone(ZONE).date() in self.away.get(self.sessions[key[0]].patient, set())

    def next_event(self) -> datetime | None:
        """When the clock changes something."""
        return min((at for at, _, _ in self._events()), default=None)

    def _events(self) -> Iterator[tuple[datetime, int, Key]]:
        for key, one in self.check_ins.items():
            if one.state == "planned":
                yield awake(max(one.opens, self.now)), 0, key
            elif one.state == "open":
                moments = (one.ends, one.again, None if one.reminded else one.reminds)
                yield from ((max(at, self.now), n, key) for n, at in enumerate(moments, 1) if at is not None)
            if one.state in ("open", "missed") and one.screen in SHEETS and not one.hidden and one.touched:
                yield one.touched + IDLE, 4, key

    def advance(self, to: datetime) -> None:
        """Let the time pass."""
        while (event := min(self._events(), default=None)) is not None and event[0] <= to:
            self.now = max(self.now, event[0])
            self._happen(event[1], event[2])
        self.now = max(self.now, to)

    def _happen(self, what: int, key: Key) -> None:
        one = self.check_ins[key]
        if what == 0:
            self._open(key, one)
        elif what in (2, 3) and (self.is_away(key, self.now) or awake(self.now) > self.now):
            until = None if self.is_away(key, self.now) or awake(self.now) >= one.closes else awake(self.now)
            one.again, one.reminds = (until, one.reminds) if what == 2 else (one.again, until)
        else:
            one.hidden, one.touched = one.screen in SHEETS, None
            if what == 1:
                one.state, one.screen, one.again = "missed", "ready", None
            if what == 2:
                one.screen, one.again = "ready" if one.screen == "put_off" else one.screen, None
            one.reminded = one.reminded or what == 3

    def _open(self, key: Key, one: CheckIn) -> None:
        closes = self.closes(*key, self.now)
        if key[1] == "patient" and self.sessions[key[0]].patient in self.paused:
            one.state, one.why = "excused", "paused"
        elif self.now >= closes or self.now > one.closes + LATE:
            one.state = "not_asked"
        elif self.is_away(key, self.now):
            one.state, one.why = "excused", "away"
        else:
            one.state, one.opened, one.closes = "open", self.now, closes
            reminds = awake(self.now + DAY)
            one.reminds = None if reminds >= closes or self.is_away(key, reminds) else reminds
