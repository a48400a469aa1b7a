"""`accord erase` for the command line. Values or a sentence come out."""

import asyncio
from typing import Any

from bot.clinic_erasing import erase
from bot.clock import SystemClock
from bot.config import Config
from bot.erasing import carry_out
from bot.store import lock
from bot.store.engine import Store
from bot.store.erasing import WITHIN
from bot.store.errors import StoreError
from bot.store.people import Refused


def erase_now(config: Config, code: str, why: str | None) -> tuple[dict[str, Any], str]:
    """Ask for everything of a patient to go; where no bot runs that would do it, do it at once. Or why not."""
    try:
        return asyncio.run(_erase(config, code, why)), ""
    except (Refused, StoreError, OSError) as error:
        return {}, str(error)


async def _erase(config: Config, code: str, why: str | None) -> dict[str, Any]:
    clock = SystemClock()
    async with await Store.open(config.database.path, now=clock.now, migrate=False) as store:
        done = await store.write(erase, config, code, why, clock.now())
        runs = lock.holder(config.database.path) is not None
        if not runs:
            await carry_out(store, config, clock.now(), WITHIN)
        return done | {"erased": not runs}
