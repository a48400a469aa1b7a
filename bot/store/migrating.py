"""Bringing a database file to the version this program needs: making it, migrating it, refusing it.

The versions are the files of `migrations/`, numbered; the newest number is the version the program needs. What a
start usually does is one cheap look at `alembic_version`; Alembic itself is imported only when a migration is due.
A migration is one transaction over all steps, made after a verified copy of the file, so that there is no moment at
which the program can die and leave something that neither the old nor the new program can use.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine

from bot.store import encrypting, keyring, keys, opening
from bot.store.driver import sqlite3
from bot.store.errors import (
    BackupFailed,
    CannotOpen,
    MigrationFailed,
    NewerDatabase,
    NotADatabase,
    OlderDatabase,
)

FOLDER = Path(__file__).with_name("migrations")
SEALED_FROM = "0009"

_ALEMBIC = threading.Lock()  # `alembic.op` is one name for the whole process


def known(folder: Path = FOLDER) -> list[str]:
    """All versions this program has a migration for, oldest first: "0001", "0002" and so on."""
    return sorted(file.name[:4] for file in folder.glob("[0-9][0-9][0-9][0-9]_*.py"))


def version_of(path: Path, by: opening.With | None = None) -> str | None:
    """The version of the database at `path`; None if there is no file, or nothing in it.

    Raises NotADatabase if it is something else, CannotOpen if it cannot be read, KeyMissing or NeedsCipher.
    """
    if not path.exists():
        return None
    with opening.opened(path, by) as connection:
        return _version(path, connection)


def require_newest(path: Path, folder: Path = FOLDER) -> None:
    """Raise OlderDatabase or NewerDatabase unless `path` has the version this program needs."""
    versions = known(folder)
    if _refuse_unknown(path, version_of(path), versions) != versions[-1]:
        raise OlderDatabase(path, version_of(path), versions[-1])
    if _is_sealed(folder, versions[-1]):
        keys.require(path)


def bring_up_to_date(
    path: Path, now: Callable[[], datetime], folder: Path = FOLDER, encrypt: bool | None = None
) -> Path | None:
    """Make or migrate the database at `path` if that is due; the path of the copy made before, if one was made.

    `encrypt`: whether the file is to be encrypted as a whole; None: it stays as it is. That comes first, so that the
    copy is encrypted, too. Raises NewerDatabase, NotADatabase, CannotOpen, BackupFailed, MigrationFailed, KeyMissing or
    NeedsCipher; the file is then as it was.
    """
    versions, found = known(folder), version_of(path)
    _refuse_unknown(path, found, versions)  # before anything is made or changed
    opening.make_private(path)
    if _is_sealed(folder, versions[-1]):
        (keys.require if _is_sealed(folder, found) else keys.prepare)(path)
        if encrypt is not None:
            encrypting.make_so(path, encrypt)
    with _ALEMBIC, opening.opened(path) as driver:
        _use_wal(driver)
        if _version(path, driver) == versions[-1]:
            return None
        return _migrate(path, driver, now, folder)


def _is_sealed(folder: Path, version: str | None) -> bool:
    """Whether a database of this version of the program's own has keys."""
    return folder == FOLDER and version is not None and version >= SEALED_FROM


def copy(source: Path, target: Path, by: opening.With | None = None) -> None:
    """Copy a database, also one in use, to `target` as one file, and check the copy; encrypted with the same key if it
    is encrypted, `by`: where that is.

    Raises BackupFailed, KeyMissing or NeedsCipher; there is no file at `target` then, unless there was one before.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already, and a backup is never overwritten")
    part = target.with_name(f"{target.name}.part")
    try:
        opening.remove(part)  # what a copy that was killed has left
        opening.make_private(part)
        same = opening.Just(opening.key_of(source, by))
        with opening.opened(source, same) as old, opening.opened(part, same) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")  # one file, without a -wal beside it
            (verdict,) = new.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise BackupFailed(f"the copy of {source} is damaged: {verdict}")
        part.replace(target)
    except (OSError, CannotOpen, NotADatabase) as error:
        raise BackupFailed(f"{source} could not be copied to {target}: {error}") from error
    finally:
        opening.remove(part)


def _use_wal(driver: sqlite3.Connection) -> None:
    """Let readers and the writer go side by side, for as long as the file lives.

    The switch is the one thing that does not wait for another process; taking the right to write does.
    """
    for last in (*[False] * 20, True):
        try:
            driver.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if last:
                raise
            driver.execute("BEGIN IMMEDIATE")
            driver.execute("ROLLBACK")


def _migrate(path: Path, driver: sqlite3.Connection, now: Callable[[], datetime], folder: Path) -> Path | None:
    """Under the lock for writing: look again, copy, then run every step in this one transaction."""
    newest = known(folder)[-1]
    with _core(driver, path) as connection:
        driver.execute("BEGIN IMMEDIATE")
        found = _refuse_unknown(path, _version(path, driver), known(folder))
        if found == newest:  # another process was quicker
            return None
        backup = _back_up(path, found, now()) if found else None
        try:
            _run_steps(connection, folder)
            if _is_sealed(folder, newest) and not _is_sealed(folder, found):
                _seal(connection)
            _check_references(driver)
            driver.execute("COMMIT")
            if found and newest >= SEALED_FROM > found:
                _wipe(driver)
        except Exception as error:
            whence = f"from version {found} to {newest}" if found else f"to version {newest}"
            raise MigrationFailed(f"{path} could not be brought {whence} and was left as it was: {error}") from error
    return backup


def _run_steps(connection: Connection, folder: Path) -> None:
    """Let Alembic run what is due; it sees that a transaction is open, and leaves it to us."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(folder), version_locations=[str(folder)])

    def steps(heads: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs("head", heads)  # as Alembic's own manual does it

    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()


def _wipe(driver: sqlite3.Connection) -> None:
    """Leave nothing plain in pages that are free now, nor in the log."""
    driver.execute("VACUUM")
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _seal(connection: Connection) -> None:
    from bot.store.sealing_old import seal_all

    connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what was plain is overwritten
    seal_all(connection)


def _check_references(driver: sqlite3.Connection) -> None:
    """Foreign keys are off while tables are rebuilt, so look at them once before it counts."""
    broken = driver.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise ValueError(f"a row of {broken[0]} would refer to a row of {broken[2]} that is not there")


def _back_up(path: Path, version: str, at: datetime) -> Path:
    stem = f"{path.name}.backup-{version}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    target, number = path.with_name(stem), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{stem}-{number}")
    copy(path, target)
    return target


def _refuse_unknown(path: Path, found: str | None, versions: list[str]) -> str | None:
    if found is not None and found not in versions:
        raise NewerDatabase(path, found, versions[-1])
    return found


def _version(path: Path, connection: sqlite3.Connection) -> str | None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    row = "alembic_version" in tables and connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if not row:
        raise NotADatabase(f"{path} is a database that this program did not make: give it a file of its own")
    return str(row[0])


@contextlib.contextmanager
def _core(driver: sqlite3.Connection, path: Path) -> Iterator[Connection]:
    """SQLAlchemy's view of an open connection, for Alembic: it believes that a transaction is open, and begins none."""
    engine = create_engine("sqlite+pysqlite://", module=sqlite3, creator=lambda: driver, poolclass=NullPool)
    keyring.attach(engine, path)
    with engine.connect() as connection, connection.begin():
        yield connection
