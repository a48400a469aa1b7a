"""A small clinic's database as a machine may leave it behind: for the proofs about files (R16, R17).

Some days of the clinic are played in virtual time, and the file is taken away while the bot works.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot import clinic_people
from bot.prove.power import state
from bot.prove.storms import begun
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.world import World, configured, memory, world
from bot.store import migrating, opening, outages

DAYS_S, FEW_DAYS_S, LAST_S = 3 * 86400.0, 1.1 * 86400.0, 2 * 3600.0
OLD_S = 86400.0
"""So much earlier than the rest the old copy was made."""


@dataclass(frozen=True, slots=True)
class Left:
    """`base` and `log`: the file and its -wal of the last two hours; `whole`: both in one file; `old`: a day before.

    `alive_at`: the last sign of life in it; something was written since. `holds`: a fingerprint of all rows.
    `keys`: the key files, by the ends of their names.
    """

    base: bytes
    log: bytes
    whole: bytes
    old: bytes
    alive_at: str
    holds: str
    keys: Mapping[str, bytes]


def left_behind(seed: int, days_s: float = DAYS_S, encrypted: bool = False) -> Left:
    """Play some days (more than one), and take the files."""
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        left: Left = run_virtually(lambda loop: _played(loop, seed, Path(folder), days_s, encrypted))
    return left


async def _played(loop: VirtualLoop, seed: int, folder: Path, days_s: float, encrypted: bool) -> Left:
    async with world(seed, loop, set_up=partial(configured, encrypt=encrypted)) as made:
        at_work = await begun(made)
        await asyncio.sleep(days_s - OLD_S)
        old = folder / "old.db"
        migrating.copy(made.database, old)
        await asyncio.sleep(OLD_S)
        return await _taken(made, at_work, old, folder / "copy.db")


async def _taken(made: World, at_work: list[asyncio.Task[None]], old: Path, copy: Path) -> Left:
    """What was written until now goes to the file, what comes in the last hours stays in the -wal."""
    with closing(opening.connect(made.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await asyncio.sleep(LAST_S)
    for task in at_work:
        task.cancel()
    await asyncio.wait(at_work)
    await made.desk(outages.beat, made.clock.true() - timedelta(seconds=1))
    alive = await made.store.read(outages.last_beat)
    assert alive is not None
    await made.desk(clinic_people.set_person, made.config, "P-014", "America/Chicago", None, made.clock.true())
    migrating.copy(made.database, copy)
    base, log = _content(made.database, ""), _content(made.database, "-wal")
    for one in (copy, old):
        with closing(opening.connect(one, opening.of(made.database))) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    kept = {end: _content(made.database, end) for end in (".key", ".keys")}
    held = held_in(copy, opening.of(made.database))
    return Left(base, log, _content(copy), _content(old), alive.isoformat(), held, kept)


def _content(database: Path, end: str = "") -> bytes:
    return database.with_name(database.name + end).read_bytes()


def held_in(file: Path, by: opening.With | None = None) -> str:
    """A fingerprint of all rows in a file. Raises sqlite3.Error."""
    with closing(opening.connect(file, by)) as connection:
        return state(connection.execute)
