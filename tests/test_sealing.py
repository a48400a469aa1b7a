"""What people said is closed: nothing readable on the disk, nothing opens in another place, lost keys are said."""

import base64
import json
import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from bot.core.form import Asks
from bot.core.history import Goal
from bot.store import answers, histories, keys, migrating, rotation, sealing
from bot.store.driver import sqlite3
from bot.store.engine import Store
from bot.store.errors import KeyDestroyed, KeyMissing, Unreadable
from bot.store.keyring import Keyring
from bot.store.sealing import EVERYTHING, Book
from bot.store.tables import answer, answer_before, goal, person
from tests.conftest import BEGINS, FIRST, Clinic, Someone, denver, rows_of
from tests.test_backups import NOW

WORDS = "the thing about the convoy"
GOAL = "sleep through the night"
HOMEWORK = "one walk a day"


@pytest.fixture
async def told(clinic: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """Anna has goals and has answered with own words; Tomas has set homework and read the digest."""
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-03T15:00")
    await tomas.says(f"/homework P-014 {HOMEWORK}")
    await tomas.sends_form("4444")
    await clinic.until("2026-11-03T16:00")
    await anna.says("/goals")
    await anna.taps("Add a goal")
    await anna.says(GOAL, "/checkin")
    await anna.taps("Begin")
    await anna.rates(3, 2, 4, 4, 5, 5)
    await anna.says(WORDS)
    return clinic


def stored(clinic: Clinic) -> bytes:
    """Every byte that lies in the folder of the database."""
    return b"".join(file.read_bytes() for file in sorted(clinic.config.database.path.parent.iterdir()))


async def test_no_word_and_no_chat_lies_in_the_files(told: Clinic) -> None:
    for words in (WORDS, GOAL, HOMEWORK):
        assert words.encode() not in stored(told)
    (anna,) = (row for row in await told.rows(person) if row.code == "P-014")
    assert anna.chat_id == 14
    assert WORDS in [row.value for row in await told.rows(answer)]


async def test_after_a_restart_everything_is_there(told: Clinic, anna: Someone, tomas: Someone) -> None:
    await told.restart()
    await anna.says("/goals")
    assert GOAL in anna.screen
    await tomas.says("/homework P-014")
    assert HOMEWORK in tomas.screen


# ------------------------------------------------------------------------------------------------ S2


def everything(conn: Connection) -> list[tuple[Book, bytes, Any, tuple[object, ...], int]]:
    """Every sealed value there is, with all it takes to open it."""
    return [
        (sealing.book(conn, row.owner), value, column, tuple(getattr(row, c.name) for c in of.row),
         0 if of.rev is None else row.rev)
        for of in EVERYTHING for row in conn.execute(of.query) for column in of.columns
        if (value := getattr(row, column.name))
    ]  # fmt: skip


async def test_no_value_opens_in_the_place_of_another(told: Clinic) -> None:
    def tried(conn: Connection) -> int:
        found, opened = everything(conn), 0
        for book, value, column, row, rev in found:
            book.open(value, column, *row, rev=rev)
            others = random.Random(rev).sample(found, min(40, len(found)))
            for other, _, its_column, its_row, its_rev in others:
                if (other.owner, its_column, its_row, its_rev) != (book.owner, column, row, rev):
                    with pytest.raises(Unreadable):
                        other.open(value, its_column, *its_row, rev=its_rev)
                    opened += 1
        return opened

    assert await told.stage.app.store.read(tried) > 500


async def test_a_changed_byte_or_version_or_owner_never_opens(told: Clinic) -> None:
    def tried(conn: Connection) -> None:
        for book, value, column, row, rev in everything(conn):
            at = random.Random(str(row)).randrange(len(value))
            changed = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
            for other, its, version in (
                (book, changed, rev), (book, value, rev + 1), (replace(book, owner="1:somebody"), value, rev)
            ):  # fmt: skip
                with pytest.raises((Unreadable, KeyMissing)):
                    other.open(its, column, *row, rev=version)

    await told.stage.app.store.read(tried)


async def test_an_old_row_put_back_is_seen(told: Clinic, anna: Someone) -> None:
    """A whole row of yesterday, version and all, is as well sealed as it was; what replaced it is known, too."""
    (old,) = (row for row in await raw(told) if row["item"] == "own_words")
    await anna.taps("Back")
    await anna.says("nothing")
    (new,) = (row for row in await raw(told) if row["item"] == "own_words")
    assert (old["rev"], new["rev"]) == (1, 2)
    assert [(row.item, row.value, row.rev) for row in await told.rows(answer_before)] == [("own_words", WORDS, 1)]
    await told.desk(lambda conn: conn.execute(update(answer).where(answer.c.id == old["id"]).values(old)).rowcount)

    def read(conn: Connection) -> None:
        row = conn.execute(answer.select().where(answer.c.id == old["id"])).one()
        book = sealing.of_check_in(conn, row.check_in_id)
        with pytest.raises(Unreadable, match="put back from an earlier time"):
            answers.of_check_in(conn, row.check_in_id, book)

    await told.stage.app.store.read(read)


async def raw(clinic: Clinic) -> list[dict[str, Any]]:
    """The rows of answers as they lie there."""
    return await clinic.stage.app.store.read(lambda conn: [dict(row._mapping) for row in conn.execute(answer.select())])


# ------------------------------------------------------------------------------------------------ a row, a value

ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    database = tmp_path_factory.mktemp("ring") / "accord.db"
    keys.prepare(database)
    ring = Keyring(database)
    ring.refresh()
    return ring


@given(value=ANYTHING, row=st.integers(), rev=st.integers(0, 9))
def test_what_is_sealed_opens_as_it_was_and_never_looks_the_same_twice(
    ring: Keyring, value: Any, row: int, rev: int
) -> None:
    book = Book("1:anna", ring)
    once, twice = (book.seal(value, goal.c.words, row, rev=rev) for _ in range(2))
    assert once != twice
    assert [book.open(one, goal.c.words, row, rev=rev) for one in (once, twice)] == [value, value]


# ------------------------------------------------------------------------------------------------ the keys


def missing(path: Path) -> None:
    path.unlink()


def another(path: Path) -> None:
    path.write_text(base64.b64encode(b"k" * 32).decode())


def nonsense(path: Path) -> None:
    path.write_text("nonsense")


@pytest.mark.parametrize(
    ("which", "spoil", "says"),
    [
        (keys.keys_file, missing, "is missing: the keys of"),
        (keys.master_file, missing, "the master key is missing"),
        (keys.master_file, another, "the master key does not fit"),
        (keys.master_file, nonsense, "holds no key: 32 bytes as base64 are needed"),
    ],
)
async def test_without_its_keys_no_database_is_opened(
    clinic: Clinic, which: Callable[[Path], Path], spoil: Callable[[Path], None], says: str
) -> None:
    path = clinic.config.database.path
    await clinic.stop()
    good = which(path).read_bytes()
    spoil(which(path))
    for migrate in (True, False):
        with pytest.raises(KeyMissing, match=says):
            await Store.open(path, now=clinic.clock.now, migrate=migrate)
    which(path).write_bytes(good)
    await clinic.start()


def test_key_files_are_for_their_owner_only(tmp_path: Path) -> None:
    keys.prepare(tmp_path / "accord.db")
    assert sorted(f"{file.name} {file.stat().st_mode & 0o777:o}" for file in tmp_path.iterdir()) == [
        "accord.db.key 600", "accord.db.keys 600",
    ]  # fmt: skip


def test_the_environment_can_bring_the_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_KEY", base64.b64encode(b"m" * 32).decode())
    keys.prepare(tmp_path / "accord.db")
    assert not keys.master_file(tmp_path / "accord.db").exists()
    assert keys.whence(tmp_path / "accord.db") == "the environment variable ACCORD_KEY"
    monkeypatch.delenv("ACCORD_KEY")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "accord.key").write_text(base64.b64encode(b"m" * 32).decode())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    keys.require(tmp_path / "accord.db")


