"""`accord init`: a folder to run from, with the configuration, the questionnaires, and a unit for systemd."""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from bot.questionnaire_folder import ROOT, shipped_questionnaires

UNIT = "accord.service"
ON_A_SERVER = {
    'token_env = "ACCORD_TOKEN"  ': 'token_env = ""              ',
    'token_file = ""     ': 'token_file = "token"',
    'path = "accord.db"                  # relative to this file': 'path = "{data}/accord.db"',
    'folder = ""                         # "" makes none; then "accord doctor" says so': 'folder = "{data}/backups"',
}
"""What config.toml says differently where the data lie in a folder of their own: beginnings of lines."""


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written, and those that were there already and stay as they are."""

    written: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)


def make_folder(folder: Path, data: Path | None) -> Made:
    """Write what is missing in a folder; `data`: where the database goes on a server, with the token in a file.

    Raises OSError where something cannot be written.
    """
    made, folder = Made(), folder.resolve()
    (folder / "questionnaires").mkdir(parents=True, exist_ok=True)
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    _write(made, folder / "config.toml", _on_a_server(example, data.resolve()) if data else example)
    for file in sorted(shipped_questionnaires().glob("*.toml")):
        _write(made, folder / "questionnaires" / file.name, file.read_text(encoding="utf-8"))
    if data is not None:
        _write(made, folder / UNIT, unit(folder / "config.toml", data.resolve()))
    return made


def _write(made: Made, file: Path, text: str) -> None:
    """Write a file unless there is one: what a clinic has changed is never overwritten."""
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        made.kept.append(file)
    else:
        made.written.append(file)


def _on_a_server(example: str, data: Path) -> str:
    for old, new in ON_A_SERVER.items():
        assert example.count(old) == 1, old
        example = example.replace(old, new.format(data=data))
    return example


def unit(config: Path, data: Path) -> str:
    """The unit that lets systemd keep Accord running, as the user `accord`, with this installation's program."""
    called = shutil.which(sys.argv[0])  # by the name it was called: an upgrade changes where that leads
    accord = Path(called).absolute() if called and Path(called).name == "accord" else f"{sys.executable} -m bot"
    text = (Path(__file__).parent / UNIT).read_text(encoding="utf-8")
    return Template(text).substitute(accord=accord, config=config, data=data)
