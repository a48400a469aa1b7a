"""What the local Bot API recorded -> what there is to see of it. Every word shown comes out of the recorded events.

A passage is what happened in one step of the story. In it, taps in a row become one line, a message that was edited
several times at one moment is shown as it stood at last, and what a person's own act changed is shown by what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.emulator import Event, History

SHOWN = ("said", "tapped", "sent", "edited", "deleted", "answered")
SHORT = 8
"""A line this short ("1 of 12") stands before the next one instead of above it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to see on somebody's phone.

    act: what the person did, one line for each. new, edit: a message, its lines and buttons. toast: a fading line.
    """

    kind: Literal["act", "new", "edit", "toast"]
    chat: int
    at: float
    lines: tuple[str, ...]
    buttons: tuple[tuple[str, ...], ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """The newest message of the bot in a chat."""

    message_id: int | None = None
    lines: frozenset[str] = frozenset()
    buttons: frozenset[str] = frozenset()


class Passages:
    """Reads a history on, passage by passage."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._read = 0
        self._screens: dict[int, Screen] = {}
        self._labels: dict[str, str] = {}
        self._last_tap: tuple[int | None, str | None] | None = None

    def next(self, whole: bool = False) -> list[Entry]:
        """What is new since the last call. `whole`: messages as they are, line by line, nothing left out."""
        events = [event for event in self._history.since(self._read) if event.kind in SHOWN]
        self._read = len(self._history.events)
        entries: list[Entry] = []
        for event in _last_states(events):
            entry = self._entry(event, entries, whole)
            if entry is not None:
                _append(entries, entry)
        return entries

    def _entry(self, event: Event, before: Sequence[Entry], whole: bool) -> Entry | None:
        if event.kind in ("said", "tapped"):
            return self._act(event)
        if event.kind == "answered":
            return _toast(event, before)
        return None if event.kind == "deleted" else self._message(event, before, whole)

    def _act(self, event: Event) -> Entry:
        data, tap = event.data or "", (event.message_id, event.data)
        if event.kind == "said":
            words = f"writes: {event.text}"
        elif event.text is None:
            words = f"taps [{self._labels.get(data, '?')}] on an old screen"
        elif tap == self._last_tap:
            words = "taps once more"
        else:
            words = f"taps [{event.text}]"
            self._labels[data] = event.text
        self._last_tap = tap
        return Entry("act", event.chat or 0, event.at, (words,))

    def _message(self, event: Event, before: Sequence[Entry], whole: bool) -> Entry:
        chat, text, flat = event.chat or 0, event.text or "", [label for row in event.keyboard for label in row]
        was = self._screens.get(chat, Screen())
        lines = text.splitlines()
        self._screens[chat] = Screen(event.message_id, frozenset(lines), frozenset(flat))
        kind: Literal["new", "edit"] = "edit" if event.kind == "edited" else "new"
        entry = Entry(kind, chat, event.at, tuple(lines), event.keyboard, event.detail.get("silent", False))
        if whole:
            return entry
        if kind == "edit" or any(e.kind == "act" and e.chat == chat for e in before):
            entry = replace(entry, silent=False, buttons=_new_buttons(flat, was))
            lines = [line for line in lines if line not in was.lines] or lines
        return replace(entry, lines=tuple(_joined(lines)))


def _last_states(events: Sequence[Event]) -> list[Event]:
    """Without states of a message that were replaced at the same moment: nobody has read those."""
    kept: list[Event] = []
    gone: set[tuple[int | None, float]] = set()
    for event in reversed(events):
        if event.kind not in ("sent", "edited", "deleted"):
            kept.append(event)
        elif (event.message_id, event.at) not in gone:
            gone.add((event.message_id, event.at))
            kept.append(event)
    return kept[::-1]


def _new_buttons(labels: Sequence[str], was: Screen) -> tuple[tuple[str, ...], ...]:
    """The buttons that were not there before, not counting ticks that were taken away; all in one row."""
    bare = {label.removeprefix("✓ ") for label in was.buttons}
    return (tuple(label for label in labels if label not in was.buttons and label not in bare),)


def _toast(event: Event, before: Sequence[Entry]) -> Entry | None:
    """A fading line, unless the message says the same."""
    if not event.text or any(line.startswith(event.text) for entry in before for line in entry.lines):
        return None
    return Entry("toast", event.chat or 0, event.at, (event.text,))


def _joined(lines: Sequence[str]) -> list[str]:
    """Without empty lines; an indented line ends the one above, a very short one begins the one below."""
    joined: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        if joined and line.startswith("   "):
            joined[-1] += f" → {line.strip()}"
        elif joined and len(joined[-1]) <= SHORT:
            joined[-1] += f" · {line.strip()}"
        else:
            joined.append(line.strip())
    return joined


def _append(entries: list[Entry], entry: Entry) -> None:
    """Add an entry; one that goes on with what the same person was doing joins the last."""
    last = entries[-1] if entries else None
    if last is None or not entry.kind == last.kind == "act" or (entry.chat, entry.at) != (last.chat, last.at):
        entries.append(entry)
        return
    lines = last.lines + entry.lines
    if all(line.startswith("taps ") for line in lines[-2:]):
        lines = (*lines[:-2], f"{lines[-2]} {lines[-1].removeprefix('taps ')}")
    entries[-1] = replace(last, lines=lines)