def test_two_processes_see_each_others_keys(ring: Keyring) -> None:
    other = Keyring(ring._database)
    other.refresh()
    sealed = Book("1:ben", other).seal("words", goal.c.words, 1)
    ring.refresh()
    assert Book("1:ben", ring).open(sealed, goal.c.words, 1) == "words"
    assert ring.current("1:ben") == other.current("1:ben")


def test_a_line_that_was_cut_off_is_no_key_and_hides_none(ring: Keyring) -> None:
    with keys.keys_file(ring._database).open("a") as file:
        file.write("99 1:somebo")
    ring.make(["1:clara"])
    sealed = Book("1:clara", ring).seal("words", goal.c.words, 1)
    again = Keyring(ring._database)
    again.refresh()
    assert Book("1:clara", again).open(sealed, goal.c.words, 1) == "words"
    assert not again.has("1:somebo")


def test_a_line_that_is_half_written_is_a_key_as_soon_as_it_is_whole(ring: Keyring) -> None:
    file = keys.keys_file(ring._database)
    Keyring(ring._database).make(["1:dora"])
    whole = file.read_bytes()
    file.write_bytes(whole[:-60])
    ring.refresh()
    assert not ring.has("1:dora")
    file.write_bytes(whole)
    ring.refresh()
    assert ring.has("1:dora")
    assert not ring.with_several()


