"""A disk written in Python under the bot's own transactions (apsw VFS): it remembers all, or fails on request.

What lies on it is in real files; SQLite's own layer does the work, with its locks and shared memory.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType

import apsw

_NUMBERS = itertools.count()
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Operation:
    """What was done to a file: "write" of `data` at `at`, "truncate" to `at`, "sync", "delete"."""

    what: str
    file: str
    at: int = 0
    data: bytes = b""


@dataclass(slots=True)
class Disk:
    """What was done, and what shall go wrong. `before` is asked before each operation, and may raise."""

    name: str = field(default_factory=lambda: f"accord-prove-{next(_NUMBERS)}")
    log: list[Operation] = field(default_factory=list)
    recording: bool = False
    before: Callable[[str], None] = lambda what: None  # noqa: ARG005

    def did(self, operation: Operation) -> None:
        """One operation, before it is done."""
        self.before(operation.what)
        if self.recording and operation.file != "None":  # a nameless file is gone with its process
            self.log.append(operation)


class _Layer(apsw.VFS):
    """The layer that SQLite is told to use."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: "apsw.URIFilename | str | None", flags: list[int]) -> "_File":
        """Open a file."""
        self._disk.before("open")
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete one."""
        self._disk.did(Operation("delete", Path(filename).name))
        super().xDelete(filename, syncdir)

    def excepthook(
        self,
        etype: type[BaseException] | None,  # noqa: ARG002
        evalue: BaseException | None,  # noqa: ARG002
        etraceback: TracebackType | None,  # noqa: ARG002
    ) -> bool:
        """What goes wrong on purpose is not printed."""
        return True


class _File(apsw.VFSFile):
    """A file on it."""

    def __init__(self, disk: Disk, name: "apsw.URIFilename | str | None", flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._name = Path(path).name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        """Write."""
        self._disk.did(Operation("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        """Cut."""
        self._disk.did(Operation("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        """What was done until now is there to stay."""
        self._disk.did(Operation("sync", self._name))
        super().xSync(flags)


@contextmanager
def mounted(disk: Disk) -> Iterator[Disk]:
    """Let SQLite find the disk by its name until the block ends."""
    layer = _Layer(disk)
    try:
        yield disk
    finally:
        layer.unregister()


class Platter:
    """What is on the disk after so many operations: what was synced for sure, and what came since."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._sure = {name: bytearray(content) for name, content in files.items()}
        self._since: dict[str, list[Operation]] = {}

    def go_on(self, operation: Operation) -> None:
        """One operation more."""
        waiting = self._since.setdefault(operation.file, [])
        waiting.append(operation)
        if operation.what == "sync":
            for one in waiting:
                _apply(self._sure, one)
            waiting.clear()

    def after_a_cut(self, random: Random) -> dict[str, bytes]:
        """What survives: each operation since the last sync with probability one half, some only in part."""
        files = {name: bytearray(content) for name, content in self._sure.items()}
        for operations in self._since.values():
            for one in operations:
                if random.random() < 0.5:
                    _apply(files, _torn(one, random))
        return {name: bytes(content) for name, content in files.items()}


def _apply(files: dict[str, bytearray], one: Operation) -> None:
    if one.what == "delete":
        files.pop(one.file, None)
        return
    content = files.setdefault(one.file, bytearray())
    if one.what == "write":
        if len(content) < one.at:
            content.extend(bytes(one.at - len(content)))
        content[one.at : one.at + len(one.data)] = one.data
    elif one.what == "truncate":
        del content[one.at :]


def _torn(one: Operation, random: Random) -> Operation:
    """Of a long write perhaps only the first sectors."""
    if one.what != "write" or len(one.data) <= SECTOR or random.random() < 0.7:
        return one
    return Operation("write", one.file, one.at, one.data[: SECTOR * random.randint(1, len(one.data) // SECTOR)])
