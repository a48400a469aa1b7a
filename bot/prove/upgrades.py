"""R11M: a migration dies at any statement. For each version there ever was, a file of it with a clinic in it is brought
up to date by a process that is killed with SIGKILL at its first statement, its second, its third …

Then the file is of the old version with every row as it was, or of the newest; the next start makes the newest of it,
equal to one that was never disturbed. And a program of an older version refuses the newest file, and leaves it alone.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import alembic.operations
import alembic.runtime.migration
import alembic.script  # loaded before the processes are forked, which so begin at once  # noqa: F401

from bot.prove.clinicfile import held_in
from bot.prove.proof import Tally, check
from bot.prove.world import memory
from bot.store import migrating
from bot.store.driver import sqlite3
from bot.store.errors import NewerDatabase
from bot.store.unsealing import unsealed

MANY = 20
"""From so many deaths on, from every version before there were keys; else from the first."""
CLINIC = (
    "INSERT INTO clinic (id, name, zone) VALUES (1, 'Clinic', 'America/Denver')",
    *(f"INSERT INTO person (id, clinic_id, role, code, zone, lang, state) VALUES ({n}, 1, '{role}', '{code}', 'UTC', "
      "'en', 'active')" for n, role, code in ((1, "patient", "P-014"), (2, "therapist", "T-1"))),
    "INSERT INTO pair (id, clinic_id, patient_id, therapist_id, started_at) VALUES (1, 1, 1, 2, '2026-11-02 13:00:00')",
    "INSERT INTO digest (id, clinic_id, therapist_id, state, due_at) VALUES ('a', 1, 2, 'planned', '2026-11-09 13:00')",
    "INSERT INTO inbox (update_id, raw, received_at, state) VALUES (7, '{}', '2026-11-02 13:00:00', 'new')",
)  # fmt: skip
"""A little of what may stand in a file of any version."""


@dataclass(frozen=True, slots=True)
class Before:
    """A file of an old version (None: no file yet), what it holds, what it is to become, in how many statements."""

    version: str | None
    folder: Path
    holds: str
    becomes: str
    statements: int


def killed(seed: int, amount: int, tally: Tally) -> None:
    """So many deaths, spread over every statement from every version on; another seed takes others. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        plain = [version for version in migrating.known() if version < migrating.SEALED_FROM]
        versions = plain if amount >= MANY else plain[:1]
        starts = [_before(version, Path(folder), tally) for version in (None, *versions)]
        points = [(one, number) for one in starts for number in range(one.statements)]
        tally.figures["statements there are"] += len(points) if seed // 1000 % 10 == 0 else 0
        Random(seed % 1000).shuffle(points)  # the pieces of a run take one after the other
        begin = seed // 1000 * amount % len(points)
        for one, number in (points * (2 + amount // len(points)))[begin : begin + amount]:
            _killed_at(one, number, Path(folder) / "tried")
            tally.struck["migration killed"] += 1
            tally.done += 1


def now() -> datetime:
    """The moment at which all of it happens."""
    return datetime(2026, 11, 3, 10, 15, tzinfo=UTC)


def _before(version: str | None, folder: Path, tally: Tally) -> Before:
    """Make a file of that version, and see what becomes of it undisturbed."""
    kept, steps = folder / f"of-{version}", folder / f"steps-{version}"
    kept.mkdir()
    steps.mkdir()
    for file in migrating.FOLDER.glob("0*.py"):
        if version is not None and file.name[:4] <= version:
            shutil.copy(file, steps)
    if version is not None:
        _made(kept / "accord.db", steps)
    holds, ready = _held(kept / "accord.db"), folder / f"ready-{version}"
    shutil.copytree(kept, ready)
    statements = _counted(ready / "accord.db")
    if version is not None:
        _refused(ready / "accord.db", steps)
        tally.figures["older programs that refused"] += 1
    return Before(version, kept, holds, _held(ready / "accord.db"), statements)


def _made(path: Path, steps: Path) -> None:
    migrating.bring_up_to_date(path, now, steps)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in CLINIC:
            connection.execute(statement)


def _counted(path: Path) -> int:
    """How many statements the migration has, by those that a process of its own traced."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        traced = _Traced(10**9)
        traced.bring_up_to_date(path)
        os.write(write, str(traced.number).encode())
        os._exit(0)
    os.close(write)
    _, status = os.waitpid(pid, 0)
    number = os.read(read, 20)
    os.close(read)
    check(status == 0, f"{path} could not be brought up to date")
    return int(number)


def _refused(path: Path, steps: Path) -> None:
    """The program of the old version says that the file is newer, and does not touch it."""
    content = path.read_bytes()
    try:
        migrating.bring_up_to_date(path, now, steps)
    except NewerDatabase:
        check(path.read_bytes() == content, "an older program refused a newer file, and changed it")
        return
    check(False, "an older program did not refuse a newer file")


def _killed_at(one: Before, number: int, place: Path) -> None:
    """Die at that statement, look, and start anew."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(one.folder, place)
    path, where = place / "accord.db", f"from {one.version or 'nothing'} on, killed at statement {number}"
    pid = os.fork()
    if pid == 0:
        _Traced(number).bring_up_to_date(path)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    check(os.waitstatus_to_exitcode(status) == -signal.SIGKILL, f"{where}: it did not come so far")
    found = _held(path)
    check(found in (one.holds, one.becomes), f"{where}: the file is neither as it was nor as it should be")
    migrating.bring_up_to_date(path, now)
    check(_held(path) == one.becomes, f"{where}: the next start did not make of it what it should be")
    for copy in place.glob("accord.db.backup-*Z*"):
        check(_held(copy) == one.holds, f"{where}: {copy.name} is not the file as it was")


def _held(path: Path) -> str:
    """Version, tables and rows, opened where they are sealed; "" of no file, or of an empty one."""
    version = migrating.version_of(path) if path.exists() else None
    if version is None:
        return ""
    tables = "\n".join(_tables(path))
    if version < migrating.SEALED_FROM:
        return f"{held_in(path)}\n{tables}"
    with unsealed(path) as opened:
        with closing(sqlite3.connect(opened)) as connection, connection:
            connection.execute("UPDATE person SET key_id = id")  # another one each time
        return f"{held_in(opened)}\n{tables}"


def _tables(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        for (sql,) in connection.execute(query).fetchall():  # Alembic rebuilds a table with its parts in any order
            yield " ".join(sorted(part.strip(" \n\t,") for part in sql.splitlines()))


class _Traced:
    """In a forked process: counts the statements of every connection, and dies at one of them."""

    def __init__(self, number: int) -> None:
        self._left, self.number = number, 0
        self._connect = sqlite3.connect

    def bring_up_to_date(self, path: Path) -> None:
        """As a start does."""
        sqlite3.connect = self._traced  # type: ignore[assignment]  # this process is thrown away
        migrating.bring_up_to_date(path, now)

    def _traced(self, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(*args, **kwargs)
        connection.set_trace_callback(self._count)
        return connection

    def _count(self, statement: str) -> None:  # noqa: ARG002
        if self.number == self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.number += 1
