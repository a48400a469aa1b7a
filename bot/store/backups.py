"""Backups in a folder: made while the bot works, each with a note of its checksum; restored into an empty place.

Beside accord-20261103T141500Z.db stands accord-20261103T141500Z.json with its SHA-256, its size and its counts of
rows. That note finds every change of the copy, which SQLite alone does not: most single bits that flip in a value are a
valid database. What is in a copy is checked when it is made (integrity_check: every page, every index) and when it is
drilled: restored for practice, and its rows counted again.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.core.backups import Backup, made_at, name_of, surplus
from bot.store import keys, lock, migrating, opening, soundness
from bot.store.driver import sqlite3
from bot.store.errors import BackupFailed, CannotRestore, StoreError

LEFT_OVER = timedelta(hours=6)
"""Parts of copies that are older were left by a process that was killed."""
KEYS = "keys"
"""The folder beside the backups with the wrapped data keys, as they are now."""
Rows = dict[str, int]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the version of the database, how many rows, whether a checksum stood beside the backup."""

    path: Path
    version: str
    rows: Rows
    checked: bool


def make(database: Path, folder: Path, now: datetime) -> Backup:
    """Copy the database, also one in use, into the folder, check the copy and note its checksum.

    Raises BackupFailed; the folder is then as it was.
    """
    try:
        _make_folder(folder)
        target = _free_name(folder, database.stem, now)
        ring = opening.of(database)
        migrating.copy(database, target)
        rows, version = _counted(target, ring)
        backup = Backup(target.name, now, version, target.stat().st_size, _digest(target))
        copy_keys(database, folder)
        _note(folder, backup, rows, _log_of(target, ring))
        hand_over(database, folder, target, _note_of(folder, target.name))
    except OSError as error:
        raise BackupFailed(f"no backup could be made in {folder}: {error.strerror or error}") from error
    return backup


def copy_keys(database: Path, folder: Path) -> None:
    """Put the wrapped keys beside the backups, in the place of the ones before: an older copy would open again what
    was erased since. The master key is not among them.
    """
    source = keys.keys_file(database)
    if source.exists():
        kept = folder / KEYS
        kept.mkdir(mode=0o700, exist_ok=True)
        _replace(kept / f"{database.stem}.keys", source.read_bytes())
        hand_over(database, kept, kept / f"{database.stem}.keys")


