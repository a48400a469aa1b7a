"""Wiring only: config, database, Telegram, tick and delivery; a clean start and a clean stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from telegram import Bot, BotCommand
from telegram.error import InvalidToken, TelegramError

from bot.chat import joining
from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.core import alarm, second_route
from bot.core.checkin import TAP_LIVES
from bot.delivery import Delivery
from bot.erasing import carry_out
from bot.forwarding import EVERY_S, Forward
from bot.heartbeat import Heartbeat
from bot.inbox import Inbox
from bot.render import phrase
from bot.store import alerts, lock, outages, people, wordings, zone_data
from bot.store.encrypting import left_undone
from bot.store.engine import Store
from bot.store.errors import ChangedWording
from bot.ticks import Ticks
from bot.upkeep import Upkeep, require_sound
from bot.wire import AiohttpRequest

log = logging.getLogger(__name__)
T = TypeVar("T")

STOP_S = 4.0
"""How long work in hand may take at a stop; with closing the database that stays below ten seconds."""
TRY_AGAIN_S = 5.0
FIRST_BEAT = timedelta(seconds=10)
"""When the first heartbeat goes out: by then it has ticked and polled once."""
COMMANDS = ("settings", "help")
"""The menu of a chat that has none of its own yet: see `chat.menus`."""


@dataclass(frozen=True, slots=True)
class App:
    """A running bot."""

    bot: Bot = field(repr=False)  # its repr holds the token
    store: Store
    inbox: Inbox
    ticks: Ticks
    delivery: Delivery
    upkeep: Upkeep
    heartbeat: Heartbeat
    page: str = ""  # where the clinic's page is, if it is on

    @property
    def busy(self) -> bool:
        """Whether anything is at work that was not asked to wait."""
        return self.inbox.busy or self.ticks.busy or self.delivery.busy


@asynccontextmanager
async def running(config: Config, token: str, clock: Clock) -> AsyncIterator[App]:
    """A bot that polls, ticks and delivers until the block ends.

    Raises StoreError, AlreadyHeld, InvalidToken, or CannotListen for the clinic's page.
    """
    async with AsyncExitStack() as stack:
        held = lock.acquire(config.database.path)
        stack.callback(held.close)
        await asyncio.to_thread(require_sound, config)
        opened = Store.open(config.database.path, now=clock.now, encrypt=config.database.encrypt)
        store = await stack.enter_async_context(await opened)
        if store.copied is not None:
            log.warning("the database was brought up to date; as it was it is kept in %s", store.copied)
        if await asyncio.to_thread(left_undone, config.database.path, config.database.encrypt):
            log.warning("the database file could not be encrypted, or made plain, and stays as it was: accord doctor")
        await store.write(people.ensure_clinic, config.clinic.name, config.clinic.zone, config.pilot_ends)
        if says := await store.write(wordings.changed, config.questionnaires.by_id.values(), clock.now()):
            raise ChangedWording("\n".join(says))
        await carry_out(store, config, clock.now())  # before anything is sent: a restored database may know too much
        if asked := await store.write(joining.ask_anew, clock.now()):
            log.warning("the consent text has a new version: %d patients are asked again", asked)
        await store.write(alerts.put_off, clock.now() + second_route.FIRST)
        await _by_current_zones(store, config, clock.now())
        page = await _page(config, store, clock, stack) if config.web.enabled else ""
        bot = await _connected(config, token, clock, stack)
        await store.write(people.set_bot_name, bot.username)
        app = _wired(bot, store, config, clock, page)
        last = await store.read(outages.last_beat)
        if last is not None and clock.now() - last >= TAP_LIVES:
            app.ticks.was_deaf(last)
        app.ticks.wake()  # a sign of life
        tasks = [asyncio.create_task(_kept_up(part.run, clock)) for part in (app.inbox, app.ticks, app.delivery)]
        tasks.append(asyncio.create_task(_offer_commands(bot, config)))
        try:
            yield app
        finally:
            await _stop(app, tasks)


async def _by_current_zones(store: Store, config: Config, now: datetime) -> None:
    """Plan anew what is to come if other time zones are installed than when it was planned."""
    if await store.read(zone_data.is_current):
        return
    moved = [
        await store.write(zone_data.anew, pair_id, config.plan, now)
        for pair_id in await store.read(zone_data.pairs_ahead, now)
    ]
    await store.write(zone_data.therapists_anew, config.plan, now)
    if any(moved):
        log.warning("by the time zones of %s %d sessions are at another time", zone_data.installed(), sum(moved))


def _wired(bot: Bot, store: Store, config: Config, clock: Clock, page: str) -> App:
    delivery = Delivery(bot, store, clock, page)
    ticks = Ticks(store, config, clock, delivery.wake)
    inbox = Inbox(bot, store, config, clock, ticks.wake, delivery.replied, ticks.was_deaf, page)

    def works() -> bool:
        stuck = ticks.second_route.stuck
        return alarm.works(clock.now(), ticks.worked_at, inbox.polled_at, delivery.stuck_since, undelivered=stuck)

    heartbeat = Heartbeat(config.alarms.heartbeat_url, works)
    return App(bot, store, inbox, ticks, delivery, Upkeep(store, config, clock), heartbeat, page)


async def _page(config: Config, store: Store, clock: Clock, stack: AsyncExitStack) -> str:
    """Serve the clinic's page; where it is. Its libraries are loaded only if it is on."""
    from bot.web.serving import serving

    address = await stack.enter_async_context(serving(config, store, clock))
    log.info("the clinic's page is at %s", address)
    return address


