"""The folder of questionnaire files -> questionnaires by id, with the mistakes of all files at once."""

from collections.abc import Mapping
from pathlib import Path

from bot.core.questionnaire import Questionnaire
from bot.core.questionnaire_file import parse
from bot.toml.file import Mistake, TomlFile, open_file

MOST_FILES = 100
_INSTALLED = Path(__file__).parent / "shipped"
ROOT = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent
"""Where questionnaires/ and config.example.toml lie: inside the package once installed, in a checkout beside it."""


def shipped_questionnaires() -> Path:
    """The folder of the questionnaires that come with Accord."""
    return ROOT / "questionnaires"


def load_questionnaires(folder: Path) -> tuple[dict[str, Questionnaire], list[Mistake]]:
    """The questionnaires of a folder by id, and every mistake in its files."""
    found, mistakes = read_folder(folder, folder.name)
    return {ident: one for ident, one in found.items() if one is not None}, mistakes


def read_folder(folder: Path, name: str) -> tuple[Mapping[str, Questionnaire | None], list[Mistake]]:
    """The same; a file with mistakes stands in it as None, so that its id is known. `name` is what mistakes call it."""
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError:
        paths = []
    if not paths or len(paths) > MOST_FILES:
        says = (
            f"more than {MOST_FILES} files: take some out." if paths else "no questionnaires (*.toml) in this folder."
        )
        return {}, [Mistake(name, 0, "", says if paths else f"{says} `accord init {folder.parent}` writes them.")]
    found: dict[str, Questionnaire | None] = {}
    files: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for path in paths:
        file, questionnaire = read_questionnaire(path, f"{name}/{path.name}")
        ident = _id(file, path)
        if ident in files:
            file.wrong(("id",), f'"{ident}" is the id of {files[ident]} too: give one of them another id.')
        found[ident], files[ident] = questionnaire, files.get(ident, path.name)
        mistakes += file.mistakes
    return found, mistakes


def read_questionnaire(path: Path, name: str) -> tuple[TomlFile, Questionnaire | None]:
    """One file, and its questionnaire if there is no mistake in it."""
    file = open_file(path, name, "there is no such file: check the name.")
    if not file.data and file.mistakes:
        return file, None
    questionnaire, problems = parse(file.data)
    for problem in problems:
        note = file.missing if _is_absent(file.data, problem.path) else file.wrong
        note(problem.path, problem.says)
    file.mistakes.sort()
    return file, None if file.mistakes else questionnaire


def _is_absent(data: object, path: tuple[str | int, ...]) -> bool:
    """Whether a path leads to nothing in the values."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int):
            data = data[step]
        else:
            return True
    return data is None


def _id(file: TomlFile, path: Path) -> str:
    ident = file.data.get("id")
    return ident if isinstance(ident, str) else path.stem
