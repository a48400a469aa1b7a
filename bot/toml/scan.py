"""Where things stand in a TOML text: its statements and the line of every key, also where tomllib would stop.

tomllib gives values without lines and stops at the first mistake. This scanner does not judge values; it finds where
each statement begins and ends, even a broken one, so that a broken one can be blanked and the rest read. Its time is
linear in the text, whatever the text is.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Path = tuple[str | int, ...]
Flaw = Literal["heading", "equals", "quote", "bracket", "deep"]
"""What the scanner itself sees: no closing bracket of a heading, no =, an open quote or bracket, nested too deep."""

DEEPEST = 6
_ONE_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEYS = rf"{_ONE_KEY}(?:[ \t]*\.[ \t]*{_ONE_KEY})*"
ONE_KEY = re.compile(_ONE_KEY)
ASSIGNMENT = re.compile(rf"[ \t]*({_KEYS})[ \t]*=")
HEADING = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEYS})[ \t]*(\]\]?)[ \t]*(?:#.*)?$")
BROKEN_HEADING = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEYS})?")
FIRST_WORD = re.compile(r"[\w.-]+")
NOT_IN_A_LIST = re.compile(
    rf"[ \t]*(?:{_KEYS}[ \t]*=|\[\[?(?!(?:true|false|inf|nan)\b)[A-Za-z_][\w.-]*\]\]?[ \t]*(?:#.*)?$)"
)
"""A line that cannot continue a list: the bracket before it was never closed."""
TOKEN = re.compile(
    r'''(?P<long>"""(?:\\[\s\S]|[^\\])*?"{3,5}|\'\'\'[\s\S]*?'{3,5})|(?P<quotes>"""|\'\'\')'''
    r"""|(?P<short>"(?:\\.|[^"\\\n])*"|'[^'\n]*')|(?P<quote>["'])"""
    r"""|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<dot>\.)|(?P<newline>\n)|(?P<space>[ \t]+|\#[^\n]*)"""
    r"""|(?P<other>[^\[\]{},.\#"'\n \t]+)"""
)
"""Quotes that do not close, one or three, are tokens of their own."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A heading or a `key = value`, from its first to its last line (counted from 1)."""

    first: int
    last: int
    path: Path
    heading: bool = False
    flaw: Flaw | None = None


@dataclass(slots=True)
class Scan:
    """What stands where. `lines` holds the first line of every key, table and list entry by path."""

    statements: list[Statement] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it; 0 if there is none."""
        return next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 0)

    def at(self, line: int) -> Statement | None:
        """The statement that a line belongs to, or else the last one before it."""
        index = bisect_right([statement.first for statement in self.statements], line) - 1
        return self.statements[index] if index >= 0 else None

    def path_at(self, line: int) -> Path:
        """The path of the statement on a line; () for a line of its own, such as a remark."""
        statement = self.at(line)
        return statement.path if statement and statement.last >= line else ()


def scan(text: str) -> Scan:
    """The statements of a text whose line ends are plain newlines."""
    rows = _Rows(text)
    result, table, entries = Scan(), _Table(), 1
    while entries <= rows.count:
        statement, marks = _statement(rows, entries, table)
        if statement is not None:
            result.statements.append(statement)
            for path, line in marks:
                result.lines.setdefault(path, line)
        entries = (statement.last if statement else entries) + 1
    return result


class _Rows:
    """A text by lines, with the way from an offset to a line and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rows = text.split("\n")
        self.starts = [0]
        for row in self.rows:
            self.starts.append(self.starts[-1] + len(row) + 1)
        self.count = len(self.rows)

    def row(self, line: int) -> str:
        return self.rows[line - 1]

    def start(self, line: int) -> int:
        return self.starts[line - 1]

    def line_of(self, offset: int) -> int:
        return min(bisect_right(self.starts, offset), self.count)


class _Table:
    """The table that keys belong to now, and how many entries each [[list]] has so far."""

    def __init__(self) -> None:
        self.path: Path = ()
        self.entries: dict[Path, int] = {}

    def enter(self, names: list[str], entry: bool) -> Path:
        path: Path = ()
        for at, name in enumerate(names):
            path += (name,)
            if entry and at == len(names) - 1:
                self.entries[path] = self.entries.get(path, -1) + 1
            if path in self.entries:
                path += (self.entries[path],)
        self.path = path
        return path


Marks = list[tuple[Path, int]]


