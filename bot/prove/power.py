"""R2: the power goes at any moment. The bot plays some days on a disk that remembers each operation; then, for each of
many moments, the disk is put together as it would be found: what was synced, and of the rest what a die lets survive.

Whatever the bot was told is stored must be there, nothing else may be different, and the file must be whole. The SQLite
that reads is the one the bot runs with. `synchronous=NORMAL`, planted, must be found out, or this proves nothing.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bot.prove.crowd import Somebody
from bot.prove.disk import Disk, Operation, Platter, mounted
from bot.prove.proof import Broken, Tally, check
from bot.prove.shim import Cursor, Shim, Values
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.world import PATIENTS, THERAPISTS, World, come_in, memory, world
from bot.prove.worlds import WEEKLY, at_the_desk
from bot.store.driver import sqlite3

DAYS_S, A_LITTLE_S = 3.2 * 86400, 0.2 * 86400
PLANTED = 300
"""So many cuts at most until synchronous=NORMAL must have been found out."""


@dataclass(slots=True)
class Tape:
    """A run: the files it began with, every operation, and the state after each commit, by where it stands."""

    files: dict[str, bytes] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    states: list[tuple[int, str]] = field(default_factory=list)


def cuts(seed: int, amount: int, tally: Tally) -> None:
    """So many power cuts, spread over all operations of one run; and a planted fault that must be found."""
    _cut(recorded(seed, days_s=DAYS_S if amount >= PLANTED else A_LITTLE_S), seed, amount, tally)
    if amount >= PLANTED:
        check(finds(lambda: _cut(recorded(seed, "NORMAL"), seed, PLANTED, Tally())), "synchronous=NORMAL was not found")
        tally.figures["synchronous=NORMAL found"] += 1


def finds(run: Callable[[], None]) -> bool:
    """Whether a proof finds something."""
    try:
        run()
    except Broken:
        return True
    return False


def _cut(tape: Tape, seed: int, amount: int, tally: Tally) -> None:
    random, platter = Random(seed), Platter(tape.files)
    moments = sorted(random.choices(range(1, len(tape.operations) + 1), k=amount))
    done = acknowledged = 0
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        for moment in moments:
            for operation in tape.operations[done:moment]:
                platter.go_on(operation)
            done = moment
            while acknowledged + 1 < len(tape.states) and tape.states[acknowledged + 1][0] <= moment:
                acknowledged += 1
            known = {state for _, state in tape.states[acknowledged : acknowledged + 2]}
            found = _found(Path(folder), platter.after_a_cut(random))
            where = f"after operation {moment} of {len(tape.operations)}, commit {acknowledged} of {len(tape.states)}"
            check(found in known, f"power cut {where}: {found}")
            tally.done += 1
            tally.struck["power cut"] += 1


def _found(folder: Path, files: dict[str, bytes]) -> str:
    """The state of what a restart finds."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        with closing(sqlite3.connect(folder / "demo.db")) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            return state(connection.execute) if verdict == "ok" else f"the file is damaged: {verdict}"
    except sqlite3.Error as error:
        return f"the file does not open: {error}"


def state(execute: Callable[[str], Any]) -> str:
    """A fingerprint of everything in the tables."""
    found = hashlib.sha256()
    names = [name for (name,) in execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    for name in names:
        found.update(f"{name} {list(execute(f'SELECT * FROM {chr(34)}{name}{chr(34)} ORDER BY rowid'))}".encode())
    return found.hexdigest()


# ------------------------------------------------------------------------------------------------ the run


def recorded(seed: int, planted: str | None = None, days_s: float = DAYS_S) -> Tape:
    """Some days of the small clinic on a disk that remembers."""
    tape = Tape()
    with mounted(Disk()) as disk:
        run_virtually(lambda loop: _record(loop, seed, disk, planted, tape, days_s))
        tape.operations = disk.log
    return tape


async def _record(loop: VirtualLoop, seed: int, disk: Disk, planted: str | None, tape: Tape, days_s: float) -> None:
    def connect(path: Path, writing: bool) -> Shim:
        if not writing:
            return Shim(path)
        opened = _Telling(path, disk.name, planted)
        opened.committed = lambda: tape.states.append((len(disk.log), state(opened.execute)))
        return opened

    async with world(seed, loop, connect=connect) as made:
        await made.people()
        _checkpointed(made.database)
        tape.files = {made.database.name: made.database.read_bytes()}
        # What the desk has open is a view of the log that was just emptied: begin with fresh connections.
        await made.store.close()
        made.store = await type(made.store).open(made.database, now=made.clock.now)
        disk.recording = True
        with closing(Shim(made.database)) as looking:
            tape.states.append((0, state(looking.execute)))
        await live(made, days_s)
        disk.recording = False


async def live(made: World, seconds: float) -> None:
    """Everybody comes in and lives there."""
    await made.start()
    await come_in(made)
    for code, rule in WEEKLY.items():
        await at_the_desk(made, "set_weekly", code, rule, "2026-10-20", None)
    crowd = [Somebody(made, code, Random(f"{made.random.random()}")) for code in (*THERAPISTS, *PATIENTS)]
    at_work = [asyncio.create_task(one.live()) for one in crowd]
    await asyncio.sleep(seconds)
    for task in at_work:
        task.cancel()
    await asyncio.wait(at_work)


def _checkpointed(path: Path) -> None:
    """All of it in one file."""
    with closing(Shim(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Telling(Shim):
    """Says when a commit was acknowledged. Checkpoints come often, so that there are many to cut.

    How it syncs is the bot's own setting, unless another one is planted.
    """

    def __init__(self, path: Path, vfs: str, planted: str | None) -> None:
        super().__init__(path, vfs)
        self._planted, self._set = planted, False
        self.committed: Callable[[], None] = lambda: None

    def execute(self, sql: str, values: Values = (), /) -> Cursor:  # type: ignore[override]
        """One statement."""
        if sql.startswith("BEGIN") and not self._set:
            self._set = True
            super().execute("PRAGMA wal_autocheckpoint=60")
            if self._planted is not None:
                super().execute(f"PRAGMA synchronous={self._planted}")
        cursor = super().execute(sql, values)
        if sql == "COMMIT":
            self.committed()
        return cursor
