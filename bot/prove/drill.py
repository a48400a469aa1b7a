"""R17: the machine is gone. A clinic's folder is deleted while people tap; on an empty one the settings are put back,
one command restores the backup, and the bot goes on.

And backups are made while a writer writes as quickly as it can: each holds whole transactions.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert

from bot.backing_up import restore_now
from bot.config import load, shipped_questionnaires
from bot.prove.checker import findings
from bot.prove.clinicfile import held_in
from bot.prove.proof import Tally, check
from bot.prove.storms import begun
from bot.prove.updates import somebody_is_served
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.watch import Watch
from bot.prove.world import World, configured, memory, world
from bot.prove.worlds import calm, judged
from bot.store import backups, keys, opening
from bot.store.engine import Store
from bot.store.tables_watch import offline
from bot.upkeep import SETTINGS, back_up

DAY_S, EVERY_S = 86400.0, 900.0
GONE_FOR_S = 4 * 3600.0
IN_ONE_CLINIC = 10
UNDER_LOAD = 15
"""So many backups beside a busy writer for each clinic."""
LOST_WITH_IT = ("lost", "wrong record", "sent twice", "asked after answered", "never asked", "left undone")
"""What the checker may say where something was done since the last backup: that is what a quarter of an hour costs."""


def drills(seed: int, amount: int, tally: Tally) -> None:
    """So many machines gone, ten in each clinic. Raises Broken."""
    for number in range(0, amount, IN_ONE_CLINIC):
        times = min(IN_ONE_CLINIC, amount - number)
        run_virtually(partial(_unlucky, seed=seed + number, times=times, tally=tally))
        _beside_a_writer(UNDER_LOAD if times > 1 else 2, tally)


async def _unlucky(loop: VirtualLoop, seed: int, times: int, tally: Tally) -> None:
    """A clinic that loses one machine after another: right after a backup, or (`late`) some minutes later."""
    async with world(seed, loop, set_up=partial(configured, encrypt=True)) as made:
        with tempfile.TemporaryDirectory(prefix="accord-elsewhere-", dir=memory()) as elsewhere:
            at_work, late = await begun(made), bool(seed // IN_ONE_CLINIC % 2)
            await asyncio.sleep(DAY_S)
            for _ in range(times):
                await asyncio.sleep(DAY_S / 2 * made.random.random())
                await _gone(made, Path(elsewhere), late, tally)
                tally.done += 1
            await asyncio.sleep(DAY_S)
            await calm(made, at_work)
        _judged(made, tally, late)


async def _gone(made: World, elsewhere: Path, late: bool, tally: Tally) -> None:
    backup = back_up(made.config, elsewhere, made.clock.true())
    held = held_in(made.database)
    if late:  # something is done since, at most until the next backup would have been made
        await asyncio.sleep(EVERY_S * made.random.random())
    await _rebuilt(made, elsewhere, backup.name, tally)
    check(held_in(made.database) == held, "what was restored is not what was backed up")
    await made.start()
    await somebody_is_served(made)
    tally.struck["machine gone"] += 1


async def _rebuilt(made: World, elsewhere: Path, backup: str, tally: Tally) -> None:
    """Everything is deleted; hours later there is an empty folder, the settings come back, and the database."""
    made.emulator.history.record("fault", fault="died")
    await made.bury()
    await made.store.close()
    master = keys.master_file(made.database).read_bytes()  # its copy lies where no backup does
    shutil.rmtree(made.folder)
    await asyncio.sleep(GONE_FOR_S * made.random.random())
    shutil.copytree(elsewhere / SETTINGS, made.folder)
    keys.master_file(made.database).write_bytes(master)
    config, mistakes = load(made.folder / "config.toml")
    check(config is not None, f"the settings that were backed up cannot be read: {mistakes}")
    tally.figures["restore ms"] += _restored(elsewhere / backup, made.database, by_command=tally.done % 10 == 0)
    made.store = await type(made.store).open(made.database, now=made.clock.now)


def _restored(source: Path, target: Path, by_command: bool) -> int:
    """Restore it: once in each clinic by the command itself, in a process of its own. How many ms it took at all."""
    watch = Watch()
    if by_command:
        command = [sys.executable, "-m", "bot", "restore", str(source), "--to", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"accord restore: {done.stdout}{done.stderr}")
    else:
        _, why_not = restore_now(source, target, set_aside=False)
        check(not why_not, f"accord restore: {why_not}")
    return round(1000 * watch.seconds)


def _judged(made: World, tally: Tally, late: bool) -> None:
    if not late:
        judged(made, tally)
        return
    events = [event.as_dict() for event in made.emulator.history.events]
    ends = made.clock.true().timestamp()
    found = findings(events, made.database, shipped_questionnaires(), ends)
    check(not (wrong := [str(one) for one in found if one.kind not in LOST_WITH_IT]), "\n".join(wrong[:20]))


# ------------------------------------------------------------------------------------------------ beside a writer


def _beside_a_writer(backups_made: int, tally: Tally) -> None:
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        asyncio.run(_written_and_copied(Path(folder), backups_made, tally))


async def _written_and_copied(folder: Path, number: int, tally: Tally) -> None:
    """Each transaction writes two rows; so every copy has an even number of them."""
    database, kept = folder / "accord.db", folder / "kept"
    store = await Store.open(database, now=_now, encrypt=True)
    writing = asyncio.create_task(_write_on(store))
    for _ in range(number):
        made = await asyncio.to_thread(backups.make, database, kept, _now())
        drilled = await asyncio.to_thread(backups.drill, kept, made, _now(), database)
        check(drilled.problem == "", f"a backup made beside a writer: {drilled.problem}")
        check(_count(kept / made.name, database) % 2 == 0, "a backup made beside a writer holds half a transaction")
        tally.struck["backup beside a writer"] += 1
    writing.cancel()
    await asyncio.wait({writing})
    await store.close()
    tally.figures["writes meanwhile"] += _count(database, database) // 2


async def _write_on(store: Store) -> None:
    while True:
        await asyncio.gather(*(store.write(_two_rows) for _ in range(20)))


def _two_rows(conn: Connection) -> None:
    for _ in range(2):
        conn.execute(insert(offline).values(began_at=_now(), ended_at=_now()))


def _count(file: Path, database: Path) -> int:
    with closing(opening.connect(file, opening.of(database))) as connection:
        (number,) = connection.execute("SELECT count(*) FROM offline").fetchone()
    return int(number)


def _now() -> datetime:
    return datetime(2026, 11, 3, 14, 15, tzinfo=UTC)
