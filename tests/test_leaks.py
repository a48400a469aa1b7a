"""Canaries: what people say, their names, tokens and keys, through every mistake there can be, and in no log."""

import asyncio
import io
import logging
import re
import resource
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from bot import logs
from bot.app import App
from bot.chat import away, call, checkins, door, goals, homework, joining, menus, mine, mydata, screens
from bot.config import Config
from bot.core.call import CallMe, parse_hours
from bot.logs import LOUD, Redacting, of_loop, set_up_logging
from bot.store import answers, audit, backups, exports, histories, outbox, people, rotation
from bot.store import checkins as checkins_kept
from bot.store import goals as goals_kept
from tests.conftest import FIRST, Clinic, Someone

pytestmark = pytest.mark.deep

WORDS, GOAL, TASK, CITY = "canary of the convoy", "canary sleeps again", "canary walks daily", "Canaryville"
TOKEN = "123456789:" + "A" * 35
FORBIDDEN = re.compile(r"canary|Anna|Tomas|Clara|Ben\b|Vera|Mostly|goals_1|\b988\b")


@pytest.fixture
def config(example: Config) -> Config:
    """Somebody can be called."""
    return replace(example, call_me=CallMe("T-1", "", parse_hours("00:00-24:00")))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that the service would log, at DEBUG."""
    root, text = logging.getLogger(), io.StringIO()
    before, levels = (root.level, list(root.handlers)), {name: logging.getLogger(name).level for name in LOUD}
    set_up_logging("DEBUG")
    ours = root.handlers[-1]
    assert isinstance(ours, logging.StreamHandler)
    ours.setStream(text)
    root.handlers = [*before[1], ours]
    yield text
    root.handlers = before[1]
    root.setLevel(before[0])
    logging.captureWarnings(False)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def story(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    """Everything in which somebody says something."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4455", "E Yes")
    await tomas.says(f"/homework P-014 {TASK}")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await anna.rates(4, 4, 4, 4, 4, 4)
    await anna.says(WORDS)
    await anna.taps("For my therapist", "Mostly")
    await anna.says(GOAL)
    await anna.taps("Mostly", "Mostly", "Send")
    await anna.says("/goals", GOAL, "/mine", f"/zone {CITY}", "/away", CITY, WORDS, "/mydata", "/privacy")
    await tomas.says("/pair P-014", "/digest", "/goals P-014", WORDS)


async def test_nothing_of_a_story_is_in_the_log_at_debug(
    clinic: Clinic, anna: Someone, tomas: Someone, written: io.StringIO, log: pytest.LogCaptureFixture
) -> None:
    """With trouble on the line, an update that cannot be read, and files that cannot be sent."""
    await story(clinic, anna, tomas)
    for kind, method in (("broken", "editMessageText"), ("bad", "sendDocument"), ("gateway", "sendMessage")):
        clinic.emulator.faults.add(kind, method=method, count=2)
    clinic.emulator.deliver({"message": {"from": {"id": 14, "first_name": "Anna"}, "text": WORDS, "chat": "broken"}})
    for data in ("y:send", "k:ask", "m:hide", "e:settings", f"c:{WORDS}"):
        await anna.presses(data)
    await anna.says(WORDS, "/mine")
    await clinic.restart()
    found = written.getvalue()
    assert len(found) > 100
    assert FORBIDDEN.findall(found) == []
    assert clinic.emulator.token not in found
    assert clinic.emulator.base_url not in found
    log.clear()


@pytest.mark.parametrize("encrypt", [True, False], ids=["encrypted file", "plain file"])
async def test_no_byte_on_the_disk_says_what_was_said(
    clinic: Clinic, anna: Someone, tomas: Someone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encrypt: bool
) -> None:
    """The database with its -wal, backups and what a drill of them leaves, keys old and new, temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    await clinic.stop()
    database = replace(clinic.config.database, encrypt=encrypt)
    clinic.config = replace(clinic.config, database=database)
    await clinic.start()
    path, folder = clinic.config.database.path, tmp_path / "backups"
    await story(clinic, anna, tomas)
    made = await asyncio.to_thread(backups.make, path, folder, clinic.clock.now())
    await asyncio.to_thread(backups.drill, folder, made, clinic.clock.now(), path)
    await asyncio.to_thread(rotation.rotate, path)
    written = on_disk(tmp_path)
    assert {path, path.with_name(f"{path.name}-wal"), folder / made.name} <= set(written)
    assert any(b"P-014" in found for found in written.values()) is not encrypt  # codes are sealed by the file alone
    said = [words.encode() for words in (WORDS, GOAL, TASK, CITY, "Anna", "Tomas", clinic.emulator.token)]
    assert [(file.name, words) for file, found in written.items() for words in said if words in found] == []


def on_disk(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder, with what is in it."""
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


MODULES: list[Any] = [
    away, call, checkins, door, goals, homework, joining, menus, mine, mydata, screens,
    answers, checkins_kept, exports, goals_kept, histories,
]  # fmt: skip
"""Each function of these raises once, with somebody's words in the exception."""
ALSO = ((people, "by_chat"), (people, "as_person"), (people, "expect"), (outbox, "add"), (audit, "note"))
SAID = (
    WORDS, "/goals", "/mine", "/mydata", "/help", "/away", "/checkin", "/homework", "/settings", f"/zone {CITY}",
    "/privacy", "/start", "/stop", f"/forget {WORDS}", "/rate", "/digest",
)  # fmt: skip


