"""What happens to a database file when the program has become newer, older, or dies in between."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine

from bot.store import migrating, opening
from bot.store.driver import sqlite3
from bot.store.errors import (
    BackupFailed,
    CannotOpen,
    MigrationFailed,
    NewerDatabase,
    NotADatabase,
    OlderDatabase,
)
from bot.store.migrating import bring_up_to_date, copy, known, require_newest, version_of
from bot.store.tables_watch import alarm

pytestmark = pytest.mark.deep

metadata = alarm.metadata

START = """
op.create_table("note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("words", sa.Text))
op.create_table("mark", sa.Column("note_id", sa.Integer, sa.ForeignKey("note.id")))
op.create_index("ix_note_some", "note", ["words"], sqlite_where=sa.text("words IS NOT NULL"))
"""
MOOD = """
op.add_column("note", sa.Column("mood", sa.Integer, server_default="5"))
op.execute("UPDATE note SET words = upper(words)")
"""
REBUILD = """
with op.batch_alter_table("note") as batch:
    batch.alter_column("words", existing_type=sa.Text, nullable=False)
"""

Chain = Callable[..., Path]


def now() -> datetime:
    return datetime(2026, 11, 3, 10, 15, tzinfo=UTC)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Writes the steps given as numbered migrations into a folder, in place of those that were there."""

    def write(*steps: str) -> Path:
        folder = tmp_path / "migrations"
        folder.mkdir(exist_ok=True)
        for number, step in enumerate(steps, start=1):
            before = f'"{number - 1:04}"' if number > 1 else None
            lines = "".join(f"    {line}\n" for line in step.strip().splitlines())
            source = f'import os\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = "{number:04}"\n'
            (folder / f"{number:04}_step.py").write_text(
                f"{source}down_revision = {before}\n\n\ndef upgrade():\n{lines}", encoding="utf-8"
            )
        return folder

    return write


@pytest.fixture
def old(tmp_path: Path, chain: Chain) -> Path:
    """A database of version 0001 with one note, made when no other version was known."""
    path = tmp_path / "accord.db"
    bring_up_to_date(path, now, chain(START))
    run(path, "INSERT INTO note (words) VALUES ('slept well')")
    return path


def run(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows


def engine_of(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


def parts(sql: str) -> list[str]:
    """What stands between the outermost brackets of a statement, and before them."""
    if not sql.startswith("CREATE TABLE"):
        return [sql]
    before, _, inside = sql.strip().rpartition(")")[0].partition("(")
    before = before.replace('"', "")  # around the name of a table that was rebuilt
    return [before, *re.split(r",(?![^(]*\))", inside)]


def schema(path: Path) -> dict[str, set[str]]:
    """Every table and index as SQLite keeps it, whatever the order of its parts: what is added later comes last."""
    rows = run(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    lines = {str(name): {part.strip(" \n\t") for part in parts(str(sql))} for name, sql in rows}
    lines.pop("alembic_version", None)
    return lines


# The program's own migrations


def test_migrations_give_exactly_the_tables_the_program_uses(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path / "migrated.db", now)
    metadata.create_all(engine_of(tmp_path / "created.db"))
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "created.db")


def test_alembic_finds_no_difference_either(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path / "accord.db", now)
    with engine_of(tmp_path / "accord.db").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_every_migration_is_named_by_its_number_and_follows_the_one_before() -> None:
    before = "None"
    for version in known():
        (file,) = migrating.FOLDER.glob(f"{version}_*.py")
        source = file.read_text(encoding="utf-8")
        assert f'revision = "{version}"\ndown_revision = {before}\n' in source
        assert "bot." not in source, "yesterday's migration must not change with today's program"
        before = f'"{version}"'


def test_the_migrations_speak_postgresql_too() -> None:
    script, sql = ScriptDirectory(str(migrating.FOLDER), version_locations=[str(migrating.FOLDER)]), StringIO()
    opts = {"as_sql": True, "output_buffer": sql, "fn": lambda heads, _: script._upgrade_revs("head", heads)}
    context = MigrationContext.configure(dialect_name="postgresql", opts=opts)
    with Operations.context(context):
        context.run_migrations()
    assert "received_at TIMESTAMP WITH TIME ZONE NOT NULL" in sql.getvalue()
    assert "ON outbox (not_before) WHERE state = 'waiting'" in sql.getvalue()


def test_weekly_rules_become_series_and_keep_their_sessions(tmp_path: Path) -> None:
    before, path = tmp_path / "before", tmp_path / "accord.db"
    before.mkdir()
    for file in sorted(migrating.FOLDER.glob("000[12]_*.py")):
        (before / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    bring_up_to_date(path, now, before)
    run(path, "INSERT INTO clinic (id, name, zone) VALUES (1, 'Clinic', 'America/Denver')")
    for number, role in enumerate(("patient", "therapist"), start=1):
        columns = "id, clinic_id, role, code, zone, lang, state"
        run(path, f"INSERT INTO person ({columns}) VALUES ({number}, 1, '{role}', '{role}', 'UTC', 'en', 'active')")
    run(path, "INSERT INTO pair VALUES (1, 1, 1, 2, '2026-11-02', NULL)")
    run(path, "INSERT INTO weekly VALUES (7, 1, 1, 3, '14:00', 'America/Denver', 60, '2026-11-02', NULL, '2026-12-31')")
    times = "'2026-11-05 21:00:00', '2026-11-05 22:00:00'"
    run(path, f"INSERT INTO session VALUES (5, 1, 1, 7, '2026-11-05T14:00', 'America/Denver', 60, {times}, 'held', 0)")
    bring_up_to_date(path, now)
    assert run(path, "SELECT id, rule, time, starts_on, made_until FROM series") == [
        (7, "FREQ=WEEKLY;BYDAY=TH", "14:00", "2026-11-02", "2026-12-31")
    ]
    assert run(path, "SELECT id, series_id, state, confirm FROM session") == [(5, 7, "held", 0)]


def test_digests_that_are_there_keep_their_moment_in_the_ledger(tmp_path: Path) -> None:
    before, path = tmp_path / "before", tmp_path / "accord.db"
    before.mkdir()
    for file in sorted(migrating.FOLDER.glob("000[1-4]_*.py")):
        (before / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    bring_up_to_date(path, now, before)
    run(path, "INSERT INTO clinic (id, name, zone) VALUES (1, 'Clinic', 'America/Denver')")
    columns = "id, clinic_id, role, code, zone, lang, state"
    run(path, f"INSERT INTO person ({columns}) VALUES (2, 1, 'therapist', 'T-1', 'UTC', 'en', 'active')")
    columns = "id, clinic_id, therapist_id, state, due_at, built_at"
    for row in ("'a', 1, 2, 'planned', '2026-11-09', NULL", "'b', 1, 2, 'sent', NULL, '2026-11-02'"):
        run(path, f"INSERT INTO digest ({columns}) VALUES ({row})")
    bring_up_to_date(path, now)
    assert run(path, "SELECT id, planned_at FROM digest") == [("a", "2026-11-09"), ("b", "2026-11-02")]


# Making


def test_a_new_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "accord.db"
    assert bring_up_to_date(path, now) is None, "there is nothing to back up"
    assert version_of(path) == known()[-1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert run(path, "PRAGMA journal_mode") == [("wal",)]


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "accord.db"
    path.touch()
    assert version_of(path) is None
    bring_up_to_date(path, now)
    require_newest(path)


def test_nothing_happens_to_a_database_of_the_newest_version(old: Path, chain: Chain) -> None:
    before = sorted(old.parent.iterdir())
    assert bring_up_to_date(old, now, chain(START)) is None
    assert sorted(old.parent.iterdir()) == before


# Migrating


def test_an_old_database_is_copied_and_then_migrated(old: Path, chain: Chain) -> None:
    backup = bring_up_to_date(old, now, chain(START, MOOD))
    assert version_of(old) == "0002"
    assert run(old, "SELECT words, mood FROM note") == [("SLEPT WELL", 5)]

    assert backup == old.with_name("accord.db.backup-0001-20261103T101500Z")
    assert version_of(backup) == "0001"
    assert run(backup, "SELECT * FROM note") == [(1, "slept well")]
    assert backup.stat().st_mode & 0o777 == 0o600


def test_several_steps_are_one_leap(old: Path, chain: Chain) -> None:
    bring_up_to_date(old, now, chain(START, MOOD, REBUILD))
    assert version_of(old) == "0003"
    assert len(list(old.parent.glob("*.backup-*"))) == 1


def test_a_table_that_others_refer_to_can_be_rebuilt(old: Path, chain: Chain) -> None:
    run(old, "INSERT INTO mark VALUES (1)")
    bring_up_to_date(old, now, chain(START, REBUILD))
    assert run(old, "SELECT note_id FROM mark") == [(1,)]
    assert schema(old)["ix_note_some"] == {"CREATE INDEX ix_note_some ON note (words) WHERE words IS NOT NULL"}


def test_two_migrations_in_one_second_keep_both_backups(old: Path, chain: Chain) -> None:
    first = bring_up_to_date(old, now, chain(START, MOOD))
    run(old, "UPDATE alembic_version SET version_num = '0001'")
    run(old, "ALTER TABLE note DROP COLUMN mood")
    second = bring_up_to_date(old, now, chain(START, MOOD))
    assert first is not None
    assert second == first.with_name(f"{first.name}-2")


def test_whoever_comes_second_to_a_migration_finds_it_done(
    old: Path, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = chain(START, MOOD)
    bring_up_to_date(old, now, folder)
    version, as_seen_before = migrating._version, iter(["0001", "0001"])
    monkeypatch.setattr(migrating, "_version", lambda *of: next(as_seen_before, None) or version(*of))
    assert bring_up_to_date(old, now, folder) is None
    assert len(list(old.parent.glob("*.backup-*"))) == 1


# Going wrong


@pytest.mark.parametrize(
    "step",
    [
        f"{MOOD}raise RuntimeError('the second step is bad')",
        f"{MOOD}op.execute('UPDATE nowhere SET x = 1')",
        f"{MOOD}op.execute('INSERT INTO mark VALUES (77)')",
    ],
    ids=["raises", "bad statement", "broken reference"],
)
def test_a_migration_that_fails_leaves_the_old_version_usable(old: Path, chain: Chain, step: str) -> None:
    before = schema(old)
    with pytest.raises(MigrationFailed, match=r"from version 0001 to 0002 and was left as it was"):
        bring_up_to_date(old, now, chain(START, step))
    assert version_of(old) == "0001"
    assert schema(old) == before
    assert run(old, "SELECT words FROM note") == [("slept well",)]
    bring_up_to_date(old, now, chain(START, MOOD))
    assert version_of(old) == "0002"


def test_a_new_database_that_cannot_be_made_is_begun_again(tmp_path: Path, chain: Chain) -> None:
    path = tmp_path / "accord.db"
    with pytest.raises(MigrationFailed, match="to version 0001"):
        bring_up_to_date(path, now, chain(f"{START}raise RuntimeError('no')"))
    assert version_of(path) is None
    bring_up_to_date(path, now, chain(START))


def test_a_newer_database_is_refused_with_a_sentence(old: Path, chain: Chain) -> None:
    run(old, "UPDATE alembic_version SET version_num = '0009'")
    with pytest.raises(NewerDatabase, match=r"of version 0009, and this program knows versions up to 0001: install"):
        bring_up_to_date(old, now, chain(START))
    with pytest.raises(NewerDatabase):
        require_newest(old, chain(START))


def test_an_older_database_is_refused_where_nobody_may_migrate(old: Path, chain: Chain) -> None:
    with pytest.raises(OlderDatabase, match=r"of version 0001, and this program needs version 0002: start the bot"):
        require_newest(old, chain(START, MOOD))
    with pytest.raises(OlderDatabase, match="is not made yet"):
        require_newest(old.with_name("missing.db"), chain(START, MOOD))


@pytest.mark.parametrize("text", ["patients: none\n" * 100, "SQLite format 2\0"])
def test_a_file_that_is_something_else_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(NotADatabase, match=r"notes\.txt is not a database"):
        bring_up_to_date(path, now)
    assert path.read_text() == text


@pytest.mark.parametrize("made", ["CREATE TABLE cookie (id)", "CREATE TABLE alembic_version (version_num)"])
def test_a_database_of_another_program_is_refused_and_kept(tmp_path: Path, made: str) -> None:
    path = tmp_path / "browser.db"
    run(path, made)
    with pytest.raises(NotADatabase, match="this program did not make"):
        bring_up_to_date(path, now)
    assert schema(path).keys() <= {"cookie"}


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match=r"missing/accord\.db cannot be opened: No such file or directory"):
        bring_up_to_date(tmp_path / "missing" / "accord.db", now)
    with pytest.raises(CannotOpen, match="cannot be used as a database"):
        bring_up_to_date(tmp_path, now)


def test_a_file_that_another_process_keeps_for_itself_is_refused_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_MS", 1)
    path = tmp_path / "accord.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CannotOpen, match="database is locked"):
            bring_up_to_date(path, now)


# Copies


def test_a_copy_of_a_database_in_use_holds_all_that_was_committed(old: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.with_name("copy.db.part").write_text("what a copy that was killed has left")
    with closing(sqlite3.connect(old)) as busy:
        busy.execute("INSERT INTO note (words) VALUES ('not committed')")
        copy(old, target)
    assert run(target, "SELECT words FROM note") == [("slept well",)]
    assert run(target, "PRAGMA journal_mode") == [("delete",)], "one file, without a -wal that could be left behind"
    assert sorted(file.name for file in tmp_path.glob("copy.db*")) == ["copy.db"]


def test_a_copy_never_overwrites(old: Path) -> None:
    with pytest.raises(BackupFailed, match="never overwritten"):
        copy(old, old)


def test_without_a_good_copy_nothing_is_migrated(old: Path, chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(BackupFailed, match="no space left"):
        bring_up_to_date(old, now, chain(START, MOOD))
    assert version_of(old) == "0001"
    assert not list(old.parent.glob("*.backup-*"))


def test_a_damaged_database_is_not_copied(old: Path, tmp_path: Path) -> None:
    for _ in range(8):
        run(old, "INSERT INTO note (words) SELECT hex(randomblob(400)) FROM note")
    damaged = bytearray(old.read_bytes())
    damaged[8192:8292] = b"\xff" * 100
    old.write_bytes(damaged)
    with pytest.raises(BackupFailed, match=r"is damaged: |malformed"):
        copy(old, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


# Dying

CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from bot.store.migrating import bring_up_to_date
bring_up_to_date(Path(sys.argv[1]), lambda: datetime(2026, 11, 3, tzinfo=UTC), Path(sys.argv[2]))
"""


@pytest.mark.proof
@pytest.mark.parametrize("before", range(4))
def test_a_process_killed_at_any_statement_leaves_the_old_version_usable(old: Path, chain: Chain, before: int) -> None:
    lines = [*MOOD.strip().splitlines(), "op.execute('DROP TABLE mark')"]
    lines.insert(before, "os.kill(os.getpid(), 9)")
    schema_before = schema(old)
    child = subprocess.run([sys.executable, "-c", CHILD, old, chain(START, "\n".join(lines))], check=False)
    assert child.returncode == -signal.SIGKILL
    assert (version_of(old), schema(old)) == ("0001", schema_before)
    assert run(old, "SELECT words FROM note") == [("slept well",)]
    bring_up_to_date(old, now, chain(START, MOOD))
    assert version_of(old) == "0002"


@pytest.mark.proof
def test_processes_that_start_together_migrate_once(old: Path, chain: Chain) -> None:
    command = [sys.executable, "-c", CHILD, str(old), str(chain(START, MOOD))]
    children = [subprocess.Popen(command) for _ in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]
    assert version_of(old) == "0002"
    assert len(list(old.parent.glob("*.backup-*"))) == 1
