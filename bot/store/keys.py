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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot import ids
from bot.store.errors import KeyMissing, Unreadable

HEAD = "accord keys 1"
ENVIRONMENT, CREDENTIAL = "ACCORD_KEY", "accord.key"
NONCE, SIZE = 12, 32  # bytes
DESTROYED = "-"  # stands where the wrapped key stood
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
    with keys_file(database).open(encoding="ascii") as file:
        return fingerprint_in(file.readline())


def fingerprint_in(head: str) -> str:
    """The same, from the first line of that file."""
    return head.rstrip("\n").rpartition(" ")[2]


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


def lines(text: Iterable[str]) -> Iterator[Line]:
    """The keys in lines of the file. The rest of one that was cut off while it was written was never used."""
    for one in text:
        if is_whole(one):
            number, owner, wrapped, at = one.rstrip("\n").split(" ")
            yield Line(int(number), owner, None if wrapped == DESTROYED else base64.b64decode(wrapped), at)


def is_whole(line: str) -> bool:
    """Whether this is the whole line of a key: not the first of the file, nor one that was cut off."""
    return line.count(" ") == 3 and line.partition(" ")[0].isdecimal()


def all_lines(database: Path) -> Iterator[Line]:
    """The keys in the file of a database, one by one: it may be long."""
    with keys_file(database).open(encoding="ascii") as file:
        yield from lines(file)


def write_anew(database: Path, change: Callable[[list[Line]], list[Line]], master: bytes | None = None) -> None:
    """Write the file anew, wholly or not at all, while nobody adds to it; `master`: the one that wraps from now on."""
    file = keys_file(database)
    with locked(file) as descriptor:
        text = _read(descriptor)
        head = text.partition("\n")[0] if master is None else f"{HEAD} {fingerprint(master)}"
        part = file.with_name(f"{file.name}.part")
        part.unlink(missing_ok=True)
        _write(part, head + "\n" + "".join(map(str, change(list(lines(text.splitlines()))))), file)
        part.replace(file)
        sync_folder(file.parent)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[int]:
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


def append(descriptor: int, lines: Iterable[Line]) -> None:
    """Add keys to the file, which is held (`locked`); on the disk when this returns."""
    end = os.fstat(descriptor).st_size
    cut_off = os.pread(descriptor, 1, end - 1) != b"\n"  # the rest of a line that nobody finished
    os.pwrite(descriptor, ("\n" * cut_off + "".join(map(str, lines))).encode("ascii"), end)
    os.fsync(descriptor)
