"""Entries -> lines on a terminal: patients on the left, therapists on the right, each person in a colour.

On a terminal a progress bar stands below. Piped, with NO_COLOR or on a dumb terminal there are plain lines only.
"""

import os
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from bot.core.walltime import zone_of
from bot.demo.passage import Entry
from bot.demo.script import CLINIC_ZONE, Person

GUTTER = 13  # "16:05 Tomas  "
WIDEST = 110
MOST_TEXT = 64
MOST_LINES = 14
MOST_BUTTON_LINES = 2
COLOURS = ("cyan", "blue", "magenta", "green", "yellow")
MARKS = {"act": "› ", "new": "", "edit": "✎ ", "toast": "~ "}
DAYS_STYLE, QUIET_STYLE = "bold", "dim"

Rest = Callable[[float], Awaitable[None]]


def console_for_terminal() -> Console:
    """A console on stdout; without colours and cursor movements where those are not wanted."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # a terminal without "✎" gets a "?"
    console = Console(highlight=False, emoji=False)
    width = min(console.width, WIDEST)
    if console.is_terminal and not console.is_dumb_terminal and not os.environ.get("NO_COLOR"):
        return Console(highlight=False, emoji=False, width=width)
    return Console(highlight=False, emoji=False, width=width, color_system=None, force_terminal=False)


class Screen:
    """Prints entries, one after the other, and gives the reader time."""

    def __init__(
        self, console: Console, cast: Sequence[Person], starts: datetime, ends: datetime, pace: float, rest: Rest
    ) -> None:
        self._console, self._pace, self._rest = console, pace, rest
        self._people = {who.number: who for who in cast}
        self._colours = {who.number: colour for who, colour in zip(cast, COLOURS, strict=False)}
        self._zone = zone_of(CLINIC_ZONE)
        self._starts, self._ends = starts.astimezone(self._zone), ends.astimezone(self._zone)
        self._text = min(MOST_TEXT, (console.width - GUTTER) * 3 // 4)
        self._day = ""
        self._shown: set[tuple[str, ...]] = set()
        # Refreshed by hand: no thread is left to itself.
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(None), console=console, transient=True, auto_refresh=False,
            disable=not console.is_terminal, expand=True,
        )  # fmt: skip
        self._bar = self._progress.add_task("", total=(ends - starts).total_seconds())

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    async def show(self, entries: Iterable[Entry], framed: bool = False) -> None:
        """Print what happened. `framed`: messages stand in a frame, as on the phone."""
        before: Entry | None = None
        for entry in entries:
            self._heading(entry)
            lines = self._framed(entry) if framed and entry.kind != "act" else self._lines(entry, before)
            for line in lines:
                self._console.print(line, soft_wrap=True)
            before = entry
            self._progress.refresh()
            if self._pace:
                await self._rest(self._pace * len(lines))

    # ------------------------------------------------------------------------------------------ days

    def _heading(self, entry: Entry) -> None:
        at = datetime.fromtimestamp(entry.at, self._zone)
        day, number = f"{at:%A} {at.day} {at:%B}", (at.date() - self._starts.date()).days + 1
        count = f"day {number} of {(self._ends.date() - self._starts.date()).days + 1}"
        self._progress.update(
            self._bar, completed=entry.at - self._starts.timestamp(), description=f"{day}, {at:%H:%M} · {count}"
        )
        if day == self._day:
            return
        self._day = day
        line = "─" * max(2, self._console.width - len(day) - len(count) - 8)
        self._console.print(Text(f"\n── {day} {line} {count} ──", DAYS_STYLE), soft_wrap=True)

    # ------------------------------------------------------------------------------------------ entries

    def _lines(self, entry: Entry, before: Entry | None) -> list[Text]:
        """An entry's lines, with time and name in the margin where they are not those of the entry above."""
        who = self._people[entry.chat]
        colour, style = self._colours[entry.chat], "" if entry.kind in ("new", "edit") else "italic"
        margin = " " * (self._console.width - GUTTER - self._text if who.role == "therapist" else 0)
        same = before is not None and (before.chat, before.at) == (entry.chat, entry.at)
        gutter = "" if same else f"{datetime.fromtimestamp(entry.at, zone_of(who.zone)):%H:%M} {who.name}"
        made = [(line, style) for line in self._words(entry)] + [(line, colour) for line in self._buttons(entry)]
        texts = []
        for line, line_style in made:
            texts.append(Text.assemble(margin, (f"{gutter:<{GUTTER}}", f"bold {colour}"), (line, line_style)))
            gutter = ""
        return texts

    def _words(self, entry: Entry) -> list[str]:
        """The text, wrapped; one that is long, or was shown before, is shortened and says so."""
        mark = MARKS[entry.kind]
        wrapped = [
            part for n, line in enumerate(entry.lines)
            for part in textwrap.wrap(f"{mark}{line}" if n == 0 else f"{' ' * len(mark)}{line}", self._text,
                                      subsequent_indent=" " * len(mark))
        ]  # fmt: skip
        again = entry.lines in self._shown and len(wrapped) > 3
        most = 1 if again else MOST_LINES
        self._shown.add(entry.lines)
        if len(wrapped) > most:
            why = "as above" if again else "the rest is left out here"
            wrapped = [*wrapped[:most], f"{' ' * len(mark)}… ({why}, {len(wrapped) - most} lines)"]
        if entry.silent and entry.kind == "new":
            wrapped[0] += "  (without a sound)"
        return wrapped

    def _buttons(self, entry: Entry) -> list[str]:
        """The buttons in brackets; of many only the first."""
        labels = [f"[{label}]" for row in entry.buttons for label in row]
        lines: list[str] = []
        for n, label in enumerate(labels):
            if lines and len(lines[-1]) + 1 + len(label) <= self._text - 4:
                lines[-1] += f" {label}"
            elif len(lines) < MOST_BUTTON_LINES:
                lines.append(label)
            else:
                lines[-1] += f" +{len(labels) - n}"
                break
        return lines

    def _framed(self, entry: Entry) -> list[Text | Panel]:
        """A message as the phone shows it: every line, and the buttons row by row."""
        who = self._people[entry.chat]
        at = datetime.fromtimestamp(entry.at, zone_of(who.zone))
        body = Text("\n".join([*entry.lines, "", *(" ".join(f"[{label}]" for label in row) for row in entry.buttons)]))
        title = f"{who.name}'s phone, {at:%A} {at:%H:%M}"
        return [Panel(body, title=title, border_style=self._colours[entry.chat], width=min(80, self._console.width))]
