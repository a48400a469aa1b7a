"""`accord init`: everything a clinic needs to start lies in one folder, and nothing of its own is overwritten."""

import tomllib
from pathlib import Path

from click.testing import CliRunner

from bot.cli import cli
from bot.config import load

FILES = {"config.toml", "alliance.toml", "goals.toml", "homework.toml", "start.toml"}


def init(*words: object) -> str:
    """Run the command; what it says."""
    done = CliRunner().invoke(cli, ["init", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_folder_to_start_from_can_be_run_as_it_is(tmp_path: Path) -> None:
    said = init(tmp_path / "clinic")
    written = {Path(line.removeprefix("written: ")).name for line in said.splitlines() if line.startswith("written")}
    assert written == FILES
    config, mistakes = load(tmp_path / "clinic" / "config.toml")
    assert mistakes == []
    assert config is not None
    assert config.database.path == tmp_path / "clinic" / "accord.db"


def test_what_the_clinic_changed_stays(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "config.toml").write_text("# ours\n")
    (tmp_path / "questionnaires" / "start.toml").unlink()
    said = init(tmp_path)
    assert (tmp_path / "config.toml").read_text() == "# ours\n"
    assert said.count("as it was: ") == len(FILES) - 1
    assert said.count("written: ") == 1


def test_on_a_server_the_token_is_in_a_file_and_the_data_lie_apart(tmp_path: Path) -> None:
    init(tmp_path / "etc", "--data", tmp_path / "data")
    config, mistakes = load(tmp_path / "etc" / "config.toml")
    assert mistakes == []
    assert config is not None
    assert config.database.path == tmp_path / "data" / "accord.db"
    assert config.backup.folder == tmp_path / "data" / "backups"
    assert (config.telegram.token_env, config.telegram.token_file) == ("", tmp_path / "etc" / "token")
    unit = (tmp_path / "etc" / "accord.service").read_text()
    assert f"-m bot run --config {tmp_path}/etc/config.toml" in unit
    assert f"ReadWritePaths={tmp_path}/data\n" in unit
    assert tomllib.loads((tmp_path / "etc" / "config.toml").read_text())["database"]["path"].endswith("accord.db")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(cli, ["init", str(tmp_path / "file" / "below")])
    assert done.exit_code == 1
    assert f"{tmp_path}/file" in done.stderr
    assert "cannot be written" in done.stderr
