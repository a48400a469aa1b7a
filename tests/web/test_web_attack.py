"""A hostile reading of the clinic's page: slow and silent clients, odd addresses, bodies that break off."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from bot.config import Web
from bot.web.serving import serving
from tests.conftest import Clinic
from tests.web.browser import Browser

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter, int]


@pytest.fixture
async def wire(clinic: Clinic) -> AsyncIterator[Wire]:
    """A bare connection to the page, as it is served in earnest."""
    config = replace(clinic.config, web=Web(enabled=True, port=0))
    async with serving(config, clinic.stage.app.store, clinic.clock) as address:
        port = int(address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer, port
        writer.close()


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side hangs up."""
    async with asyncio.timeout(20):
        return await reader.read()


@pytest.mark.parametrize("head", [b"", b"GET /login HTTP/1.1\r\nHost: "])
async def test_who_says_nothing_does_not_keep_others_out(
    head: bytes, monkeypatch: pytest.MonkeyPatch, clinic: Clinic
) -> None:
    monkeypatch.setattr("bot.web.serving.QUIET_S", 0.05)
    monkeypatch.setattr("bot.web.serving.AT_ONCE", 2)
    config = replace(clinic.config, web=Web(enabled=True, port=0))
    async with serving(config, clinic.stage.app.store, clinic.clock) as address, httpx.AsyncClient() as other:
        port = int(address.rpartition(":")[2])
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in lines:
            writer.write(head)
        assert [await everything(reader) for reader, _ in lines] == [b""] * 3
        assert (await other.get(f"{address}/login")).status_code == 200
        for _, writer in lines:
            writer.close()
            await writer.wait_closed()


async def test_a_body_that_never_comes_is_not_waited_for(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.guards.BODY_S", 0.05)
    reader, writer, port = wire
    head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    writer.write(f"{head}Content-Length: 1000\r\n\r\ntoken=".encode())
    assert b" 408 " in await everything(reader)


async def test_a_body_that_breaks_off_is_no_error_of_ours(wire: Wire, log: pytest.LogCaptureFixture) -> None:
    _, writer, port = wire
    head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    writer.write(f"{head}Content-Length: 1000\r\n\r\ntoken=".encode())
    await writer.drain()
    async with httpx.AsyncClient() as other:  # by then the head has been read
        await other.get(f"http://127.0.0.1:{port}/login")
        writer.close()
        await writer.wait_closed()
        for _ in range(5):
            await other.get(f"http://127.0.0.1:{port}/login")
    assert not [record for record in log.records if record.name == "bot.web.guards"]


@pytest.mark.parametrize("path", [f"/sessions/{'9' * 5000}/move", f"/sessions/{'9' * 200}/move", f"/{'x' * 5000}"])
async def test_an_address_of_thousands_of_digits_is_not_there(desk: Browser, path: str) -> None:
    assert (await desk.opens(path)).status == 404