TAPPED = (
    "c:x:1:b", "g:list", "h:x", "m:hide", "e:settings", "a:x", "k:ask", "y:send", "f:x", "p:1:open", "i:14", "d:x",
    "w:x", "r:x",
)  # fmt: skip


async def test_no_mistake_of_ours_says_what_it_was_about(
    clinic: Clinic,
    anna: Someone,
    written: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    log: pytest.LogCaptureFixture,
) -> None:
    own = [(module, name) for module in MODULES for name, one in vars(module).items() if _is_own(module, one)]
    for module, name in [*own, *ALSO]:
        with monkeypatch.context() as patch:
            patch.setattr(module, name, _raising)
            for words in SAID:
                anna.phone.say(words)
            for data in TAPPED:
                anna.phone.press(data, 1)
            await clinic.stage.settle()
    found = written.getvalue()
    assert found.count("ValueError") >= 300
    assert FORBIDDEN.findall(found) == []
    log.clear()


def _is_own(module: Any, one: object) -> bool:
    return isinstance(one, FunctionType) and one.__module__ == module.__name__


def _raising(*_: object, **__: object) -> None:
    raise ValueError(f"{WORDS} of Anna with {TOKEN}")


# ------------------------------------------------------------------------------------------------ the last line


def formatted(error: BaseException) -> str:
    """The line of an exception that was logged with its traceback."""
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "at %s", (TOKEN,), (type(error), error, error.__traceback__))
    record.exc_text = f"as another handler had it: {WORDS}"
    return Redacting("%(message)s").format(record)


def test_a_traceback_is_places_and_kinds() -> None:
    try:
        try:
            _raising()
        except ValueError as error:
            raise KeyError(WORDS) from error
    except KeyError as error:
        line = formatted(error)
    assert line.startswith("at [token]\n")
    assert "test_leaks.py:" in line
    assert "in _raising" in line
    assert "from ValueError" in line
    assert line.endswith("KeyError")
    assert FORBIDDEN.findall(line) == []


@pytest.mark.parametrize(
    ("secret", "instead"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot[token]/getMe"),
        ("http://127.0.0.1:8080/login#Zm9vYmFyYmF6cXV4MTIzNA", "http://127.0.0.1:8080/login#[link]"),
        ("https://example.org/answer/Zm9vYmFyYmF6cXV4MTIzNA", "https://example.org/answer/[link]"),
        ("https://example.org/own/in#Zm9vYmFyYmF6cXV4MTIzNA", "https://example.org/own/in#[link]"),
        ("https://t.me/accord_bot?start=Zm9vYmFyYmF6cXV4MTIzNA", "https://t.me/accord_bot?start=[invite]"),
        (f"key {'0f' * 32}.", "key [key]."),
        ("outbox 12345 at 2026-11-03T14:00:00", "outbox 12345 at 2026-11-03T14:00:00"),
    ],
)
def test_a_secret_is_taken_out_of_any_line(secret: str, instead: str) -> None:
    assert Redacting("%(message)s").format(logging.makeLogRecord({"msg": secret})) == instead


def test_nothing_in_a_line_looks_like_another_line() -> None:
    record = logging.makeLogRecord({"msg": "one\r\n2026 ERROR bot: two\u2028\x1b[31m", "created": 0.0})
    line = Redacting("%(asctime)s %(message)s").format(record)
    assert line.splitlines() == [line]
    assert line.startswith("1970-01-01T00:00:00.000000Z one")
    assert "\x1b" not in line


def test_libraries_that_log_requests_are_kept_at_warnings(written: io.StringIO) -> None:
    for name in (
        "httpx",
        "httpcore.http11",
        "telegram.Bot",
        "aiosqlite",
        "sqlalchemy.engine.Engine",
        "alembic.runtime",
    ):
        logging.getLogger(name).info(WORDS)
        logging.getLogger(name).debug(WORDS)
    assert written.getvalue() == ""


def test_whatever_ends_a_program_says_no_words(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    for hook in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    limits: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *values: limits.append(values))
    logs.no_words_at_the_end()
    thread = threading.Thread(target=_raising)
    thread.start()
    thread.join()
    error = ValueError(WORDS)
    sys.excepthook(ValueError, error, None)
    sys.unraisablehook(type("Seen", (), {"exc_type": ValueError, "exc_value": error})())
    loop = asyncio.new_event_loop()
    of_loop(loop, {"message": WORDS, "exception": error, "future": WORDS})
    loop.close()
    assert written.getvalue().count("ValueError") == 4
    assert FORBIDDEN.findall(written.getvalue()) == []
    assert [values[1] for values in limits] == [(0, 0)]


async def test_no_repr_holds_the_token(clinic: Clinic) -> None:
    app: App = clinic.stage.app
    assert clinic.emulator.token not in repr(app)
    assert clinic.emulator.token not in repr([app.inbox, app.ticks, app.delivery, app.store, clinic.config])
