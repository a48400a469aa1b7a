"""The file as a whole is closed: made so at a start, all or nothing, and said where it is not.

Where these fail there is no wheel of sqlcipher3: then the doctor says it.
"""

import logging
import os
import random
import re
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from bot.config import Config
from bot.core.health import lines
from bot.health import examine
from bot.prove.clinicfile import held_in
from bot.store import encrypting, keys, migrating, opening, rotation, soundness
from bot.store.driver import sqlcipher, sqlite3
from bot.store.engine import Store
from bot.store.errors import KeyMissing, NeedsCipher
from bot.store.tables import person
from tests.conftest import BEGINS, FIRST, Clinic, Someone, denver
from tests.test_backups import flip, invoke
from tests.test_sealing import HOMEWORK, OLD

pytestmark = pytest.mark.deep

PLAIN = b"SQLite format 3\0"


def is_encrypted(path: Path) -> bool:
    return path.read_bytes()[:16] != PLAIN and opening.key_of(path) is not None


def beside(path: Path) -> set[str]:
    """What lies there under the database's name, but for its log."""
    return {file.name for file in path.parent.glob(f"{path.name}*")} - {f"{path.name}-wal", f"{path.name}-shm"}


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("accord.db*"))


def start(path: Path, encrypt: bool = True) -> Path | None:
    """What a start does first."""
    return migrating.bring_up_to_date(path, lambda: denver(BEGINS), encrypt=encrypt)


# ------------------------------------------------------------------------------------------------ encrypted


