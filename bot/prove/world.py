"""A whole small clinic in virtual time: the unmodified bot, a Bot API, phones, a database file, faults from a seed.

Therapists T-1 and T-2 with five patients. What is replaced is only what would wait for the real world: the loop's
time, the wire, the threads, and the source of random ids.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from bot import app, clinic, delivery, drawing, ids, inbox, second_route
from bot.config import Config, load, shipped_questionnaires
from bot.core.call import CallMe, parse_hours
from bot.demo.folder import write_config
from bot.emulator import TOKEN, Emulator, Phone
from bot.emulator import updates as polling
from bot.gate import Gate
from bot.prove.called import CONTACTS
from bot.prove.inline import Connect, Disk, Troubles
from bot.prove.line import Line, OverLine
from bot.prove.virtual import LIVING, Life, VirtualClock, VirtualLoop
from bot.store import due, migrating, outages, outbox
from bot.store import people as kept_people

ZONE = "America/Denver"
STARTS = datetime(2026, 10, 19, 14, 0, tzinfo=UTC)
"""A Monday, 08:00 in Denver; two weeks before the clocks go back there, a week before Europe's."""
THERAPISTS = {"T-1": (501, ZONE, "en"), "T-2": (502, ZONE, "en")}
PATIENTS = {
    "P-014": (514, "T-1", ZONE, "en"), "P-015": (515, "T-1", "America/New_York", "en"),
    "P-016": (516, "T-1", "Asia/Tokyo", "es"), "P-021": (521, "T-2", "Europe/Madrid", "es"),
    "P-022": (522, "T-2", "America/Phoenix", "en"),
}  # fmt: skip
NUMBERS = {code: values[0] for code, values in (THERAPISTS | PATIENTS).items()}
POLL_S = 3600
BEATS_S = 1800.0
"""The bot's sign of life is written so seldom here: a month has forty thousand minutes."""
OUTAGE_BEATS = 1.5
"""So many of them without one are an outage."""
DELIVERING = (outbox.claim, delivery._settled)
"""What these write makes nothing due at once."""
EACH_S, SELDOM_S = 1.0, 5.0
"""So often the tick is woken at most; while the same thing stays due, as on a full disk for an hour, more seldom."""
HOUSEKEEPING_S = 6 * 3600.0


