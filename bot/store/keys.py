"""The keys of a database: a data key for each patient and each other owner, all of them wrapped by one master key.

Beside accord.db lie two small files that no backup of accord.db holds. accord.db.key is the master key, 32 random
bytes, made at the first start; `ACCORD_KEY` or a systemd credential named accord.key takes its place. accord.db.keys
holds the data keys, a line each: number, owner, the key wrapped with AES-256-GCM. A key is on the disk before anything
is sealed with it. A destroyed one leaves a line without a key, so that it is known what was erased; as no old copy of
this file is kept, what it sealed in old backups is closed for good (NIST SP 800-88r1, 2.6: cryptographic erase).
"""

import base64
import contextlib
import fcntl
import hashlib
import hmac
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, event

from bot import ids
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable

HEAD = "accord keys 1"
ENVIRONMENT, CREDENTIAL = "ACCORD_KEY", "accord.key"
NONCE, SIZE = 12, 32  # bytes
DESTROYED = "-"  # stands where the wrapped key stood
MOST_OPEN = 2000  # keys ready for use take 2.4 KB each
NEVER = "-"  # when one that is in use was destroyed


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file. `wrapped` None: destroyed, and `at` says when."""

    number: int
    owner: str
    wrapped: bytes | None
    at: str

    def __str__(self) -> str:
        wrapped = DESTROYED if self.wrapped is None else base64.b64encode(self.wrapped).decode()
        return f"{self.number} {self.owner} {wrapped} {self.at}\n"


# ------------------------------------------------------------------------------------------------ the master key


def master_file(database: Path) -> Path:
    """Where the master key lies, unless the environment brings it."""
    return database.with_name(f"{database.name}.key")


def keys_file(database: Path) -> Path:
    """Where the wrapped data keys lie."""
    return database.with_name(f"{database.name}.keys")


def whence(database: Path) -> str:
    """Where the master key comes from, in words: never its content."""
    if ENVIRONMENT in os.environ:
        return f"the environment variable {ENVIRONMENT}"
    credential = _credential()
    return str(master_file(database)) if credential is None else f"the systemd credential {credential}"


def _credential() -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder, CREDENTIAL) if folder else None
    return file if file is not None and file.is_file() else None


def masters(database: Path) -> list[bytes]:
    """The master key; while a rotation is under way, or was cut off, also the one that follows."""
    if ENVIRONMENT in os.environ:
        return [_decoded(os.environ[ENVIRONMENT], ENVIRONMENT)]
    credential = _credential()
    first = master_file(database) if credential is None else credential
    # The next one first: a rotation that ends meanwhile gives it the name of the other.
    found = []
    for file in (next_master_file(database), first):
        with contextlib.suppress(FileNotFoundError):
            found.append(read_master(file))
    return found


def read_master(file: Path) -> bytes:
    """The master key in a file. FileNotFoundError; KeyMissing if it is none."""
    return _decoded(file.read_text("ascii", errors="replace"), str(file))


def next_master_file(database: Path) -> Path:
    """Where the next master key lies during a rotation."""
    return database.with_name(f"{database.name}.key.new")


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise KeyMissing(f"{where} holds no key: 32 bytes as base64 are needed")
    return key


def fingerprint(master: bytes) -> str:
    """Which master key it is, without saying anything of it."""
    return hmac.new(master, b"accord master key", hashlib.sha256).hexdigest()[:16]


# ------------------------------------------------------------------------------------------------ the files


def prepare(database: Path) -> None:
    """Make the key files of a database that is made now, or sealed now; those that are there stay."""
    if not keys_file(database).exists():
        if not masters(database):
            with contextlib.suppress(FileExistsError):  # another process was quicker
                write_master(master_file(database), database)
        _write_new(keys_file(database), f"{HEAD} {fingerprint(masters(database)[0])}\n", database)
    require(database)


def require(database: Path) -> None:
    """Raise KeyMissing, saying what is to be put where, unless the keys of a sealed database are there and fit."""
    if not keys_file(database).is_file():
        raise none_there(database)
    fitting(database)


def none_there(database: Path) -> KeyMissing:
    """What is said where the wrapped keys are missing."""
    return KeyMissing(
        f"{keys_file(database)} is missing: the keys of {database}. Without it nothing that was answered can be read. "
        "Put it back from the folder keys/ beside the backups"
    )


def wanted(database: Path) -> str:
    """The fingerprint of the master key that the data keys are wrapped with."""
    return keys_file(database).read_text("ascii").partition("\n")[0].rpartition(" ")[2]


def fitting(database: Path) -> bytes:
    """The master key of a database; KeyMissing."""
    return with_fingerprint(database, wanted(database))


def with_fingerprint(database: Path, wanted: str, by: Path | None = None) -> bytes:
    """The master key of a database with this fingerprint; KeyMissing. `by`: the wrapped keys, if not beside it."""
    found = masters(database)
    for master in found:
        if hmac.compare_digest(fingerprint(master), wanted):
            return master
    what = "does not fit" if found else "is missing"
    raise KeyMissing(
        f"the master key {what}: {by or keys_file(database)} needs the one with the fingerprint {wanted}. It belongs "
        f"into {master_file(database)}, readable by its owner only"
    )


def write_master(file: Path, database: Path) -> None:
    """Write a new master key into a file of its own; FileExistsError if there is one."""
    _write_new(file, base64.b64encode(ids.secret(SIZE)).decode() + "\n", database)


def _write_new(file: Path, text: str, database: Path) -> None:
    """Written whole and on the disk, or not there: other processes never see half of it."""
    part = file.with_name(f"{file.name}.{ids.secret(4).hex()}.part")
    try:
        _write(part, text, database)
        os.link(part, file)  # unlike a rename it fails if there is one
    finally:
        part.unlink(missing_ok=True)
    sync_folder(file.parent)


def _write(file: Path, text: str, like: Path) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="ascii") as out:
        out.write(text)
        if os.geteuid() == 0 and like.exists():  # the bot, which is not root, must be able to use it
            os.fchown(out.fileno(), like.stat().st_uid, like.stat().st_gid)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Bring names that were made, moved or removed in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy(database: Path, other: Path) -> None:
    """Give another database a copy of these key files: of a rehearsal, never of a clinic."""
    for of in (master_file, keys_file):
        shutil.copy(of(database), of(other))


def lines(text: str) -> Iterator[Line]:
    """The keys in the file. The rest of a line that was cut off while it was written was never used."""
    for one in text.splitlines()[1:]:
        parts = one.split(" ")
        if len(parts) == 4 and parts[0].isdecimal():
            wrapped = None if parts[2] == DESTROYED else base64.b64decode(parts[2])
            yield Line(int(parts[0]), parts[1], wrapped, parts[3])


def write_anew(database: Path, change: Callable[[list[Line]], list[Line]], master: bytes | None = None) -> None:
    """Write the file anew, wholly or not at all, while nobody adds to it; `master`: the one that wraps from now on."""
    file = keys_file(database)
    with _locked(file) as descriptor:
        text = _read(descriptor)
        head = text.partition("\n")[0] if master is None else f"{HEAD} {fingerprint(master)}"
        part = file.with_name(f"{file.name}.part")
        part.unlink(missing_ok=True)
        _write(part, head + "\n" + "".join(map(str, change(list(lines(text))))), file)
        part.replace(file)
        sync_folder(file.parent)


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[int]:
    """Hold the file that has this name now, for changing it."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_ino == file.stat().st_ino:  # else it was written anew meanwhile
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _read(descriptor: int) -> str:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("ascii")


