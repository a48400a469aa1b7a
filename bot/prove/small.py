"""R3F: a disk of twelve megabytes that is really full. A filler leaves some room, the store writes until there is none
left, the filler goes, and it writes on: what was acknowledged is there, what was refused is not.
"""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import Connection, delete, select

from bot.prove.proof import Skipped, Tally, check
from bot.store import inbox
from bot.store.engine import Store
from bot.store.errors import NotStored
from bot.store.soundness import damage
from bot.store.tables import inbox as rows

SIZE, LONGEST = "12m", 9000  # the -wal alone takes four before it is begun anew
LEFT_KB, ON_ONE_DISK = (4, 400), 20
NOW = datetime(2026, 11, 3, 14, 15, tzinfo=UTC)


def fillings(seed: int, amount: int, tally: Tally) -> None:
    """So many times. Raises Broken, or Skipped where no disk can be mounted."""
    random = Random(seed)
    for number in range(0, amount, ON_ONE_DISK):  # a database keeps the room it once had, so a new disk now and then
        with _small_disk() as folder:
            asyncio.run(_filled(folder, random, min(ON_ONE_DISK, amount - number), tally))


@contextmanager
def _small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="accord-prove-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "accord-prove", folder]
        try:
            mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            mounted = False
        if not mounted:
            raise Skipped("a disk of 12 MB can be mounted by root only, on Linux.")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=False)


async def _filled(folder: Path, random: Random, amount: int, tally: Tally) -> None:
    async with await Store.open(folder / "accord.db", now=lambda: NOW) as store:
        number = 0
        for _ in range(amount):
            filler = _fill(folder, random.randint(*LEFT_KB) * 1024)
            number, told = await _written_until_full(store, random, number)
            filler.unlink()
            stored = await store.read(_stored)
            check(stored == told, f"acknowledged were {sorted(told - stored)} that are not there, "
                                  f"refused were {sorted(stored - told)} that are")  # fmt: skip
            await store.write(_emptied)  # there is room again: it goes on at once
            tally.struck["disk really full"] += 1
            tally.done += 1
    check(not (found := damage(folder / "accord.db")), f"the file is damaged: {found}")


def _fill(folder: Path, left: int) -> Path:
    disk = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(bytes(max(disk.f_bavail * disk.f_bsize - left, 0)))
    return filler


async def _written_until_full(store: Store, random: Random, number: int) -> tuple[int, set[int]]:
    """One row after the other; the last number, and those that were acknowledged."""
    told: set[int] = set()
    while True:
        number += 1
        try:
            await store.write(inbox.add, [(number, "x" * random.randint(10, LONGEST))], [], NOW)
        except NotStored:
            return number, told
        told.add(number)


def _stored(conn: Connection) -> set[int]:
    return set(conn.execute(select(rows.c.update_id)).scalars())


def _emptied(conn: Connection) -> None:
    conn.execute(delete(rows))
