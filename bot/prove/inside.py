"""A clinic's database after some days of work, for proofs that ask what stands in it or what comes out of it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from bot.config import Config
from bot.prove.storms import begun
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.world import world

T = TypeVar("T")
Work = Callable[[Connection, Config, datetime], T]


def worked(seed: int, days_s: float, work: Work[T]) -> T:
    """Play some days of a clinic, then do this work at its database, in one transaction. Raises what it raises."""
    done: T = run_virtually(lambda loop: _worked(loop, seed, days_s, work))
    return done


async def _worked(loop: VirtualLoop, seed: int, days_s: float, work: Work[T]) -> T:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        await asyncio.sleep(days_s)
        for task in at_work:
            task.cancel()
        await asyncio.wait(at_work)
        done: T = await made.desk(work, made.config, made.clock.true())
        return done
