"""What is due now: open, remind, hide and close check-ins; announce digests and words. Each in its own transaction.

The tick has no timer: it is woken, by APScheduler every second and by whatever makes something due. A row whose work
raises is looked at again an hour later, so that one patient's bad data never stops the others.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from bot.alarming import alarm, look
from bot.announcing import announce, unread
from bot.calling import escalate
from bot.chat import login
from bot.chat.screens import asking, show
from bot.clock import Clock
from bot.config import Config
from bot.core import pilot
from bot.core.alarm import Duty
from bot.core.checkin import TAP_LIVES, after_due, due, held_back
from bot.core.findings import ticked
from bot.core.form import Asks, compose
from bot.core.history import History, answered
from bot.core.person import APART, GIVEN_UP, Pair
from bot.core.plan import Plan
from bot.core.schedule import Appointment, Receiver, closes_at, reminds_at
from bot.core.walltime import after_quiet
from bot.message import Message
from bot.offering import offer_again
from bot.second_route import SecondRoute
from bot.store import (
    appointments,
    calls,
    checkins,
    digests,
    histories,
    homework,
    inbox,
    logins,
    loops,
    outages,
    outbox,
    people,
    pilots,
    series,
)
from bot.store import due as due_moments
from bot.store.checkins import Kept
from bot.store.engine import Store
from bot.store.errors import StoreError

Id = TypeVar("Id", int, str)
log = logging.getLogger(__name__)

AT_ONCE = 100  # rows between two looks at what is due
TOGETHER = 5  # of them at once: a tap that comes meanwhile waits behind these
AN_HOUR = timedelta(hours=1)
OFFER_FROM = TAP_LIVES  # what was tapped longer ago is lost at Telegram
SECOND_ASKING = 3  # "not yet talked about" is asked once more after this session
INBOX_KEPT = timedelta(days=2)


class Ticks:
    """Runs what is due, whenever woken."""

    def __init__(self, store: Store, config: Config, clock: Clock, deliver: Callable[[], None]) -> None:
        self._store, self._config, self._clock, self._deliver = store, config, clock, deliver
        self._woken = asyncio.Event()
        self._working = False
        self._beaten: datetime | None = None
        self._watched: datetime | None = None
        self._duty: Duty = "off"
        self._deaf_since: datetime | None = None
        self._back_at: datetime | None = None
        self.second_route = SecondRoute(store, clock, config.alarms.command)
        self.worked_at: datetime | None = None
        """When the last tick began that went well to its end."""

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    def was_deaf(self, since: datetime) -> None:
        """Until now nobody was heard since an instant: the bot was stopped, or the Bot API could not be reached."""
        self._deaf_since = min(since, self._deaf_since or since)
        self.wake()

    @property
    def busy(self) -> bool:
        """Whether it works or is about to."""
        return self._working or self._woken.is_set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            self._working = True
            try:
                await self.tick()
            except StoreError as error:
                log.error("the tick found the database in trouble: %s", type(error).__name__)
            finally:
                self._working = False

    async def tick(self) -> None:
        """Everything that is due at this moment. Nearly always that is nothing, and one query says so."""
        now = self._clock.now()
        await self._sign_of_life(now)
        moments = await self._store.read(due_moments.moments)
        if due_now := {kind for kind, at in moments.items() if at <= now}:
            await self._work(due_now, now)
        await self._watch(now)
        self.worked_at = now

    async def _sign_of_life(self, now: datetime) -> None:
        """Leave one every minute; a long time without a tick inside this process (a suspended machine) is an outage."""
        since = self.worked_at
        if since is not None and self._clock.gap(since) >= outages.OUTAGE_FROM:
            self._deaf_since = min(since, self._deaf_since or since)
        if self._deaf_since is not None:
            await self._after_outage(self._deaf_since, now)
            self._deaf_since, self.worked_at = None, now
        if self._beaten is None or now - self._beaten >= outages.BEAT_EVERY:
            await self._store.write(outages.beat, now)
            self._beaten = now

    async def _after_outage(self, since: datetime, now: datetime) -> None:
        """Keep that it was, and offer again what people may have tapped in vain. Two may tell of the same outage."""
        since = max(since, self._back_at or since)
        if now - since >= OFFER_FROM:
            await offer_again(self._store, self._config, since, now)
        if now - since >= outages.OUTAGE_FROM:
            await self._store.write(outages.was_away, since, now)
        self._back_at = now

    async def _watch(self, now: datetime) -> None:
        """Once a minute: does the duty chat have to know something, and can it be told?"""
        if self._watched is not None and now - self._watched < outages.BEAT_EVERY:
            return
        self._watched = now
        try:
            duty, is_news, self.second_route.stuck = await self._store.read(look, self._config, now)
            if is_news:
                duty = await self._store.write(alarm, self._config, now)
                self._deliver()
        except StoreError:
            raise
        except Exception as error:  # what watches over the work never stops it
            log.error("no look at what is to be told the duty chat: %s", type(error).__name__)
            return
        if duty != self._duty and duty not in ("on", "off"):
            log.error("alarms do not arrive: the duty chat is %s", duty)
        self._duty = duty

    async def _work(self, kinds: Collection[str], now: datetime) -> None:
        """Do all that is due of these kinds, some rows at a time."""
        if "check_in" in kinds:
            await self._all(open_or_next, checkins.due_ids, checkins.postpone, now)
        if "digest" in kinds:
            await self._all(announce, digests.due_ids, digests.postpone, now)
        if "words" in kinds:
            await self._all(unread, loops.words_due, loops.words_again, now)
        if "link" in kinds:
            await self._all(login.hide, logins.due_ids, logins.postpone, now)
        if "call" in kinds:
            await self._all(escalate, calls.due_ids, calls.postpone, now)
        if "alert" in kinds or "call" in kinds:
            await self.second_route.go()
        self._deliver()

    async def housekeeping(self) -> None:
        """Once in a while: lay out the sessions of series further ahead, forget updates that are long done."""
        now = self._clock.now()
        for series_id, pair_id in await self._store.read(series.running_out, now):
            try:
                await self._store.write(_lay_out, series_id, pair_id, self._config, now)
            except StoreError:
                raise
            except Exception as error:  # one rule's bad row never stops the others
                log.error("sessions of series %s not laid out: %s", series_id, type(error).__name__)
        await self._store.write(inbox.forget_before, now - INBOX_KEPT)

    async def _all(
        self,
        work: Callable[[Connection, Id, Config, datetime], None],
        due_ids: Callable[[Connection, datetime, int], list[Id]],
        postpone: Callable[[Connection, Id, datetime], None],
        now: datetime,
    ) -> None:
        ids = await self._store.read(due_ids, now, AT_ONCE)
        while ids:
            for first in range(0, len(ids), TOGETHER):
                await self._each(work, postpone, ids[first : first + TOGETHER], now)
            self._deliver()  # with many due at once the first messages do not wait for the last check-in
            ids = await self._store.read(due_ids, now, AT_ONCE) if len(ids) == AT_ONCE else []

    async def _each(
        self,
        work: Callable[[Connection, Id, Config, datetime], None],
        postpone: Callable[[Connection, Id, datetime], None],
        ids: Sequence[Id],
        now: datetime,
    ) -> None:
        jobs = (self._store.write(work, row_id, self._config, now) for row_id in ids)
        for row_id, result in zip(ids, await asyncio.gather(*jobs, return_exceptions=True), strict=True):
            if isinstance(result, StoreError):
                raise result
            if isinstance(result, Exception):
                log.error("%s of %s failed: %s; again in an hour", work.__name__, row_id, type(result).__name__)
                await self._store.write(postpone, row_id, now + AN_HOUR)
            elif result is not None:
                raise result


def _lay_out(conn: Connection, series_id: int, pair_id: int, config: Config, now: datetime) -> None:
    series.lay_out(conn, series_id, now)
    appointments.replan(conn, pair_id, config.plan, now)


# ------------------------------------------------------------------------------------------------ check-ins


def open_or_next(conn: Connection, check_in_id: str, config: Config, now: datetime) -> None:
    """Do what is due about one check-in: open it, or remind, ask again, hide, close."""
    kept = checkins.by_check_in_id(conn, check_in_id)
    if kept.check_in.state == "planned":
        _open(conn, kept, config, now)
        return
    what = due(kept.check_in, now, config.plan)
    if what is None:  # it was looked at too early, or its state moved on
        checkins.put(conn, kept, config.plan)
        return
    if what in ("remind", "again") and (until := _quiet_until(conn, kept, config, now)) > now:
        checkins.put(conn, replace(kept, check_in=held_back(kept.check_in, what, until)), config.plan)
        return
    if what == "close" and outbox.drop_unsent(conn, check_in_id):
        checkins.settle(conn, check_in_id, "not_asked", "outage")
        return
    changed = replace(kept, check_in=after_due(kept.check_in, what))
    checkins.put(conn, changed, config.plan)
    if what in ("remind", "again"):
        turn = changed.check_in.place.turn
        plan = changed.plan(config.plan)
        _send(conn, changed, f"{what}:{check_in_id}:{turn}", "reminder", asking(changed, config, True), plan, now)
    elif kept.message_id is not None and kept.check_in.place.screen != "ready" and not config.on_page(kept.person):
        _edit(conn, changed, config, now, what)


def _quiet_until(conn: Connection, kept: Kept, config: Config, now: datetime) -> datetime:
    """When this person may be written to: now, at the end of quiet hours, or (away) not while this one is open."""
    who = appointments.receiver(conn, kept.person)
    if kept.check_in.voice == "patient" and who.is_away(now):
        return kept.check_in.closes
    plan = kept.plan(config.plan)
    return after_quiet(now, who.zone, plan.quiet_from, plan.quiet_until)


def _edit(conn: Connection, kept: Kept, config: Config, now: datetime, what: str) -> None:
    """Hide what was being read or put off. A "ready when you are" stays as it is: it may still be answered late."""
    form = compose(config.questionnaires.by_id, kept.asks or Asks(()), kept.check_in.voice)
    body = show(kept, form, config, now).to_json() | {"edit": kept.message_id, "turn": kept.check_in.place.turn}
    key = f"{what}:{kept.check_in.id}:{kept.check_in.place.turn}:{now.isoformat()}"
    outbox.add(conn, kept.person, key, "edit", body, now, about=kept.check_in.id)


def _send(conn: Connection, kept: Kept, key: str, kind: str, message: Message, plan: Plan, now: datetime) -> None:
    """A fresh message, as only that is noticed; the old one goes. It does not come any more once the person goes on,
    and if it has to wait, not in quiet hours.
    """
    quiet = [plan.quiet_from.isoformat(), plan.quiet_until.isoformat()]
    body = message.to_json() | {"replaces": kept.message_id, "turn": kept.check_in.place.turn, "quiet": quiet}
    outbox.add(conn, kept.person, key, kind, body, now, about=kept.check_in.id)


def _open(conn: Connection, kept: Kept, config: Config, now: datetime) -> None:
    """Open a check-in, or say why it is not asked. Quiet hours and days away are judged at this very moment."""
    pair, plan = people.pair_of(conn, kept.pair_id), kept.plan(config.plan)
    who = appointments.receiver(conn, kept.person)
    awake = after_quiet(now, who.zone, plan.quiet_from, plan.quiet_until)
    if awake > now:
        checkins.postpone(conn, kept.check_in.id, awake)
        return
    around = _around(conn, kept)
    if around is None:
        checkins.settle(conn, kept.check_in.id, "excused", "cancelled")
        return
    session, following, number = around
    closes = closes_at(session, following, kept.check_in.voice, kept.check_in.kind, now, plan)
    if pair.patient.state in GIVEN_UP:  # it is over for both
        checkins.settle(conn, kept.check_in.id, "excused", "stopped")
        return
    if kept.person.state not in APART and pilots.holds(conn, kept.person, kept.opens):
        checkins.settle(conn, kept.check_in.id, "excused", pilot.WHY)
        return
    planned_until = kept.check_in.closes
    if now < planned_until and kept.person.state not in APART and not kept.person.can_be_asked:
        # Not in yet, or the phone blocked us: whoever comes (back) before the closing is asked then.
        checkins.postpone(conn, kept.check_in.id, planned_until)
        return
    too_late = now >= closes or now > planned_until + plan.patient_late_for
    why = _why_not(kept, who, plan, number, now, too_late)
    if why == ("not_asked", "too late") and outages.last_in(conn, kept.opens, planned_until):
        why = ("not_asked", "outage")
    if why is not None:
        checkins.settle(conn, kept.check_in.id, *why)
        return
    asks = _asks(conn, pair, kept, config, number, now)
    asks = homework.in_words(conn, asks, kept.check_in.voice, kept.session_id)
    if not compose(config.questionnaires.by_id, asks, kept.check_in.voice).questions:
        checkins.settle(conn, kept.check_in.id, "not_asked", "nothing to ask")
        return
    reminds = reminds_at(kept.check_in.voice, kept.check_in.kind, now, closes, who, plan)
    opened = checkins.open_now(conn, replace(kept, asks=asks), reminds, closes, now, plan)
    _send(conn, opened, f"open:{kept.check_in.id}", "prompt", asking(opened, config), plan, now)


def _around(conn: Connection, kept: Kept) -> tuple[Appointment, Appointment | None, int] | None:
    """The session a check-in is about, the pair's next one, and the how-manieth of the pair it is.

    None if that session does not stand any more.
    """
    standing = [
        a for row in appointments.sessions_of(conn, kept.pair_id) if (a := appointments.as_appointment(row)).stands
    ]
    place = next((n for n, a in enumerate(standing) if a.id == kept.session_id), None)
    if place is None:
        return None
    return standing[place], standing[place + 1] if place + 1 < len(standing) else None, place + 1


def _why_not(
    kept: Kept, who: Receiver, plan: Plan, number: int, now: datetime, too_late: bool
) -> tuple[str, str] | None:
    """State and reason of a check-in that is not asked; None if it is."""
    if kept.person.state in APART:
        return "excused", "paused" if kept.person.state == "paused" else "stopped"
    if not kept.person.can_be_asked:
        return "not_asked", "not in yet" if kept.person.unreachable_since is None else "unreachable"
    if too_late:
        return "not_asked", "too late"
    if kept.check_in.voice == "patient" and (number - 1) % max(who.ask_every, plan.ask_every):
        return "excused", "every"
    if kept.check_in.voice == "patient" and who.is_away(now):
        return "excused", "away"
    return None


def _asks(conn: Connection, pair: Pair, kept: Kept, config: Config, number: int, now: datetime) -> Asks:
    """What exactly this check-in holds: frozen now."""
    names, voice = config.questionnaires.asked_by(*kept.plans), kept.check_in.voice
    history = histories.history_of(conn, pair.id, kept.starts + timedelta(microseconds=1), now)
    listed = tuple(goal for goal in history.goals if not goal.retired)
    before = _ticks_before(history, voice, {goal.id for goal in listed})
    if kept.check_in.kind == "homework":
        return Asks(names.homework, number)
    if voice == "therapist":
        last = _last_homework(conn, history, kept)
        plan = kept.plan(config.plan)
        asked = tuple(name for name in names.therapist if plan.homework or name not in names.homework)
        return Asks(asked, number, listed, before, last, plan.therapist_bond)
    asked, only = names.after_session, None
    if not checkins.answered_before(conn, kept):
        asked += names.after_first  # put off until there is an answer: the patient's hopes make the first goal
    elif number == SECOND_ASKING and (again := _not_yet(history)):
        asked, only = (*asked, "start"), {"start": again}
    return Asks(asked, number, listed, before, only=only)


def _ticks_before(
    history: History, voice: str, known: set[int]
) -> tuple[tuple[int | str, ...], int | str | None] | None:
    """What this side ticked last time, if all of it is still on the list."""
    sides = [s.patient if voice == "patient" else s.therapist for s in history.sessions]
    last = next((t for side in reversed(sides) if (t := ticked(side)) is not None), None)
    if last is None or not set(last.chosen) <= known | {"other"}:
        return None
    return last.chosen, last.top


def _last_homework(conn: Connection, history: History, kept: Kept) -> int | None:
    """The last earlier session, if it had homework: by the therapist's word, else by the patient's."""
    ids = [row.id for row in appointments.sessions_of(conn, kept.pair_id) if row.starts_at <= kept.starts]
    earlier = [(i, s) for i, s in zip(ids, history.sessions, strict=True) if s.state == "held" and i != kept.session_id]
    if not earlier:
        return None
    session_id, session = earlier[-1]
    said = [(answered(side.homework) or {}).get("given") for side in (session.therapist, session.patient)]
    return session_id if next((word for word in said if word is not None), None) == "yes" else None


def _not_yet(history: History) -> tuple[str, ...]:
    """The items of the start form that were "not yet talked about"."""
    forms = [answered(session.patient.start) or {} for session in history.sessions]
    return tuple(item for item in ("options", "say") if any(form.get(item) == "not_yet" for form in forms))
