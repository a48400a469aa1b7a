"""accord doctor: a line for each thing, what needs somebody, what was set aside, and the same as counts."""

import json
import os
import re
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection

from bot.cli import cli
from bot.config import Metrics
from bot.core.backups import Backup
from bot.core.health import Backups, Facts, Line, Machine, Vitals, exposition, is_fixed, lines, needs_somebody
from bot.health import examine, facts
from bot.metrics import serving
from bot.store import backups, inbox, letters, lock, opening
from bot.store.driver import sqlite3
from bot.store.errors import CannotOpen
from bot.store.people import Refused
from bot.store.tables import inbox as received
from tests.conftest import FIRST, ROOT, Clinic, Someone, copied
from tests.test_backups import backing_up
from tests.test_delivery import outgoing, texts

NOW = datetime(2026, 11, 3, 17, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MACHINE = Machine(
    accord="0.1.0", python="3.11.7", sqlite=(3, 53, 4), sqlite_of="sqlcipher3", zones="2026f", free=10**11,
    holder=4711, scrubbed_at=NOW - DAY, bytes=3 * 10**6, cipher="4.19.0", encrypted=True,
)  # fmt: skip
VITALS = Vitals(alive_at=NOW - MINUTE / 2)
BACKUPS = Backups(timedelta(minutes=15), Backup("a", NOW - 10 * MINUTE), 24, 0, NOW - 20 * HOUR)
WELL = Facts(NOW, MACHINE, VITALS, BACKUPS)


def line(found: list[Line], name: str) -> Line:
    return next(one for one in found if one.name == name)


def test_where_all_is_well_nobody_is_needed() -> None:
    found = lines(WELL)
    assert {one.state for one in found} == {"ok"}
    assert not needs_somebody(found)
    assert line(found, "backup").says == "The last of 24 backups is 10 minutes old."


def machine(**what: Any) -> Facts:
    return replace(WELL, machine=replace(MACHINE, **what))


def vitals(**what: Any) -> Facts:
    return replace(WELL, vitals=replace(VITALS, **what))


def copies(**what: Any) -> Facts:
    return replace(WELL, backups=replace(BACKUPS, **what))


CASES: list[tuple[Facts, str, str, str]] = [
    (machine(sqlite=(3, 40, 1), sqlite_of="Python 3.11"), "sqlite", "act", "SQLite 3.40.1 of Python 3.11 can damage"),
    (vitals(zones_current=False), "time zones", "act", "start the bot again"),
    (machine(token="it is empty.", holder=None), "token", "act", "It is empty."),
    (machine(token="it is empty."), "token", "note", "from here it cannot be seen"),
    (machine(warnings=2), "settings", "note", "2 warnings: accord check"),
    (machine(open_files=("/x/accord.db",)), "files", "act", "Other accounts can read /x/accord.db"),
    (machine(free=4 * 10**8), "disk", "act", "400 MB are free; the database has 3.0 MB: make room, at least 500 MB"),
    (machine(free=10**9, bytes=10**9), "disk", "act", "at least 4,000 MB"),
    (machine(clock_ahead=None), "clock", "act", "does not answer"),
    (machine(clock_ahead=timedelta(seconds=20)), "clock", "note", "20 seconds ahead of"),
    (machine(clock_ahead=-2 * HOUR), "clock", "act", "2 hours behind"),
    (machine(damage="x is damaged: y."), "database", "act", "x is damaged: y."),
    (machine(encrypted=False), "file", "act", "not encrypted: who has it alone can read codes and appointments. Start"),
    (machine(encrypted=False, cipher=""), "file", "note", 'pip install "sqlcipher3>=0.6.4"'),
    (machine(encrypted=False, encrypt=False), "file", "note", "[database] encrypt = false says so"),
    (replace(WELL, vitals=None, why_none="There is none."), "database", "act", "There is none."),
    (machine(holder=None), "bot", "act", "does not run; its last sign of life is 30 seconds old"),
    (vitals(alive_at=NOW - HOUR), "bot", "act", "process 4711) and does not work since 60 minutes"),
    (vitals(alive_at=None), "bot", "note", "never run"),
    (vitals(unsent=3, unsent_since=NOW - 5 * MINUTE), "unsent", "ok", "3 messages to be sent, the oldest since 5 min"),
    (vitals(unsent=1, unsent_since=NOW - DAY * 3), "unsent", "act", "1 message to be sent, the oldest since 3 days"),
    (vitals(set_aside=1, unread=2), "letters", "act", "1 message that Telegram refused, 2 updates that could not be"),
    (vitals(unknown=4), "letters", "note", "Of 4 messages nobody knows"),
    (vitals(copies=2), "copies", "ok", "At most 2 messages arrived twice"),
    (replace(WELL, backups=Backups()), "backup", "act", "No backups are made"),
    (copies(newest=None, count=0, drilled_at=None), "backup", "act", "no backup yet"),
    (copies(newest=Backup("a", NOW - HOUR)), "backup", "act", "60 minutes old, and one is due every 15 minutes"),
    (copies(bad=1), "backup", "act", "1 of them cannot be used"),
    (copies(same_disk=True), "backup", "note", "own disk"),
    (copies(drilled_at=None), "drill", "act", "ever restored"),
    (copies(drilled_at=NOW - 10 * DAY), "drill", "act", "10 days ago"),
    (machine(scrubbed_at=None), "scrub", "note", "not read through yet"),
    (machine(scrubbed_at=NOW - 20 * DAY), "scrub", "act", "20 days ago"),
]


@pytest.mark.parametrize(("found", "name", "state", "says"), CASES, ids=[f"{c[1]} {c[3][:20]}" for c in CASES])
def test_what_is_said_of_each_thing(found: Facts, name: str, state: str, says: str) -> None:
    said = line(lines(found), name)
    assert (said.state, says in said.says) == (state, True), said.says
    assert needs_somebody(lines(found)) is (state == "act")


@pytest.mark.parametrize(
    ("version", "fixed"),
    [((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 7), True),
     ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True)],
)  # fmt: skip
def test_which_sqlite_is_fixed(version: tuple[int, int, int], fixed: bool) -> None:
    assert is_fixed(version) is fixed


