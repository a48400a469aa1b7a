"""Faults from a seed: the Bot API, the way to it, the disk, the machine, the process. Each strike is counted."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import NoReturn

from bot.prove.virtual import Dead
from bot.prove.world import World
from bot.store.driver import sqlite3

HOUR = 3600.0
MOST_WRONG = timedelta(minutes=4)
KINDS = (
    "lost", "cut", "hang", "broken", "gateway", "flood", "forbidden", "down", "full", "io", "slow", "stall",
    "killed at a call", "killed at a commit", "killed at rest", "stopped", "clock",
)  # fmt: skip
SELDOM_H = {"lost": 4, "forbidden": 6, "broken": 2}
"""These are waited for so many hours longer, until some calls were hit: a small clinic makes few."""
AT_LEAST = 3
WIRE = ("lost", "cut", "hang", "broken", "gateway", "flood", "forbidden")


class Weather:
    """Makes it, for as long as the world lasts. `every`: mean seconds between two spells."""

    def __init__(self, world: World, random: Random, every: float = 6 * HOUR, kinds: tuple[str, ...] = KINDS) -> None:
        self.world, self.random, self._every, self._kinds = world, random, every, kinds
        self.struck: Counter[str] = Counter()

    async def rage(self) -> None:
        """One spell after another."""
        while True:
            await asyncio.sleep(self.random.expovariate(1 / self._every))
            await self.spell(self.random.choice(self._kinds))

    async def spell(self, kind: str) -> None:
        """One spell of one kind, then it is over; the history keeps from when to when."""
        begins = not kind.startswith("killed at a")  # those wait for their moment, and a death says itself when it is
        if begins:
            self._note(kind, True)
        try:
            await self._one(kind)
        finally:
            if begins:
                self._note(kind, False)

    def _note(self, kind: str, on: bool) -> None:
        off = self.world.clock.off.total_seconds()
        self.world.emulator.history.record("spell", spell=kind, on=on, off=off)

    async def _one(self, kind: str) -> None:
        if kind in WIRE:
            await self._on_the_wire(kind)
            return
        await {
            "down": self._down, "full": self._disk, "io": self._disk, "slow": self._slow, "stall": self._stall,
            "killed at a call": self._kill_at_call, "killed at a commit": self._kill_at_commit,
            "killed at rest": self._kill_at_rest, "stopped": self._stopped, "clock": self._clock,
        }[kind](kind)  # fmt: skip

    async def _on_the_wire(self, kind: str) -> None:
        """Some calls go wrong for a while."""
        retry = self.random.choice((1, 5, 30, 600, 3600))
        share = 0.2 if kind == "forbidden" else self.random.choice((0.1, 0.5, 1.0))
        fault = self.world.emulator.faults.add(kind, share=share, retry_after=retry)
        await asyncio.sleep(self.random.random() * HOUR)
        for _ in range(SELDOM_H.get(kind, 0)):
            if fault.hits < AT_LEAST:
                await asyncio.sleep(HOUR)
        with suppress(ValueError):
            self.world.emulator.faults.planned.remove(fault)
        self.struck[kind] += fault.hits

    async def _down(self, kind: str) -> None:
        """The Bot API cannot be reached."""
        before, self.world.line.down = self.world.line.in_vain, True
        await asyncio.sleep(self.random.choice((60.0, HOUR, 6 * HOUR)) * self.random.random())
        self.world.line.down = False
        self.struck[kind] += self.world.line.in_vain - before

    async def _disk(self, kind: str) -> None:
        """The disk is full, or fails, then there is room again."""
        troubles, before = self.world.troubles, self.world.troubles.struck
        code = sqlite3.SQLITE_FULL if kind == "full" else sqlite3.SQLITE_IOERR
        seconds = self.random.choice((5.0, 300.0, HOUR))
        self.world.emulator.history.record("fault", fault="disk")
        troubles.begin(code, self.random.choice((0.05, 0.5, 1.0)), self.world.loop.time() + seconds)
        await asyncio.sleep(seconds)
        self.world.emulator.history.record("fault", fault="disk")
        self.struck[kind] += troubles.struck - before

    async def _slow(self, kind: str) -> None:
        """Each commit takes long."""
        self.world.troubles.slow = self.random.choice((0.5, 5.0, 60.0))
        await asyncio.sleep(600)
        self.world.troubles.slow = 0.0
        self.struck[kind] += 1

    async def _stall(self, kind: str) -> None:
        """The whole process stands still."""
        self.world.loop.pass_time(self.random.choice((3.0, 30.0, 600.0)))
        self.struck[kind] += 1
        await asyncio.sleep(0)

    async def _clock(self, kind: str) -> None:
        """The machine's clock is set, by less than what a clinic would notice."""
        by = self.world.clock.off.total_seconds()
        self.world.clock.off *= 0
        if not by:
            self.world.clock.off = self.random.choice((-1, 1)) * self.random.random() * MOST_WRONG
        self.struck[kind] += 1

    # -------------------------------------------------------------------------------------------- death

    async def _kill_at_call(self, kind: str) -> None:
        """In the middle of one of the next calls."""
        number = self.world.line.calls + self.random.randint(1, 30)
        when, died = self.random.choice(("before", "after")), asyncio.Event()

        def hit(call: int, method: str, moment: str) -> bool:  # noqa: ARG001
            if call < number or moment != when or died.is_set():
                return False
            died.set()
            return True

        self.world.line.kill_at = hit
        with suppress(TimeoutError):
            await asyncio.wait_for(died.wait(), 12 * HOUR)
        self.world.line.kill_at = lambda *_: False
        if died.is_set():
            self.struck[kind] += 1
            await self._rise()

    async def _kill_at_commit(self, kind: str) -> None:
        """Right before or after one of the next transactions is on the disk."""
        left, troubles, died = [self.random.randint(1, 30)], self.world.troubles, asyncio.Event()

        def hit() -> None:
            left[0] -= 1
            if left[0] <= 0 and not died.is_set():
                died.set()
                self._die()

        side = self.random.choice(("before_commit", "after_commit"))
        setattr(troubles, side, hit)
        with suppress(TimeoutError):
            await asyncio.wait_for(died.wait(), 12 * HOUR)
        setattr(troubles, side, None)
        if died.is_set():
            self.struck[kind] += 1
            await self._rise()

    def _die(self) -> NoReturn:
        self.world.emulator.history.record("fault", fault="died")
        self.world.life.kill()
        raise Dead

    async def _kill_at_rest(self, kind: str) -> None:
        self.world.emulator.history.record("fault", fault="died")
        self.world.life.kill()
        self.struck[kind] += 1
        await self._rise()

    async def _stopped(self, kind: str) -> None:
        """As a deploy does."""
        await self.world.stop()
        self.struck[kind] += 1
        await self._rise()

    async def _rise(self) -> None:
        """After a while another process starts; it too may die at once."""
        await self.world.bury()
        await asyncio.sleep(self.random.choice((1.0, 20.0, 1800.0)) * self.random.random())
        if self.random.random() < 0.1:
            await self.world.start()
            await asyncio.sleep(self.random.random())
            self.world.emulator.history.record("fault", fault="died")
            await self.world.bury()
        await self.world.start()
        self.world.emulator.history.record("up")
