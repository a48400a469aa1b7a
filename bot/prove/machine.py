"""R5: what can happen: at the desk, to the clock and the machine, on the phones; to the bot and to its model."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot.prove.pairmodel import HOUR, QUESTIONS, ZONE, CheckIn, Session
from bot.prove.pairworld import PATIENTS, STRANGER
from bot.prove.stepping import Compared, Differs
from bot.prove.world import STARTS

LATEST = STARTS + timedelta(days=24)
HOURS = st.sampled_from((9, 11, 14, 16, 18))
DAYS = st.integers(0, 9)
FIRST_HOURS = (9, 11)
ITEMS, VALUES = st.integers(0, QUESTIONS - 1), st.integers(1, 5)
WHO = st.sampled_from(PATIENTS)


class Pair(Compared):
    """A therapist with two patients, who have a session on the first day."""

    def __init__(self) -> None:
        super().__init__()
        for who, hour in zip(PATIENTS, FIRST_HOURS, strict=True):
            self.a_session_is_set(who, 1, hour)

    # ---------------------------------------------------------------------------------------- the desk

    @precondition(lambda self: len(self.model.sessions) < 12)
    @rule(who=WHO, day=DAYS, hour=HOURS)
    def a_session_is_set(self, who: str, day: int, hour: int) -> None:
        """On a day from today on, or later."""
        starts = self._wall(day, hour)
        taken, before = self.model.is_taken(starts), len(self.world.states())
        self.desk("add_session", who, f"{starts.astimezone(ZONE):%Y-%m-%dT%H:%M}", None)
        made = sorted(self.world.states())
        if taken != (len(made) == before):
            raise Differs(f"{who} at {starts}: taken is {taken}, and there are {len(made)} sessions after {before}")
        if not taken:
            self.model.sessions[made[-1]] = Session(who, starts)
            self.model.plan(who)
        self.then("a session is set")

    def _wall(self, day: int, hour: int) -> datetime:
        local = self.model.now.astimezone(ZONE) + timedelta(days=day - 1)
        return local.replace(hour=hour, minute=0, second=0, microsecond=0).astimezone(STARTS.tzinfo)

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data(), day=DAYS, hour=HOURS)
    def a_session_is_moved(self, data: st.DataObject, day: int, hour: int) -> None:
        """To another day, or hour."""
        number = data.draw(st.sampled_from(sorted(self.model.sessions)))
        session, starts = self.model.sessions[number], self._wall(day, hour)
        self.desk("move_session", number, f"{starts.astimezone(ZONE):%Y-%m-%dT%H:%M}")
        if not self.model.is_taken(starts, but=number):
            session.starts, session.state = starts, "planned"
            self.model.plan(session.patient)
        self.then("a session is moved")

    def _marked(self, data: st.DataObject, state: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.sessions)))
        self.desk("mark_session", number, state)
        self.model.sessions[number].state = state
        self.model.plan(self.model.sessions[number].patient)
        self.then(f"a session is {state}")

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data())
    def a_session_is_cancelled(self, data: st.DataObject) -> None:
        """Whenever it is."""
        self._marked(data, "cancelled")

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data())
    def a_session_was_missed(self, data: st.DataObject) -> None:
        """Whenever it is."""
        self._marked(data, "missed")

    @precondition(lambda self: self.model.sessions)
    @rule(data=st.data())
    def a_session_was_held(self, data: st.DataObject) -> None:
        """Also one that was called off."""
        self._marked(data, "held")

    @precondition(lambda self: not self.model.paused)
    @rule(who=WHO)
    def a_patient_is_paused(self, who: str) -> None:
        """Or is already."""
        self.desk("pause", who)
        self.model.pause(who) if who not in self.model.paused else None
        self.then("a patient is paused")

    @precondition(lambda self: self.model.paused)
    @rule(data=st.data())
    def a_patient_resumes(self, data: st.DataObject) -> None:
        """The end of the pause."""
        who = data.draw(st.sampled_from(sorted(self.model.paused)))
        self.desk("resume", who)
        self.model.paused.discard(who)
        self.model.plan(who)
        self.then("a patient resumes")

    @precondition(lambda self: not any(self.model.away.values()))
    @rule(who=WHO, day=st.integers(0, 6), days=st.integers(1, 3))
    def a_patient_is_away(self, who: str, day: int, days: int) -> None:
        """From a day on, for some days."""
        first = self.model.now.astimezone(ZONE).date() + timedelta(days=day)
        last = first + timedelta(days=days - 1)
        self.desk("set_away", who, f"{first}..{last}")
        self.model.away.setdefault(who, set()).update(first + timedelta(days=n) for n in range(days))
        self.model.plan(who)
        self.then("a patient is away")

    @precondition(lambda self: any(self.model.away.values()))
    @rule(data=st.data())
    def a_patient_is_not_away_after_all(self, data: st.DataObject) -> None:
        """From today on."""
        who = data.draw(st.sampled_from(sorted(code for code, days in self.model.away.items() if days)))
        today = self.model.now.astimezone(ZONE).date()
        self.desk("remove_away", who, None)
        self.model.away[who] = {day for day in self.model.away[who] if day < today}
        self.model.plan(who)
        self.then("a patient is not away after all")

    # ---------------------------------------------------------------------------------------- the clock and the machine

    def _passes(self, name: str, span: timedelta, data: st.DataObject) -> None:
        """Time passes, and often somebody looks at the phone then."""
        if self.model.now + span < LATEST:
            self.then(name, span.total_seconds())
            if data.draw(st.booleans()):
                self._tapped(data, data.draw(st.integers(2, 10)))

    @rule(data=st.data(), minutes=st.sampled_from((2, 7, 33)))
    def minutes_pass(self, data: st.DataObject, minutes: int) -> None:
        """Some."""
        self._passes("minutes pass", timedelta(minutes=minutes), data)

    @rule(data=st.data(), hours=st.sampled_from((1, 3, 9)))
    def hours_pass(self, data: st.DataObject, hours: int) -> None:
        """Some."""
        self._passes("hours pass", hours * HOUR, data)

    @precondition(lambda self: not self.keys(self._has_hide))
    @rule(data=st.data())
    def a_day_passes(self, data: st.DataObject) -> None:
        """One."""
        self._passes("a day passes", timedelta(days=1), data)

    @precondition(lambda self: self.model.next_event() is not None)
    @rule(data=st.data())
    def the_next_thing_happens(self, data: st.DataObject) -> None:
        """Until just after something is due."""
        event = self.model.next_event()
        assert event is not None
        span = max(event - self.model.now, timedelta()) + timedelta(seconds=20)
        self._passes("the next thing happens", span, data)

    @rule()
    def the_bot_is_killed(self) -> None:
        """And is back at once."""
        self.world.made.life.kill()
        self.world.run(self.world.made.bury())
        self.world.run(self.world.made.start())
        self.then("the bot is killed")

    @rule()
    def the_bot_is_stopped(self) -> None:
        """As a deploy does."""
        self.world.run(self.world.made.stop())
        self.world.run(self.world.made.start())
        self.then("the bot is stopped")

    # ---------------------------------------------------------------------------------------- taps

    @precondition(lambda self: self.keys(lambda one: one.hidden or one.screen in ("ready", "put_off")))
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Begin, or go on."""
        key, one = self.drawn(data, lambda one: one.hidden or one.screen in ("ready", "put_off"))
        self.press(key, "begin")
        one.begin(self.model.now)
        self.then("begin")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "question"))
    @rule(data=st.data())
    def pick(self, data: st.DataObject) -> None:
        """An answer."""
        value = data.draw(VALUES)
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "question")
        self.press(key, "pick", one.at, value - 1)
        one.answer(one.at, value, self.model.now)
        self.then("pick")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "form"))
    @rule(data=st.data())
    def pick_on_the_form(self, data: st.DataObject) -> None:
        """The therapist's answer."""
        question, value = data.draw(ITEMS), data.draw(VALUES)
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "form")
        self.press(key, "pick", question, value - 1)
        one.answer(question, value, self.model.now)
        self.then("pick on the form")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "question"))
    @rule(data=st.data())
    def skip(self, data: st.DataObject) -> None:
        """No answer."""
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "question")
        self.press(key, "skip", one.at)
        one.answer(one.at, None, self.model.now)
        self.then("skip")

    @staticmethod
    def _has_back(one: CheckIn) -> bool:
        sheets = ("summary", "change", "later", "not_met")
        return not one.hidden and (one.screen in sheets or (one.screen == "question" and one.at > 0))

    @precondition(lambda self: self.keys(self._has_back))
    @rule(data=st.data())
    def back(self, data: st.DataObject) -> None:
        """The screen before."""
        key, one = self.drawn(data, self._has_back)
        self.press(key, "back")
        one.back(self.model.now)
        self.then("back")

    @staticmethod
    def _has_later(one: CheckIn) -> bool:
        ready = one.screen == "ready" and one.voice == "patient"
        return not one.hidden and one.state == "open" and (ready or one.screen in ("question", "form"))

    @precondition(lambda self: self.keys(self._has_later))
    @rule(data=st.data())
    def later(self, data: st.DataObject) -> None:
        """Not now."""
        key, one = self.drawn(data, self._has_later)
        self.press(key, "later")
        one.go("later", self.model.now, one.at)
        self.then("later")

    def _can_put_off(self, one: CheckIn) -> bool:
        return not one.hidden and one.screen == "later" and bool(one.offers(self.model.now))

    @precondition(lambda self: self.keys(self._can_put_off))
    @rule(data=st.data())
    def put_off(self, data: st.DataObject) -> None:
        """In an hour, tonight, tomorrow."""
        key, one = self.drawn(data, self._can_put_off)
        word = data.draw(st.sampled_from(sorted(one.offers(self.model.now))))
        self.press(key, "again", word)
        one.put_off(one.offers(self.model.now)[word], self.model.now)
        self.then("put off")

    @staticmethod
    def _has_hide(one: CheckIn) -> bool:
        return not one.hidden and one.screen in ("question", "form", "summary", "change", "later", "not_met")

    @precondition(lambda self: self.keys(self._has_hide))
    @rule(data=st.data())
    def hide(self, data: st.DataObject) -> None:
        """Somebody looks over the shoulder."""
        key, one = self.drawn(data, self._has_hide)
        self.press(key, "hide")
        one.hide()
        self.then("hide")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "summary"))
    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        """Which answer?"""
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "summary")
        self.press(key, "change")
        one.go("change", self.model.now, one.at)
        self.then("change")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "change"))
    @rule(data=st.data())
    def go_to(self, data: st.DataObject) -> None:
        """This one."""
        question = data.draw(ITEMS)
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "change")
        self.press(key, "goto", question)
        one.go("question", self.model.now, question)
        self.then("go to")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen in ("summary", "form")))
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        """Done."""
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen in ("summary", "form"))
        self.press(key, "send")
        one.send(self.model.now)
        self.then("send")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "form"))
    @rule(data=st.data())
    def skip_the_form(self, data: st.DataObject) -> None:
        """Nothing to say this time."""
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "form")
        self.press(key, "pass")
        one.send(self.model.now, nothing=True)
        self.then("skip the form")

    @staticmethod
    def _has_not_met(one: CheckIn) -> bool:
        return not one.hidden and (one.screen == "form" or (one.screen == "question" and one.at == 0))

    @precondition(lambda self: self.keys(self._has_not_met))
    @rule(data=st.data())
    def not_met(self, data: st.DataObject) -> None:
        """Is that so?"""
        key, one = self.drawn(data, self._has_not_met)
        self.press(key, "not_met")
        one.go("not_met", self.model.now, one.at)
        self.then("not met")

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "not_met"))
    @rule(data=st.data())
    def did_not_meet(self, data: st.DataObject) -> None:
        """It is."""
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "not_met")
        self.press(key, "did_not_meet")
        one.state, one.why = "excused", "not_met"
        self.model.did_not_meet(key[0])
        self.then("did not meet")

    @precondition(lambda self: self.keys(lambda one: True))  # noqa: ARG005
    @rule(data=st.data(), taps=st.integers(2, 8))
    def a_while_with_the_phone(self, data: st.DataObject, taps: int) -> None:
        """Several taps."""
        self._tapped(data, taps)

    def _tapped(self, data: st.DataObject, taps: int) -> None:
        """One after the other, of those that can be made."""
        for _ in range(taps):
            possible = [name for name, (fits, _) in self._taps().items() if self.keys(fits)]
            if not possible:
                return
            self._taps()[data.draw(st.sampled_from(possible))][1](data)

    def _taps(self) -> dict[str, tuple[Callable[[CheckIn], bool], Callable[[st.DataObject], None]]]:
        def on(*screens: str) -> Callable[[CheckIn], bool]:
            return lambda one: not one.hidden and one.screen in screens

        begins, picks = (lambda one: one.hidden or one.screen in ("ready", "put_off")), on("question")
        return {
            "pick": (picks, self.pick), "more": (picks, self.pick), "most": (picks, self.pick),
            "begin": (begins, self.begin), "skip": (picks, self.skip), "twice": (picks, self.pick_twice),
            "form": (on("form"), self.pick_on_the_form), "back": (self._has_back, self.back),
            "later": (self._has_later, self.later), "put off": (self._can_put_off, self.put_off),
            "hide": (self._has_hide, self.hide), "change": (on("summary"), self.change),
            "other": (on("summary"), self.change), "goto": (on("change"), self.go_to), "to": (on("change"), self.go_to),
            "send": (on("summary", "form"), self.send), "pass": (on("form"), self.skip_the_form),
            "not met": (self._has_not_met, self.not_met), "did not": (on("not_met"), self.did_not_meet),
        }  # fmt: skip

    # ---------------------------------------------------------------------------------------- taps that change nothing

    @precondition(lambda self: self.keys(lambda one: not one.hidden and one.screen == "question"))
    @rule(data=st.data())
    def pick_twice(self, data: st.DataObject) -> None:
        """A double tap counts once."""
        key, one = self.drawn(data, lambda one: not one.hidden and one.screen == "question")
        sent, message = self.press(key, "pick", one.at, 2)
        self.world.made.phone(self.model.sessions[key[0]].patient).press(sent, message)
        one.answer(one.at, 3, self.model.now)
        self.then("pick twice")

    @precondition(lambda self: self.keys(lambda one: one.state == "open"))
    @rule(data=st.data())
    def somebody_else_presses(self, data: st.DataObject) -> None:
        """A button of somebody else's, as a forged client could send it."""
        key, one = self.drawn(data, lambda one: one.state == "open")
        made = self.world.made
        made.phone(STRANGER).press(f"c:{self.ids[key]}:{one.turn}:b", 1)
        others = [code for code in PATIENTS if key[1] == "therapist" or code != self.model.sessions[key[0]].patient]
        made.phone(others[0]).press(f"c:{self.ids[key]}:{one.turn}:b", 1)
        self.then("somebody else presses")

    @rule(who=WHO)
    def words(self, who: str) -> None:
        """A command that is about something else."""
        self.world.made.phone(who).say("/help")
        self.then("words")
