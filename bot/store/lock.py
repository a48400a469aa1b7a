"""One poller for one database: a lock that the operating system keeps, and drops when its holder dies.

A file with a process id in it is not enough, for it outlives a kill -9; flock on that file does not. The text inside
only tells people who holds it. The file stays when the lock is released: removing it would let two processes lock two
different files of the same name.
"""

import fcntl
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.store.errors import CannotOpen, StoreError


class AlreadyHeld(StoreError):
    """Another process polls for this database; `pid` is 0 if it has not yet written who it is."""

    def __init__(self, path: Path, pid: int, host: str) -> None:
        holder = f"process {pid} on {host}" if pid else "another process"
        super().__init__(f"{holder} is already running the bot on {path}: stop that one first")
        self.pid, self.host = pid, host


class Lock:
    """A held lock; `close()` or the end of the process releases it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def close(self) -> None:
        """Release the lock; doing it twice does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def acquire(path: Path | str) -> Lock:
    """Hold the database at `path`, at once or not at all.

    Raises AlreadyHeld if another process holds it, CannotOpen if the lock file cannot be made.
    """
    path = Path(path).resolve()  # two names of one file are one database
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotOpen(f"{lock} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_holder(descriptor)
    except BlockingIOError as error:
        held = _read_holder(descriptor)
        os.close(descriptor)
        raise AlreadyHeld(path, *held) from error
    except OSError as error:
        os.close(descriptor)
        raise CannotOpen(f"{lock} cannot be locked: {error.strerror}") from error
    return Lock(descriptor)


def holder(path: Path | str) -> int | None:
    """The process that holds the database at `path` (0 if it has not yet written who it is); None if none does."""
    path = Path(path).resolve()
    try:
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # nobody ever held it, or it is not ours to see
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(descriptor)[0]
    finally:
        os.close(descriptor)
    return None


def _write_holder(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)


def _read_holder(descriptor: int) -> tuple[int, str]:
    """Who holds it, as written there; (0, "") in the moment between locking and writing."""
    pid, _, host = os.pread(descriptor, 300, 0).decode(errors="replace").strip().partition(" ")
    return (int(pid), host) if pid.isdigit() else (0, "")
