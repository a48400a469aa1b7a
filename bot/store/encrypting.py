"""Making a plain database file an encrypted one, or the other way round, at a start and all or nothing.

A new file is written beside, whole and on the disk, compared with the old one row by row, and takes its name; until
then the old one is as it was. Nobody else has the file open meanwhile (SQLite lets no reader in), and whoever opened it
a moment before finds that it was moved and cannot write to it any more. No plain copy is kept, as that would be what
encryption is to prevent; nor are the old file's blocks on the disk overwritten, which no program can promise.
"""

import contextlib
import os
from itertools import zip_longest
from pathlib import Path

from bot.store import keys, opening
from bot.store.driver import CIPHER, sqlite3
from bot.store.errors import CannotOpen, StoreError
from bot.store.opening import FileKey, Just


def make_so(path: Path, encrypted: bool) -> None:
    """Encrypt a file, a new one from its first byte on, or make it a plain one. The key files are there.

    Where this cannot be done it stays as it is, and `accord doctor` says so: no SQLCipher, another program that has it
    open, a full disk. Raises KeyMissing or NeedsCipher if it cannot be opened.
    """
    is_so = opening.key_of(path) is not None
    if not CIPHER:
        return
    key = opening.give_key(path) if encrypted else None
    if not path.stat().st_size:
        with opening.opened(path, Just(key)) as empty:
            empty.execute("PRAGMA journal_mode=WAL")  # its first page: from now on it is what it is
    elif is_so != encrypted:
        with contextlib.suppress(CannotOpen, OSError):
            _rewrite(path, key)


def _rewrite(path: Path, key: FileKey | None) -> None:
    """Put the same database in its own place, under this key. Raises CannotOpen or OSError; nothing has changed then,
    but that its log may be in the file.
    """
    fresh = path.with_name(f"{path.name}.anew")
    opening.remove(fresh)  # what one that was killed has left
    try:
        make_private(fresh, path)
        with opening.opened(path) as old:
            old.execute("PRAGMA locking_mode=EXCLUSIVE")
            (mode,) = old.execute("PRAGMA journal_mode=DELETE").fetchone()  # the log goes into the file
            if mode != "delete":  # somebody else has it open
                raise CannotOpen(f"{path} is in use")
            old.execute("BEGIN EXCLUSIVE")
            export(old, fresh, key)
            _compare(old)
            old.execute("COMMIT")
            old.execute("DETACH fresh")
            _check(fresh, key)
            fresh.replace(path)  # while the lock is held
            keys.sync_folder(path.parent)
    finally:
        opening.remove(fresh)


def make_private(file: Path, like: Path) -> None:
    """An empty file that only the owner of another one can read."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    if os.geteuid() == 0:  # the bot, which is not root, must be able to use it
        os.chown(file, like.stat().st_uid, like.stat().st_gid)


def export(source: sqlite3.Connection, target: Path, key: FileKey | None) -> None:
    """Everything of an open database into another file, by SQLCipher's own means, inside the open transaction."""
    source.execute("ATTACH ? AS fresh KEY ?", (str(target), key.raw if key is not None else ""))
    source.execute("SELECT sqlcipher_export('fresh')")


def _compare(both: sqlite3.Connection) -> None:
    """Raise CannotOpen unless every table, index and row of the one stands in the other."""
    tables = [name for (name,) in both.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()]
    schema = "SELECT type, name, tbl_name, sql FROM {}.sqlite_master ORDER BY type, name"
    for query in (schema, *(f'SELECT * FROM {{}}."{name}"' for name in tables)):
        rows = [both.execute(query.format(place)) for place in ("main", "fresh")]  # copied in the order of a scan
        if any(one != other for one, other in zip_longest(*rows)):
            raise CannotOpen("what was written anew is not the same")


def _check(fresh: Path, key: FileKey | None) -> None:
    """Raise CannotOpen unless the new file is whole, as whoever opens it next will find it, and on the disk."""
    with opening.opened(fresh, Just(key)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise CannotOpen(f"{fresh} is not whole: {verdict}")
    descriptor = os.open(fresh, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def left_undone(path: Path, encrypted: bool) -> bool:
    """Whether a file is not as it is to be, though it could be."""
    with contextlib.suppress(StoreError):
        return CIPHER and (opening.key_of(path) is not None) != encrypted
    return False