def _replace(file: Path, data: bytes) -> None:
    """Written whole or not at all, and on the disk."""
    part = file.with_name(f"{file.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    keys.sync_folder(file.parent)


def _keys_of(source: Path) -> Path | None:
    """The wrapped keys of a backup, or of a copy beside a database."""
    made = source.parent / KEYS / f"{source.stem.rpartition('-')[0]}.keys"
    beside = keys.keys_file(source.with_name(source.name.partition(".backup-")[0].partition(".before-")[0]))
    return next((file for file in (made, beside) if file.is_file()), None)


def listed(folder: Path, database: Path) -> list[Backup]:
    """The backups of a database in the folder, the newest first; [] if there is no such folder."""
    if not folder.is_dir():
        return []
    found = [
        _noted(folder, file.name, at)
        for file in folder.glob("*.db")
        if (at := made_at(database.stem, file.name)) is not None
    ]
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def rows_of(folder: Path, backup: Backup) -> Rows:
    """How many rows each table had when the backup was made; {} if nobody noted it."""
    rows: Rows = _read_note(folder, backup.name).get("rows", {})
    return rows


def last_good(folder: Path | None, database: Path) -> Path | None:
    """The newest backup that is as it was made; without one the newest copy made before a migration; else None."""
    for backup in listed(folder, database) if folder else []:
        assert folder is not None
        if not backup.problem and (backup.sha256 is None or problem_of(folder, backup) == ""):
            return folder / backup.name
    copies = database.parent.glob(f"{database.name}.backup-*Z")
    return max(copies, key=lambda file: file.stat().st_mtime, default=None)


def problem_of(folder: Path, backup: Backup) -> str:
    """What is wrong with a backup's file as it lies there: "" if it is what was written."""
    try:
        changed = backup.sha256 is not None and _digest(folder / backup.name) != backup.sha256
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "is not what was written: its checksum differs" if changed else ""


def drill(folder: Path, backup: Backup, now: datetime, database: Path) -> Backup:
    """Restore a backup for practice, into a place of its own that is removed again; the backup with what came of it.
    `database`: whose it is, for the keys beside that.

    The practice is the real thing: `restore`, then the counts of rows are compared with those at its making.
    """
    try:
        with TemporaryDirectory(prefix=".drill-", dir=folder) as place:
            restored = restore(folder / backup.name, Path(place) / "accord.db", by=opening.of(database))
        problem = (
            ""
            if restored.rows == (rows_of(folder, backup) or restored.rows)
            else "has other rows than when it was made"
        )
    except (OSError, StoreError) as error:
        problem = str(error)
    backup = backup.drilled(now, problem)
    _remember(folder, backup)
    return backup


def scrub(folder: Path, database: Path) -> list[Backup]:
    """Read every backup again and note those that are not what was written; these."""
    bad = []
    for backup in listed(folder, database):
        if problem := backup.problem or problem_of(folder, backup):
            bad.append(backup.drilled(backup.made_at, problem))
            _remember(folder, bad[-1])
    return bad


def prune(folder: Path, database: Path, keep_days: int, now: datetime) -> list[str]:
    """Remove what is not kept, and what killed processes left; the names of the backups removed."""
    gone = [one.name for one in surplus(listed(folder, database), keep_days)]
    for name in gone:
        (folder / name).unlink(missing_ok=True)
        _note_of(folder, name).unlink(missing_ok=True)
    for left in (*folder.glob("*.part"), *folder.glob(".drill-*")):
        with contextlib.suppress(OSError):
            if now.timestamp() - left.stat().st_mtime > LEFT_OVER.total_seconds():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    return gone


def restore(source: Path, target: Path, set_aside: datetime | None = None, by: opening.With | None = None) -> Restored:
    """Make a database at `target` from a backup. A database that is there already is in the way, unless it is to be
    set aside: then it is kept beside, its name with this moment. An encrypted one stays so; `by`: where its key is, if
    not beside `target` or among the backups.

    Raises CannotRestore, BackupFailed, AlreadyHeld, KeyMissing or NeedsCipher; what was at `target` is then as it was.
    """
    if not source.is_file():
        raise CannotRestore(f"there is no backup {source}")
    with _held(target):
        taken = [file for file in (target, *_beside(target)) if file.exists()]
        if taken and set_aside is None:
            raise CannotRestore(f"{taken[0]} is there already: name another file, or say --set-aside to keep it beside")
        note = _read_note(source.parent, source.name)
        if note and _digest(source) != note["sha256"]:
            raise CannotRestore(f"{source} is not what was written: its checksum differs. Take the backup before it")
        by = by or _ring_of(source, target)
        _refuse_newer(source, by)
        fresh = target.with_name(f"{target.name}.restored")
        fresh.unlink(missing_ok=True)
        migrating.copy(source, fresh, by)
        rows, version = _counted(fresh, by)
        hand_over(target.parent, fresh, target.with_name(f"{target.name}.lock"))
        for file in taken:
            file.rename(_aside(target, file, set_aside))
        soundness.forget(target)
        if (kept := _keys_of(source)) is not None and not keys.keys_file(target).exists():
            _replace(keys.keys_file(target), kept.read_bytes())  # those that are there are newer
            hand_over(target.parent, keys.keys_file(target))
        fresh.rename(target)
    return Restored(target, version, rows, bool(note))


def _aside(target: Path, file: Path, at: datetime | None) -> Path:
    """The name under which a file of the old database is kept: SQLite still finds its -wal by it."""
    assert at is not None
    kept = target.with_name(f"{target.name}.before-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return kept.with_name(kept.name + file.name.removeprefix(target.name))


@contextlib.contextmanager
def _held(target: Path) -> Iterator[None]:
    """Nobody starts a bot here meanwhile."""
    if not target.parent.is_dir():
        raise CannotRestore(f"there is no folder {target.parent}: make it first")
    with lock.acquire(target):
        yield


def _beside(database: Path) -> list[Path]:
    return [database.with_name(f"{database.name}-{part}") for part in ("wal", "shm", "journal")]


def _ring_of(source: Path, target: Path) -> opening.Ring:
    """Where the key of a backup is: in the keys that are there already, else in those that come with it."""
    there = keys.keys_file(target)
    return opening.Ring(there if there.exists() else _keys_of(source) or there, target)


def _refuse_newer(source: Path, by: opening.With) -> None:
    version, known = migrating.version_of(source, by), migrating.known()
    if version is None:
        raise CannotRestore(f"there is nothing in {source}")
    if version not in known:
        raise CannotRestore(f"{source} is of version {version}, and this program knows {known[-1]}: install the newer")


def hand_over(like: Path, *files: Path) -> None:
    """What root made belongs to the same account as `like`: else the bot could not use it."""
    if os.geteuid() == 0:
        owner = like.stat()
        for file in files:
            os.chown(file, owner.st_uid, owner.st_gid)


def _free_name(folder: Path, stem: str, now: datetime) -> Path:
    """The name of this moment; two backups in one second would be one."""
    target = folder / name_of(stem, now)
    while target.exists():
        now += timedelta(seconds=1)
        target = folder / name_of(stem, now)
    return target


def _make_folder(folder: Path) -> None:
    """Only the owner can look into it: a backup holds everything."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


IMMUTABLE = "mode=ro&immutable=1"
"""Nobody writes to a copy, and nothing is left beside it."""


def _counted(file: Path, by: opening.With) -> tuple[Rows, str]:
    """How many rows each table of a whole database has, and its version."""
    with contextlib.closing(opening.connect(file, by, IMMUTABLE)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return rows, str(version)


def _log_of(file: Path, by: opening.With) -> str:
    """The head of the log in a copy, as `store.audit` reads it; "" if there is none."""
    with (
        contextlib.closing(opening.connect(file, by, IMMUTABLE)) as connection,
        contextlib.suppress(sqlite3.OperationalError),
    ):
        row = connection.execute("SELECT id, substr(hex(mac), 1, 16) FROM audit ORDER BY id DESC LIMIT 1").fetchone()
        return "" if row is None else f"{row[0]}:{row[1].lower()}"
    return ""


def logs_of(folder: Path, database: Path) -> list[str]:
    """The heads of the log that the backups' notes know of."""
    return [str(_read_note(folder, one.name).get("log", "")) for one in listed(folder, database)]


# ------------------------------------------------------------------------------------------------ notes


def _note_of(folder: Path, name: str) -> Path:
    return folder / f"{Path(name).stem}.json"


def _note(folder: Path, backup: Backup, rows: Rows, log: str) -> None:
    at = {"made_at": backup.made_at.isoformat(), "version": backup.version, "bytes": backup.bytes, "log": log}
    _write_note(folder, backup.name, at | {"sha256": backup.sha256, "rows": rows})


def _remember(folder: Path, backup: Backup) -> None:
    """Add to the note what is known of a backup since."""
    drilled = backup.drilled_at and backup.drilled_at.isoformat()
    with contextlib.suppress(OSError):  # a folder that cannot be written to is said where the next backup is made
        note = _read_note(folder, backup.name)
        _write_note(folder, backup.name, note | {"drilled_at": drilled, "problem": backup.problem})


def _write_note(folder: Path, name: str, note: dict[str, Any]) -> None:
    """Written whole or not at all, and on the disk."""
    _replace(_note_of(folder, name), json.dumps(note, indent=1).encode())


def _read_note(folder: Path, name: str) -> dict[str, Any]:
    """The note beside a backup; {} if there is none. One that cannot be read counts as none."""
    try:
        note = json.loads(_note_of(folder, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) and isinstance(note.get("sha256"), str) else {}


def _noted(folder: Path, name: str, at: datetime) -> Backup:
    note = _read_note(folder, name)
    if not note:
        return Backup(name, at, problem="has no note of its checksum beside it")
    drilled = note.get("drilled_at")
    return Backup(
        name, at, note.get("version", ""), note.get("bytes", 0), note["sha256"],
        datetime.fromisoformat(drilled) if drilled else None, note.get("problem", ""),
    )  # fmt: skip
