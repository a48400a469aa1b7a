"""The log of who saw what, kept a second time by a syslog: in order, at least once, never in the bot's way."""

import asyncio
import json
import logging
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.core.forwarding import Forwarding, said
from bot.core.health import lines
from bot.forwarding import MARK, Forward
from bot.health import examine
from bot.store import audit, forwarded
from bot.store.tables_audit import audit as log_table
from tests.conftest import Clinic, denver

NOON = denver("2026-11-02T12:00")


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a syslog may listen: the address of a socket has room for a hundred bytes only."""
    with tempfile.TemporaryDirectory(prefix="accord-") as folder:
        yield Path(folder) / "log"


@pytest.fixture
def listening(place: Path) -> Iterator[socket.socket]:
    """A syslog of one's own."""
    with listens(place) as heard:
        yield heard


def listens(place: Path) -> socket.socket:
    """A socket as /dev/log is one."""
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(place))
    heard.setblocking(False)
    return heard


def taken(heard: socket.socket) -> list[dict[str, object]]:
    """What came."""
    found = list[dict[str, object]]()
    while True:
        try:
            line = heard.recv(4096).decode()
        except BlockingIOError:
            return found
        assert line.startswith(MARK)
        found.append(json.loads(line.removeprefix(MARK)))


async def reads(heard: socket.socket, came: list[dict[str, object]]) -> None:
    """A syslog that reads all the time: a socket like this one holds eleven messages."""
    while True:
        came += taken(heard)
        await asyncio.sleep(0)


async def noted(clinic: Clinic, many: int) -> None:
    """So many entries more."""

    def write(conn: Connection) -> int:
        for n in range(many):
            audit.note(conn, "export", NOON, by=1, detail=f"number {n}", why="somebody asked for Anna's file")
        return many

    await clinic.desk(write)


async def test_each_entry_goes_on_once_in_order_with_ids_only(
    clinic: Clinic, listening: socket.socket, place: Path
) -> None:
    forward, came = Forward(clinic.stage.app.store, f"unix:{place}"), list[dict[str, object]]()
    reading = asyncio.create_task(reads(listening, came))
    await noted(clinic, 450)
    await forward.go()
    reading.cancel()
    came += taken(listening)
    rows = await clinic.rows(log_table)
    assert [one["entry"] for one in came] == [row.id for row in rows]
    assert came[-1]["head"] == str(audit.head_of(rows[-1]))
    assert {tuple(one) for one in came} == {("entry", "at", "did", "by", "about", "detail", "head")}
    assert "Anna" not in json.dumps(came)
    await forward.go()
    assert taken(listening) == []
    await noted(clinic, 1)
    await Forward(clinic.stage.app.store, f"unix:{place}").go()  # after a restart
    assert [one["entry"] for one in taken(listening)] == [len(rows) + 1]


async def test_a_syslog_that_is_away_is_caught_up_with(
    clinic: Clinic, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forward = Forward(clinic.stage.app.store, f"unix:{place}")
    await noted(clinic, 3)
    for _ in range(3):
        await forward.go()
    waiting, since = await clinic.stage.app.store.read(forwarded.behind)
    assert (waiting, since is not None) == (len(await clinic.rows(log_table)), True)
    with listens(place) as heard:
        await forward.go()
        assert len(taken(heard)) == waiting
    said_ = [one.getMessage() for one in caplog.records if one.name == "bot.forwarding" and one.levelno > logging.INFO]
    assert len(said_) == 1
    assert await clinic.stage.app.store.read(forwarded.behind) == (0, None)
    caplog.clear()


async def test_one_that_does_not_read_holds_nobody_up_and_gets_the_rest_later(
    clinic: Clinic,
    listening: socket.socket,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("bot.forwarding.PATIENCE_S", 0.05)
    forward = Forward(clinic.stage.app.store, f"unix:{place}")
    await noted(clinic, 60)
    await forward.go()
    first = taken(listening)
    assert 0 < len(first) < 60
    for _ in range(20):
        await forward.go()
        first += taken(listening)
        if (await clinic.stage.app.store.read(forwarded.behind))[0] == 0:
            break
    numbers = [int(str(one["entry"])) for one in first]
    assert sorted(set(numbers)) == [row.id for row in await clinic.rows(log_table)]
    assert numbers == sorted(numbers)
    caplog.clear()


async def test_over_udp(clinic: Clinic) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.setblocking(False)
        await noted(clinic, 5)
        await Forward(clinic.stage.app.store, f"udp:127.0.0.1:{heard.getsockname()[1]}").go()
        assert [one["entry"] for one in taken(heard)] == [row.id for row in await clinic.rows(log_table)]


async def test_the_doctor_says_what_waits(clinic: Clinic, place: Path) -> None:
    clinic.config = replace(clinic.config, log=replace(clinic.config.log, forward=f"unix:{place}"))
    await noted(clinic, 3)
    clinic.clock.move_to(denver("2026-11-02T12:11"))
    found = {one.name: one for one in lines(await examine(clinic.config, clinic.clock))}
    assert found["log"].state == "act"
    assert "look at [log] forward" in found["log"].says


@pytest.mark.parametrize(
    ("waiting", "since", "act", "says"),
    [
        (0, None, False, "none waits"),
        (1, "2026-11-02T11:51", False, "1 entry of the log of who saw what waits to be sent on, the oldest for 9 min."),
        (1200, "2026-11-02T11:50", True, "1,200 entries"),
    ],
)
def test_ten_minutes_are_too_long(waiting: int, since: str | None, act: bool, says: str) -> None:
    found = said(Forwarding(waiting, None if since is None else denver(since)), NOON)
    assert found[0] is act
    assert says in found[1]
    assert isinstance(NOON, datetime)
