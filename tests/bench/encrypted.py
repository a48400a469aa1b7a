"""What it costs that the database file is encrypted: the store's transactions over a plain file and over such a one."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from bot.store import audit, opening, people
from bot.store.engine import Store
from tests.bench.figures import Figure

NOW = datetime(2026, 11, 3, 17, 0, tzinfo=UTC)
ROUNDS, QUICK = 7, 3
MANY = 200


def measure(quick: bool) -> Iterator[Figure]:
    """Transactions one after another, each on the disk; single reads; opening the file."""
    with TemporaryDirectory(dir=Path()) as folder:  # on a disk: where nothing is synced nothing is to be compared
        plain, encrypted = Path(folder) / "plain.db", Path(folder) / "accord.db"
        asyncio.run(_made(plain, encrypt=False))
        asyncio.run(_made(encrypted, encrypt=True))
        for name, work, bound in (
            ("transactions on the disk", _written, 2.0), ("reads", _read, 2.0), ("openings", _opened, None),
        ):  # fmt: skip
            taken = [(work(encrypted), work(plain)) for _ in range(QUICK if quick else ROUNDS)]
            dear, cheap = (min(one) for one in zip(*taken, strict=True))  # others work on the machine, too
            behind = f"{1000 * dear / MANY:.2f} over {1000 * cheap / MANY:.2f} ms each"
            yield Figure(f"{name}, encrypted over plain", dear / cheap, bound=bound, behind=behind)


async def _made(path: Path, encrypt: bool) -> None:
    async with await Store.open(path, now=lambda: NOW, encrypt=encrypt) as store:
        await store.write(people.ensure_clinic, "Bench", "America/Denver", None)


def _written(path: Path) -> float:
    async def work(store: Store) -> None:
        for _ in range(MANY):
            await store.write(_note)

    return _timed(path, work)


def _note(conn: Connection) -> None:
    audit.note(conn, "export", NOW)


def _read(path: Path) -> float:
    async def work(store: Store) -> None:
        for _ in range(MANY):
            await store.read(audit.head)

    return _timed(path, work)


def _timed(path: Path, work: Callable[[Store], Awaitable[None]]) -> float:
    async def run() -> float:
        async with await Store.open(path, now=lambda: NOW, migrate=False) as store:
            await work(store)  # once without looking at the clock
            begun = time.perf_counter()
            await work(store)
            return time.perf_counter() - begun

    return asyncio.run(run())


def _opened(path: Path) -> float:
    begun = time.perf_counter()
    for _ in range(MANY):
        opening.connect(path).close()
    return time.perf_counter() - begun
