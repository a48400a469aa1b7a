"""A TOML file on disk, and its mistakes as a person reads them: file, line, key, and what to write instead."""

import re
from dataclasses import dataclass
from pathlib import Path as FilePath

from bot.toml.read import MOST_BYTES, Document, read
from bot.toml.scan import Path

SECRET = re.compile(r"\d{6,12}:[\w-]{10,}")
"""A bot's token: it may stand in a file by mistake, and must not be printed with it."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake: printed as `config.toml:12: plan.quiet_from: …`. Line 0 is the file as a whole."""

    file: str
    line: int
    key: str
    says: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.says}" if self.key else f"{place}: {self.says}"


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A file that was read, under the name that its mistakes carry."""

    name: str
    document: Document
    mistakes: list[Mistake]

    @property
    def data(self) -> dict[str, object]:
        """What could be read of it."""
        return self.document.data

    def wrong(self, path: Path, says: str) -> None:
        """Notes a mistake at a path of the file."""
        self.mistakes.append(Mistake(self.name, self.document.line(path), self.key(path), says))

    def missing(self, path: Path, says: str) -> None:
        """Notes that something is missing, unless it may stand in a part that could not be read."""
        if not self.document.may_hold(path):
            self.wrong(path, says)

    def key(self, path: Path) -> str:
        """The path in words. An entry of a list is named by its id, else by its number, counted from 1."""
        words, inside = [], object()
        for depth, step in enumerate(path):
            inside = self.data if depth == 0 else inside
            inside = _step_into(inside, step)
            named = inside.get("id") if isinstance(inside, dict) else None
            words.append(step if isinstance(step, str) else named if isinstance(named, str) else str(step + 1))
        return ".".join(word[:60] for word in words)


def _step_into(value: object, step: str | int) -> object:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def open_file(path: FilePath, name: str, absent: str) -> TomlFile:
    """Reads a file. Never raises: what keeps it from being read is among its mistakes (`absent` if there is none)."""
    raw, says = _bytes(path, absent)
    if says:
        return TomlFile(name, Document(lost=[()]), [Mistake(name, 0, "", says)])
    document = read(raw)
    file = TomlFile(name, document, [])
    for fault in document.faults:
        says = SECRET.sub("…", fault.says)
        file.mistakes.append(Mistake(name, fault.line, SECRET.sub("…", file.key(fault.path)), says))
    return file


def _bytes(path: FilePath, absent: str) -> tuple[bytes, str]:
    """The file's bytes (one more than are read at most), or the sentence for why there are none."""
    try:
        if not path.exists():
            return b"", absent
        if not path.is_file():
            return b"", "is no file: name a TOML file."
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1), ""
    except PermissionError:
        return b"", "may not be read: give the account that Accord runs under the right to read it."
    except (OSError, ValueError) as error:
        return b"", f"cannot be read ({error.__class__.__name__}): check the path and the disk."
