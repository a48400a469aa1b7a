"""The bot as `accord run` wires it, by a clock from outside, and woken far more often than once a second."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bot import ticks
from bot.app import App, running
from bot.config import Config, load, read_token
from bot.logs import set_up_logging
from bot.prove.kill.clock_file import ClockFile
from bot.store import outages

WAKE_S = 0.005
"""The service's scheduler wakes the tick every second; here a whole day may pass in that time."""
HOUSEKEEPING = timedelta(hours=6)


def run(config_file: Path, clock_file: Path, ready: Callable[[], None]) -> None:
    """Run until killed."""
    config, mistakes = load(config_file)
    assert config is not None, mistakes
    set_up_logging(config.log.level)
    # The clock from outside leaps over hours while a bot is dead for a blink: that is no outage to be told of.
    outages.OUTAGE_FROM = ticks.OFFER_FROM = timedelta(days=365)
    asyncio.run(_run(config, ClockFile(clock_file), ready))


async def _run(config: Config, clock: ClockFile, ready: Callable[[], None]) -> None:
    token = read_token(config)
    assert isinstance(token, str)
    async with running(config, token, clock) as app:
        ready()
        await _wake(app, clock)


async def _wake(app: App, clock: ClockFile) -> None:
    """The scheduler's jobs, by the clock from outside."""
    cleaned = clock.now()
    while True:
        app.ticks.wake()
        if clock.now() - cleaned >= HOUSEKEEPING:
            cleaned = clock.now()
            await app.ticks.housekeeping()
        await asyncio.sleep(WAKE_S)
