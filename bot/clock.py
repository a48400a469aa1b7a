"""What time it is. The one module that asks the machine; everybody else is handed a clock."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time and the wait. There are two: the machine's, and one moved by hand for the demo and the tests."""

    def now(self) -> datetime:
        """The present instant, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long, by this clock."""

    def gap(self, since: datetime) -> timedelta:
        """How long nobody can have worked, if nobody was woken since that instant.

        Apart from `now`, because a clock that is moved by hand leaps over times in which nothing is due: that is no
        gap. A machine that was suspended, or stopped with all its clocks, has one as soon as its time is right again.
        """


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)

    def gap(self, since: datetime) -> timedelta:
        """All the time since: the tick is woken every second, so only a stop can make that long.

        By the time of day, not by a monotonic clock: that one stands still while a machine is suspended.
        """
        return self.now() - since


class ManualClock:
    """A clock that stands still until it is moved; who waits by it moves it, so that no wait takes real time."""

    def __init__(self, start: datetime) -> None:
        self._now, self._resumed = start, start
        self.on_move: Callable[[], None] | None = None

    def now(self) -> datetime:
        """Where the clock was moved to."""
        return self._now

    def move_to(self, at: datetime) -> None:
        """Move it forward; a time that is past changes nothing."""
        self._now = max(self._now, at)
        if self.on_move is not None:
            self.on_move()

    def suspend(self, **how_long: float) -> None:
        """Play that the machine was suspended: nobody was woken for so long."""
        self._now = self._resumed = self._now + timedelta(**how_long)

    def gap(self, since: datetime) -> timedelta:
        """The time since, if the machine was suspended in it."""
        return self._now - since if since < self._resumed else timedelta(0)

    async def sleep(self, seconds: float) -> None:
        """Let the others go on, then move the clock by what was to be waited."""
        until = self._now + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self._now = max(self._now, until)
