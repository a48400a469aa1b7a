"""What a page of the delivery ledger costs with a thousand and with a hundred thousand check-ins kept."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.store import ledger
from bot.store.driver import sqlite3
from bot.store.engine import Store
from bot.store.ledger import Wanted
from bot.store.sealing_old import seal_all
from tests.bench import seed
from tests.bench.figures import Figure, middle

SIZES = (1_000, 100_000)
A_DAY = 50  # check-ins; so the larger database has two thousand days, the smaller one twenty
NOW = datetime(2026, 11, 3, 19, tzinfo=UTC)
ROUNDS, TIMES = 7, 20

# All of one pair: then a search by the pair would read everything. Half of them were sent.
FILL = """
PRAGMA synchronous = OFF;
BEGIN;
INSERT INTO person (id, clinic_id, role, code, zone, lang, state, chat_id, key_id) VALUES
    (1, 1, 'therapist', 'T-1', 'America/Denver', 'en', 'active', CAST(1 AS BLOB), 'new1'),
    (2, 1, 'patient', 'P-014', 'America/Denver', 'en', 'active', CAST(2 AS BLOB), 'new2');
INSERT INTO pair (id, clinic_id, patient_id, therapist_id, started_at)
    VALUES (1, 1, 2, 1, '2020-01-01 00:00:00.000000');
CREATE TEMP TABLE rows AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size})
    SELECT i, strftime('%Y-%m-%d %H:%M:00.000000', '2026-11-03 12:00', (-i / {a_day}) || ' days',
        (i % {a_day}) || ' minutes') AS at FROM n;
INSERT INTO session (id, clinic_id, pair_id, local, zone, minutes, starts_at, ends_at, state)
    SELECT i, 1, 1, strftime('%Y-%m-%dT%H:%M', at), 'UTC', 60, at, at, 'held' FROM rows;
INSERT INTO check_in (id, clinic_id, pair_id, session_id, person_id, kind, state, opens_at, opened_at)
    SELECT 'row' || i, 1, 1, i, 2, 'alliance', 'answered', at, at FROM rows;
INSERT INTO outbox (clinic_id, person_id, key, kind, about, rank, body, state, not_before, sent_at)
    SELECT 1, 2, 'open:row' || i, 'prompt', 'row' || i, 1, CAST('{{}}' AS BLOB), 'sent', at, at FROM rows WHERE i % 2;
COMMIT;
ANALYZE;
"""


def measure(quick: bool) -> Iterator[Figure]:
    """One day of one pair, as its therapist sees it."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = [asyncio.run(_page(_filled(Path(folder), size), 2 if quick else ROUNDS)) for size in SIZES]
    behind = ", ".join(f"{size:,}: {1000 * one:.3g} ms" for size, one in zip(SIZES, seconds, strict=True))
    yield Figure("ledger, a day: 100,000 kept over 1,000", seconds[1] / seconds[0], bound=1.5, behind=behind)


def _filled(folder: Path, size: int) -> Path:
    path = folder / f"{size}.db"
    seed.filled(path, lambda conn: None)  # noqa: ARG005
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(FILL.format(size=size, a_day=A_DAY))
    seed.filled(path, seal_all)
    return path


async def _page(path: Path, rounds: int) -> float:
    """CPU seconds for one page."""
    wanted, took = Wanted(NOW - timedelta(days=6), NOW - timedelta(days=5), 1, 2, 1), []
    async with await Store.open(path, now=lambda: NOW) as store:
        for _ in range(rounds + 1):
            begun = time.process_time()
            for _ in range(TIMES):
                found = await store.read(ledger.page, wanted, 201, 0)
            took.append((time.process_time() - begun) / TIMES)
            if len(found) != A_DAY:
                raise RuntimeError(f"{len(found)} rows on a day with {A_DAY}")
    return middle(took[1:])