async def _counts(config: Config, store: Store, clock: Clock, stack: AsyncExitStack) -> None:
    """Serve counts for Prometheus; its libraries are loaded only if it is on."""
    from bot.metrics import serving

    await stack.enter_async_context(serving(store, config, clock))


async def _connected(config: Config, token: str, clock: Clock, stack: AsyncExitStack) -> Bot:
    """The bot, once the Bot API has said who it is; an API that is down is asked again."""
    base = f"{config.telegram.base_url.rstrip('/')}/bot"
    bot = Bot(token, base_url=base, request=AiohttpRequest(), get_updates_request=AiohttpRequest())
    stack.push_async_callback(bot.shutdown)
    while True:
        try:
            await bot.initialize()
            break
        except InvalidToken:
            raise
        except TelegramError as error:
            log.warning("the Bot API does not answer: %s; again in %.0f s", type(error).__name__, TRY_AGAIN_S)
            await clock.sleep(TRY_AGAIN_S)
    return bot


async def _offer_commands(bot: Bot, config: Config) -> None:
    """The menu of chats that have none of their own yet; nobody waits for it at a start."""
    for lang in config.clinic.languages:
        commands = [BotCommand(name, phrase(lang, f"command_{name}")) for name in COMMANDS]
        try:
            await bot.set_my_commands(commands, language_code=lang)
        except TelegramError as error:
            log.warning("the command menu was not set: %s", type(error).__name__)


async def _kept_up(run: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Work until cancelled: a part that ends by a mistake of ours is started again, not missed in silence."""
    while True:
        try:
            await run()
        except Exception as error:
            # No text of the error: it may quote what a person wrote.
            log.error("%s ended: %s; again in %.0f s", run.__qualname__, type(error).__name__, TRY_AGAIN_S)
        await clock.sleep(TRY_AGAIN_S)


async def _stop(app: App, tasks: list[asyncio.Task[None]]) -> None:
    """Take nothing new, finish what is in hand, within a bound; what is not done stays in inbox and outbox."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for drain in (app.inbox.drain, app.delivery.drain):
        try:
            await asyncio.wait_for(drain(), STOP_S)
        except TimeoutError:
            log.warning("something was left for the next start")


async def serve(
    config: Config, token: str, clock: Clock | None = None, ready: Callable[[], None] | None = None
) -> None:
    """Run until SIGTERM or SIGINT. APScheduler is the clock of the few repeating jobs, and nothing more.

    Raises Damaged if the database was found damaged meanwhile, and what `running` raises.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        app = await _unless(stopped, stack.enter_async_context(running(config, token, clock)))
        if app is None:
            return
        scheduler = _scheduler(app, config, clock.now())
        scheduler.start()
        log.info("running as @%s", app.bot.username)
        if ready is not None:
            ready()
        app.upkeep.on_damage = stopped.set
        if config.metrics.port:
            await _counts(config, app.store, clock, stack)
        await stopped.wait()
        log.info("stopping")
        scheduler.shutdown(wait=False)
    if app.upkeep.damaged is not None:
        raise app.upkeep.damaged


async def _unless(stopped: asyncio.Event, work: Awaitable[T]) -> T | None:
    """What the work gives; None if the stop comes first: a Bot API that does not answer must not hold it up."""
    task, stop = asyncio.ensure_future(work), asyncio.create_task(stopped.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if stopped.is_set():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return None
    return await task


def _scheduler(app: App, config: Config, now: datetime) -> AsyncIOScheduler:
    """Its defaults would drop a job after a second's stall; ours is late, but comes, and once."""
    defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
    scheduler.add_job(app.ticks.wake, "interval", seconds=1)
    scheduler.add_job(app.upkeep.work, "interval", minutes=1, next_run_time=now)
    scheduler.add_job(app.ticks.housekeeping, "interval", hours=6, next_run_time=now)
    if config.log.forward:
        scheduler.add_job(Forward(app.store, config.log.forward).go, "interval", seconds=EVERY_S, next_run_time=now)
    if config.alarms.heartbeat_url:
        every = config.alarms.heartbeat_every.total_seconds()
        scheduler.add_job(app.heartbeat.beat, "interval", seconds=every, next_run_time=now + FIRST_BEAT)
    return scheduler
