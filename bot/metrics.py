"""Counts for Prometheus, at http://127.0.0.1:PORT/metrics: on this machine only, numbers only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from aiohttp import web

from bot.clock import Clock
from bot.config import Config
from bot.core.health import exposition
from bot.health import clock_ahead, facts
from bot.store import letters
from bot.store.engine import Store
from bot.store.errors import CannotOpen

HERE = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
LOOKED_AT = timedelta(seconds=15)
"""For so long the same page is given: counting reads the whole outbox."""
CLOCK_LOOKED_AT = timedelta(minutes=10)


class Page:
    """The page of counts, worked out when somebody asks, and not too often."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store, self._config, self._clock = store, config, clock
        self._made: datetime | None = None
        self._asked: datetime | None = None
        self._ahead: timedelta | None = None
        self._text = ""

    async def text(self) -> str:
        """The page as it is now."""
        now = self._clock.now()
        if self._asked is None or now - self._asked >= CLOCK_LOOKED_AT:
            self._ahead, self._asked = await clock_ahead(self._config, self._clock), now
        if self._made is None or now - self._made >= LOOKED_AT:
            vitals = await self._store.read(letters.vitals, now)
            self._text, self._made = exposition(facts(self._config, now, vitals, self._ahead)), now
        return self._text


@asynccontextmanager
async def serving(store: Store, config: Config, clock: Clock) -> AsyncIterator[None]:
    """Serve the page until the block ends, at the port that is configured. Raises CannotOpen if that is taken."""
    page = Page(store, config, clock)

    async def metrics(request: web.Request) -> web.Response:
        if request.host.partition(":")[0] not in NAMES:  # a page elsewhere that had its name lead here
            raise web.HTTPForbidden
        return web.Response(text=await page.text(), content_type="text/plain", charset="utf-8")

    served = web.Application()
    served.router.add_get("/metrics", metrics)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, config.metrics.port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, HERE, port).start()
    except OSError as error:
        raise CannotOpen(f"metrics.port: {port} cannot be used ({error.strerror}): write another port") from error
