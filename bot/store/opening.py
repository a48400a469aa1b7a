"""How a database file is opened: with the key of the file where it is encrypted (SQLCipher). Nobody else connects.

The key of the file is one of the data keys (`keys`), of an owner of its own: random, wrapped by the master key, in the
file of wrapped keys and so beside every backup. Another master key wraps it anew and leaves the database as it is.
It is given as a raw key, so that no password has to be stretched at each opening, and with it the salt that a file
begins with: a bit that flips there harms nobody.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Engine, NullPool, create_engine

from bot.store import keyring, keys
from bot.store.driver import CIPHER, sqlite3
from bot.store.errors import CannotOpen, KeyMissing, NeedsCipher, NotADatabase, StoreError

OWNER = "1:file"
"""Whose the key of the file is: nobody's, so that no erasure destroys it."""
BUSY_MS = 5000
"""How long to wait for another process that changes the same file as a whole."""
CACHE_KB = 16 * 1024
"""At most, for whoever reads a whole file: a page that is read twice is opened twice, and that takes long."""
PAGE = 4096  # bytes; an encrypted file has no part of one
_KEY, _SALT = 32, 16  # bytes


@dataclass(frozen=True, slots=True)
class FileKey:
    """What an encrypted file is opened with, as SQLCipher wants it. Never in a log, an address or an error."""

    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ring:
    """Where the key of a file is looked for: a file of wrapped keys, and the database whose master key wraps them."""

    keys: Path
    database: Path

    def file_key(self) -> FileKey | None:
        """The key; None if there is none. Raises KeyMissing or Unreadable."""
        try:
            return self._file_key()
        except KeyMissing:  # a rotation may have ended between the two looks that this takes
            return self._file_key()

    def _file_key(self) -> FileKey | None:
        try:
            with self.keys.open(encoding="ascii") as file:  # line by line: it is long, and read at each opening
                head = file.readline()
                mine = [one for one in file if f" {OWNER} " in one]
        except FileNotFoundError:
            return None
        for line in keys.lines(mine):
            if line.wrapped is not None:
                master = keys.with_fingerprint(self.database, keys.fingerprint_in(head), self.keys)
                return _derived(keys.unwrap(master, line))
        return None

    def tried(self) -> tuple[tuple[FileKey | None, ...], StoreError | None]:
        """What to try in turn (None: no key), and what to say if nothing opens the file.

        A plain file may have a key, too: it is encrypted at the next start, or it was before. The key is tried once
        more at the end, as the file may become an encrypted one meanwhile.
        """
        try:
            key = self.file_key()
        except StoreError as problem:
            return (None,), problem
        if key is None:
            return (None,), None
        return ((key, None, key), None) if CIPHER else ((None,), NeedsCipher(self.database))


@dataclass(frozen=True, slots=True)
class Just:
    """This key and no other; None: no key."""

    key: FileKey | None

    def tried(self) -> tuple[tuple[FileKey | None, ...], StoreError | None]:
        """As of a ring."""
        return (self.key,), None


With = Ring | Just


def of(database: Path) -> Ring:
    """The ring beside a database."""
    return Ring(keys.keys_file(database), database)


def give_key(database: Path) -> FileKey:
    """The key of this database's file, made and on the disk if there was none. The key files are there."""
    if (key := of(database).file_key()) is None:
        keyring.ring(database).make([OWNER])
        key = of(database).file_key()
    assert key is not None
    return key


def connect(path: Path, by: With | None = None, mode: str = "", **how: Any) -> sqlite3.Connection:
    """A connection to a database file, encrypted or not; `mode`: parameters of its address, such as "mode=ro".

    Raises sqlite3.Error; KeyMissing or NeedsCipher if that is why it cannot be opened.
    """
    found = _opened(path, by or of(path), mode, how)
    return found[0]


