"""Phones in the browser: the page of `accord demo --serve`, over HTTP as its own script uses it, and as a process."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from bot.cli import cli
from bot.clock import ManualClock
from bot.config import Config
from bot.demo import answering
from bot.demo.ahead import Coming, in_words
from bot.demo.game import Game
from bot.demo.player import instant
from bot.demo.script import ANNA, BEN, CLARA, STARTS, TOMAS, Person
from bot.demo.site import FILES, HERE, site
from bot.demo.stage import stage
from tests.conftest import ROOT, at

pytestmark = pytest.mark.deep

Json = dict[str, Any]
WAIT_S = 20.0


@dataclass(slots=True)
class Page:
    """The page in a browser without a window: what it shows, and what can be done on it."""

    address: str
    game: Game
    http: ClientSession

    async def shows(self) -> Json:
        """All that there is to see."""
        async with self.http.get(f"{self.address}state") as reply:
            return dict(await reply.json())

    async def phone(self, who: Person) -> Json:
        """What one phone shows."""
        return next(phone for phone in (await self.shows())["phones"] if phone["user"] == who.number)

    async def does(self, path: str, **body: object) -> str:
        """Something on the page itself; the sentence that says why not, or ""."""
        headers = {"Origin": self.address.rstrip("/")}
        async with self.http.post(f"{self.address}{path}", json=body, headers=headers) as reply:
            return str((await reply.json()).get("error", ""))

    async def taps(self, who: Person, *labels: str) -> None:
        """Tap buttons one after the other."""
        for label in labels:
            assert await self.does(f"phones/{who.number}/tap", label=label) == ""

    async def hint(self) -> str:
        """What a newcomer is told to try next."""
        return str((await self.shows())["hint"]["words"])


@asynccontextmanager
async def opened(config: Config, folder: Path, begun: bool = True) -> AsyncIterator[Page]:
    """A demo that is served; `begun`: with everybody in but Anna."""
    async with stage(at(config, folder / "demo.db", ""), instant(STARTS)) as clinic:
        game = Game(clinic, ManualClock(instant(STARTS)), pace=0)
        if begun:
            await game.begin()
        async with site(game, 0) as address, ClientSession() as http:
            yield Page(address, game, http)
            await game.end()


@pytest.fixture
async def page(example: Config, tmp_path: Path) -> AsyncIterator[Page]:
    """The page as it opens."""
    async with opened(example, tmp_path) as page:
        yield page


# ------------------------------------------------------------------------------------------------ stories


async def test_a_newcomer_is_led_from_the_link_to_the_digest(page: Page) -> None:
    shown = await page.shows()
    assert shown["hint"] == {
        "words": "You hold everybody's phones. Tap “START” on Anna's phone: it opens the link from the front desk.",
        "user": ANNA.number,
    }
    assert [phone["name"] for phone in shown["phones"]] == ["Anna", "Ben", "Tomas", "Clara", "Vera"]
    link = re.fullmatch(r"https://t\.me/accord_test_bot\?start=([\w-]{22})", (await page.phone(ANNA))["link"])
    assert link is not None

    await page.does(f"phones/{ANNA.number}/say", text=f"/start {link[1]}")
    assert (await page.phone(ANNA))["link"] is None
    assert await page.hint() == "Anna is coming in. Tap “I agree” on Anna's phone."
    await page.taps(ANNA, "I agree", "Yes, that is right", "1 hour after")
    shown = await page.shows()
    assert shown["hint"]["words"].startswith("Nobody has anything to do.")
    assert shown["next"] == {"words": "Tomas is asked about the session with Ben", "when": "Tuesday 3 November, 11:00"}

    assert await page.does("jump") == ""
    shown = await page.shows()
    assert (shown["clock"]["day"], shown["clock"]["time"]) == ("Tuesday 3 November", "11:00")
    tomas = await page.phone(TOMAS)
    assert tomas["locked"] == ["Your 10:00: two minutes, when you are ready."]
    assert [message["new"] for message in tomas["messages"]][-2:] == [False, True]
    assert (await page.phone(CLARA))["locked"] == []
    assert shown["hint"] == {
        "words": "Tomas is asked how the work is going. Tap “Begin” on Tomas's phone, or let Tomas answer.",
        "user": TOMAS.number, "message": tomas["messages"][-1]["id"], "label": "Begin", "points": True,
    }  # fmt: skip
    await page.taps(TOMAS, "Begin", "A 4")
    assert (await page.shows())["hint"]["points"] is False
    assert await page.does("answer", user=TOMAS.number) == ""
    assert "Sent. Thank you." in (await page.phone(TOMAS))["messages"][-1]["text"]
    assert await page.does("answer", user=TOMAS.number) == "Nothing waits on Tomas's phone."


async def test_the_front_desk_changes_what_comes_next(page: Page) -> None:
    bens, annas, _ = (await page.shows())["sessions"]
    assert bens["when"] == "Tuesday 3 November, 10:00"
    assert await page.does("desk", session=bens["id"], act="cancelled") == ""
    assert await page.does("desk", session=annas["id"], act="later") == ""
    shown = await page.shows()
    assert [(one["patient"], one["state"], one["when"][-5:]) for one in shown["sessions"]] == [
        ("Ben", "cancelled", "10:00"),
        ("Anna", "planned", "14:00"),
        ("Clara", "planned", "09:00"),
    ]
    assert shown["next"] == {
        "words": "Tomas is asked about the session with Anna",
        "when": "Wednesday 4 November, 15:00",
    }
    for bad in ({"session": 99, "act": "missed"}, {"session": bens["id"], "act": "erase"}):
        assert await page.does("desk", **bad) == "The page shows no such session."
    assert await page.does("desk", session="1", act="missed") == "session must be a whole number."


@pytest.mark.proof
async def test_by_itself_it_plays_the_fortnight_to_the_last_digest(page: Page) -> None:
    await page.does("play", on=True)
    assert "plays by itself" in await page.hint()
    await page.game.stage.emulator.until(lambda: not page.game.playing, 3 * WAIT_S)
    shown = await page.shows()
    assert (shown["clock"]["day"], shown["clock"]["time"]) == ("Tuesday 17 November", "13:00")
    assert shown["hint"]["words"].startswith("Two weeks have passed.")
    digest = (await page.phone(TOMAS))["messages"][-1]
    assert digest["text"].startswith(
        "You rate agreement on tasks differently, still (2nd session). Patient 2.5, you 5.0."
    )
    texts = [event.text or "" for event in page.game.stage.emulator.history.of("sent", "edited", chat=TOMAS.number)]
    assert any("No answer to the last 2 check-ins." in text for text in texts)
    assert [phone["name"] for phone in shown["phones"] if phone["spins"]] == []
    assert await page.does("jump") == ""  # whoever likes goes on
    assert (await page.shows())["clock"]["time"] == "15:00"


async def test_the_page_hears_of_news_at_once(page: Page) -> None:
    version = (await page.shows())["version"]

    async def next_state() -> Json:
        async with page.http.get(f"{page.address}state?after={version}") as reply:
            return dict(await reply.json())

    waiting = asyncio.create_task(next_state())
    await page.does(f"phones/{BEN.number}/say", text="/help")
    assert (await asyncio.wait_for(waiting, WAIT_S))["version"] > version


async def test_a_chart_is_served_as_a_picture_and_words_are_not(page: Page) -> None:
    phone = page.game.phone(TOMAS)
    world = page.game.stage.emulator.world
    for name, content in (("a.png", b"\x89PNG\r\n\x1a\nxx"), ("a.html", b"<script>")):
        stored = world.add_file("document", name, content)
        message = world.add_message(phone.person, True, {"document": {"file_id": stored.id}})
        async with page.http.get(f"{page.address}phones/{phone.id}/files/{message.id}") as reply:
            kind = "image/png" if name == "a.png" else "application/octet-stream"
            assert (reply.content_type, await reply.read()) == (kind, content)


# ------------------------------------------------------------------------------------------------ the clinic's page


async def test_the_clinics_page_is_there_and_the_front_desk_logged_in(page: Page) -> None:
    assert (await page.shows())["clinic"] is True
    for _ in range(2):  # each time anew: the clock has jumped meanwhile, and the page has logged the desk off
        async with page.http.get(f"{page.address}clinic", allow_redirects=False) as reply:
            assert reply.status == 303
            cookie, where = reply.cookies["accord"], reply.headers["Location"]
            assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
            assert f"frame-src 'self' {where.removesuffix('/week')};" in reply.headers["Content-Security-Policy"]
        async with page.http.get(where, headers={"Cookie": f"accord={cookie.value}"}) as reply:
            assert f"frame-ancestors {page.address.rstrip('/')}" in reply.headers["Content-Security-Policy"]
            assert "P-014" in await reply.text()
        assert await page.does("jump") == ""


async def test_without_its_libraries_there_is_no_clinics_page(
    example: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.demo.frame.LIBRARIES", ("a_library_that_is_not_there",))
    async with opened(example, tmp_path, begun=False) as page:
        assert (await page.shows())["clinic"] is False
        async with page.http.get(f"{page.address}clinic") as reply:
            assert reply.status == 404


# ------------------------------------------------------------------------------------------------ who may


async def test_nobody_but_the_page_is_answered(example: Config, tmp_path: Path) -> None:
    async with opened(example, tmp_path, begun=False) as page:
        own = page.address.rstrip("/")
        asked: list[tuple[str, str, dict[str, str], int]] = [
            ("GET", "state", {}, 200),
            ("GET", "state", {"Host": "localhost:" + own.rpartition(":")[2]}, 200),
            ("GET", "state", {"Host": "accord.example"}, 403),
            ("GET", "", {"Host": "accord.example:80"}, 403),
            ("POST", "play", {}, 403),
            ("POST", "play", {"Origin": "https://elsewhere.example"}, 403),
            ("POST", "play", {"Origin": "null"}, 403),
            ("POST", "play", {"Origin": own}, 200),
            ("POST", f"phones/{ANNA.number}/say", {"Origin": own}, 400),  # no text
            ("GET", "phones/77", {}, 403),
            ("POST", "phones", {"Origin": own}, 404),
            ("GET", "faults", {}, 404),
            ("GET", "../board.py", {}, 404),
        ]
        for method, path, headers, status in asked:
            async with page.http.request(method, page.address + path, headers=headers) as reply:
                assert (method, path, headers, reply.status) == (method, path, headers, status)
                assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
                assert reply.headers["X-Content-Type-Options"] == "nosniff"
        await page.does("play", on=False)


async def test_the_page_needs_nothing_from_elsewhere(example: Config, tmp_path: Path) -> None:
    async with opened(example, tmp_path, begun=False) as page:
        for path in FILES:
            async with page.http.get(page.address + path.lstrip("/")) as reply:
                text = await reply.text()
                assert reply.status == 200
                assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}
        html = (HERE / "index.html").read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", html)  # the policy would forbid them
        assert "Everything here is made up" in html


# ------------------------------------------------------------------------------------------------ small parts


def test_the_next_moment_is_one_sentence() -> None:
    now = datetime(2026, 11, 9, 18, 0, tzinfo=UTC)
    both = [Coming(now, "Anna", "homework"), Coming(now, "Ben", "homework")]
    assert in_words(both) == "Anna and Ben are asked about the homework"
    assert in_words([Coming(now, "Tomas", "digest", "Anna")]) == "Tomas's digest about Anna is ready"
    mixed = [*both[:1], Coming(now, "Vera", "week"), Coming(now, "Tomas", "form", "Ben")]
    assert (
        in_words(mixed)
        == "Tomas is asked about the session with Ben; Anna is asked about the homework; Vera's week is ready"
    )


def keyboard(*rows: str) -> answering.Rows:
    """Rows written as "label=data label=data"."""
    return [[dict(zip(("text", "callback_data"), key.split("="), strict=True)) for key in row.split()] for row in rows]


C = "c:AAAAAAAAAAAAAAAAAAAAAA:3"


@pytest.mark.parametrize(
    ("rows", "said", "expected"),
    [
        (keyboard(f"Begin={C}:b", f"Later={C}:l"), (), answering.Next("begin", "Begin")),
        (keyboard("Agree=e:agree", "No=e:decline"), (), answering.Next("enter", "Agree")),
        (keyboard("Clock=e:zone"), (), None),
        (keyboard(*(f"{n}={C}:p:2:{n}:x1" for n in range(5)), f"Skip={C}:s:2:x1"), (), answering.Next("answer", "2")),
        (keyboard(f"Yes={C}:p:7:0:x1 No={C}:p:7:1:x1"), (), answering.Next("answer", "Yes")),
        (keyboard(f"one={C}:n:8:0:x1 two={C}:n:8:1:x1", f"Skip={C}:s:8:x1"), (), answering.Next("answer", "one")),
        (keyboard(f"Skip={C}:s:9:x1"), (), answering.Next("answer", "", "Sleep through the night")),
        (keyboard(f"Skip={C}:s:9:x1"), ("Sleep through the night",), answering.Next("answer", "Skip")),
        (keyboard(f"Send={C}:x", f"Change={C}:g"), (), answering.Next("send", "Send")),
        (keyboard("Open=d:abc:open"), (), answering.Next("open", "Open")),
        (keyboard("Discussed=d:abc:was:discussed", "Hide=d:abc:hide"), (), answering.Next("read", "Discussed")),
        (keyboard("Hide=d:abc:hide"), (), None),
        ([], (), None),
    ],
)  # fmt: skip
def test_what_anna_does_next(rows: answering.Rows, said: tuple[str, ...], expected: answering.Next | None) -> None:
    assert answering.next_of(rows, ANNA, said) == expected


def test_what_is_ticked_is_confirmed_and_not_changed() -> None:
    rows = [[{"text": "✓ one", "callback_data": f"{C}:f:8:0:x1"}, {"text": "two", "callback_data": f"{C}:n:8:1:x1"}]]
    assert answering.next_of([*rows, *keyboard(f"Done={C}:d:8:x1")], ANNA) == answering.Next("answer", "Done")
    assert answering.next_of([*rows, *keyboard(f"Send={C}:x")], TOMAS) == answering.Next("send", "Send")


# ------------------------------------------------------------------------------------------------ the command


@pytest.fixture
def served(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`accord demo --serve` as a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "bot", "demo", "--serve"]
    environment |= {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    yield process
    process.kill()
    process.communicate()


async def test_the_command_says_where_and_leaves_nothing_behind(
    served: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert served.stdout is not None
    address, words = [(await asyncio.to_thread(served.stdout.readline)).strip() for _ in range(2)]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    assert "thrown away when you stop" in words
    assert [name for name, _ in _files(tmp_path) if name == "demo.db"]
    async with ClientSession() as http:
        async with http.get(f"{address}state") as reply:
            version = (await reply.json())["version"]
        waiting = asyncio.create_task(_long_poll(http, f"{address}state?after={version}"))
        served.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(served.wait, WAIT_S) == 0
        await waiting
    assert _files(tmp_path) == []
    assert served.stderr is not None
    assert await asyncio.to_thread(served.stderr.read) == ""


def _files(folder: Path) -> list[tuple[str, int]]:
    return [(path.name, path.stat().st_size) for path in folder.rglob("*")]


async def _long_poll(http: ClientSession, address: str) -> None:
    try:
        async with http.get(address) as reply:
            await reply.read()
    except OSError:
        return  # cut at the stop


@pytest.mark.parametrize("flags", [["--serve", "--fast"], ["--serve", "--out", "here"], ["--port", "8080"]])
def test_flags_that_do_not_fit_are_a_wrong_command_line(flags: list[str]) -> None:
    assert CliRunner().invoke(cli, ["demo", *flags]).exit_code == 2
