"""`accord doctor` for the command line: how Accord is, and what was set aside. Values or a sentence come out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.core.health import Line, lines
from bot.health import examine
from bot.store import letters
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.people import Refused


def found(config: Config, clock: Clock | None = None) -> list[Line]:
    """A line for each thing."""
    return lines(asyncio.run(examine(config, clock or SystemClock())))


def shown_letters(config: Config) -> tuple[list[dict[str, Any]], str]:
    """What was set aside; or why nobody can tell."""
    listed, problem = _done(config, letters.listed)
    return [asdict(one) | {"at": one.at.isoformat() if one.at else None} for one in listed or []], problem


def retry(config: Config, ids: Sequence[str]) -> tuple[list[str], str]:
    """Try letters again, all or none: when each is tried; or why not."""
    clock = SystemClock()
    return _done(config, lambda conn: [letters.retry(conn, one, clock.now()) for one in ids])


def drop(config: Config, ids: Sequence[str]) -> tuple[None, str]:
    """Do without letters, all or none."""

    def drop_all(conn: Connection) -> None:
        for one in ids:
            letters.drop(conn, one)

    return _done(config, drop_all)


def _done(config: Config, work: Callable[[Connection], Any]) -> tuple[Any, str]:
    """One transaction beside a running bot."""
    try:
        return asyncio.run(_transaction(config, work)), ""
    except (Refused, StoreError) as error:
        return [], str(error)


async def _transaction(config: Config, work: Callable[[Connection], Any]) -> Any:
    clock = SystemClock()
    async with await Store.open(config.database.path, now=clock.now, migrate=False) as store:
        return await store.write(work)
