"""An event loop whose time is virtual: nobody waits, and the same seed gives the same run to the last event.

When nothing is ready the clock jumps to the next timer. There are no threads: what would go to one runs at once, in its
turn. So one process plays a month in seconds, and every order of events comes from a seed.
"""

import asyncio
import selectors
from collections.abc import Callable
from contextvars import Context, ContextVar
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Nothing is ready and no timer is set: everybody waits for somebody."""


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: whoever wants to wait gets there at once."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Move the time on by what was to be waited."""
        if timeout is None:
            raise Stuck("nobody has anything to do")
        self.loop.pass_time(max(timeout, 0.0))
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. `on_error` gets what a task or callback raised that nobody looked at."""

    def __init__(self) -> None:
        selector = _Skipping()
        self._passed = 0.0
        super().__init__(selector)
        selector.loop = self
        self._clock_resolution = 1e-6
        self.unseen: list[str] = []
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._passed

    def pass_time(self, seconds: float) -> None:
        """Let time pass in which nobody works: a wait, or (called from within a callback) a loop that is stalled."""
        self._passed += seconds

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """There is only one thread."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]  # noqa: ARG002
        """What would go to a thread runs at once."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG002
        error = context.get("exception")
        if not isinstance(error, Dead):
            self.unseen.append(f"{context.get('message')}: {type(error).__name__}: {error}")


class Dead(asyncio.CancelledError):
    """This process was killed: whatever it still tries has no effect."""


class Life:
    """A process of the bot, as far as one can be killed in here. `alive` False: nothing it does leaves it any more."""

    def __init__(self) -> None:
        self.alive = True
        self.tasks: set[asyncio.Task[Any]] = set()

    def check(self) -> None:
        """Raise Dead if it was killed."""
        if not self.alive:
            raise Dead

    def kill(self) -> None:
        """As SIGKILL: from this moment on nothing it does has any effect. Its tasks end for tidiness' sake."""
        self.alive = False
        for task in tuple(self.tasks):
            task.cancel()


LIVING: ContextVar[Life | None] = ContextVar("LIVING", default=None)


def task_of_life(loop: asyncio.AbstractEventLoop, coro: Any, context: Context | None = None) -> asyncio.Task[Any]:
    """A task factory that knows which process of the bot began a task."""
    task = asyncio.Task(coro, loop=loop, context=context)
    life = LIVING.get()
    if life is not None:
        life.tasks.add(task)
        task.add_done_callback(life.tasks.discard)
    return task


class VirtualClock:
    """The bot's clock: the loop's time, and by how much this machine's clock is wrong (`off`)."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop, self._start = loop, start
        self.off = timedelta(0)

    def now(self) -> datetime:
        """What the machine's clock shows, in UTC."""
        return self.true() + self.off

    def true(self) -> datetime:
        """What time it really is."""
        return self._start + timedelta(seconds=round(self._loop.time(), 6))

    def gap(self, since: datetime) -> timedelta:
        """How long ago that was."""
        return self.true() + self.off - since

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        life = LIVING.get()
        await asyncio.sleep(seconds)
        if life is not None:
            life.check()


def run_virtually(main: Callable[[VirtualLoop], Any]) -> Any:
    """Run a coroutine function on a loop of its own, to its end."""
    loop = VirtualLoop()
    loop.set_task_factory(task_of_life)
    try:
        return loop.run_until_complete(main(loop))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(1))
        loop.close()