@pytest.mark.parametrize("meanwhile", [(), ("1:dora",), tuple(f"1:{n}" for n in range(30))])
def test_a_key_that_another_process_destroys_is_gone_whatever_is_made_meanwhile(
    ring: Keyring, meanwhile: tuple[str, ...]
) -> None:
    other = Keyring(ring._database)
    other.make(["1:anna", "1:ben"])
    sealed = Book("1:anna", ring).seal("words", goal.c.words, 1)
    assert other.destroy(lambda line: line.owner == "1:anna", NOW) == 1
    other.make(meanwhile)
    assert ring.without() == {"1:anna"}
    with pytest.raises(KeyDestroyed):
        Book("1:anna", ring).open(sealed, goal.c.words, 1)
    ring.make(["1:anna"])
    assert ring.without() == set()


def test_the_keys_of_another_database_put_in_their_place_are_the_ones_in_use(tmp_path: Path) -> None:
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    for database in (one, two):
        keys.prepare(database)
        Keyring(database).make(["1:anna"])
    ring = Keyring(one)
    ring.refresh()
    Book("1:anna", ring).seal("words", goal.c.words, 1)
    sealed = Book("1:anna", Keyring(two)).seal("others", goal.c.words, 1)
    keys.copy(two, one)
    ring.refresh()
    assert Book("1:anna", ring).open(sealed, goal.c.words, 1) == "others"


def test_another_process_rotates_when_the_last_key_is_a_destroyed_one(ring: Keyring) -> None:
    other = Keyring(ring._database)
    other.make(["1:anna", "1:ben"])
    other.destroy(lambda line: line.owner == "1:ben", NOW)
    sealed = Book("1:anna", ring).seal("words", goal.c.words, 1)
    rotation.rotate(ring._database)
    ring.refresh()
    new = Book("1:clara", ring).seal("others", goal.c.words, 2)
    assert Book("1:clara", ring).open(new, goal.c.words, 2) == "others"
    assert Book("1:anna", ring).open(sealed, goal.c.words, 1) == "words"


# ------------------------------------------------------------------------------------------------ without keys


