"""The terminal: day headings, the conversation, a progress bar below it, and pauses for the reader.

Piped, with NO_COLOR or on a dumb terminal there are plain lines only, and the headings say how far the story is.
"""

import os
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from bot.clock import Clock
from bot.demo.layout import Layout
from bot.demo.passage import Entry
from bot.demo.script import CAST

WIDEST = 100


def console_for_terminal() -> Console:
    """A console on stdout; without colours and cursor movements where those are not wanted."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # where "✎" cannot be written there stands a "?"
    console = Console(highlight=False, emoji=False)
    console.width = min(console.width, WIDEST)
    if console.is_terminal and not console.is_dumb_terminal and not os.environ.get("NO_COLOR"):
        return console
    return Console(highlight=False, emoji=False, width=console.width, color_system=None, force_terminal=False)


class Screen:
    """Shows entries one after the other. `starts` and `ends`, in the clinic's zone, are those of the story.

    `clock` is the reader's, not the story's: the reader is given `pace` seconds for each line.
    """

    def __init__(self, console: Console, starts: datetime, ends: datetime, pace: float, clock: Clock) -> None:
        self._console, self._clock = console, clock
        self._starts, self._ends = starts, ends
        self._pace, self._read_by = timedelta(seconds=pace), clock.now()
        self._layout = Layout(CAST, console.width)
        self._day = ""
        columns = TextColumn("{task.description}"), BarColumn(None, complete_style="cyan", finished_style="cyan")
        # Refreshed by hand, so that no thread is needed.
        self._progress = Progress(
            *columns, console=console, transient=True, auto_refresh=False, disable=not console.is_terminal, expand=True
        )
        self._bar = self._progress.add_task("", total=(ends - starts).total_seconds())

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    async def show(self, entries: Iterable[Entry], framed: bool = False) -> None:
        """Print what happened. `framed`: what a tap brings stands in a frame, as on the phone."""
        for entry in entries:
            await self._reader()
            self._heading(datetime.fromtimestamp(entry.at, self._starts.tzinfo))
            if framed and entry.kind == "edit":
                self._console.print(self._layout.framed(entry))
                continue
            lines = self._layout.lines(entry)
            for line in lines:
                self._console.print(line)
            self._read_by += self._pace * len(lines)

    async def _reader(self) -> None:
        """Wait for the reader. What the bot took longer somewhere counts: a slow machine waits less, not longer."""
        left = self._read_by - self._clock.now()
        if left > timedelta(0):
            await self._clock.sleep(left.total_seconds())

    def _heading(self, at: datetime) -> None:
        """The day, once, and how far the story is."""
        day = f"{at:%A} {at.day} {at:%B}"
        count = f"day {self._number(at)} of {self._number(self._ends)}"
        seconds = (at - self._starts).total_seconds()
        self._progress.update(self._bar, completed=seconds, description=f"{day}, {at:%H:%M} · {count}", refresh=True)
        if day != self._day:
            self._day = day
            line = "─" * (self._console.width - len(f"── {day}  {count} ──"))
            self._console.print(Text(f"\n── {day} {line} {count} ──", "bold"))

    def _number(self, at: datetime) -> int:
        return (at.date() - self._starts.date()).days + 1
