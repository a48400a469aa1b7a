"""The keys of one database in memory, as its files have them at each use: other processes make and destroy keys, too.

One ring for the whole process: the thread that writes and those that read have it together. It keeps the lines as they
stand in the file: 100,000 patients take some forty megabytes.
"""

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from weakref import WeakValueDictionary

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, event

from bot import ids
from bot.store import keys
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable
from bot.store.keys import Line

MOST_OPEN = 2000  # keys ready for use take 2.4 KB each


@dataclass(slots=True)
class _Held:
    """What was read of one file of wrapped keys. `end`: of the `last` whole line; `newest`: number of a key."""

    master: bytes = b""
    head: str = ""
    last: str = ""
    end: int = 0
    newest: int = 0
    lines: dict[int, str] = field(default_factory=dict)
    current: dict[str, int] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)
    once_destroyed: set[str] = field(default_factory=set)

    def read_on(self, file: TextIO) -> None:
        """What follows in the file."""
        file.seek(self.end)
        for line in file:
            if line.endswith("\n"):
                self.last, self.end = line, self.end + len(line)
            if keys.is_whole(line):
                self._add(line)

    def goes_on(self, file: TextIO) -> bool:
        """Whether the file is the same up to here: one that was written anew has the last line elsewhere, and one for
        another master key, where a destroyed key stays as it was, has another head.
        """
        if file.readline() != self.head:
            return False
        file.seek(self.end - len(self.last))
        return bool(self.last) and file.readline() == self.last

    def made(self, number: int, owner: str) -> Line:
        """A new key, that many after the newest."""
        wrapped = keys.wrap(self.master, ids.secret(keys.SIZE), owner)
        return Line(self.newest + number, owner, wrapped, keys.NEVER)

    def _add(self, line: str) -> None:
        first, owner, wrapped, _ = line.split(" ")
        number = int(first)
        self.lines[number] = line
        self.newest = max(self.newest, number)
        if wrapped == keys.DESTROYED:
            self.once_destroyed.add(owner)
            return
        if self.current.get(owner, number) != number:
            self.several.add(owner)
        self.current[owner] = number


class Keyring:
    """The keys of one database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._turn = threading.RLock()  # nobody opens a key of one reading with the master key of another
        self._file = str(keys.keys_file(database))
        self._seen = (0, 0, 0)
        self._held = _Held()
        self._ciphers: dict[int, tuple[str, AESGCM]] = {}

    def refresh(self) -> None:
        """Read the file again if it is another one, or what was added if it is longer."""
        if self._seen != _as_it_is(os.stat(self._file)):
            with self._turn, open(self._file, encoding="ascii", newline="\n") as file:
                self._read(file)

    def _read(self, file: TextIO) -> None:
        found, held = os.fstat(file.fileno()), self._held
        if not held.goes_on(file):
            file.seek(0)
            head = file.readline()
            held = _Held(keys.with_fingerprint(self._database, keys.fingerprint_in(head)), head, head, len(head))
        held.read_on(file)
        if held is not self._held:  # keys may have been destroyed, or be another database's
            self._ciphers = {}
            self._held = held  # only now: others look at it meanwhile
        self._seen = _as_it_is(found)

    def current(self, owner: str) -> int:
        """The number of the key that seals for this owner from now on; one is made if there is none."""
        if owner not in self._held.current:
            self.make([owner])
        return self._held.current[owner]

    def key(self, number: int, owner: str) -> bytes:
        """A data key. Raises KeyDestroyed, KeyMissing, or Unreadable if it is another owner's."""
        with self._turn:
            kept = self._held.lines.get(number)
            if kept is None:
                raise KeyMissing(f"{self._file} has no key {number}: is it older than the database?")
            (line,) = keys.lines([kept])
            if line.wrapped is None:
                raise KeyDestroyed(f"the key {number} was destroyed on {line.at[:10]}")
            if line.owner != owner:
                raise Unreadable(f"key {number} is not this owner's")
            return keys.unwrap(self._held.master, line)

    def cipher(self, number: int, owner: str) -> AESGCM:
        """The same, ready for use."""
        with self._turn:
            whose, cipher = self._ciphers.get(number, (None, None))
            if cipher is None or whose != owner:
                if len(self._ciphers) >= MOST_OPEN:
                    del self._ciphers[next(iter(self._ciphers))]
                cipher = AESGCM(self.key(number, owner))
                self._ciphers[number] = (owner, cipher)
            return cipher

    def make(self, owners: Iterable[str], anew: bool = False) -> None:
        """Make keys for those owners that have none, on the disk when this returns; `anew`: also for the others."""
        with keys.locked(Path(self._file)) as descriptor, self._turn:
            self.refresh()
            new = [owner for owner in dict.fromkeys(owners) if anew or not self.has(owner)]
            keys.append(descriptor, [self._held.made(number, owner) for number, owner in enumerate(new, 1)])
            self.refresh()

    def has(self, owner: str) -> bool:
        """Whether this owner has a key."""
        return owner in self._held.current

    def with_several(self) -> set[str]:
        """The owners with more than one key: what the older ones sealed is to be sealed anew."""
        with self._turn:
            return set(self._held.several)

    def without(self) -> set[str]:
        """The owners whose keys were destroyed, as the file has it now."""
        self.refresh()
        with self._turn:
            return {owner for owner in self._held.once_destroyed if owner not in self._held.current}

    def destroy(self, gone: Callable[[Line], bool], at: datetime) -> int:
        """Destroy keys: no file has them any more when this returns. How many."""
        count = 0

        def struck_out(there: list[Line]) -> list[Line]:
            nonlocal count
            chosen = [line.wrapped is not None and gone(line) for line in there]
            count = sum(chosen)
            day = f"{at.astimezone(UTC):%Y-%m-%d}"
            return [Line(a.number, a.owner, None, day) if b else a for a, b in zip(there, chosen, strict=True)]

        keys.write_anew(self._database, struck_out)
        self.refresh()
        return count


def _as_it_is(found: os.stat_result) -> tuple[int, int, int]:
    """Which file it is, as it is now: another one may have the number and the size of one that was removed."""
    return found.st_ino, found.st_size, found.st_mtime_ns


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
