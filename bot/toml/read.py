"""Bytes of a TOML file -> its values, its lines and every syntax mistake in it.

tomllib stops at the first mistake, so a broken statement is noted, blanked, and the rest read again. Limits come first:
absurd input makes tomllib slow or deep, and a clinic's file is never absurd.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.toml.scan import Path, Scan, Statement, scan
from bot.toml.words import explain

MOST_BYTES = 256 * 1024
MOST_LINES = 5000
LONGEST_LINE = 2000
MOST_LONG_TEXTS = 400
"""Three quotes in a row, opening or closing: each unclosed one costs a walk to the end of the file."""
READ_AGAIN_UP_TO = 3_000_000
"""Characters that may be read in all while mistakes are blanked: keeps a full, broken file under 2 s."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
BLANKED = "accord_blanked_"


@dataclass(frozen=True, slots=True)
class Fault:
    """A syntax mistake: the key or table it stands at, and a sentence with the remedy."""

    line: int
    path: Path
    says: str


@dataclass(slots=True)
class Document:
    """What could be read of a file. `lost` are the paths of what could not: they are not missing, only unreadable."""

    data: dict[str, object] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lost: list[Path] = field(default_factory=list)
    scan: Scan = field(default_factory=Scan)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it; 0 if there is none."""
        return self.scan.line(path)

    def may_hold(self, path: Path) -> bool:
        """Whether a path that is not in the values may stand in a part that could not be read."""
        return any(path[: len(lost)] == lost or lost[: len(path)] == path for lost in self.lost)


def read(raw: bytes) -> Document:
    """The document in these bytes. Never raises: what cannot be read is among the faults."""
    text, refused = _decode(raw)
    refused = refused or list(_beyond_limits(text))
    if refused:
        return Document(faults=refused, lost=[()])
    text = text.replace("\r\n", "\n")
    unseen = [line for line, row in enumerate(text.split("\n"), 1) if CONTROL.search(row)]
    text = CONTROL.sub(" ", text)
    found = Document(scan=scan(text))
    for line in unseen:
        says = "holds an invisible control character: delete the line and type it again."
        found.faults.append(Fault(line, found.scan.path_at(line), says))
    # What is nested too deep is kept from tomllib altogether: its time grows with the square of the depth.
    if not any(statement.flaw == "deep" for statement in found.scan.statements):
        try:
            found.data = _load(text)
        except _Refused:
            pass
        else:
            return found
    return _without_faults(found, text.split("\n"))


class _Refused(Exception):
    """tomllib's refusal: its words, and the line it names (0 for none, -1 for the end of the text)."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def _load(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        where = place.removeprefix("line ").split(",")[0]
        raise _Refused(message, int(where) if where.isdecimal() else -1) from None
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise _Refused(type(error).__name__, 0) from None


def _decode(raw: bytes) -> tuple[str, list[Fault]]:
    """The text, or the sentence for bytes that are none."""
    if len(raw) > MOST_BYTES:
        return "", [Fault(0, (), f"is {len(raw) // 1024} KB large, at most 256 KB are read: is this the right file?")]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[:200].count(0) * 4 > len(raw[:200]):
        return "", [Fault(0, (), "is saved as UTF-16: save it again with the encoding UTF-8.")]
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return "", [Fault(line, (), "holds a letter that is not UTF-8: save the file again with the encoding UTF-8.")]


def _beyond_limits(text: str) -> Iterator[Fault]:
    rows = text.split("\n")
    if len(rows) > MOST_LINES:
        yield Fault(MOST_LINES + 1, (), f"has {len(rows)} lines, at most {MOST_LINES} are read: shorten the file.")
    for line, row in enumerate(rows, 1):
        if len(row) > LONGEST_LINE:
            says = f"the line has {len(row)} characters, at most {LONGEST_LINE} are read: break it up."
            yield Fault(line, (), says)
    if text.count('"""') + text.count("'''") > MOST_LONG_TEXTS:
        yield Fault(0, (), "holds too many texts in three quotes: write them in one quote on each side.")


def _without_faults(found: Document, rows: list[str]) -> Document:
    """Blanks what the scanner sees to be broken, then what tomllib stops at, until the rest can be read."""
    for statement in found.scan.statements:
        if statement.flaw:
            _blank(found, rows, statement, "")
    tries = min(50, max(3, READ_AGAIN_UP_TO // (sum(map(len, rows)) + 1)))
    for _ in range(tries):
        try:
            found.data = _load("\n".join(rows) + "\n")
        except _Refused as refusal:
            if not _blank_at(found, rows, refusal):
                break
        else:
            _forget_blanked(found.data)
            return found
    found.lost.append(())
    says = "there is more that cannot be read: put the above right and check again; config.example.toml shows the form."
    found.faults.append(Fault(0, (), says))
    return found


def _blank_at(found: Document, rows: list[str], refusal: _Refused) -> bool:
    """Blanks the statement that tomllib stopped at; whether there was one."""
    statement = found.scan.at(len(rows) if refusal.line < 0 else refusal.line)
    # tomllib may name the line after the one that it could not end.
    while statement and all(map(_is_out, rows[statement.first - 1 : statement.last])):
        statement = found.scan.at(statement.first - 1)
    if statement is None or refusal.line == 0:
        return False
    _blank(found, rows, statement, refusal.message)
    return True


def _is_out(row: str) -> bool:
    """Whether a line was taken out before, or holds only what was put in place of a heading."""
    return not row or row.startswith(f"[{BLANKED}")


def _blank(found: Document, rows: list[str], statement: Statement, message: str) -> None:
    """Notes what is wrong with a statement and takes its lines out."""
    lines = slice(statement.first - 1, statement.last)
    source = "\n".join(rows[lines])
    found.faults.append(Fault(statement.first, statement.path, explain(statement, source, message)))
    rows[lines] = [""] * (statement.last - statement.first + 1)
    meant = _meant(statement)
    if statement.heading and meant and meant != source:
        rows[statement.first - 1] = meant
        return
    found.lost.append(statement.path)
    if statement.heading:
        # So that the keys below it do not fall into the table above.
        rows[statement.first - 1] = f"[{BLANKED}{statement.first}]"


def _meant(statement: Statement) -> str | None:
    """The heading that was meant by one without its closing bracket."""
    names = [step for step in statement.path if isinstance(step, str)]
    if statement.flaw != "heading" or not names:
        return None
    one, two = ("[[", "]]") if isinstance(statement.path[-1], int) else ("[", "]")
    return f"{one}{'.'.join(_quoted(name) for name in names)}{two}"


def _quoted(name: str) -> str:
    return f"'{name}'" if "'" not in name else f'"{name}"'


def _forget_blanked(data: dict[str, object]) -> None:
    for key in [key for key in data if key.startswith(BLANKED)]:
        del data[key]
