"""What a tick costs with a thousand, a hundred thousand and a million waiting check-ins."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.clock import ManualClock
from bot.store import checkins
from bot.store.driver import sqlite3
from bot.store.engine import Store
from bot.store.sealing_old import seal_all
from bot.ticks import Ticks
from tests.bench import seed
from tests.bench.figures import Figure, middle

SIZES = (1_000, 100_000, 1_000_000)
QUICK = (1_000, 100_000)
NOW = datetime(2026, 11, 3, 19, tzinfo=UTC)  # noon in Denver: no quiet hours
DUE = 100
ROUNDS = 7
TICKS = 40
PER_PAIR = 10  # five sessions, asked of both sides

# Numbers 1 to :n; each pair has one session two hours ago and four to come, and nothing is due before tomorrow.
FILL = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
BEGIN;
CREATE TEMP TABLE pairs AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {pairs})
    SELECT i FROM n;
CREATE TEMP TABLE weeks AS SELECT 0 AS w UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4;
INSERT INTO person (id, clinic_id, role, code, zone, lang, state, chat_id, key_id)
    SELECT i, 1, 'patient', 'P-' || i, 'America/Denver', 'en', 'active',
        CAST(9000000 + i AS BLOB), 'new' || i FROM pairs
    UNION ALL SELECT {pairs} + 1, 1, 'therapist', 'T-1', 'America/Denver', 'en', 'active',
        CAST(8000000 AS BLOB), 'new0';
INSERT INTO pair (id, clinic_id, patient_id, therapist_id, started_at)
    SELECT i, 1, i, {pairs} + 1, '2026-10-01 00:00:00.000000' FROM pairs;
INSERT INTO session (id, clinic_id, pair_id, local, zone, minutes, starts_at, ends_at, state)
    SELECT i * 5 + w, 1, i, strftime('%Y-%m-%dT%H:%M', '2026-11-03 10:00', (w * 7) || ' days'), 'America/Denver', 60,
        strftime('%Y-%m-%d %H:%M:00.000000', '2026-11-03 17:00', (w * 7) || ' days'),
        strftime('%Y-%m-%d %H:%M:00.000000', '2026-11-03 18:00', (w * 7) || ' days'), 'planned' FROM pairs, weeks;
INSERT INTO check_in (id, clinic_id, pair_id, session_id, person_id, kind, state, opens_at, closes_at, due_at)
    SELECT lower(hex(randomblob(11))), 1, i, i * 5 + w, who, 'alliance', 'planned', at,
        strftime('%Y-%m-%d %H:%M:%S.000000', at, '2 days'), at FROM (
        SELECT i, w, i AS who, strftime('%Y-%m-%d %H:%M:%S.000000', '2026-11-04 19:00', (w * 7) || ' days',
            (i % 86400) || ' seconds') AS at FROM pairs, weeks
        UNION ALL SELECT i, w, {pairs} + 1, strftime('%Y-%m-%d %H:%M:%S.000000', '2026-11-04 18:00',
            (w * 7) || ' days', (i % 86400) || ' seconds') FROM pairs, weeks);
COMMIT;
ANALYZE;
PRAGMA journal_mode = WAL;
"""
MAKE_DUE = """
UPDATE check_in SET due_at = '2026-11-03 18:59:00.000000' WHERE rowid IN (
    SELECT check_in.rowid FROM check_in
    WHERE pair_id IN (SELECT 1 + ({pairs} / 100) * value FROM json_each(:places)) AND session_id = pair_id * 5
        AND person_id = pair_id);
"""
RESET = """
DELETE FROM outbox;
UPDATE check_in SET state = 'planned', opened_at = NULL, asks = NULL, place = NULL, message_id = NULL,
    reminds_at = NULL, closes_at = '2026-11-06 19:00:00.000000', due_at = '2026-11-04 19:00:00.000000'
    WHERE session_id = pair_id * 5 AND state != 'planned';
"""


@dataclass(slots=True)
class Clinic:
    """A database of one size, open, with the seconds of CPU that each thing took."""

    path: Path
    pairs: int
    store: Store
    ticks: Ticks
    idle: list[float] = field(default_factory=list)
    query: list[float] = field(default_factory=list)
    opening: list[float] = field(default_factory=list)


def measure(quick: bool) -> Iterator[Figure]:
    """A tick with nothing due; finding, and opening, a hundred check-ins that are."""
    sizes = QUICK if quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        for size in sizes:
            _fill(Path(folder) / f"{size}.db", size // PER_PAIR)
        filled = time.monotonic() - begun
        clinics = asyncio.run(_run(Path(folder), sizes))
    names = {"idle": "tick, nothing due", "query": "finding 100 due", "opening": "opening 100 due"}
    for what, name in names.items():
        ms = [1000 * middle(getattr(one, what)) for one in clinics]
        behind = ", ".join(f"{size:,}: {one:.3g} ms" for size, one in zip(sizes, ms, strict=True))
        for size, one in zip(sizes[1:], ms[1:], strict=True):
            yield Figure(f"{name}: {size:,} over 1,000", one / ms[0], bound=1.5, behind=behind)
            behind = ""
    yield Figure("  (seconds to fill the tables)", filled)


def _fill(path: Path, pairs: int) -> None:
    seed.filled(path, lambda conn: None)  # noqa: ARG005
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(FILL.format(pairs=pairs))
    seed.filled(path, seal_all)


async def _run(folder: Path, sizes: tuple[int, ...]) -> list[Clinic]:
    config = seed.read_config(seed.write_config(folder, "http://127.0.0.1:1"))
    clock = ManualClock(NOW)
    async with AsyncExitStack() as stack:
        clinics = []
        for size in sizes:
            path = folder / f"{size}.db"
            store = await stack.enter_async_context(await Store.open(path, now=clock.now))
            clinics.append(Clinic(path, size // PER_PAIR, store, Ticks(store, config, clock, lambda: None)))
        for turn in range(ROUNDS + 1):
            for clinic in clinics:
                await _round(clinic, warm=turn == 0)
        return clinics


async def _round(clinic: Clinic, warm: bool) -> None:
    """Measure each thing once; the first round only warms up."""
    idle = await _cpu(clinic.ticks.tick, TICKS)
    await asyncio.to_thread(_make_due, clinic)
    query = await _cpu(lambda: clinic.store.read(checkins.due_ids, NOW, DUE), TICKS)
    opening = await _cpu(clinic.ticks.tick, 1)
    opened = await asyncio.to_thread(_reset, clinic)
    if opened != DUE:
        raise RuntimeError(f"{opened} of {DUE} check-ins were opened")
    if not warm:
        clinic.idle.append(idle)
        clinic.query.append(query)
        clinic.opening.append(opening)


async def _cpu(work: Callable[[], Awaitable[object]], times: int) -> float:
    """CPU seconds of the whole process for doing it once."""
    begun = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - begun) / times


def _make_due(clinic: Clinic) -> None:
    with closing(sqlite3.connect(clinic.path, isolation_level=None)) as db:
        db.execute(MAKE_DUE.format(pairs=clinic.pairs), {"places": str(list(range(DUE)))})


def _reset(clinic: Clinic) -> int:
    """Everything as it was; how many had been opened."""
    with closing(sqlite3.connect(clinic.path, isolation_level=None)) as db:
        (opened,) = db.execute("SELECT count(*) FROM outbox").fetchone()
        db.executescript(RESET)
    return int(opened)
