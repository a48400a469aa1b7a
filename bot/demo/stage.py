"""A stage: the unmodified bot, a local Bot API with phones, a database file, and a clock moved by hand.

Time goes from one thing that is due to the next; in between everything at work is allowed to finish. The demo plays
on it, and so do the tests.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot import clinic
from bot.app import App, running
from bot.clock import ManualClock
from bot.config import Config
from bot.emulator import Emulator, Phone
from bot.store import due

TURN_S = 0.002
"""How long to leave the others at work before looking again: the only real waiting here."""
PATIENCE_S = 20.0
"""By then something hangs."""


@dataclass(slots=True)
class Stage:
    """Everything at hand to play a clinic."""

    config: Config
    clock: ManualClock
    emulator: Emulator
    app: App

    async def settle(self) -> None:
        """Wait until nobody has anything to do at this moment. The tick is woken only where something is due."""
        async with asyncio.timeout(PATIENCE_S):
            await self.quiet()
            while (at := await self.app.store.read(due.next_at)) is not None and at <= self.clock.now():
                self.app.ticks.wake()
                await self.quiet()

    async def quiet(self) -> None:
        """Wait until nobody is at work. What became due meanwhile is left for `settle`."""
        await self.emulator.idle(PATIENCE_S)
        while self.app.busy:  # noqa: ASYNC110 - three at work, and no event for when all have nothing to do
            await asyncio.sleep(TURN_S)
        await self.emulator.idle(PATIENCE_S)

    async def go_to(self, until: datetime) -> None:
        """Let time pass: every due moment on the way is played, in order."""
        while (at := await self.app.store.read(due.next_at)) is not None and at <= until:
            self.clock.move_to(at)
            await self.settle()
        self.clock.move_to(until)
        self.app.ticks.wake()  # the bot's sign of life
        await self.settle()

    async def wait(self, **how_long: float) -> None:
        """Let so much time pass: hours=2, minutes=5."""
        await self.go_to(self.clock.now() + timedelta(**how_long))

    async def desk(self, verb: Callable[..., Any], *values: object) -> Any:
        """A verb of the clinic's desk, beside the running bot."""
        return await self.app.store.write(verb, *values)

    async def invite(self, code: str) -> str:
        """An invite's code for somebody."""
        invited: clinic.Invited = await self.desk(clinic.invite, self.config, code, self.clock.now())
        return invited.code

    def phone(self, number: int, name: str, lang: str = "en") -> Phone:
        """A phone of the local Bot API."""
        return self.emulator.phone(number, name, lang)


@asynccontextmanager
async def stage(config: Config, start: datetime) -> AsyncIterator[Stage]:
    """Set up and run; `config.telegram.base_url` is replaced by the local Bot API's."""
    clock = ManualClock(start)
    async with Emulator(now=lambda: clock.now().timestamp()) as emulator:
        local = replace(config, telegram=replace(config.telegram, base_url=emulator.base_url))
        async with running(local, emulator.token, clock) as app:
            yield Stage(local, clock, emulator, app)
