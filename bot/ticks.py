"""What is due now: open, remind, hide and close check-ins; announce digests and words. Each in its own transaction.

The tick has no timer: it is woken, by APScheduler every second and by whatever makes something due. A row whose work
raises is looked at again an hour later, so that one patient's bad data never stops the others.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from bot.alarming import alarm, look
from bot.announcing import announce, unread
from bot.calling import escalate
from bot.chat import login
from bot.checkin_due import open_or_next, ready_to_open
from bot.clock import Clock
from bot.config import Config
from bot.core.alarm import Duty
from bot.core.checkin import TAP_LIVES
from bot.offering import offer_again
from bot.second_route import SecondRoute
from bot.store import appointments, calls, checkins, digests, inbox, logins, loops, outages, series
from bot.store import due as due_moments
from bot.store.engine import Store
from bot.store.errors import StoreError

Id = TypeVar("Id", int, str)
log = logging.getLogger(__name__)

AT_ONCE = 100  # rows of each kind between two looks at what is due
TOGETHER = 5  # of them at once: a tap that comes meanwhile waits behind these
AN_HOUR = timedelta(hours=1)
OFFER_FROM = TAP_LIVES  # what was tapped longer ago is lost at Telegram
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
        """Do what is due of these kinds, some rows of each: with many due, none waits for the end of another."""
        if "check_in" in kinds:
            await self._some(open_or_next, checkins.due_ids, checkins.postpone, now)
            await self._some(open_or_next, ready_to_open, checkins.postpone, now)
        if "digest" in kinds:
            await self._some(announce, digests.due_ids, digests.postpone, now)
        if "words" in kinds:
            await self._some(unread, loops.words_due, loops.words_again, now)
        if "link" in kinds:
            await self._some(login.hide, logins.due_ids, logins.postpone, now)
        if "call" in kinds:
            await self._some(escalate, calls.due_ids, calls.postpone, now)
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
        while old := await self._store.read(inbox.done_before, now - INBOX_KEPT):
            await self._store.write_in_turn(inbox.forget, old)

    async def _some(
        self,
        work: Callable[[Connection, Id, Config, datetime], None],
        due_ids: Callable[[Connection, datetime, int], list[Id]],
        postpone: Callable[[Connection, Id, datetime], None],
        now: datetime,
    ) -> None:
        """What is due of one kind; if there may be more, the next tick follows at once."""
        ids = await self._store.read(due_ids, now, AT_ONCE)
        for first in range(0, len(ids), TOGETHER):
            await self._each(work, postpone, ids[first : first + TOGETHER], now)
        if len(ids) == AT_ONCE:
            self.wake()

    async def _each(
        self,
        work: Callable[[Connection, Id, Config, datetime], None],
        postpone: Callable[[Connection, Id, datetime], None],
        ids: Sequence[Id],
        now: datetime,
    ) -> None:
        jobs = (self._store.write_in_turn(work, row_id, self._config, now) for row_id in ids)
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
