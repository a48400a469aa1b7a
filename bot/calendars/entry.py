"""What a file of appointments says, as values, and how its bytes become text."""

import codecs
from dataclasses import dataclass

MOST_BYTES = 5_000_000
MOST_ENTRIES = 1_000
"""They are stored in one transaction of some seconds, and a running bot has to wait for it."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A mistake in a file: the line it is on (1 is the first) and a sentence that ends in the remedy.

    `kind` and `said` give a page the same sentence in another language. `alone`: it is no mistake, but an event that is
    nobody's appointment, such as a holiday; it stops nothing.
    """

    line: int
    says: str
    kind: str = ""
    said: tuple[str, ...] = ()
    alone: bool = False

    def __str__(self) -> str:
        """As it is printed."""
        return f"line {self.line}: {self.says}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One appointment as the file has it. `starts` is a wall time of the clinic in words, `minutes` too ("": none).

    `uid` is the event's own name in its calendar; `cancelled`: the calendar says that it does not take place.
    """

    line: int
    code: str
    starts: str
    minutes: str = ""
    uid: str | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """An all-day event: first and last day, "2026-12-24", both inclusive, and its title."""

    line: int
    first: str
    last: str
    name: str


def text_of(data: bytes) -> str | Bad:
    """The text in UTF-8, UTF-16 with its mark, or what Windows writes; what is none of these is refused."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return Bad(1, "This is a workbook, not a table of text: save it as CSV and import that.", "workbook")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    return Bad(1, "This is not text that I can read: save it as UTF-8 and import that.", "no_utf8")