async def test_a_clinic_works_on_an_encrypted_file(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.fills("432444", *["Skip"] * 4)
    assert (await clinic.answers("P-014"))["alliance.goals_1"] == 4
    written = everything_in(clinic.config.database.path.parent)
    for readable in (PLAIN, b"CREATE TABLE", b"P-014", b"America/Denver", b"2026-11-03"):
        assert readable not in written
    found = await examine(clinic.config, clinic.clock)
    (said,) = (line for line in lines(found) if line.name == "file")
    assert (said.state, said.says) == ("ok", f"The database file is encrypted (SQLCipher {sqlcipher()}).")


def test_a_new_file_is_encrypted_from_its_first_byte_on(tmp_path: Path) -> None:
    start(tmp_path / "accord.db")
    assert is_encrypted(tmp_path / "accord.db")
    start(tmp_path / "plain.db", encrypt=False)
    assert not is_encrypted(tmp_path / "plain.db")


def test_a_plain_file_becomes_an_encrypted_one_and_back_with_every_row(plain: Path) -> None:
    before, names = held_in(plain), beside(plain)
    for encrypt in (True, True, False, False, True):
        assert start(plain, encrypt) is None
        assert (is_encrypted(plain), held_in(plain), beside(plain)) == (encrypt, before, names)
    assert plain.stat().st_mode & 0o777 == 0o600


async def test_a_file_of_an_old_version_is_encrypted_and_so_is_the_copy_made_before(tmp_path: Path) -> None:
    steps, path = tmp_path / "steps", tmp_path / "accord.db"
    steps.mkdir()
    for file in sorted(migrating.FOLDER.glob("000[1-8]_*.py")):
        shutil.copy(file, steps)
    migrating.bring_up_to_date(path, lambda: denver(BEGINS), steps)
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript(OLD)
    async with await Store.open(path, now=lambda: denver(BEGINS), encrypt=True) as store:
        assert await store.read(codes) == ["P-014", "T-1"]
        assert store.copied is not None
        assert opening.key_of(store.copied, opening.of(path)) is not None
        assert HOMEWORK.encode() not in everything_in(tmp_path)


def codes(conn: Connection) -> list[str]:
    return sorted(conn.execute(person.select().with_only_columns(person.c.code)).scalars())


# ------------------------------------------------------------------------------------------------ all or nothing


@pytest.mark.parametrize("encrypt", [True, False])
def test_killed_at_a_step_it_is_the_one_or_the_other_with_every_row(database: Path, encrypt: bool) -> None:
    killed_at_steps(database, encrypt, every=12)


@pytest.mark.proof
@pytest.mark.parametrize("encrypt", [True, False])
def test_killed_at_any_step_it_is_the_one_or_the_other_with_every_row(database: Path, encrypt: bool) -> None:
    killed_at_steps(database, encrypt, every=1)


def killed_at_steps(database: Path, encrypt: bool, every: int) -> None:
    encrypting.make_so(database, not encrypt)
    before, kept = held_in(database), {file: file.read_bytes() for file in database.parent.glob("accord.db*")}
    step = 0
    while killed_at(step, lambda: start(database, encrypt)):
        assert held_in(database) == before, f"killed at step {step}"
        start(database, encrypt)
        assert (is_encrypted(database), held_in(database)) == (encrypt, before), f"killed at step {step}"
        assert not list(database.parent.glob("*.anew*"))
        for file in database.parent.glob("accord.db*"):
            file.unlink()
        for file, content in kept.items():
            file.write_bytes(content)
        step += every
    assert step > 60


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do it in a process that is killed at its n-th statement or change of a file; False if it came to its end."""
    pid = os.fork()
    if pid == 0:
        left = [step]

        def count(*_: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        for place, name in ((os, "fsync"), (os, "link"), (Path, "replace"), (Path, "unlink")):
            setattr(place, name, counted(getattr(place, name), count))
        connect = sqlite3.connect

        def traced(*given: object, **how: object) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*given, **how)  # type: ignore[call-overload]
            connection.set_trace_callback(count)
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]  # this process is thrown away
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def counted(of: Callable[..., object], count: Callable[[], None]) -> Callable[..., object]:
    def do(*given: object, **how: object) -> object:
        count()
        return of(*given, **how)

    return do


async def test_a_file_that_another_program_has_open_stays_as_it_is_and_that_is_said(
    clinic: Clinic, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clinic.config.database.path
    monkeypatch.setattr(opening, "BUSY_MS", 1)
    await clinic.stop()
    encrypting.make_so(path, encrypted=False)
    with closing(opening.connect(path)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT count(*) FROM person").fetchone()
        await clinic.start()
        assert "could not be encrypted" in log.text
        found = await examine(clinic.config, clinic.clock)
        (said,) = (line for line in lines(found) if line.name == "file")
        assert (said.state, "Start the bot again" in said.says) == ("act", True)
    await clinic.restart()
    assert is_encrypted(path)


def test_who_opened_the_plain_file_a_moment_before_cannot_write_into_nothing(plain: Path) -> None:
    """A desk that comes in between: its write is refused, not lost."""
    with closing(sqlite3.connect(plain, isolation_level=None)) as late:
        start(plain)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            late.execute("UPDATE clinic SET name = 'lost'")


# ------------------------------------------------------------------------------------------------ the key


def test_another_master_key_leaves_the_file_as_it_is(database: Path) -> None:
    content, old = database.read_bytes(), keys.master_file(database).read_bytes()
    rotation.rotate(database)
    assert database.read_bytes() == content
    assert is_encrypted(database)
    keys.master_file(database).write_bytes(old)
    with pytest.raises(KeyMissing, match="the master key does not fit"):
        opening.connect(database)


def test_a_rotation_killed_at_any_step_leaves_a_file_that_opens(database: Path) -> None:
    step = 0
    while killed_at(step, lambda: rotation.rotate(database)):
        assert is_encrypted(database), f"killed at step {step}"
        if step % 3 == 0:
            rotation.rotate(database)
            assert is_encrypted(database)
        step += 1
    assert step > 5


def test_the_key_of_the_file_is_seen_nowhere(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = opening.key_of(database)
    assert key is not None
    secret = re.sub(r"[^0-9a-f]", "", key.raw)[:64]
    database.write_bytes(database.read_bytes()[:5000])
    with pytest.raises(sqlite3.DatabaseError) as error:
        opening.connect(database)
    assert len(secret) == 64
    for said in (repr(key), str(error.value), caplog.text, repr(opening.of(database))):
        assert secret not in said


def test_the_keys_of_another_clinic_are_not_taken_for_a_bad_disk(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    start(other)
    for of in (keys.master_file, keys.keys_file):
        shutil.copy(of(other), of(database))
    assert "the keys beside it (accord.db.keys) are another's" in soundness.damage(database)


def no_cipher(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine for which there is no sqlcipher3."""
    for module in (opening, encrypting):
        monkeypatch.setattr(module, "CIPHER", False)


async def test_without_sqlcipher_an_encrypted_file_is_refused_in_a_sentence(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clinic.stop()
    with monkeypatch.context() as patch:
        no_cipher(patch)
        with pytest.raises(NeedsCipher, match='pip install "sqlcipher3'):
            await clinic.start()
        found = await examine(clinic.config, clinic.clock)
    (said,) = (line for line in lines(found) if line.name == "database")
    assert (said.state, "sqlcipher3 is not installed" in said.says) == ("act", True)
    await clinic.start()


def test_and_so_do_the_commands(
    database: Path, example: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = tmp_path / "config.toml"
    shutil.copy(example.file, written)
    (tmp_path / "questionnaires").symlink_to(example.questionnaires.folder)
    monkeypatch.setenv("ACCORD_TOKEN", "7000000001:NOT-A-TOKEN")
    no_cipher(monkeypatch)
    for command in (["run"], ["clinic", "list"], ["backup", "--to", tmp_path / "backups"]):
        code, said = invoke(*command, "--config", written)
        assert (code, f"{database} is encrypted, and sqlcipher3 is not installed" in said) == (1, True), said


async def test_without_sqlcipher_a_plain_file_is_used_all_the_same(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, anna: Someone
) -> None:
    await clinic.stop()
    encrypting.make_so(clinic.config.database.path, encrypted=False)
    no_cipher(monkeypatch)
    await clinic.start()
    await anna.says("/settings")
    assert not is_encrypted(clinic.config.database.path)


async def test_the_configuration_can_ask_for_a_plain_file(clinic: Clinic) -> None:
    await clinic.stop()
    clinic.config = replace(clinic.config, database=replace(clinic.config.database, encrypt=False))
    await clinic.start()
    assert not is_encrypted(clinic.config.database.path)
    found = await examine(clinic.config, clinic.clock)
    assert [line.state for line in lines(found) if line.name == "file"] == ["note"]


# ------------------------------------------------------------------------------------------------ damage


def test_every_flipped_bit_that_changes_anything_is_found(database: Path) -> None:
    """`accord prove R16E` does it some thousand times."""
    sound, holds, chance = database.read_bytes(), held_in(database), random.Random(7)
    found = 0
    for _ in range(40):
        flip(database, chance)
        if soundness.damage(database):
            found += 1
        else:
            assert held_in(database) == holds
        database.write_bytes(sound)
    assert found >= 35


async def test_a_page_that_is_damaged_while_the_bot_works_does_not_take_the_rest_with_it(clinic: Clinic) -> None:
    """SQLCipher refuses everything on a connection that has met one; the next one gets a new one."""
    path = clinic.config.database.path
    await clinic.stop()
    with closing(opening.connect(path)) as other:
        (page,) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'clinic'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * opening.PAGE + 100)
        file.write(bytes(8))
    async with await Store.open(path, now=clinic.clock.now, migrate=False) as store:
        for _ in range(6):
            with pytest.raises(DatabaseError, match="malformed"):
                await store.read(lambda conn: conn.exec_driver_sql("SELECT name FROM clinic").scalar())
            assert await store.read(codes)
