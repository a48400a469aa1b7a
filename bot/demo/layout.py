"""Entries -> lines of text: patients on the left, therapists to the right, time and name in the margin.

What is long, or was shown before, is shortened, and says so by an ellipsis.
"""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.panel import Panel
from rich.text import Text

from bot.core.walltime import zone_of
from bot.demo.passage import NBSP, Entry
from bot.demo.script import Person

GUTTER = len("16:05 Tomas ")
SHIFT = 10
"""So far to the right the therapists' side begins."""
MOST_TEXT, MOST_FRAME = 66, 72
LONG, SHORTENED = 16, 3
"""A text of more lines than the first is shortened to the second."""
MANY, FORM = 12, 7
"""One with more buttons than the first is a form, and shortened to the second: all forms look alike."""
MOST_BUTTON_LINES = 2
COLOURS = ("cyan", "blue", "magenta", "green", "yellow")
MARKS: Mapping[str, str] = {"act": "› ", "new": "", "edit": "✎ ", "toast": "~ "}


class Layout:
    """Lays entries out for a width; remembers what it has shown."""

    def __init__(self, cast: Sequence[Person], width: int) -> None:
        self._people = {who.number: who for who in cast}
        self._colours = {who.number: colour for who, colour in zip(cast, COLOURS, strict=False)}
        self._width = width
        self._texts: set[tuple[str, ...]] = set()
        self._messages: set[tuple[object, ...]] = set()
        self._before: Entry | None = None

    def lines(self, entry: Entry) -> list[Text]:
        """An entry's lines, with time and name in the margin where they are not those of the entry above."""
        who, colour, before = self._people[entry.chat], self._colours[entry.chat], self._before
        self._before = entry
        margin = " " * SHIFT if who.role == "therapist" else ""
        same = before is not None and (before.chat, before.at) == (entry.chat, entry.at)
        gutter = "" if same else f"{self._clock(entry):%H:%M} {who.name}"
        rows = self._rows(entry, min(MOST_TEXT, self._width - GUTTER - len(margin)), colour)
        return [
            Text.assemble(margin, (f"{gutter if n == 0 else '':<{GUTTER}}", f"bold {colour}"), *row)
            for n, row in enumerate(rows)
        ]

    def framed(self, entry: Entry) -> Panel:
        """A message as the phone shows it: every line, and the buttons row by row."""
        name, at = self._people[entry.chat].name, self._clock(entry)
        buttons = (" ".join(f"[{label}]" for label in row) for row in entry.buttons)
        body = Text("\n".join([*entry.lines, "", *buttons]))
        width = min(MOST_FRAME, self._width)
        return Panel(
            body, title=f"{name}'s phone, {at:%A} {at:%H:%M}", border_style=self._colours[entry.chat], width=width
        )

    def _clock(self, entry: Entry) -> datetime:
        return datetime.fromtimestamp(entry.at, zone_of(self._people[entry.chat].zone))

    def _rows(self, entry: Entry, width: int, colour: str) -> list[list[tuple[str, str]]]:
        """Words and buttons with their styles; buttons that fit stand behind the last words."""
        style = {"act": f"italic {colour}", "toast": "italic dim"}.get(entry.kind, "")
        again = (entry.lines, entry.buttons) in self._messages
        self._messages.add((entry.lines, entry.buttons))
        words, buttons = self._words(entry, width), [] if again else _buttons(entry, width)
        rows = [[(line, style)] for line in words] + [[(line, colour)] for line in buttons]
        if words and len(buttons) == 1 and len(words[-1]) + 2 + len(buttons[0]) <= width:
            rows[-2:] = [[(f"{words[-1]}  ", style), (buttons[0], colour)]]
        return rows

    def _words(self, entry: Entry, width: int) -> list[str]:
        wrapped = _wrapped(entry, width)
        if entry.lines in self._texts and len(wrapped) > 1:
            return [f"{wrapped[0][: width - 2]} …"]
        self._texts.add(entry.lines)
        is_form = sum(map(len, entry.buttons)) > MANY
        most = FORM if is_form else SHORTENED if len(wrapped) > LONG else LONG
        if len(wrapped) > most + 1:
            wrapped[most:] = [f"{' ' * len(MARKS[entry.kind])}… ({len(wrapped) - most} lines more)"]
        if entry.silent and entry.kind == "new":
            wrapped[-1] += " (without a sound)"
        return wrapped


def _wrapped(entry: Entry, width: int) -> list[str]:
    """The text in lines that fit, its mark before the first."""
    mark = MARKS[entry.kind]
    blank = " " * len(mark)
    begins = [mark, *[blank] * (len(entry.lines) - 1)]
    return [
        part.replace(NBSP, " ")
        for begin, line in zip(begins, entry.lines, strict=True)
        for part in textwrap.wrap(begin + line, width, subsequent_indent=blank)
    ]


def _buttons(entry: Entry, width: int) -> list[str]:
    """The buttons in brackets; of many only the first, and how many more there are."""
    labels = [f"[{label}]" for row in entry.buttons for label in row]
    most = 1 if len(labels) > MANY else MOST_BUTTON_LINES
    lines: list[str] = []
    for n, label in enumerate(labels):
        if lines and len(lines[-1]) + 1 + len(label) <= width - len(" +99"):
            lines[-1] += f" {label}"
        elif len(lines) < most:
            lines.append(label[:width])
        else:
            lines[-1] += f" +{len(labels) - n}"
            break
    return lines
