"""The director: plays the story to a bot in another process, and kills it when the plan says so.

Whether the bot has done everything is judged from outside only: by what the Bot API sees, and what stands in the file.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from bot import clinic, desk
from bot.config import Config, load, shipped_questionnaires
from bot.demo.player import instant
from bot.demo.script import CAST, STARTS, Act, Person
from bot.emulator import Emulator, Event
from bot.prove.kill.clock_file import ClockFile
from bot.prove.kill.database import Database, Left
from bot.prove.kill.hands import Button, Hands
from bot.prove.kill.life import Life
from bot.prove.kill.plan import WORK, Kill
from bot.questionnaire_folder import ROOT
from bot.store.driver import sqlite3
from bot.store.engine import Store

T = TypeVar("T")

PATIENCE_S = 60.0
LOOK_S = 0.002
SEEN_WITHIN_S = 0.3


class Director:
    """A `bot.demo.script.Player`. Without kills in its plan it just plays."""

    def __init__(self, config: Config, clock: ClockFile, emulator: Emulator, life: Life, plan: dict[int, Kill]) -> None:
        self._config, self._clock, self._plan = config, clock, plan
        self._database = Database(config.database.path)
        self._hands = {who.number: Hands(emulator.phone(who.number, who.name, who.lang)) for who in CAST}
        self.emulator, self.life = emulator, life
        self.phones = [hands.phone for hands in self._hands.values()]
        self.work: list[list[str]] = []  # by operation: what the Bot API saw of the bot
        self.left_behind: list[Left] = []  # by death
        self._before = 0  # so many events had happened before this operation

    # ------------------------------------------------------------------------------------------ the player

    async def desk(self, act: Act, *values: object) -> None:
        """`accord clinic …`, from another process beside the bot."""
        work, given = desk.prepared(self._config, act, values, self._clock.now())
        await self._write(work, *given)
        await self._after()

    async def invite(self, who: Person) -> None:
        """An invite, and its link opened."""
        invited: clinic.Invited = await self._write(clinic.invite, self._config, who.code, self._clock.now())
        await self.say(who, f"/start {invited.code}")

    async def until(self, when: str) -> None:
        """Every moment at which something is due is played; each is an operation."""
        end = instant(when)
        while (at := self._database.next_at()) is not None and at <= end:
            await self._go_to(at)
        await self._go_to(end)

    async def tap(self, who: Person, *labels: str) -> None:
        """One tap after another, each when the one before has been dealt with."""
        for label in labels:
            button = self._found(who, label)
            self._hands[who.number].press(button)
            await self._after(partial(self._hands[who.number].press_again, button))

    async def say(self, who: Person, words: str) -> None:
        """Typed once: a person sees it stand in the chat, and does not type it again."""
        self._hands[who.number].phone.say(words)
        await self._after()

    async def double_tap(self, who: Person, label: str) -> None:
        """Two taps at once."""
        button = self._found(who, label)
        for _ in range(2):
            self._hands[who.number].press(button)
        await self._after()

    async def old_button(self, who: Person, label: str) -> None:
        """The button of that label tapped last, whatever the screen shows now."""
        old = [tap for tap in self.emulator.history.of("tapped", chat=who.number) if tap.text == label][-1]
        self._hands[who.number].phone.press(old.data or "", old.message_id)
        await self._after()

    def _found(self, who: Person, label: str) -> Button:
        button = self._hands[who.number].find(label)
        assert button is not None, self._stuck(f'{who.name} finds no button "{label}":\n{self._hands[who.number]}')
        return button

    async def _write(self, work: Callable[..., T], *given: object) -> T:
        """A transaction of the desk's own, beside the bot."""
        async with await Store.open(self._config.database.path, now=self._clock.now) as store:
            return await store.write(work, *given)

    # ------------------------------------------------------------------------------------------ time

    async def _go_to(self, at: datetime) -> None:
        if at > self._clock.now():
            self._clock.move_to(at)
            self._end_long_poll()
        await self._after()

    def _end_long_poll(self) -> None:
        """A poll waits for 25 real seconds; by the story's clock they pass at once. Also: its caller is dead."""
        self.emulator.world.updates.close()
        self.emulator.world.updates.open()

    async def _after(self, impatience: Callable[[], None] | None = None) -> None:
        """One operation is over: kill if the plan says so, then wait until everything is done."""
        kill = self._plan.get(len(self.work) + 1)
        if kill is not None:
            await self._die_and_rise(kill, impatience)
        await self._settled()
        mine = [event.detail.get("update_id") for event in self._events() if event.kind in ("tapped", "said")]
        lost = self._database.not_done(mine)
        assert not lost, self._stuck(f"taken by the bot, but not done: updates {lost}")
        self.work.append(self._work())
        self._before = len(self.emulator.history.events)

    def _events(self) -> list[Event]:
        """What has happened in this operation."""
        return self.emulator.history.since(self._before)

    def _work(self) -> list[str]:
        """What the Bot API has seen of the bot's work in this operation."""
        return [event.kind for event in self._events() if event.kind in WORK]

    async def _settled(self) -> None:
        """Wait until the bot has nothing more to do at this moment."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self._is_settled():  # noqa: ASYNC110  (a file in another process's hands rings no bell)
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            left = self._database.left(self._clock.now())
            raise AssertionError(self._stuck(f"this is never done: {left}")) from None

    def _is_settled(self) -> bool:
        if not self.emulator.world.updates.idle:
            return False
        try:
            left = self._database.left(self._clock.now())
        except sqlite3.OperationalError:  # a reader cannot put right what a kill has left; the next writer does
            return False
        if left.unmarked and not left.new:
            self._end_long_poll()  # the bot marks with its next poll what it has replied to
        return left.nothing

    def _stuck(self, words: str) -> str:
        newest = [
            f"  {event.kind} {event.chat} {event.message_id} {(event.text or '')[:60]!r} {event.data}"
            for event in self.emulator.history.events[-60:]
        ]
        said = "\n".join([f"operation {len(self.work) + 1}, {self._clock.now():%a %d %H:%M:%S}: {words}", *newest])
        return f"{said}\nthe bot's log: {self.life.tail()}"

    # ------------------------------------------------------------------------------------------ death

    async def _die_and_rise(self, kill: Kill, impatience: Callable[[], None] | None) -> None:
        await self._kill(kill)
        if impatience is not None and kill.impatient:
            impatience()
        for seconds in kill.again:
            await self._next_life(kill)
            await asyncio.sleep(seconds)
            self.life.kill()
        await self._next_life(kill)
        await self.life.ready()

    async def _next_life(self, kill: Kill) -> None:
        """The dead one is buried, a while nobody runs, then the next one starts."""
        await self.life.bury()
        self._end_long_poll()
        self.left_behind.append(self._database.left_behind(self._clock.now()))
        self._clock.move_to(self._clock.now() + timedelta(seconds=kill.down))
        await self.life.start()

    async def _kill(self, kill: Kill) -> None:
        """At its moment; if that does not come (the bot has less to do this time), a little later."""
        come = asyncio.Event()
        forget = self.emulator.history.subscribe(partial(self._look, kill, come))
        if kill.cut:
            self.emulator.faults.add("cut", method=kill.cut)
        if kill.moment.seen:
            with suppress(TimeoutError):
                await asyncio.wait_for(come.wait(), SEEN_WITHIN_S)
        forget()
        self.emulator.faults.clear()
        await asyncio.sleep(kill.after)
        self.life.kill()

    def _look(self, kill: Kill, come: asyncio.Event, event: Event) -> None:
        """Is this its moment? If so, and at once: in the middle of the call, before its reply is out."""
        if event.kind == "fault" if kill.cut else len(self._work()) >= kill.moment.seen:
            come.set()
            if not kill.after:
                self.life.kill()


@asynccontextmanager
async def directed(folder: Path, cradle: asyncio.subprocess.Process, plan: dict[int, Kill]) -> AsyncIterator[Director]:
    """A director with a running bot, in an empty folder. When the block ends nobody lives any more."""
    clock = ClockFile.make(folder / "clock", instant(STARTS))
    async with Emulator(now=lambda: clock.now().timestamp()) as emulator:
        file = _configured(folder, emulator.base_url)
        config, mistakes = load(file)
        assert config is not None, mistakes
        life = Life(cradle, file, folder / "clock", folder / "log")
        await life.start()
        try:
            await life.ready()
            yield Director(config, clock, emulator, life, plan)
        finally:
            life.kill()
            await life.bury()


def _configured(folder: Path, base_url: str) -> Path:
    """The shipped configuration over another Bot API, with the shipped questionnaires."""
    questionnaires = shipped_questionnaires()
    text = (ROOT / "config.example.toml").read_text("utf-8")
    changes = {
        '"https://api.telegram.org"': f'"{base_url}"',
        'folder = "questionnaires"': f'folder = "{questionnaires}"',
    }
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file
