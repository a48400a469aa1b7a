"""The week of a clinic of 500 patients in the browser: what the server's CPU pays for one look at it.

The whole request is measured: guards, session, queries, HTML. Beside it the same page is rendered bare, from rows that
are there already.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from bot import ids
from bot.clock import ManualClock
from bot.config import Config, Web
from bot.core.walltime import to_utc, zone_of
from bot.render import page
from bot.store import logins, people
from bot.store.engine import Store
from bot.store.tables import check_in, pair, person, session
from bot.web.site import site
from tests.bench import seed
from tests.bench.figures import Figure, middle
from tests.plain_rows import put_plain

PATIENTS, QUICK_PATIENTS, THERAPISTS = 500, 100, 20
WEEKS = 30  # of sessions before this one: the week must be found among them
ROUNDS, QUICK_ROUNDS = 15, 5
MONDAY = datetime(2026, 11, 2)  # noqa: DTZ001 - a wall time
KEY = "a session's key"
HOST = b"127.0.0.1:8080"
ASKINGS = (("patient", "alliance", 2), ("therapist", "alliance", 1), ("patient", "homework", 28))


def measure(quick: bool) -> Iterator[Figure]:
    """CPU of one look at the week, and how it stands to a bare render."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "accord.db"
        seed.filled(file, _clinic, QUICK_PATIENTS if quick else PATIENTS)
        config = seed.read_config(seed.write_config(Path(folder), "http://127.0.0.1:9"))
        rounds = QUICK_ROUNDS if quick else ROUNDS
        whole, bare, size = asyncio.run(_looked_at(replace(config, web=Web(enabled=True)), file, rounds))
    told = f"{1000 * whole:.0f} ms, bare {1000 * bare:.0f} ms, {size / 1000:.0f} kB, {WEEKS} weeks kept"
    count = QUICK_PATIENTS if quick else PATIENTS
    yield Figure(f"the week of {count} patients in the browser: ms of CPU", 1000 * whole, bound=100, behind=told)
    yield Figure(f"the week of {count} patients: request over a bare render", whole / bare, bound=5, behind=told)


async def _looked_at(config: Config, file: Path, rounds: int) -> tuple[float, float, int]:
    """Median CPU seconds of a request and of a bare render, and the size of the page."""
    clock = ManualClock(to_utc(MONDAY + timedelta(hours=8), zone_of(seed.ZONE)))
    async with await Store.open(file, now=clock.now) as store:
        await store.write(_logged_in, clock.now())
        app = site(config, store, clock, 8080)
        html = await _request(app)
        values: dict[str, Any] = {}

        def caught(lang: str, template: str, **shown: Any) -> str:
            values.update(lang=lang, template=template, shown=shown)
            return page(lang, template, **shown)

        import bot.web.visit

        bot.web.visit.page, kept = caught, bot.web.visit.page  # type: ignore[attr-defined]
        await _request(app)
        bot.web.visit.page = kept  # type: ignore[attr-defined]
        whole = [await _timed(app) for _ in range(rounds)]
    begun = time.process_time()
    for _ in range(rounds):
        page(values["lang"], values["template"], **values["shown"])
    return middle(whole), (time.process_time() - begun) / rounds, len(html)


async def _timed(app: Any) -> float:
    begun = time.process_time()
    await _request(app)
    return time.process_time() - begun


async def _request(app: Any) -> bytes:
    """One GET of the week, as the server hands it over; the page."""
    body: list[bytes] = []
    headers = [(b"host", HOST), (b"cookie", f"accord={KEY}".replace(" ", "_").encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/week",
        "raw_path": b"/week", "query_string": b"", "headers": headers, "scheme": "http", "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200
        body.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(body)


# ------------------------------------------------------------------------------------------------ the clinic


def _logged_in(conn: Connection, now: datetime) -> None:
    sam = people.add(conn, "staff", "S-1", seed.ZONE, "en")
    logins.add_link(conn, sam, "link", now)
    assert logins.redeem(conn, "link", ids.hashed(KEY.replace(" ", "_")), now) is not None


def _clinic(conn: Connection, patients: int) -> None:
    """Patients with a weekly session each, now and for the weeks before, and three check-ins for each session."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    shared = {"clinic_id": 1, "zone": seed.ZONE, "lang": "en", "state": "active"}
    everybody = [{"id": n, "role": "therapist", "code": f"T-{n}"} for n in range(1, THERAPISTS + 1)]
    numbers = range(1000, 1000 + patients)
    everybody += [{"id": n, "role": "patient", "code": f"P-{n}"} for n in numbers]
    put_plain(conn, person, *[one | shared | {"chat_id": one["id"], "key_id": f"new{one['id']}"} for one in everybody])
    with_whom = {n: 1 + n % THERAPISTS for n in numbers}
    pairs = [
        {"id": n, "patient_id": n, "therapist_id": with_whom[n], "started_at": at, "clinic_id": 1} for n in numbers
    ]
    conn.execute(insert(pair), pairs)
    for week in range(-WEEKS, 2):
        sessions = [_session(n, week) for n in numbers]
        conn.execute(insert(session), sessions)
        conn.execute(insert(check_in), [row for one in sessions for row in _askings(one, with_whom[one["pair_id"]])])


def _session(n: int, week: int) -> dict[str, Any]:
    place = (n - 1000) // THERAPISTS  # the n-th hour of the therapist's week
    wall = MONDAY + timedelta(weeks=week, days=place % 5, hours=8 + place // 5)
    starts = to_utc(wall, zone_of(seed.ZONE))
    return {
        "id": n + 10_000 * (week + WEEKS + 1), "clinic_id": 1, "pair_id": n, "zone": seed.ZONE, "minutes": 60,
        "local": wall.isoformat(timespec="minutes"), "starts_at": starts, "ends_at": starts + timedelta(hours=1),
        "state": "held" if week < 0 else "planned",
    }  # fmt: skip


def _askings(of: dict[str, Any], therapist: int) -> Iterator[dict[str, Any]]:
    for role, kind, hours in ASKINGS:
        opens = of["starts_at"] + timedelta(hours=hours)
        yield {
            "id": f"{of['id']}-{role[0]}-{kind[0]}".ljust(22, "0"), "clinic_id": 1, "pair_id": of["pair_id"],
            "session_id": of["id"], "person_id": of["pair_id"] if role == "patient" else therapist, "kind": kind,
            "state": "missed" if of["state"] == "held" else "planned", "opens_at": opens,
            "closes_at": opens + timedelta(days=2), "due_at": None,
        }  # fmt: skip