def test_the_sqlite_in_use_is_fixed() -> None:
    """Where this fails there is no wheel of sqlcipher3: then the doctor says it."""
    assert is_fixed(sqlite3.sqlite_version_info)


# ------------------------------------------------------------------------------------------------ found out


async def test_a_running_clinic_is_examined_beside_its_bot(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCORD_TOKEN", clinic.emulator.token)
    await clinic.stop()
    clinic.config = backing_up(clinic.config, tmp_path / "backups")
    await clinic.start()
    await clinic.wait(minutes=1)
    await clinic.stage.app.upkeep.work()
    clinic.config.database.path.chmod(0o600)
    found = await examine(clinic.config, clinic.clock)
    assert found.machine.holder == os.getpid()
    assert found.machine.clock_ahead is not None
    states = {one.name: one.state for one in lines(replace(found, machine=replace(found.machine, clock_ahead=0 * DAY)))}
    assert {name for name, state in states.items() if state == "act"} == set()
    assert states["backup"] == "note"


async def test_files_that_others_can_read_are_named(clinic: Clinic, tmp_path: Path) -> None:
    path = clinic.config.database.path
    config = backing_up(clinic.config, tmp_path / "backups")
    made = backups.make(path, tmp_path / "backups", NOW)
    path.chmod(0o644)
    (tmp_path / "backups" / made.name).chmod(0o640)
    found = facts(config, NOW, None, None)
    assert found.machine.open_files[0] == str(path)
    assert str(tmp_path / "backups" / made.name) in found.machine.open_files


async def test_a_damaged_database_is_said_and_not_read(clinic: Clinic) -> None:
    await clinic.stop()
    path = clinic.config.database.path
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = lines(await examine(clinic.config, clinic.clock))
    assert line(found, "database").state == "act"
    assert "is damaged" in line(found, "database").says
    assert "bot" not in {one.name for one in found}
    path.write_bytes(whole)


def test_who_holds_a_database_can_be_asked_without_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "accord.db"
    assert lock.holder(path) is None
    with lock.acquire(path):
        assert lock.holder(path) == os.getpid()
    assert lock.holder(path) is None


async def test_a_lost_reply_counts_as_a_copy_that_may_have_arrived_twice(clinic: Clinic) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await outgoing(clinic, ("P-014", "hello", "notice"), ("P-015", "hello", "notice"))
    await clinic.wait(minutes=1)
    found = await clinic.stage.app.store.read(letters.vitals, clinic.clock.now())
    assert (found.copies, found.unknown, found.set_aside, found.unsent) == (1, 0, 0, 0)


async def test_what_cannot_be_sent_has_waited_since_it_was_put_out(clinic: Clinic) -> None:
    await clinic.session("P-014", FIRST)
    clinic.emulator.faults.add("gateway", method="sendMessage", chat=14, count=999)
    await clinic.until("2026-11-03T16:20")
    found = await clinic.stage.app.store.read(letters.vitals, clinic.clock.now())
    assert found.unsent == 1
    assert found.unsent_since is not None
    assert clinic.clock.now() - found.unsent_since == timedelta(minutes=20)


# ------------------------------------------------------------------------------------------------ letters


async def listed(clinic: Clinic) -> list[letters.Letter]:
    return await clinic.stage.app.store.read(letters.listed)


@pytest.fixture
async def refused(clinic: Clinic, anna: Someone) -> str:
    """A message for Anna that Telegram refused; its id."""
    clinic.emulator.faults.add("bad", method="sendMessage", chat=14)
    await outgoing(clinic, ("P-014", "poison", "notice"))
    assert texts(anna) == []
    (letter,) = await listed(clinic)
    assert (letter.what, letter.whose, letter.state, letter.why) == ("notice", "P-014", "refused", "BadRequest")
    return letter.id


async def test_what_was_refused_can_be_tried_again(clinic: Clinic, anna: Someone, refused: str) -> None:
    assert await clinic.desk(letters.retry, refused, clinic.clock.now()) == "now"
    await clinic.stage.settle()
    assert texts(anna) == ["poison"]
    assert await listed(clinic) == []


async def test_what_was_refused_can_be_dropped(clinic: Clinic, anna: Someone, refused: str) -> None:
    await clinic.desk(letters.drop, refused)
    assert await listed(clinic) == []
    await clinic.restart()
    assert texts(anna) == []


async def test_what_offers_a_check_in_that_is_over_is_not_tried_again(clinic: Clinic) -> None:
    await clinic.session("P-014", FIRST)
    clinic.emulator.faults.add("bad", method="sendMessage", chat=14)
    await clinic.until("2026-11-03T16:01")
    (letter,) = await listed(clinic)
    await clinic.desk(lambda conn: conn.exec_driver_sql("UPDATE check_in SET state = 'excused'") and None)
    with pytest.raises(Refused, match="is over"):
        await clinic.desk(letters.retry, letter.id, clinic.clock.now())


async def test_an_update_that_could_not_be_read_is_read_again_at_the_next_start(clinic: Clinic, anna: Someone) -> None:
    hello = {
        "message_id": 900, "date": 0, "text": "/help", "chat": {"id": 14, "type": "private"},
        "from": {"id": 14, "is_bot": False, "first_name": "Anna"}, "entities": [],
    }  # fmt: skip

    def put_aside(conn: Connection) -> None:
        raw = json.dumps({"update_id": 5, "message": hello})
        inbox.add(conn, [(5, raw)], [], clinic.clock.now())
        inbox.set_aside(conn, 5, "KeyError", clinic.clock.now())

    await clinic.desk(put_aside)
    (letter,) = await listed(clinic)
    assert (letter.id, letter.state, letter.why, letter.whose) == ("in-5", "unread", "KeyError", None)
    assert await clinic.desk(letters.retry, "in-5", clinic.clock.now()) == "at the next start"
    await clinic.restart()
    assert anna.sees("/checkin")
    assert await listed(clinic) == []


async def test_the_words_of_an_update_that_is_dropped_are_gone(clinic: Clinic) -> None:
    def put_aside(conn: Connection) -> None:
        inbox.add(conn, [(5, "words")], [], clinic.clock.now())
        inbox.set_aside(conn, 5, "KeyError", clinic.clock.now())

    await clinic.desk(put_aside)
    await clinic.desk(letters.drop, "in-5")
    assert b"words" not in json.dumps([row.raw for row in await clinic.rows(received)]).encode()


@pytest.mark.parametrize("wrong", ["", "7", "out-", "out-999", "in-999", "out-1; DROP", "out-" + "9" * 40, "in--1"])
async def test_a_letter_that_is_not_there_is_refused(clinic: Clinic, wrong: str) -> None:
    with pytest.raises(Refused, match="There is no letter"):
        await clinic.desk(letters.drop, wrong)


# ------------------------------------------------------------------------------------------------ command line


@pytest.fixture
def written(enrolled: Path, tmp_path: Path) -> Path:
    """A config.toml beside a database in which one message was refused."""
    path = copied(enrolled, tmp_path)
    with closing(opening.connect(path)) as database, database:
        database.execute(
            "INSERT INTO outbox (id, clinic_id, person_id, key, kind, rank, body, state, not_before, attempts, error) "
            "VALUES (70, 1, 3, 'k', 'notice', 2, '{\"text\": \"private words\", \"rows\": []}', 'aside', "
            "'2026-11-03 17:00:00.000000', 1, 'BadRequest')"
        )
    text = (ROOT / "config.example.toml").read_text("utf-8").replace("https://api.telegram.org", "http://127.0.0.1:9")
    file = tmp_path / "config.toml"
    file.write_text(text.replace('folder = "questionnaires"', f'folder = "{ROOT / "questionnaires"}"'), "utf-8")
    return file


def invoke(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["doctor", *map(str, words)])
    assert "Traceback" not in done.output
    return done.exit_code, done.output


def test_the_command_says_it_in_lines_and_as_json_and_ends_with_one(written: Path) -> None:
    code, said = invoke("--config", written)
    assert code == 1
    assert re.search(r"^ACT  letters    Set aside: 1 message that Telegram refused", said, flags=re.MULTILINE)
    code, said = invoke("--config", written, "--json")
    shown = json.loads(said)
    assert (code, shown["ok"]) == (1, False)
    assert {one["name"] for one in shown["lines"]} >= {"sqlite", "clock", "database", "backup", "copies"}


def test_letters_are_listed_tried_and_dropped(written: Path) -> None:
    code, said = invoke("letters", "--config", written)
    assert (code, said.split()) == (0, ["out-70", "notice", "P-014", "refused", "BadRequest"])
    assert json.loads(invoke("letters", "--json", "--config", written)[1])[0]["id"] == "out-70"
    assert invoke("letters", "retry", "out-70", "out-71", "--config", written)[0] == 1
    assert len(json.loads(invoke("letters", "--json", "--config", written)[1])) == 1, "all or none"
    assert invoke("letters", "drop", "out-70", "--config", written) == (0, "Dropped: out-70.\n")
    assert invoke("letters", "--config", written)[1] == "Nothing is set aside.\n"


def test_tried_again_is_said(written: Path) -> None:
    said = invoke("letters", "retry", "out-70", "--config", written)
    assert said == (0, "out-70 is tried again now.\n")


def test_without_a_database_it_says_so(written: Path) -> None:
    written.with_name("accord.db").unlink()
    code, said = invoke("--config", written)
    assert (code, "There is no database" in said) == (1, True)
    assert not written.with_name("accord.db").exists()


# ------------------------------------------------------------------------------------------------ counts


def test_counts_are_numbers_in_the_text_format_and_name_nobody() -> None:
    text = exposition(vitals(unsent=3, unsent_since=NOW - 5 * MINUTE, copies=2))
    for row in text.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) accord_\w+ .+|accord_\w+(\{name="[a-z ]+"\})? -?[\d.e+]+', row), row
    assert 'accord_check{name="sqlite"} 0' in text
    assert "accord_unsent 3\n" in text
    assert "accord_unsent_age_seconds 300\n" in text
    assert "accord_copies 2\n" in text


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_prometheus_reads_them_on_this_machine_only(clinic: Clinic, port: int) -> None:
    config = replace(clinic.config, metrics=Metrics(port))
    async with serving(clinic.stage.app.store, config, clinic.clock), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/metrics"
        async with session.get(url) as reply:
            text = await reply.text()
            assert (reply.status, reply.content_type) == (200, "text/plain")
        async with session.get(url, headers={"Host": "evil.example"}) as reply:
            assert reply.status == 403
        async with session.get(f"http://127.0.0.1:{port}/") as reply:
            assert reply.status == 404
        assert "accord_refused 0\n" in text
        assert "P-0" not in text
        with pytest.raises(CannotOpen, match="cannot be used"):
            async with serving(clinic.stage.app.store, config, clinic.clock):
                pytest.fail("two on one port")