async def test_an_old_database_is_sealed_at_the_first_start(tmp_path: Path) -> None:
    """Before: plain. After: the same for whoever has the keys, and nothing plain in file or log; the copy is kept."""
    before, path = tmp_path / "before", tmp_path / "accord.db"
    before.mkdir()
    for file in sorted(migrating.FOLDER.glob("000[1-8]_*.py")):
        (before / file.name).write_text(file.read_text("utf-8"), "utf-8")
    migrating.bring_up_to_date(path, lambda: denver(BEGINS), before)
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript(OLD)
    assert WORDS.encode() in path.read_bytes()
    async with await Store.open(path, now=lambda: denver(BEGINS)) as store:
        assert store.copied is not None
        written = bytes_beside(path, but=store.copied)
        for plain in (WORDS, GOAL, HOMEWORK, "987654321", "Patient 2.0"):
            assert plain.encode() not in written, plain
        given = await store.read(rows_of, answer, {})
        assert [(row.item, row.value) for row in given] == [("own_words", WORDS), ("goals_1", 2), ("goals_2", None)]
        history = await store.read(histories.history_of, 1, denver("2027-01-01T00:00"), denver("2027-01-01T00:00"))
        (session,) = history.sessions
        assert session.patient.alliance == {"own_words": WORDS, "goals_1": 2, "goals_2": None}
        assert session.homework is not None
        assert (session.homework.words, [one.words for one in history.goals]) == (HOMEWORK, [GOAL])
        found = await store.read(people_by_chat, 987654321)
        assert found == "P-014"


def bytes_beside(path: Path, but: Path) -> bytes:
    """All that lies there under the database's name."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*") if file != but)


def people_by_chat(conn: Connection, chat_id: int) -> str | None:
    from bot.store import people

    who = people.by_chat(conn, chat_id)
    return None if who is None else who.code


ASKS = json.dumps(Asks(("alliance",), 2, (Goal(1, GOAL, "patient"),)).to_json())
OLD = f"""
INSERT INTO clinic (id, name, zone) VALUES (1, 'Clinic', 'America/Denver');
INSERT INTO person (id, clinic_id, role, code, zone, lang, state, chat_id) VALUES
    (1, 1, 'therapist', 'T-1', 'America/Denver', 'en', 'active', 1),
    (2, 1, 'patient', 'P-014', 'America/Denver', 'en', 'active', 987654321);
INSERT INTO pair (id, clinic_id, patient_id, therapist_id, started_at) VALUES (1, 1, 2, 1, '2026-10-01 00:00:00');
INSERT INTO session (id, clinic_id, pair_id, local, zone, minutes, starts_at, ends_at, state) VALUES
    (1, 1, 1, '2026-10-06T14:00', 'America/Denver', 60, '2026-10-06 20:00:00', '2026-10-06 21:00:00', 'held');
INSERT INTO check_in (id, clinic_id, pair_id, session_id, person_id, kind, state, opens_at, asks, answered_at) VALUES
    ('one', 1, 1, 1, 2, 'alliance', 'answered', '2026-10-06 22:00:00',
     '{ASKS}', '2026-10-06 22:00:00');
INSERT INTO answer (clinic_id, check_in_id, filed_under, questionnaire, version, item, value, answered_at) VALUES
    (1, 'one', 1, 'alliance', 1, 'own_words', '"{WORDS}"', '2026-10-06 22:00:00'),
    (1, 'one', 1, 'alliance', 1, 'goals_1', '2', '2026-10-06 22:00:00'),
    (1, 'one', 1, 'alliance', 1, 'goals_2', 'null', '2026-10-06 22:00:00');
INSERT INTO goal (clinic_id, pair_id, number, words, added_by, added_at)
    VALUES (1, 1, 1, '{GOAL}', 'patient', '2026-10-06 22:00:00');
INSERT INTO homework (clinic_id, pair_id, session_id, words, set_at)
    VALUES (1, 1, 1, '{HOMEWORK}', '2026-10-06 21:00:00');
INSERT INTO digest (id, clinic_id, therapist_id, pair_id, session_id, state, text, html, said)
    VALUES ('d', 1, 1, 1, 1, 'sent', 'Patient 2.0', '<p>Patient 2.0', '{{"about": "2026-10-06T14:00", "flags": []}}');
INSERT INTO outbox (clinic_id, person_id, key, kind, rank, body, state, not_before)
    VALUES (1, 1, 'k', 'reply', 2, '{{"text": "Patient 2.0"}}', 'waiting', '2026-10-06 21:00:00');
INSERT INTO inbox VALUES (5, '{{"text": "{WORDS}"}}', '2026-10-06 21:00:00', 'aside', 'x');
"""