@contextmanager
def replaced(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    """Put something in the place of something else, (module, name, value), until the block ends."""
    before = [(place, name, getattr(place, name)) for place, name, _ in changes]
    for place, name, value in changes:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


class _Seeded:
    """Random bytes from a seed, in the place of `secrets`."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def token_bytes(self, number: int) -> bytes:
        """So many bytes."""
        return self._random.randbytes(number)


@dataclass(slots=True)
class World:
    """Everything at hand to play a clinic, and to spoil its days."""

    config: Config
    loop: VirtualLoop
    clock: VirtualClock
    emulator: Emulator
    line: Line
    troubles: Troubles
    random: Random
    folder: Path
    store: Disk  # the desk's own, beside the bot
    life: Life = field(default_factory=Life)
    running: app.App | None = None
    _up: asyncio.Task[None] | None = None
    _alarm: asyncio.TimerHandle | None = None
    _due: datetime | None = None  # when something is, as the tick found when it last looked
    _again_s: float = EACH_S

    @property
    def database(self) -> Path:
        """The bot's file."""
        return self.config.database.path

    def phone(self, code: str) -> Phone:
        """Somebody's phone."""
        lang = (THERAPISTS | {c: (v[0], v[2], v[3]) for c, v in PATIENTS.items()})[code][2]
        return self.emulator.phone(NUMBERS[code], code, lang)

    async def desk(self, verb: Callable[..., Any], *values: Any) -> Any:
        """A verb of the desk, beside the bot."""
        return await self.store.write(verb, *values)

    # -------------------------------------------------------------------------------------------- the bot

    async def start(self) -> None:
        """A new process of the bot begins."""
        self.life = Life()
        began = asyncio.Event()
        token = LIVING.set(self.life)
        try:
            self._up = asyncio.create_task(self._live(began))
        finally:
            LIVING.reset(token)
        waiting = {self._up, asyncio.create_task(began.wait())}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)

    async def _live(self, began: asyncio.Event) -> None:
        with suppress(asyncio.CancelledError):
            async with AsyncExitStack() as stack:
                self.running = await stack.enter_async_context(app.running(self.config, TOKEN, self.clock))
                began.set()
                await self._keep_house(self.running)
        began.set()

    def _wake_in(self, seconds: float) -> None:
        """Wake the tick then, unless it is woken before."""
        at = self.loop.time() + seconds
        if self._alarm is not None and self._alarm.when() > at:
            self._sleep()
        if self._alarm is None:
            self._alarm = self.loop.call_at(at, self._wake)

    def _wake(self) -> None:
        """The scheduler's job: it wakes the tick each second; here only in those in which something can be due."""
        self._alarm = None
        if self._up is not None:
            self._again_s = min(self._again_s * 1.5, SELDOM_S)
            self._wake_in(self._again_s if self._due is not None and self._due <= self.clock.now() else BEATS_S)
            if self.running is not None:
                self.running.ticks.wake()

    def _sleep(self) -> None:
        """Wake nobody."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def seen(self, by: Callable[..., Any], value: Any) -> None:
        """The bot read something; if it was what is due and when, it need not be woken before."""
        if by is due.moments:
            due_at, now = min(value.values(), default=None), self.clock.now()
            if due_at != self._due:
                self._due, self._again_s = due_at, EACH_S
            self._sleep()
            late = {kind for kind, at in value.items() if at <= now}
            wait = [(at - now).total_seconds() + 0.5 for at in value.values() if at > now] + [BEATS_S]
            if late:  # the outbox alone: the delivery has it in hand
                wait.append(SELDOM_S if late == {"outbox"} else self._again_s)
            self._wake_in(max(min(wait), EACH_S))

    async def _keep_house(self, running: app.App) -> None:
        while True:
            with suppress(Exception):
                await running.ticks.housekeeping()
            await asyncio.sleep(HOUSEKEEPING_S)

    def written(self, by: Callable[..., Any]) -> None:
        """Somebody wrote: something may be due."""
        if getattr(by, "__func__", by) not in (outages.beat, Gate.add):
            self._wake_in(SELDOM_S if by in DELIVERING else EACH_S)

    async def bury(self) -> None:
        """Kill the bot if it lives, and wait until nothing is left of it."""
        self.life.kill()
        await self.stop()
        self.running = None

    async def stop(self) -> None:
        """Stop it as SIGTERM does."""
        self._sleep()
        if self._up is not None:
            self._up.cancel()
            await asyncio.wait({self._up})
            self._up = None

    async def settle(self, seconds: float = 600.0) -> None:
        """Wait until nobody is at work, so many (virtual) seconds at most."""
        for _ in range(int(seconds)):
            await asyncio.sleep(1)
            if self.running is not None and not self.running.busy and self.emulator.world.updates.idle:
                return

    # -------------------------------------------------------------------------------------------- people

    async def invite(self, code: str) -> None:
        """An invite for somebody, whose link is opened at once."""
        invited = await self.desk(clinic.invite, self.config, code, self.clock.true())
        self.phone(code).say(f"/start {invited.code}")

    async def people(self) -> None:
        """The desk adds everybody."""
        await self.desk(kept_people.ensure_clinic, self.config.clinic.name, self.config.clinic.zone, None)
        for code, (_, zone, lang) in THERAPISTS.items():
            await self.desk(clinic.add_therapist, self.config, code, zone, lang)
        for code, (_, therapist, zone, lang) in PATIENTS.items():
            await self.desk(clinic.add_patient, self.config, code, therapist, zone, lang, self.clock.true())


WAY_IN = {
    "en": ("I agree", "Yes, that is right", "1 hour after"), "es": ("Acepto", "Sí, es correcto", "1 hora después"),
}  # fmt: skip


async def come_in(world: World) -> None:
    """Everybody opens the invite and taps through; nothing goes wrong meanwhile."""
    for code in (*THERAPISTS, *PATIENTS):
        await world.invite(code)
        await world.settle()
        lang = PATIENTS[code][3] if code in PATIENTS else "en"
        for label in WAY_IN[lang] if code in PATIENTS else ("Yes, that is right",):
            world.phone(code).tap(label)
            await world.settle()


@asynccontextmanager
async def world(
    seed: int,
    loop: VirtualLoop,
    connect: Connect | None = None,
    set_up: Callable[[Path], Config] | None = None,
) -> AsyncIterator[World]:
    """A clinic whose bot is not yet started; `set_up` writes its settings into a folder, and perhaps a database to
    begin with, `connect` opens it.
    """
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        config = (set_up or configured)(Path(folder))
        if connect is None and not config.database.path.exists():
            for ending, content in _fresh().items():
                config.database.path.with_name(f"{config.database.path.name}{ending}").write_bytes(content)
        clock = VirtualClock(loop, STARTS)
        emulator = Emulator(now=lambda: clock.true().timestamp(), seed=seed)
        line, troubles = Line(emulator, Random(random.random())), Troubles(Random(random.random()))
        kind, calm = _disk(troubles, connect), _disk(Troubles(Random(0)), connect)
        with replaced(
            (app, "Store", kind), (app, "AiohttpRequest", lambda: OverLine(line)), (inbox, "LONG_POLL_S", POLL_S),
            (polling, "LONGEST_POLL", POLL_S), (ids, "secrets", _Seeded(Random(random.random()))),
            (outages, "BEAT_EVERY", later(BEATS_S)), (outages, "OUTAGE_FROM", later(OUTAGE_BEATS * BEATS_S)),
            (drawing, "png", lambda *_: PICTURE), (second_route, "run", _by_the_second_route(emulator)),
            *_untouched(connect),
        ):  # fmt: skip
            store = await calm.open(config.database.path, now=clock.now, encrypt=config.database.encrypt)
            made = World(config, loop, clock, emulator, line, troubles, random, Path(folder), store)
            kind.told = calm.told = made.written
            kind.saw = made.seen
            try:
                yield made
            finally:
                await made.bury()
                await store.close()


@cache
def _fresh() -> dict[str, bytes]:
    """An empty database with its keys, by the endings of its files: making one takes longer than a day of a clinic.

    Made before anything is drawn from a seed, so that the first world of a process is as the second.
    """
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        migrating.bring_up_to_date(Path(folder, "db"), lambda: STARTS)
        return {file.name.removeprefix("db"): file.read_bytes() for file in Path(folder).iterdir()}


def _untouched(connect: Connect | None) -> list[tuple[Any, str, Any]]:
    """Over another library, the look at the file before a start is left out: two of them in one process harm it."""
    left_alone = (app, "require_sound", lambda config: None), (app, "left_undone", lambda path, encrypt: False)  # noqa: ARG005
    return [] if connect is None else list(left_alone)


def _disk(troubles: Troubles, connect: Connect | None) -> type[Disk]:
    """The bot's store, or the desk's, of this world."""

    class Here(Disk):
        pass

    Here.troubles, Here.connect = troubles, connect
    return Here


def configured(folder: Path, encrypt: bool = False) -> Config:
    """A small clinic's configuration in that folder. Its file is plain, unless that is what is looked at (R16E, R17):
    the disks of R2 and R3 are another library's, and R1 has the real program with its own settings.
    """
    config, mistakes = load(write_config(folder, ZONE, shipped_questionnaires()))
    assert config is not None, mistakes
    return replace(
        config,
        telegram=replace(config.telegram, base_url="http://local"),
        database=replace(config.database, encrypt=encrypt),
        call_me=CallMe(*CONTACTS, parse_hours("00:00-24:00")),
        alarms=replace(config.alarms, command=("somebody", "is", "called")),
    )


def _by_the_second_route(emulator: Emulator) -> Callable[..., Awaitable[bool]]:
    """In the place of a command: the history keeps that it was run."""

    async def run(command: Sequence[str], number: int) -> bool:  # noqa: ARG001
        emulator.history.record("second route", alert=number)
        return True

    return run


MEMORY, ROOM = "/dev/shm", 2 << 30
"""A container often has 64 MB of it, which a proof would take for a full disk."""


def memory() -> str | None:
    """A folder in memory, where the machine has one with 2 GB free: no disk is worn out, and none is waited for."""
    return MEMORY if Path(MEMORY).is_dir() and shutil.disk_usage(MEMORY).free >= ROOM else None


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(8) + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")


def later(seconds: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=seconds)
