"""One clock for two processes: an instant in a file both have mapped. It stands still until somebody moves it."""

import asyncio
import mmap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


class ClockFile:
    """A clock whose time stands in a file; it satisfies `bot.clock.Clock`.

    Like the demo's clock it moves on by what somebody sleeps, so that no wait takes real time. Who moves it to an
    instant that is past changes nothing, so that time never runs backwards for the other process.
    """

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._ticks = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")  # one aligned word: never half written

    @classmethod
    def make(cls, path: Path, start: datetime) -> Self:
        """A new file that says `start`."""
        path.write_bytes(bytes(8))
        clock = cls(path)
        clock.move_to(start)
        return clock

    def now(self) -> datetime:
        """Where the clock was moved to."""
        return EPOCH + self._ticks[0] * TICK

    def move_to(self, at: datetime) -> None:
        """Move it forward; a time that is past changes nothing."""
        self._ticks[0] = max(self._ticks[0], (at - EPOCH) // TICK)

    def gap(self, since: datetime) -> timedelta:  # noqa: ARG002
        """It leaps over hours in which nobody is woken, and that is no gap."""
        return timedelta(0)

    async def sleep(self, seconds: float) -> None:
        """Let the others go on, then move the clock by what was to be waited."""
        until = EPOCH + self._ticks[0] * TICK + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.move_to(until)