def plain_copies(database: Path) -> tuple[str, ...]:
    """Copies beside the database from before it was sealed: they hold everything in plain words."""
    return tuple(str(file) for file in sorted(database.parent.glob(f"{database.name}.backup-000[1-8]-*")))


# ------------------------------------------------------------------------------------------------ the keyring


def wrap(master: bytes, key: bytes, owner: str) -> bytes:
    """A data key under the master key, bound to its owner."""
    nonce = ids.secret(NONCE)
    return nonce + AESGCM(master).encrypt(nonce, key, owner.encode())


def unwrap(master: bytes, line: Line) -> bytes:
    """The data key of a line; Unreadable if the line was changed."""
    assert line.wrapped is not None
    try:
        return AESGCM(master).decrypt(line.wrapped[:NONCE], line.wrapped[NONCE:], line.owner.encode())
    except InvalidTag:
        raise Unreadable(f"key {line.number} does not open: its line was changed") from None


class Keyring:
    """The keys of one database, as the files have them at each use: other processes make and destroy keys, too.

    The thread that writes and those that read have it together: 100,000 patients take some sixty megabytes.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._turn = threading.RLock()  # nobody opens a key of one reading with the master key of another
        self._file = str(keys_file(database))
        self._seen: tuple[int, int] | None = None
        self._master = b""
        self._lines: dict[int, Line] = {}
        self._current: dict[str, int] = {}
        self._ciphers: dict[int, AESGCM] = {}

    def refresh(self) -> None:
        """Read the file again if it is another one, or longer."""
        found = os.stat(self._file)
        if self._seen != (found.st_ino, found.st_size):
            with self._turn:
                self._read(found)

    def _read(self, found: os.stat_result) -> None:
        text = Path(self._file).read_text("ascii")
        self._master = with_fingerprint(self._database, text.partition("\n")[0].rpartition(" ")[2])
        self._lines = {line.number: line for line in lines(text)}
        self._current = {line.owner: line.number for line in self._lines.values() if line.wrapped is not None}
        alive = set(self._current.values())
        self._ciphers = {n: cipher for n, cipher in self._ciphers.items() if n in alive}
        self._seen = (found.st_ino, found.st_size)

    def current(self, owner: str) -> int:
        """The number of the key that seals for this owner from now on; one is made if there is none."""
        if owner not in self._current:
            self.make([owner])
        return self._current[owner]

    def key(self, number: int, owner: str) -> bytes:
        """A data key. Raises KeyDestroyed, KeyMissing, or Unreadable if it is another owner's."""
        with self._turn:
            line = self._lines.get(number)
            if line is None:
                raise KeyMissing(f"{self._file} has no key {number}: is it older than the database?")
            if line.wrapped is None:
                raise KeyDestroyed(f"the key {number} was destroyed on {line.at[:10]}")
            if line.owner != owner:
                raise Unreadable(f"key {number} is not this owner's")
            return unwrap(self._master, line)

    def cipher(self, number: int, owner: str) -> AESGCM:
        """The same, ready for use."""
        with self._turn:
            if number not in self._ciphers or self._lines[number].owner != owner:
                if len(self._ciphers) >= MOST_OPEN:
                    del self._ciphers[next(iter(self._ciphers))]
                self._ciphers[number] = AESGCM(self.key(number, owner))
            return self._ciphers[number]

    def make(self, owners: Iterable[str], anew: bool = False) -> None:
        """Make keys for those owners that have none, on the disk when this returns; `anew`: also for the others."""
        with _locked(keys_file(self._database)) as descriptor:
            text = _read(descriptor)
            master = with_fingerprint(self._database, text.partition("\n")[0].rpartition(" ")[2])
            there = list(lines(text))
            have = set() if anew else {line.owner for line in there if line.wrapped is not None}
            number = max((line.number for line in there), default=0)
            new = [owner for owner in dict.fromkeys(owners) if owner not in have]
            made = [
                Line(number + n, owner, wrap(master, ids.secret(SIZE), owner), NEVER)
                for n, owner in enumerate(new, start=1)
            ]
            added = ("" if text.endswith("\n") else "\n") + "".join(map(str, made))
            os.pwrite(descriptor, added.encode("ascii"), os.fstat(descriptor).st_size)
            os.fsync(descriptor)
        self.refresh()

    def has(self, owner: str) -> bool:
        """Whether this owner has a key."""
        return owner in self._current

    def with_several(self) -> set[str]:
        """The owners with more than one key: what the older ones sealed is to be sealed anew."""
        live = Counter(line.owner for line in self._lines.values() if line.wrapped is not None)
        return {owner for owner, count in live.items() if count > 1}

    def owners(self) -> dict[str, bool]:
        """Every owner there ever was, and whether it has a key now."""
        self.refresh()
        return {line.owner: line.owner in self._current for line in self._lines.values()}

    def destroy(self, gone: Callable[[Line], bool], at: datetime) -> int:
        """Destroy keys: no file has them any more when this returns. How many."""
        count = 0

        def without(there: list[Line]) -> list[Line]:
            nonlocal count
            chosen = [line.wrapped is not None and gone(line) for line in there]
            count = sum(chosen)
            day = f"{at.astimezone(UTC):%Y-%m-%d}"
            return [Line(a.number, a.owner, None, day) if b else a for a, b in zip(there, chosen, strict=True)]

        write_anew(self._database, without)
        self.refresh()
        return count


_RINGS: WeakValueDictionary[Path, Keyring] = WeakValueDictionary()


def ring(database: Path) -> Keyring:
    """The keys of a database: the same ring for all of this process."""
    return _RINGS.setdefault(database.absolute(), Keyring(database))


def attach(engine: Engine, database: Path) -> None:
    """Give every connection of an engine the keys of its database."""
    keyring = ring(database)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:  # noqa: ARG001
        record.info["keyring"] = keyring
