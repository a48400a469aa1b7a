"""The cast and the stage. Therapist Tomas sees Anna and Ben, therapist Vera sees Clara; Vera must never see Anna.

Everybody has a phone of the local Bot API, the bot is the unmodified one, and time goes by only when a test says so.
The clinic is in Denver; a story begins on Monday 2 November 2026 at 10:00 there.
"""

import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, Table, create_engine, select

from bot import clinic as desk
from bot.app import running
from bot.clock import ManualClock
from bot.config import Config, load
from bot.core.walltime import to_utc, zone_of
from bot.demo.stage import Stage
from bot.emulator import Emulator, Phone
from bot.emulator.phone import Shown
from bot.store import encrypting, keys, migrating, people, sealing
from bot.store.sealing import EVERYTHING
from bot.store.tables import outbox
from tests import laws, overhears, rummages

laws.begin()
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the program starts many times: it is compiled once
overhears.begin()
if Path("/dev/shm").is_dir() and shutil.disk_usage("/dev/shm").free > 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")  # no waiting for a disk: every commit is synced

ROOT = Path(__file__).parent.parent
SNAPSHOTS = Path(__file__).with_name("snapshots")
DENVER = zone_of("America/Denver")
ENROLLED, BEGINS = "2026-11-02T09:00", "2026-11-02T10:00"
FIRST = "2026-11-03T14:00"
"""When Anna's first session is, on a Tuesday."""
TRUE = {1: "Not at all", 2: "A little", 3: "Partly", 4: "Mostly", 5: "Fully"}
PHONES = {"T-1": (1, "Tomas"), "T-2": (2, "Vera"), "P-014": (14, "Anna"), "P-015": (15, "Ben"), "P-021": (21, "Clara")}
PAIRS = {"P-014": "T-1", "P-015": "T-1", "P-021": "T-2"}


def denver(wall: str) -> datetime:
    """The instant of a wall time in Denver."""
    return to_utc(datetime.fromisoformat(wall), DENVER)


@dataclass(slots=True, repr=False)
class Someone:
    """One of the cast, with the phone in hand. After each tap or word everybody at work finishes."""

    code: str
    phone: Phone
    stage: Stage

    async def taps(self, *labels: str, on: int | None = None) -> None:
        """Tap buttons by their words, one after another, each on the newest message that has it (or on that one)."""
        for label in labels:
            self.phone.tap(label, on)
            await self.stage.settle()

    async def says(self, *words: str) -> None:
        """Type something and send it, one message after another."""
        for line in words:
            self.phone.say(line)
            await self.stage.settle()

    async def presses(self, data: str, message: Shown | None = None) -> None:
        """Send what a button sent (an old one, or a forged one), from a message that is there."""
        self.phone.press(data, None if message is None else message.id)
        await self.stage.settle()

    async def rates(self, *numbers: int) -> None:
        """Tap through rated questions, 1 Not at all to 5 Fully; 0 skips."""
        for number in numbers:
            await self.taps(TRUE.get(number, "Skip"))

    async def fills(self, ratings: str = "444444", *then: str) -> None:
        """Answer a whole check-in: Begin, the six ratings, no own words, what else is tapped, Send."""
        await self.taps("Begin")
        await self.rates(*map(int, ratings))
        await self.taps("Skip", *then, "Send")

    async def sends_form(self, ratings: str = "4444", *also: str) -> None:
        """The therapist's form: Begin, a number for each of the first rows, other taps, Send."""
        await self.taps("Begin", *(f"{row} {n}" for row, n in zip("ABCD", ratings, strict=False)), *also, "Send")

    def sees(self, text: str) -> bool:
        """Whether a message that is there now says this."""
        return self.phone.sees(text)

    @property
    def screen(self) -> str:
        """The newest message of the bot."""
        return self.phone.last.text

    @property
    def buttons(self) -> list[str]:
        """The buttons under the newest message, in reading order."""
        return [label for row in self.phone.last.buttons for label in row]

    @property
    def data(self) -> dict[str, str]:
        """What the buttons under the newest message send, by their words."""
        return {button["text"]: button["callback_data"] for row in self.phone.last.keyboard for button in row}

    @property
    def toast(self) -> str:
        """The fleeting line shown after the last tap that got one."""
        return self.phone.toasts[-1].text if self.phone.toasts else ""

    @property
    def prompts(self) -> list[str]:
        """What came as a new message that was not silent: the lines of the lock screen."""
        return self.phone.notifications


