"""The keys of a database: another master key at any moment, and a way back from a backup."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.store import backups, keys, rotation
from bot.store.errors import CannotRotate, KeyMissing
from bot.store.keyring import Keyring
from bot.store.sealing import Book
from bot.store.tables import goal
from tests.conftest import Clinic, Someone
from tests.test_backups import NOW, backing_up, invoke

OWNERS = [f"1:{n}" for n in range(40)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "accord.db"
    keys.prepare(path)
    return path


def sealed_by_all(database: Path) -> list[bytes]:
    ring = Keyring(database)
    ring.refresh()
    ring.make(OWNERS)
    return [Book(owner, ring).seal(owner, goal.c.words, 1) for owner in OWNERS]


def opened_by_all(database: Path, sealed: list[bytes]) -> bool:
    ring = Keyring(database)
    ring.refresh()
    books = (Book(owner, ring) for owner in OWNERS)
    return [book.open(one, goal.c.words, 1) for book, one in zip(books, sealed, strict=True)] == OWNERS


def files(database: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in database.parent.iterdir()}


def test_after_a_rotation_only_the_new_master_key_opens(database: Path) -> None:
    sealed, old = sealed_by_all(database), keys.master_file(database).read_bytes()
    assert rotation.rotate(database) == len(OWNERS)
    assert opened_by_all(database, sealed)
    assert not keys.next_master_file(database).exists()
    keys.master_file(database).write_bytes(old)
    with pytest.raises(KeyMissing, match="does not fit"):
        keys.require(database)


class Killed(BaseException):
    """The process ends here."""


STEPS = ("write", "fsync", "link", "replace", "unlink", "fchown")


def dying_at(patch: pytest.MonkeyPatch, step: int) -> Iterator[int]:
    """The process dies before its n-th operation on a file; how many there were."""
    done = 0

    def counted(of: Any) -> Any:
        def do(*given: Any, **more: Any) -> Any:
            nonlocal done
            done += 1
            if done >= step:
                raise Killed
            return of(*given, **more)

        return do

    for name in ("fsync", "link", "open", "pwrite", "replace"):
        patch.setattr(os, name, counted(getattr(os, name)))
    for name in ("replace", "unlink"):
        patch.setattr(Path, name, counted(getattr(Path, name)))
    while True:
        yield done


def test_a_rotation_killed_at_any_step_loses_no_key_and_is_finished_by_the_next(database: Path) -> None:
    sealed = sealed_by_all(database)
    for step in range(1, 200):
        with pytest.MonkeyPatch.context() as patch:
            count = dying_at(patch, step)
            try:
                next(count)
                rotation.rotate(database)
                break
            except Killed:
                pass
        assert opened_by_all(database, sealed), f"killed before operation {step}"
        if step % 2:  # every second time the next one is tried over what several have left
            assert rotation.rotate(database) == len(OWNERS)
            assert opened_by_all(database, sealed)
    assert step > 10


def test_a_key_made_while_a_rotation_was_cut_off_stays(database: Path) -> None:
    sealed_by_all(database)
    keys.write_master(keys.next_master_file(database), database)
    ring = Keyring(database)
    ring.refresh()
    new = Book("1:new", ring).seal("words", goal.c.words, 1)
    rotation.rotate(database)
    ring.refresh()
    assert Book("1:new", ring).open(new, goal.c.words, 1) == "words"


def test_a_master_key_that_is_kept_elsewhere_is_not_replaced(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_KEY", keys.master_file(database).read_text())
    with pytest.raises(CannotRotate, match="the environment variable ACCORD_KEY"):
        rotation.rotate(database)


async def test_the_bot_goes_on_under_another_master_key(clinic: Clinic, anna: Someone) -> None:
    await clinic.stage.app.store.read(lambda conn: None)  # noqa: ARG005
    rotation.rotate(clinic.config.database.path)
    await anna.says("/goals")
    await anna.taps("Add a goal")
    await anna.says("sleep six hours")
    assert "sleep six hours" in anna.screen
    await clinic.restart()
    await anna.says("/goals")
    assert "sleep six hours" in anna.screen


async def test_backups_hold_the_wrapped_keys_once_and_never_the_master_key(clinic: Clinic, tmp_path: Path) -> None:
    path, folder = clinic.config.database.path, tmp_path / "backups"
    made = backups.make(path, folder, NOW)
    backups.make(path, folder, NOW)
    assert (folder / "keys" / "accord.keys").read_bytes() == keys.keys_file(path).read_bytes()
    secret = keys.master_file(path).read_bytes().strip()
    assert not [file for file in folder.rglob("*") if file.is_file() and secret in file.read_bytes()]
    await clinic.stop()
    target = tmp_path / "new" / "accord.db"
    target.parent.mkdir()
    with pytest.raises(KeyMissing, match="the master key is missing"):
        backups.restore(folder / made.name, target)
    keys.master_file(target).write_bytes(keys.master_file(path).read_bytes())
    backups.restore(folder / made.name, target)
    clinic.config = backing_up(clinic.config, folder)
    keys.require(target)
    await clinic.start()


async def test_the_command_line_says_where_they_lie(clinic: Clinic, tmp_path: Path) -> None:
    path = clinic.config.database.path
    written = tmp_path / "config.toml"
    written.write_text(clinic.config.file.read_text("utf-8").replace('path = "accord.db"', f'path = "{path}"'), "utf-8")
    (tmp_path / "questionnaires").symlink_to(clinic.config.questionnaires.folder)
    code, said = invoke("key", "show", "--config", written)
    assert (code, f"Master key: {path}.key" in said, "in use, 0 destroyed" in said) == (0, True, True)
    assert keys.master_file(path).read_text().strip() not in said
    before = keys.wanted(path)
    code, said = invoke("key", "rotate", "--config", written)
    assert (code, "wrapped by a new master key" in said, before in said) == (0, True, False)
    keys.master_file(path).unlink()
    done = CliRunner().invoke(cli, ["key", "show", "--config", str(written)])
    assert (done.exit_code, "the master key is missing" in done.output) == (1, True)
