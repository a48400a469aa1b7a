"""Backups: what is made is whole, what is restored is what was made, and a damaged file is found before it is used."""

import asyncio
import hashlib
import json
import os
import random
import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.app import running
from bot.backing_up import restore_now
from bot.cli import cli
from bot.config import BackingUp, Config
from bot.core.backups import Backup, due, made_at, name_of, surplus
from bot.store import backups, encrypting, keys, lock, opening, soundness
from bot.store.errors import BackupFailed, CannotRestore, Damaged
from tests.conftest import FIRST, Clinic, Someone
from tests.laws import law

NOW = datetime(2026, 11, 3, 14, 15, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def execute(conn: Connection, statement: str) -> None:
    conn.exec_driver_sql(statement)


def run(path: Path, statement: str, by: opening.With | None = None) -> list[tuple[object, ...]]:
    with closing(opening.connect(path, by, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def again(database: Path, tmp_path: Path) -> Path:
    """An empty place with the master key, whose copy lies where no backup does."""
    place = tmp_path / "again.db"
    shutil.copy(keys.master_file(database), keys.master_file(place))
    return place


# ------------------------------------------------------------------------------------------------ what is kept


def test_names_carry_the_moment_and_are_told_from_others() -> None:
    name = name_of("accord", NOW)
    assert name == "accord-20261103T141500Z.db"
    assert made_at("accord", name) == NOW
    assert made_at("other", name) is None
    assert made_at("accord", "accord-20260231T141500Z.db") is None


def test_a_fortnight_of_quarters_of_an_hour_leaves_two_dozen() -> None:
    every = [Backup(name_of("accord", at), at) for at in (NOW - n * QUARTER for n in range(14 * 96))]
    gone = {one.name for one in surplus(every, keep_days=14)}
    kept = [f"{one.made_at:%d %H:%M}" for one in every if one.name not in gone]
    assert kept[:4] == ["03 14:15", "03 14:00", "03 13:45", "03 13:30"]
    assert kept[4:8] == ["03 12:45", "03 11:45", "03 10:45", "03 09:45"]
    assert kept[8:] == [f"{(NOW - timedelta(days=n)):%d} 23:45" for n in range(1, 14)]


@law(60)
@given(st.lists(st.integers(0, 60 * 24 * 40), max_size=60, unique=True), st.integers(1, 30))
def test_of_every_day_that_counts_one_stays_and_the_newest_always(minutes: list[int], keep: int) -> None:
    every = [Backup(name_of("a", at), at) for at in (NOW - timedelta(minutes=m) for m in minutes)]
    gone = {one.name for one in surplus(every, keep)}
    kept = [one for one in every if one.name not in gone]
    newest = sorted(every, key=lambda one: one.made_at, reverse=True)
    assert set(kept) >= set(newest[:4])
    days = sorted({one.made_at.date() for one in every}, reverse=True)[:keep]
    assert {one.made_at.date() for one in kept} >= set(days)
    assert surplus(kept, keep) == []


def test_a_bad_one_never_pushes_out_a_good_one() -> None:
    good = [Backup(f"good {n}", NOW - n * timedelta(days=1)) for n in range(3)]
    bad = [Backup(f"bad {n}", NOW + n * QUARTER, problem="differs") for n in range(1, 9)]
    assert surplus(good + bad, keep_days=2) == []


@pytest.mark.parametrize(
    ("last", "expected"),
    [(None, True), (NOW - QUARTER, True), (NOW - QUARTER / 2, False), (NOW + timedelta(days=1), True)],
)
def test_due_is_what_was_never_done_long_ago_or_in_a_time_to_come(last: datetime | None, expected: bool) -> None:
    assert due(last, QUARTER, NOW) is expected


# ------------------------------------------------------------------------------------------------ made and restored


def test_what_is_restored_is_what_was_made(database: Path, folder: Path, again: Path) -> None:
    made = backups.make(database, folder, NOW)
    assert backups.listed(folder, database) == [made]
    restored = backups.restore(folder / made.name, again)
    assert restored.checked
    assert run(again, "SELECT * FROM person") == run(database, "SELECT * FROM person")
    assert restored.rows["person"] == 5


def test_only_the_owner_can_read_a_backup(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    for file in (folder, folder / made.name, (folder / made.name).with_suffix(".json")):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_the_checksum_is_of_the_kind_everybody_can_check(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    assert made.sha256 == hashlib.sha256((folder / made.name).read_bytes()).hexdigest()


async def test_a_backup_under_a_running_bot_is_of_one_moment(clinic: Clinic, folder: Path) -> None:
    """While pairs of rows are written, each pair in one transaction, no backup has half a pair."""
    store, path = clinic.stage.app.store, clinic.config.database.path
    await store.write(execute, "CREATE TABLE twin (a INTEGER)")

    async def write() -> None:
        for n in range(60):
            await store.write(execute, f"INSERT INTO twin VALUES ({n}), ({n})")

    async def copy() -> list[Backup]:
        return [await asyncio.to_thread(backups.make, path, folder, NOW + timedelta(minutes=n)) for n in range(4)]

    _, made = await asyncio.gather(write(), copy())
    counts = [run(folder / one.name, "SELECT count(*) FROM twin", opening.of(path))[0][0] for one in made]
    assert all(isinstance(count, int) and count % 2 == 0 for count in counts)
    assert [backups.problem_of(folder, one) for one in made] == [""] * 4


def test_nothing_is_restored_over_a_database(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    before = database.read_bytes()
    with pytest.raises(CannotRestore, match="is there already"):
        backups.restore(folder / made.name, database)
    assert database.read_bytes() == before


def test_what_is_there_is_kept_beside_if_that_is_wished(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    run(database, "UPDATE clinic SET name = 'after the backup'")
    backups.restore(folder / made.name, database, set_aside=NOW)
    assert run(database, "SELECT name FROM clinic") == [("Example Clinic",)]
    kept = database.with_name("accord.db.before-20261103T141500Z")
    assert run(kept, "SELECT name FROM clinic", opening.of(database)) == [("after the backup",)]


def test_nothing_is_restored_under_a_running_bot(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    with lock.acquire(database), pytest.raises(lock.AlreadyHeld):
        backups.restore(folder / made.name, database, set_aside=NOW)


def test_what_root_makes_belongs_to_the_bots_account(database: Path, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    account = 4711 if os.geteuid() == 0 else os.geteuid()
    shutil.copy(keys.master_file(database), place / "accord.db.key")
    for file in (place, database, place / "accord.db.key"):
        os.chown(file, account, -1)
    made = backups.make(database, folder, NOW)
    soundness.remember(database, drilled_at=NOW.isoformat())
    backups.restore(folder / made.name, place / "accord.db")
    files = [folder, *folder.iterdir(), *place.iterdir(), soundness.note_of(database)]
    assert {file.stat().st_uid for file in files} == {account}


def test_a_place_that_is_not_there_is_said(database: Path, folder: Path, tmp_path: Path) -> None:
    made = backups.make(database, folder, NOW)
    with pytest.raises(CannotRestore, match="there is no folder"):
        backups.restore(folder / made.name, tmp_path / "nowhere" / "accord.db")
    with pytest.raises(CannotRestore, match="there is no backup"):
        backups.restore(folder / "accord-20200101T000000Z.db", tmp_path / "again.db")


def test_a_backup_of_a_newer_program_is_refused(database: Path, folder: Path, again: Path) -> None:
    run(database, "UPDATE alembic_version SET version_num = '9999'")
    made = backups.make(database, folder, NOW)
    with pytest.raises(CannotRestore, match="of version 9999"):
        backups.restore(folder / made.name, again)
    assert not again.exists()


@pytest.mark.parametrize("where", range(12))
def test_a_backup_in_which_one_bit_flipped_is_not_restored(
    database: Path, folder: Path, tmp_path: Path, where: int
) -> None:
    """Wherever it is: in a value, an index, a header or the unused rest of a page."""
    made = backups.make(database, folder, NOW)
    flip(folder / made.name, random.Random(where))
    with pytest.raises(CannotRestore, match="checksum differs"):
        backups.restore(folder / made.name, tmp_path / "again.db")
    (bad,) = backups.scrub(folder, database)
    assert "checksum differs" in bad.problem
    assert backups.last_good(folder, database) is None


def test_the_last_good_backup_is_the_newest_that_is_as_it_was_made(database: Path, folder: Path) -> None:
    older = backups.make(database, folder, NOW)
    newer = backups.make(database, folder, NOW + QUARTER)
    assert backups.last_good(folder, database) == folder / newer.name
    flip(folder / newer.name, random.Random(1))
    assert backups.last_good(folder, database) == folder / older.name


def test_a_drill_restores_and_counts(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    assert made.drilled_at is None
    drilled = backups.drill(folder, made, NOW + QUARTER, database)
    assert (drilled.drilled_at, drilled.problem) == (NOW + QUARTER, "")
    assert backups.listed(folder, database) == [drilled]
    assert sorted(file.suffix for file in folder.iterdir()) == ["", ".db", ".json"]  # the keys are a folder
    (folder / made.name).unlink()
    assert "there is no backup" in backups.drill(folder, made, NOW, database).problem


def test_a_drill_finds_rows_that_are_not_those_noted(database: Path, folder: Path) -> None:
    made = backups.make(database, folder, NOW)
    note = (folder / made.name).with_suffix(".json")
    said = json.loads(note.read_text())
    said["rows"]["person"] = 6
    note.write_text(json.dumps(said))
    assert "other rows" in backups.drill(folder, made, NOW, database).problem


def test_a_folder_that_cannot_be_written_to_is_said(database: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="no backup could be made"):
        backups.make(database, tmp_path / "file" / "backups", NOW)


def test_what_is_not_kept_goes_with_its_note(database: Path, folder: Path) -> None:
    for n in range(6):
        backups.make(database, folder, NOW + n * timedelta(minutes=1))
    (folder / "accord-20200101T000000Z.db.part").write_text("left by a kill")
    gone = backups.prune(folder, database, 1, NOW + timedelta(days=4000))
    assert len(gone) == 2
    assert len(list(folder.glob("*.*"))) == 8


# ------------------------------------------------------------------------------------------------ damage


def flip(file: Path, chance: random.Random) -> None:
    """Turn one bit of a file."""
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * share)]


def swap(data: bytes) -> bytes:
    """Two pages in each other's place."""
    page = 4096
    one, two = data[5 * page : 6 * page], data[9 * page : 10 * page]
    return data[: 5 * page] + two + data[6 * page : 9 * page] + one + data[10 * page :]


def nonsense(data: bytes) -> bytes:
    """Another file in its place."""
    return b"not a database, " * (len(data) // 16)


def blank(data: bytes) -> bytes:
    """A page of a disk that gave back nothing."""
    return data[: 3 * 4096] + bytes(4096) + data[4 * 4096 :]


@pytest.mark.parametrize("harm", [*map(cut, (0.01, 0.2, 0.5, 0.9, 0.999)), swap, blank, nonsense])
@pytest.mark.parametrize("encrypted", [True, False])
def test_a_file_cut_short_or_with_wrong_pages_is_found(
    database: Path, harm: Callable[[bytes], bytes], encrypted: bool
) -> None:
    encrypting.make_so(database, encrypted)
    assert soundness.damage(database) == ""
    database.write_bytes(harm(database.read_bytes()))
    assert soundness.damage(database) != ""
    with pytest.raises(Damaged):
        soundness.require_sound(database)


def test_a_reference_into_nothing_is_found(database: Path) -> None:
    run(database, "DELETE FROM person WHERE code = 'T-1'")
    assert "refers to a row of person" in soundness.damage(database)


def test_a_bit_in_a_value_is_found_where_an_index_has_the_value_too(plain: Path) -> None:
    other_letter(plain, b"P-014")
    assert soundness.damage(plain, thorough=False) == ""
    assert "row 3 missing from index" in soundness.damage(plain)


def test_what_is_no_text_or_no_moment_any_more_is_found_and_told_in_a_sentence(plain: Path) -> None:
    """SQLite's own verdict may quote a name that is no text any more (found by `accord prove R16`)."""
    sound = plain.read_bytes()
    run(plain, "INSERT OR REPLACE INTO heartbeat (id, at) VALUES (1, '2026-13-45 10:00:00')")
    assert soundness.damage(plain) == "something in it cannot be read"
    plain.write_bytes(sound.replace(b"uq_person_chat_id", b"uq_person_chat_i\xcc").replace(b"P-014", b"P-015", 1))
    with pytest.raises(Damaged):
        soundness.require_sound(plain)


def test_a_bit_in_any_other_value_is_not_found_in_a_plain_file(plain: Path) -> None:
    """Said plainly: SQLite has no checksum of a page. A backup's checksum finds it in the backup."""
    other_letter(plain, b"Example Clinic")
    assert soundness.damage(plain) == ""


def other_letter(file: Path, word: bytes) -> None:
    """Change the last letter of a word where it stands first in the file."""
    data = file.read_bytes()
    assert word in data
    file.write_bytes(data.replace(word, word[:-1] + bytes([word[-1] ^ 1]), 1))


async def test_a_wal_file_that_was_taken_away_is_found(clinic: Clinic, tmp_path: Path) -> None:
    """What the bot knew a minute ago must still be there."""
    path = clinic.config.database.path
    copied = tmp_path / "crash" / "accord.db"
    copied.parent.mkdir()
    keys.copy(path, copied)
    await clinic.until("2026-11-02T10:05")
    run(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    await clinic.until("2026-11-02T10:10")
    await clinic.stage.app.upkeep.work()
    shutil.copy(path, copied)  # the disk after a crash, without the -wal
    shutil.copy(soundness.note_of(path), soundness.note_of(copied))
    assert "before its last sign of life at 2026-11-02 17:10 UTC" in soundness.damage(copied)
    shutil.copy(path.with_name("accord.db-wal"), copied.with_name("accord.db-wal"))
    assert soundness.damage(copied) == ""


def backing_up(config: Config, folder: Path) -> Config:
    return replace(config, backup=BackingUp(folder))


async def test_a_damaged_file_is_not_used_and_the_way_back_is_named(
    clinic: Clinic, folder: Path, anna: Someone
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.stop()
    path = clinic.config.database.path
    clinic.config = backing_up(clinic.config, folder)
    made = backups.make(path, folder, NOW)
    path.write_bytes(blank(path.read_bytes()))
    with pytest.raises(Damaged, match=r"Nothing is sent\. The last good backup is ") as error:
        async with running(clinic.config, clinic.emulator.token, clinic.clock):
            pytest.fail("it started")
    command = str(error.value).partition("To go back to it: ")[2]
    assert command == f'accord restore "{folder / made.name}" --to "{path}" --set-aside'
    done = CliRunner().invoke(cli, [word.strip('"') for word in command.split()[1:]])
    assert done.exit_code == 0, done.output
    await clinic.start()
    await clinic.until("2026-11-03T16:00")
    assert anna.sees("Ready when you are.")


async def test_without_a_backup_the_damage_is_said_all_the_same(clinic: Clinic) -> None:
    await clinic.stop()
    path = clinic.config.database.path
    path.write_bytes(cut(0.5)(path.read_bytes()))
    with pytest.raises(Damaged, match="There is no backup"):
        await clinic.start()
    path.unlink()


# ------------------------------------------------------------------------------------------------ upkeep


async def minutes(clinic: Clinic, count: int, every: int = 1) -> None:
    """So many minutes of a bot that looks after its database."""
    for _ in range(0, count, every):
        await clinic.wait(minutes=every)
        await clinic.stage.app.upkeep.work()


@pytest.fixture
async def careful(clinic: Clinic, folder: Path) -> Clinic:
    """The clinic with a folder for backups."""
    await clinic.stop()
    clinic.config = backing_up(clinic.config, folder)
    await clinic.start()
    return clinic


def in_the_way(folder: Path) -> None:
    """Put a file where the folder is to be, or take it away."""
    folder.unlink() if folder.exists() else folder.write_text("in the way")


async def test_every_quarter_of_an_hour_a_backup_and_each_day_a_drill(careful: Clinic, folder: Path) -> None:
    await minutes(careful, 46, every=3)
    found = backups.listed(folder, careful.config.database.path)
    assert [f"{one.made_at:%H:%M}" for one in found] == ["17:48", "17:33", "17:18", "17:03"]
    assert [one.drilled_at is not None for one in found] == [False, False, False, True]
    assert (folder / "settings" / "config.toml").read_bytes() == careful.config.file.read_bytes()
    assert (folder / "settings" / "questionnaires" / "alliance.toml").exists()
    await minutes(careful, 24 * 60, every=60)
    drilled = soundness.moment(careful.config.database.path, "drilled_at")
    assert drilled is not None
    assert careful.clock.now() - drilled < timedelta(days=1)


async def test_a_backup_that_cannot_be_made_is_said_and_tried_again(
    careful: Clinic, folder: Path, log: pytest.LogCaptureFixture
) -> None:
    in_the_way(folder)
    await minutes(careful, 5)
    errors = [record.getMessage() for record in log.records if record.levelname == "ERROR"]
    log.clear()
    assert len(errors) == 1
    assert errors[0].startswith("no backup: ")
    in_the_way(folder)
    await minutes(careful, 10)
    assert len(backups.listed(folder, careful.config.database.path)) == 1


async def test_once_a_week_everything_is_read_again(
    careful: Clinic, folder: Path, log: pytest.LogCaptureFixture
) -> None:
    await minutes(careful, 1)
    (made,) = backups.listed(folder, careful.config.database.path)
    flip(folder / made.name, random.Random(3))
    await careful.wait(days=7)
    await careful.stage.app.upkeep.work()
    assert any("checksum differs" in record.getMessage() for record in log.records)
    log.clear()
    noted = soundness.noted(careful.config.database.path)
    assert noted["scrubbed_at"] == careful.clock.now().isoformat()


async def test_a_damage_found_while_the_bot_works_stops_it(
    careful: Clinic, folder: Path, log: pytest.LogCaptureFixture
) -> None:
    await minutes(careful, 1)
    told: list[str] = []
    upkeep, path = careful.stage.app.upkeep, careful.config.database.path
    upkeep.on_damage = lambda: told.append("stop")
    await careful.wait(days=7)
    run(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 4 * 4096] = bytes(4096)
    with path.open("r+b") as file:
        file.write(data)
    await upkeep.work()
    await upkeep.work()
    assert told == ["stop"]
    assert upkeep.damaged is not None
    assert str(folder) in str(upkeep.damaged)
    log.clear()


# ------------------------------------------------------------------------------------------------ the command line


def invoke(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    return done.exit_code, done.output


@pytest.fixture
def written(database: Path, folder: Path) -> Path:
    """A config.toml beside the database."""
    from tests.conftest import ROOT

    text = (ROOT / "config.example.toml").read_text("utf-8")
    text = text.replace('folder = "questionnaires"', f'folder = "{ROOT / "questionnaires"}"')
    file = database.with_name("config.toml")
    file.write_text(text.replace('folder = ""  ', f'folder = "{folder.name}"  '), "utf-8")
    return file


def test_backup_and_restore_from_the_command_line(database: Path, folder: Path, written: Path, again: Path) -> None:
    code, said = invoke("backup", "--config", written, "--json")
    assert code == 0, said
    shown = json.loads(said)
    assert (shown["version"], len(shown["sha256"])) == (backups.listed(folder, database)[0].version, 64)
    code, said = invoke("restore", shown["file"], "--to", again)
    assert (code, "again.db is there again" in said) == (0, True)
    code, said = invoke("restore", shown["file"], "--to", again)
    assert (code, "is there already" in said) == (1, True)


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_copy_without_a_note_is_restored_and_that_is_said(database: Path, again: Path, encrypted: bool) -> None:
    """A plain one too, as older programs have made them."""
    encrypting.make_so(database, encrypted)
    copy = shutil.copy(database, database.with_name("accord.db.backup-0004-20261103T141500Z"))
    code, said = invoke("restore", copy, "--to", again)
    assert (code, "No checksum stood beside" in said) == (0, True)
    assert (opening.key_of(again) is not None) is encrypted


def test_an_encrypted_backup_asks_for_the_master_key(database: Path, folder: Path, tmp_path: Path) -> None:
    made = backups.make(database, folder, NOW)
    code, said = invoke("restore", folder / made.name, "--to", tmp_path / "new.db")
    assert (code, f"It belongs into {tmp_path / 'new.db.key'}" in said) == (1, True)
    assert str(folder / "keys" / "accord.keys") in said
    assert not (tmp_path / "new.db").exists()


def test_without_a_folder_it_asks_for_one(written: Path) -> None:
    written.write_text(written.read_text("utf-8").replace('folder = "backups"', 'folder = ""'), "utf-8")
    code, said = invoke("backup", "--config", written)
    assert (code, "name a folder with --to" in said) == (1, True)


def test_a_bot_over_a_damaged_file_ends_with_one(
    database: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCORD_TOKEN", "7000000001:NOT-A-TOKEN")
    database.write_bytes(blank(database.read_bytes()))
    code, said = invoke("run", "--config", written)
    assert (code, "is damaged" in said) == (1, True)


def test_a_folder_or_nothing_is_no_backup_and_the_newest_is_named(tmp_path: Path) -> None:
    for named in (tmp_path, tmp_path / "none.db"):
        shown, says = restore_now(named, tmp_path / "new.db", set_aside=False)
        assert (shown, "name the folder of [backup]" in says) == ({}, True)
    for name in ("accord-20261101T100000Z.db", "accord-20261102T100000Z.db"):
        (tmp_path / name).touch()
    assert str(tmp_path / "accord-20261102T100000Z.db") in restore_now(tmp_path, tmp_path / "new.db", False)[1]