@dataclass(slots=True, repr=False)
class Clinic:
    """A clinic on its stage, for stories."""

    config: Config
    clock: ManualClock
    emulator: Emulator
    stage: Stage = field(init=False)
    _bot: AsyncExitStack = field(default_factory=AsyncExitStack)
    _cast: dict[str, Someone] = field(default_factory=dict)

    async def start(self) -> None:
        """Start the bot."""
        app = await self._bot.enter_async_context(running(self.config, self.emulator.token, self.clock))
        self.stage = Stage(self.config, self.clock, self.emulator, app)
        for someone in self._cast.values():
            someone.stage = self.stage
        self.emulator.deliver({})  # once this is confirmed it is the new bot that polls, with what was left behind done
        await self.stage.settle()

    async def stop(self) -> None:
        """Stop it; the database, the chats and the clock stay."""
        await self._bot.aclose()

    async def restart(self) -> None:
        """Stop and start, on the same database."""
        await self.stop()
        await self.start()

    def __getitem__(self, code: str) -> Someone:
        """Somebody by code, or a stranger's phone by a number."""
        if code not in self._cast:
            number, name = PHONES.get(code, (int(code) if code.isdecimal() else 0, "Stranger"))
            self._cast[code] = Someone(code, self.stage.phone(number, name), self.stage)
        return self._cast[code]

    async def until(self, wall: str) -> None:
        """Let time pass until it is this in Denver."""
        await self.stage.go_to(denver(wall))

    async def wait(self, **how_long: float) -> None:
        """Let so much time pass."""
        await self.stage.wait(**how_long)

    async def session(self, code: str, wall: str = FIRST, minutes: int | None = None) -> int:
        """Add a session; its id."""
        wanted = datetime.fromisoformat(wall)
        shown = await self.desk(desk.add_session, self.config, code, wanted, minutes, self.clock.now())
        return int(shown["id"])

    async def desk(self, verb: Callable[..., Any], *values: Any) -> Any:
        """A verb of the desk, or any other write, in one transaction beside the running bot."""
        done = await self.stage.app.store.write(verb, *values)
        await self.stage.settle()
        return done

    async def rows(self, table: Any, **where: Any) -> list[Any]:
        """A look into the database: rows with what is sealed opened."""
        return await self.stage.app.store.read(rows_of, table, where)

    async def answers(self, code: str) -> dict[str, Any]:
        """What the database holds of somebody's answers, the newest of each item, as "alliance.goals_1"."""
        return dict(await self.stage.app.store.read(_answers_of, code))


class OpenRow(SimpleNamespace):
    """A row with what is sealed opened."""

    def __iter__(self) -> Iterator[Any]:
        return iter(vars(self).values())


def rows_of(conn: Connection, table: Table, where: Mapping[str, Any]) -> list[Any]:
    """The rows of a table, opened."""
    sealed = next((one for one in EVERYTHING if one.name == table.name), None)
    query = table.select() if sealed is None else sealed.query
    for column, value in where.items():
        query = query.where(table.c[column] == value)
    rows = conn.execute(query).all()
    if sealed is None:
        return list(rows)
    return [OpenRow(**{**row._mapping, **sealing.opened(conn, sealed, row)}) for row in rows]


def copied(database: Path, folder: Path) -> Path:
    """A copy of a database with its keys."""
    keys.copy(database, folder / database.name)
    return Path(shutil.copy(database, folder / database.name))


def _answers_of(conn: Connection, code: str) -> list[tuple[str, Any]]:
    from bot.store.tables import answer, check_in

    who = people.by_code(conn, code)
    mine = set(conn.execute(select(check_in.c.id).where(check_in.c.person_id == who.id)).scalars())
    rows = sorted((row for row in rows_of(conn, answer, {}) if row.check_in_id in mine), key=lambda row: row.id)
    return [(f"{row.questionnaire}.{row.item}", row.value) for row in rows]


# ------------------------------------------------------------------------------------------------ fixtures