@contextlib.contextmanager
def opened(path: Path, by: With | None = None) -> Iterator[sqlite3.Connection]:
    """A connection to a file that exists, in autocommit mode; SQLite's own errors become sentences."""
    with _told(path), contextlib.closing(connect(path, by, "mode=rw", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        yield connection


def key_of(path: Path, by: With | None = None) -> FileKey | None:
    """The key with which a file is encrypted; None of one that is plain, empty or not there. Raises StoreError."""
    if not path.exists() or not path.stat().st_size:
        return None
    with _told(path):
        connection, key = _opened(path, by or of(path), "mode=rw", {})
        connection.close()
        return key


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's errors as sentences."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise NotADatabase(f"{path} is not a database: is this the right file?") from error
        raise CannotOpen(f"{path} cannot be used as a database: {error}") from error


def _opened(path: Path, by: With, mode: str, how: dict[str, Any]) -> tuple[sqlite3.Connection, FileKey | None]:
    keys_tried, problem = by.tried()
    for key in keys_tried:
        connection = _tried(path, key, mode, how)
        if connection is not None:
            return connection, key
    if problem is None and isinstance(by, Ring) and not by.keys.exists() and _may_be_encrypted(path):
        problem = keys.none_there(by.database)
    if problem is not None:
        raise problem
    error = sqlite3.DatabaseError("file is not a database")
    error.sqlite_errorcode = sqlite3.SQLITE_NOTADB
    raise error


def _may_be_encrypted(path: Path) -> bool:
    size = path.stat().st_size
    return size > 0 and size % PAGE == 0


def _tried(path: Path, key: FileKey | None, mode: str, how: dict[str, Any]) -> sqlite3.Connection | None:
    """A connection; None if the file is not opened by this."""
    where = f"{path.resolve().as_uri()}?{mode}" if mode else str(path)
    connection: sqlite3.Connection = sqlite3.connect(where, uri=bool(mode), **how)
    try:
        _prepare(connection)
        if key is not None:
            connection.execute(f'PRAGMA key = "{key.raw}"')
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            return None
        raise
    return connection


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, unless there is one; -wal and -shm get the same rights.

    A file that is there is not opened: closing it again would drop the locks SQLite has on it in this process.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise CannotOpen(f"{path} cannot be opened: {error.strerror}") from error


def remove(path: Path) -> None:
    """Remove a file that was being written, with the journal of a writer that was killed."""
    for leftover in (path, path.with_name(f"{path.name}-journal")):
        leftover.unlink(missing_ok=True)


def engine(path: Path, database: Path | None = None) -> Engine:
    """SQLAlchemy over a file that nobody works with, with the keys of `database`, if they are not beside it."""
    whose = database or path
    made = create_engine(
        "sqlite+pysqlite://", module=sqlite3, creator=lambda: connect(path, of(whose)), poolclass=NullPool
    )
    keyring.attach(made, whose)
    return made


def _prepare(connection: sqlite3.Connection) -> None:
    """Before a key is given: a later SQLCipher, too, is to read and write files as version 4 does."""
    if CIPHER:
        connection.execute("PRAGMA cipher_log_level=NONE")  # it would write to stderr
        connection.execute("PRAGMA cipher_default_compatibility=4")


def is_anothers(database: Path) -> bool:
    """Whether no page of a file that does not open was written with its key: then it is another database's."""
    with contextlib.suppress(StoreError, sqlite3.Error):
        key = of(database).file_key()
        if key is None or not CIPHER or not _may_be_encrypted(database):
            return False
        with contextlib.closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            _prepare(connection)
            connection.execute(f'PRAGMA key = "{key.raw}"')
            bad = len(connection.execute("PRAGMA cipher_integrity_check").fetchall())
        return bad > 1 and bad == database.stat().st_size // PAGE
    return False


def _derived(secret: bytes) -> FileKey:
    made = HKDF(SHA256(), _KEY + _SALT, salt=None, info=b"accord database file").derive(secret)
    return FileKey(f"x'{made.hex()}'")
