"""The page beside a running bot: `accord run` as a process serves it, stops with it, and says what is in its way."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.app import running
from bot.clock import ManualClock
from bot.config import Config, Web, check
from bot.emulator import Emulator
from bot.web.errors import CannotListen
from tests.conftest import BEGINS, at, denver
from tests.test_run import PATIENCE_S, Phones, desk, process, service, stopped, written

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def api() -> Iterator[Phones]:
    """A local Bot API in a process of its own."""
    with process("-m", "bot.emulator", "--port", "0", "--json") as emulator:
        assert emulator.stdout is not None
        where = json.loads(emulator.stdout.readline())
        yield Phones(where["base_url"], where["token"])


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def with_page(folder: Path, base_url: str, port: int) -> Path:
    """A configuration whose page is on."""
    file = written(folder, base_url)
    text = file.read_text("utf-8").replace("enabled = false", "enabled = true").replace("8080", str(port))
    file.write_text(text, "utf-8")
    return file


def test_the_page_of_a_running_bot(api: Phones, tmp_path: Path) -> None:
    port = free_port()
    config = with_page(tmp_path, api.base_url, port)
    with service(config, api) as bot:
        desk(config, "staff", "add", "--code", "S-1")
        link = desk(config, "login")["link"]
        assert link.startswith(f"http://127.0.0.1:{port}/login#")
        token = link.rpartition("#")[2]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as browser:
            assert "Log in" in browser.get(link).text
            page = browser.post("/login", data={"token": token})
            assert (page.status_code, page.url.path, "server" in page.headers) == (200, "/today", False)
            assert browser.post("/login", data={"token": token}).status_code == 410

        second = with_page(_folder(tmp_path / "second"), api.base_url, port)
        with process("-m", "bot", "run", "--config", str(second), ACCORD_TOKEN=api.token) as other:
            _, stderr = other.communicate(timeout=PATIENCE_S)
        assert (other.returncode, "Traceback" in stderr) == (1, False)
        assert f"[web] cannot listen at 127.0.0.1, port {port}" in stderr
        assert stopped(bot) == 0
        assert bot.stderr is not None
        log = bot.stderr.read()
        assert token not in log
        assert not re.search(r"GET|POST|uvicorn", log)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


async def test_it_starts_and_stops_with_the_bot_and_frees_its_port(example: Config, tmp_path: Path) -> None:
    clock = ManualClock(denver(BEGINS))
    async with Emulator(now=lambda: clock.now().timestamp()) as emulator:
        config = replace(at(example, tmp_path / "accord.db", emulator.base_url), web=Web(enabled=True, port=0))
        async with running(config, emulator.token, clock) as app:
            port = int(app.page.rpartition(":")[2])
            taken = replace(config, web=Web(enabled=True, port=port))
            taken = replace(taken, database=replace(config.database, path=tmp_path / "other.db"))
            with pytest.raises(CannotListen, match=f"port {port}"):
                async with running(taken, emulator.token, clock):
                    pass
        socket.create_server(("127.0.0.1", port)).close()


def test_without_its_libraries_the_check_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = with_page(tmp_path, "https://api.telegram.org", 8080)
    assert check(file)[0] == []
    monkeypatch.setattr("bot.config_together.WEB_LIBRARIES", ("starlette", "no_such_library_at_all"))
    (mistake,) = check(file)[0]
    assert (mistake.key, "pip install 'accord-checkin[web]'" in mistake.says) == ("web.enabled", True)