@pytest.fixture(scope="session", autouse=True)
def _durations() -> Iterator[None]:
    """The library warns of whole seconds in RetryAfter unless durations are asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTB_TIMEDELTA", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Every story has a database of its own, and SQLAlchemy compiles statements for each: here once for all of them."""
    from sqlalchemy.engine.default import DefaultDialect

    from bot.store import engine

    compiled: dict[Any, Any] = {}
    options = {"execution_options": {"compiled_cache": compiled}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "create_engine", partial(create_engine, **options))
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_file_says_what(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No file that a test left, no temporary one, and none that the tests share holds what somebody said."""
    rummages.begin(tmp_path_factory.mktemp("temporary"))
    yield
    rummages.look(tmp_path_factory.getbasetemp(), "the session")
    assert rummages.FOUND == []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """While everything still stands: afterwards pytest takes the folder of a test that passed away."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if folder is not None:
        rummages.look(folder, item.nodeid)


@pytest.fixture(scope="session", autouse=True)
def _no_log_says_who() -> Iterator[None]:
    """Whatever the stories of this session made the bot log, at DEBUG, it says nothing of anybody."""
    yield
    assert overhears.HEARD == []


@pytest.fixture(scope="session")
def example() -> Config:
    """The configuration that Accord comes with."""
    config, mistakes = load(ROOT / "config.example.toml")
    assert config is not None, mistakes
    return config


def at(config: Config, database: Path, base_url: str) -> Config:
    """The configuration over another database and another Bot API."""
    return replace(
        config,
        database=replace(config.database, path=database),
        telegram=replace(config.telegram, base_url=base_url),
    )


@asynccontextmanager
async def opened(config: Config, database: Path, begins: str, first_update: int) -> AsyncIterator[Clinic]:
    """A clinic with its bot running."""
    clock = ManualClock(denver(begins))
    async with Emulator(now=lambda: clock.now().timestamp(), first_update_id=first_update) as emulator:
        clinic = Clinic(at(config, database, emulator.base_url), clock, emulator)
        await clinic.start()
        try:
            yield clinic
        finally:
            await clinic.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def enrolled(example: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which the whole cast has come in through the chat; every story gets a copy."""
    database = tmp_path_factory.mktemp("enrolled") / "accord.db"
    async with opened(example, database, ENROLLED, 100_000_001) as clinic:
        await enrol(clinic)
        await clinic.until(BEGINS)  # a sign of life: no story begins with an outage
        for who in await clinic.stage.app.store.read(people.people):
            await clinic.desk(lambda conn, n=who.id: people.change(conn, n, message_id=None))
        await clinic.desk(lambda conn: conn.execute(outbox.delete()).rowcount)  # the menus of the chats
    return database


async def enrol(clinic: Clinic) -> None:
    """The desk adds everybody; each opens the link and taps through."""
    for code in ("T-1", "T-2"):
        await clinic.desk(desk.add_therapist, clinic.config, code, "America/Denver", "en")
    for code, therapist in PAIRS.items():
        values = (code, therapist, "America/Denver", "en", clinic.clock.now())
        await clinic.desk(desk.add_patient, clinic.config, *values)
    for code in PHONES:
        await clinic[code].says(f"/start {await clinic.stage.invite(code)}")
        taps = ("I agree", "Yes, that is right", "1 hour after") if code in PAIRS else ("Yes, that is right",)
        await clinic[code].taps(*taps)


@pytest.fixture
def database(enrolled: Path, tmp_path: Path) -> Path:
    """The clinic's database, and nobody works with it: a copy of one's own."""
    return copied(enrolled, tmp_path)


@pytest.fixture
def plain(database: Path) -> Path:
    """The same as it is where there is no SQLCipher."""
    encrypting.make_so(database, encrypted=False)
    return database


@pytest.fixture
def config(example: Config) -> Config:
    """What this test's clinic has configured; a test file may have its own."""
    return example


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the bot logs. An error that a test did not expect (and clear) fails it: errors are caught, not seen."""
    yield caplog
    mine = [record for record in caplog.get_records("call") if record.name.startswith("bot")]
    errors = [record.getMessage() for record in mine if record.levelno >= logging.ERROR]
    assert errors == []


@pytest.fixture
async def clinic(
    config: Config,
    enrolled: Path,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,  # noqa: ARG001
) -> AsyncIterator[Clinic]:
    """The clinic with everybody in, Monday morning; nobody has a session yet."""
    database = copied(enrolled, tmp_path)
    async with opened(config, database, BEGINS, 200_000_001) as clinic:
        for code in PHONES:
            clinic[code].phone.person.started = True
        yield clinic


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which nothing is written yet; made once, since every migration runs for it."""
    database = tmp_path_factory.mktemp("blank") / "accord.db"
    migrating.bring_up_to_date(database, lambda: denver(BEGINS))
    return database


@pytest.fixture
async def empty(
    config: Config,
    blank: Path,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,  # noqa: ARG001
) -> AsyncIterator[Clinic]:
    """A clinic that knows nobody yet."""
    async with opened(config, copied(blank, tmp_path), BEGINS, 100_000_001) as clinic:
        yield clinic


@pytest.fixture
def tomas(clinic: Clinic) -> Someone:
    return clinic["T-1"]


@pytest.fixture
def vera(clinic: Clinic) -> Someone:
    return clinic["T-2"]


@pytest.fixture
def anna(clinic: Clinic) -> Someone:
    return clinic["P-014"]


@pytest.fixture
def ben(clinic: Clinic) -> Someone:
    return clinic["P-015"]


@pytest.fixture
def clara(clinic: Clinic) -> Someone:
    return clinic["P-021"]


# ------------------------------------------------------------------------------------------------ snapshots


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --update-snapshots` writes what is said now; read the diff before you keep it."""
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots anew")


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the one kept under a name in tests/snapshots."""

    def check(name: str, text: str) -> None:
        file = SNAPSHOTS / f"{name}.txt"
        if request.config.getoption("--update-snapshots"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")
        assert file.exists(), f"there is no snapshot {name}: run pytest --update-snapshots and read it"
        assert text + "\n" == file.read_text(encoding="utf-8")

    return check
