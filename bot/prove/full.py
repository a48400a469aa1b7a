"""R3: the disk is full, or fails, at every operation of every transaction that the bot does in some days.

Each group of transactions is tried with a fault at its first operation on the disk, then at its second, and so on until
it gets through: after each try either nothing of it is there and everybody was told so, or all of it is.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw

from bot.config import shipped_questionnaires
from bot.prove.checker import findings
from bot.prove.disk import Disk, mounted
from bot.prove.power import live, state
from bot.prove.proof import Broken, Tally, check
from bot.prove.shim import Shim
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.world import World, world
from bot.store.engine import _Job, _resolve, _Writer
from bot.store.errors import NotStored

FAULTS = {"disk full": apsw.FullError, "I/O error": apsw.IOError}
PIECE_S = 3600.0
MOST_DAYS = 30
MOST_OF_A_KIND = 60
"""So many faults for one kind of transaction, then it is the others' turn."""


def points(seed: int, amount: int, tally: Tally) -> None:
    """So many faults. Raises Broken."""
    with mounted(Disk()) as disk:
        run_virtually(lambda loop: _play(loop, seed, disk, amount, tally))


async def _play(loop: VirtualLoop, seed: int, disk: Disk, amount: int, tally: Tally) -> None:
    def connect(path: Path, writing: bool) -> Shim:
        return Shim(path, disk.name if writing else "")

    async with world(seed, loop, connect=connect) as made:
        await made.people()
        tries = _Tries(made, disk, amount, tally)
        made.troubles.around = tries.around
        days = 0
        playing = asyncio.create_task(live(made, MOST_DAYS * 86400.0))
        while tries.left > 0 and not tries.broken and days < MOST_DAYS * 24 and not playing.done():
            await asyncio.sleep(PIECE_S)
            days += 1
        if tries.broken:
            raise Broken(tries.broken)
        if playing.done():
            await playing
        playing.cancel()
        await asyncio.wait({playing})
        tries.left = 0
        await asyncio.sleep(3600)
        await made.stop()
        check(not loop.unseen, "\n".join(loop.unseen))
        events = [event.as_dict() for event in made.emulator.history.events]
        found = findings(events, made.database, shipped_questionnaires(), made.clock.true().timestamp())
        check(not found, "\n".join(map(str, found[:20])))


class _Tries:
    """Stands around the writer: each group is tried with a fault at each of its operations before it may pass."""

    def __init__(self, made: World, disk: Disk, amount: int, tally: Tally) -> None:
        self._made, self._disk, self._tally = made, disk, tally
        self.left, self.broken = amount, ""
        self._kinds = list(FAULTS)

    def around(self, writer: _Writer, jobs: list[_Job]) -> None:
        """Try, then let it pass."""
        writer._take_next = lambda jobs: None  # type: ignore[method-assign]  # noqa: ARG005
        try:
            self._until_through(writer, jobs)
        finally:
            del writer._take_next

    def _until_through(self, writer: _Writer, jobs: list[_Job]) -> None:
        names = _names(jobs)
        number = 0
        while self._tally.figures[names] < MOST_OF_A_KIND and self.left > 0 and not self.broken:
            number += 1
            kind = self._kinds[self.left % 2]
            struck, passed = self._tried(writer, jobs, number, kind)
            if not struck or passed:
                if passed:
                    return
                break
        writer._commit_together(jobs)

    def _tried(self, writer: _Writer, jobs: list[_Job], number: int, kind: str) -> tuple[bool, bool]:
        """One try with a fault at that operation: whether it struck, and whether the group got through all the same."""
        fault = _Fault(number, FAULTS[kind])
        before = self._state()
        copies = [_Job(job.fn, job.args, job.kwargs, asyncio.get_running_loop().create_future()) for job in jobs]
        self._disk.before = fault
        writer._commit_together(copies)
        self._disk.before = lambda what: None  # noqa: ARG005
        for job in copies:
            job.future.cancel()
        if not fault.struck:
            # Nothing is left to hit: what was done is done, and those who wait hear of it.
            self._tell(writer, jobs, copies)
            return False, True
        self.left -= 1
        self._tally.done += 1
        self._tally.struck[kind] += 1
        self._tally.figures[_names(jobs)] += 1
        where = f"{kind} at operation {number} ({fault.struck}) of {_names(jobs)}"
        if all(job.error is None for job in copies):
            if self._state() == before and self._changes(writer, jobs, before):
                self.broken = f"{where}: stored, it was said, and nothing is"
            self._tell(writer, jobs, copies)
            return True, True
        if not all(isinstance(job.error, NotStored) for job in copies):
            self.broken = f"{where}: told {[type(job.error).__name__ for job in copies]}, not NotStored"
        elif self._state() != before:
            self.broken = f"{where}: not stored, it was said, and something is"
        return True, False

    def _changes(self, writer: _Writer, jobs: list[_Job], before: str) -> bool:
        """Whether the group, done without a fault, changes anything."""
        again = [_Job(job.fn, job.args, job.kwargs, asyncio.get_running_loop().create_future()) for job in jobs]
        writer._commit_together(again)
        for job in again:
            job.future.cancel()
        return self._state() != before

    @staticmethod
    def _tell(writer: _Writer, jobs: list[_Job], copies: list[_Job]) -> None:
        for job, copy in zip(jobs, copies, strict=False):
            job.value, job.error = copy.value, copy.error
        writer._tell(_resolve, jobs)

    def _state(self) -> str:
        with closing(Shim(self._made.database)) as looking:
            return state(looking.execute)


def _names(jobs: list[_Job]) -> str:
    """What a group of transactions does."""
    fns = (job.fn.func if isinstance(job.fn, partial) else job.fn for job in jobs)
    return " ".join(sorted({fn.__name__ for fn in fns}))


class _Fault:
    """Fails from its operation on: a full disk stays full until somebody makes room."""

    def __init__(self, number: int, error: Callable[[str], Exception]) -> None:
        self._left, self._error = number, error
        self.struck = ""

    def __call__(self, what: str) -> None:
        """One operation."""
        self._left -= 1
        if self._left <= 0:
            self.struck = self.struck or what
            raise self._error("on purpose")
