"""The page's server in the bot's event loop: it starts and stops with the bot, and leaves signals and logs alone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn

from bot.clock import Clock
from bot.config import Config
from bot.store.engine import Store
from bot.web.errors import CannotListen
from bot.web.site import site

STOP_S = 2
"""How long requests that are being answered may take at a stop."""
AT_ONCE = 200
"""More connections at the same time get "busy": a clinic has a dozen."""


class _Quiet(uvicorn.Server):
    """A server that is stopped by its owner, not by a signal."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave the signals to the bot."""
        return nullcontext()


@asynccontextmanager
async def serving(config: Config, store: Store, clock: Clock, frames: str = "'none'") -> AsyncIterator[str]:
    """Serve the page until the block ends; the address it listens at. Raises CannotListen. `frames`: see `site`."""
    with _listening(config.web.host, config.web.port) as listening:
        port = listening.getsockname()[1]
        server = _Quiet(
            uvicorn.Config(
                site(config, store, clock, port, frames), http="h11", ws="none", lifespan="off", log_config=None,
                access_log=False, server_header=False, limit_concurrency=AT_ONCE, timeout_graceful_shutdown=STOP_S,
            )
        )  # fmt: skip
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield config.web.public_url or f"http://{config.web.host}:{port}"
        finally:
            server.should_exit = True
            await task


def _listening(host: str, port: int) -> socket.socket:
    """A socket at this address, taken before anything else starts: a port that is in use is said at once."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotListen(
            f"[web] cannot listen at {host}, port {port}: {error.strerror}. Is it in use? Choose another port."
        ) from None
