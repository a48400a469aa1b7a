"""The heartbeat that goes out: whoever waits for it outside notices when it stops, also if nobody here could say so.

It goes out only while the bot works: it looks at what is due, hears what people say, gets its messages out.
"""

import asyncio
import logging
from collections.abc import Callable

import aiohttp

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
TAKEN = range(200, 300)


class Heartbeat:
    """Asks one address (GET) whenever told to. Nothing waits for it, and nothing that goes wrong with it matters here.

    The address is never logged: whoever knows it could send the heartbeat.
    """

    def __init__(self, url: str, works: Callable[[], bool]) -> None:
        self._url, self._works = url, works
        self._trouble = False

    async def beat(self) -> None:
        """Send one, if there is an address and the bot works."""
        if not self._url:
            return
        if not self._works():
            self._in_trouble("something stands still here")
            return
        try:
            status = await self._get()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._in_trouble(type(error).__name__)
            return
        if status not in TAKEN:
            self._in_trouble(f"HTTP {status}")
            return
        if self._trouble:
            log.info("heartbeats go out again")
        self._trouble = False

    async def _get(self) -> int:
        async with (
            asyncio.timeout(PATIENCE_S),
            aiohttp.ClientSession() as session,
            session.get(self._url, allow_redirects=False) as reply,  # a redirect could lead anywhere, unencrypted too
        ):
            return reply.status

    def _in_trouble(self, what: str) -> None:
        """Said once, until it goes well again."""
        if not self._trouble:
            log.warning("no heartbeat went out: %s", what)
        self._trouble = True
