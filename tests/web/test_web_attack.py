"""A hostile reading of the clinic's page: slow and silent clients, odd addresses, bodies that break off."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from bot import clinic_people
from bot.config import Web
from bot.store.tables import check_in
from bot.web.serving import serving
from tests.conftest import FIRST, Clinic, Someone
from tests.web.browser import Browser, browser, logs_in

pytestmark = pytest.mark.deep

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


async def test_a_look_ahead_does_not_tell_the_desk_who_answered(clinic: Clinic, desk: Browser, anna: Someone) -> None:
    number = await clinic.session("P-014", "2026-11-02T10:00")
    await clinic.session("P-014", "2026-11-09T10:00")
    await clinic.until("2026-11-02T12:00")
    await anna.taps("Begin")
    await anna.rates(3, 3, 3, 3, 3, 3)
    await anna.taps(*["Skip"] * 5)
    await logs_in(desk, "S-1")
    looks = [f"/sessions/{number}/cancel", f"/sessions/{number}/again", "/sessions/2/cancel"]
    before = [(await desk.opens(path)).text for path in looks]
    await anna.taps("Send")
    assert await clinic.rows(check_in, state="answered")
    assert [(await desk.opens(path)).text for path in looks] == before


async def test_a_page_that_nobody_saw_was_not_read(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:01")
    await tomas.sends_form("5555")
    await anna.taps("Begin")
    await anna.rates(3, 3, 3, 3, 4, 4)
    await anna.says("I would rather walk")
    await anna.taps("For my therapist", "Skip", "Skip", "Skip", "Skip", "Send")
    page = await logs_in(browser(clinic), "T-1")
    await page.client.head("/patients/P-014")
    ahead = await page.client.get("/patients/P-014", headers={"sec-purpose": "prefetch;prerender"})
    assert ahead.status_code == 503
    assert await clinic.rows(check_in, words_due_at=None) != await clinic.rows(check_in)
    await page.opens("/patients/P-014")
    assert "rather walk" in page.text
    assert await clinic.rows(check_in, words_due_at=None) == await clinic.rows(check_in)


async def test_a_session_of_a_pair_that_has_ended_is_not_planned_again(clinic: Clinic, desk: Browser) -> None:
    number = await clinic.session("P-014", FIRST)
    await clinic.desk(clinic_people.transfer, clinic.config, "P-014", "T-2", False, clinic.clock.now())
    await desk.opens(f"/sessions/{number}/again")
    assert (desk.status, "P-014 is not with T-1 any more." in desk.text) == (422, True)