def _statement(rows: _Rows, line: int, table: _Table) -> tuple[Statement | None, Marks]:
    row = rows.row(line)
    bare = row.strip()
    if not bare or bare.startswith("#"):
        return None, []
    if bare.startswith("["):
        return _heading(row, line, table)
    assigned = ASSIGNMENT.match(row)
    if assigned is None:
        word = FIRST_WORD.match(bare)
        path = (*table.path, *(word.group().split(".") if word and word.group().isascii() else "?"))
        return Statement(line, line, path, flaw="equals"), [(path, line)]
    names = _names(assigned.group(1))
    path = (*table.path, *names[:DEEPEST])
    value = _Value(rows, rows.start(line) + assigned.end(), path)
    flaw = "deep" if len(names) > DEEPEST else value.flaw
    return Statement(line, value.last, path, flaw=flaw), [*_prefixes(path, line), *value.marks]


def _heading(row: str, line: int, table: _Table) -> tuple[Statement, Marks]:
    """A heading; of a broken one, the table that was most likely meant."""
    whole = HEADING.match(row)
    meant = whole or BROKEN_HEADING.match(row)
    names = _names(meant.group(2)) if meant and meant.group(2) else []
    closed = whole is not None and len(whole.group(1)) == len(whole.group(3))
    path = table.enter(names[:DEEPEST], entry=bool(meant and meant.group(1) == "[["))
    flaw: Flaw | None = "heading" if not closed else "deep" if len(names) > DEEPEST else None
    return Statement(line, line, path, heading=True, flaw=flaw), _prefixes(path, line)


def _names(keys: str) -> list[str]:
    return [key[1:-1] if key[0] in "\"'" else key for key in ONE_KEY.findall(keys)]


def _prefixes(path: Path, line: int) -> Marks:
    return [(path[:n], line) for n in range(1, len(path) + 1)]


class _Value:
    """A value from behind its =: where it ends, where its list entries stand, and what keeps it from ending."""

    def __init__(self, rows: _Rows, start: int, path: Path) -> None:
        self.rows = rows
        self.marks: Marks = []
        self.flaw: Flaw | None = None
        self._path = path
        self._open: list[str] = []
        self._entry = 0
        self._fresh = True  # no part of the present list entry seen yet
        self._dots = 0
        end = self._walk(start)
        self.last = rows.line_of(end)

    def _walk(self, start: int) -> int:
        """Goes through the tokens up to the newline that ends the value; gives its offset."""
        for token in self._tokens(start):
            kind = token.lastgroup
            if kind == "newline":
                if not self._open:
                    return token.start()
                if NOT_IN_A_LIST.match(self.rows.row(self.rows.line_of(token.end()))):
                    return self._unclosed(token.start())
            elif kind != "space":
                self._see(kind or "", token)
        if self._open:
            self.flaw = self.flaw or "bracket"
        return len(self.rows.text)

    def _tokens(self, start: int) -> Iterator[re.Match[str]]:
        """The tokens; after a quote that does not close, the rest of its line is none."""
        at = start
        while token := TOKEN.match(self.rows.text, at):
            at = token.end()
            if token.lastgroup in ("quote", "quotes"):
                self.flaw = "quote"
                at = self.rows.starts[self.rows.line_of(token.start())] - 1
            yield token

    def _see(self, kind: str, token: re.Match[str]) -> None:
        self._dots = self._dots + 1 if kind == "dot" else 0 if kind in ("comma", "open", "close") else self._dots
        if kind == "close":
            del self._open[-1:]
        elif kind == "comma" and self._open == ["["]:
            self._entry, self._fresh = self._entry + 1, True
        elif self._fresh and self._open == ["["]:
            self.marks.append(((*self._path, self._entry), self.rows.line_of(token.start())))
            self._fresh = False
        if kind == "open":
            self._open.append(token.group())
        if len(self._open) >= DEEPEST or self._dots >= DEEPEST:
            self.flaw = "deep"

    def _unclosed(self, offset: int) -> int:
        """Where a value with an open bracket is cut: an inline table over several lines is taken as a whole."""
        self.flaw = self.flaw or "bracket"
        line = self.rows.line_of(offset)
        for ahead in range(line + 1, min(line + 50, self.rows.count) + 1):
            row = self.rows.row(ahead).strip()
            if self._open[-1] == "{" and row.startswith("}"):
                return self.rows.starts[ahead] - 1
            if not row or row.startswith("["):
                break
        return offset
