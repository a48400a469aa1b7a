"""What the local Bot API recorded -> what there is to see of it. Every word shown comes out of the recorded events.

A passage is what happened in one step of the story. In it, taps in a row become one line, a message that was edited
several times at one moment is shown as it stood at last, and of what a person's own act brought only what that person
had not seen before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the local Bot API takes long to import, and the first words on the screen come before it
    from bot.emulator import Event, History

SHOWN = ("said", "tapped", "sent", "edited", "deleted", "answered")
Keyboard = tuple[tuple[str, ...], ...]
SHORT = len("12 of 12")
NBSP = "\u00a0"
ANSWERED, ANSWERS = " → ", 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to see on somebody's phone.

    act: what the person did, one line for each. new, edit: a message, its lines and buttons. toast: a fading line.
    """

    kind: Literal["act", "new", "edit", "toast"]
    chat: int
    at: float
    lines: tuple[str, ...]
    buttons: Keyboard = ()
    silent: bool = False


class Passages:
    """Reads a history on, passage by passage."""

    def __init__(self, history: "History") -> None:
        self._history = history
        self._read = 0
        self._seen: defaultdict[int, set[str]] = defaultdict(set)  # lines, by chat
        self._keyboards: defaultdict[int, list[frozenset[str]]] = defaultdict(list)  # all that were shown, by chat
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

    def _entry(self, event: "Event", before: Sequence[Entry], whole: bool) -> Entry | None:
        if event.kind in ("said", "tapped"):
            return self._act(event)
        if event.kind == "answered":
            return _toast(event, before)
        return None if event.kind == "deleted" else self._message(event, before, whole)

    def _act(self, event: "Event") -> Entry:
        data, tap = event.data or "", (event.message_id, event.data)
        if event.kind == "said":
            words = f"writes: {event.text}"
        elif event.text is None:
            words = f"taps {_button(self._labels.get(data, '?'))} on an old screen"
        elif tap == self._last_tap:
            words = "taps twice"
        else:
            words = f"taps {_button(event.text)}"
            self._labels[data] = event.text
        self._last_tap = tap
        return Entry("act", event.chat or 0, event.at, (words,))

    def _message(self, event: "Event", before: Sequence[Entry], whole: bool) -> Entry:
        chat, raw = event.chat or 0, (event.text or "").splitlines()
        lines, seen, keyboards = _paired(raw), self._seen[chat], self._keyboards[chat]
        kind: Literal["new", "edit"] = "edit" if event.kind == "edited" else "new"
        if whole:
            entry = Entry(kind, chat, event.at, tuple(raw), event.keyboard)
        elif kind == "edit" or any(e.kind == "act" and e.chat == chat for e in before):
            new = _led(_unseen(lines, seen))
            entry = Entry(kind, chat, event.at, new, _new_buttons(event.keyboard, keyboards))
        else:
            entry = Entry(kind, chat, event.at, _led(lines), event.keyboard, event.detail.get("silent", False))
        seen.update(lines)
        keyboards.append(frozenset(label for row in event.keyboard for label in row))
        return entry


def _button(label: str) -> str:
    """A button in a sentence: its words stay together."""
    return f"[{label}]".replace(" ", NBSP)


def _last_states(events: Sequence["Event"]) -> list["Event"]:
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


def _new_buttons(rows: Keyboard, before: Sequence[frozenset[str]]) -> Keyboard:
    """The buttons that the message before did not have (a tick taken away is nothing new); none of a known keyboard."""
    labels = [label for row in rows for label in row]
    if not before or frozenset(labels) in before:
        return () if before else rows
    known = before[-1] | {label.removeprefix("✓ ") for label in before[-1]}
    return (tuple(label for label in labels if label not in known),)


def _toast(event: "Event", before: Sequence[Entry]) -> Entry | None:
    """A fading line, unless the message says the same."""
    if not event.text or any(line.startswith(event.text) for entry in before for line in entry.lines):
        return None
    return Entry("toast", event.chat or 0, event.at, (event.text,))


def _paired(raw: Sequence[str]) -> list[str]:
    """Without empty lines; an indented line (an answer) joins the one above."""
    lines: list[str] = []
    for line in raw:
        if lines and line.startswith("   "):
            lines[-1] += f"{ANSWERED}{line.strip()}"
        elif line.strip():
            lines.append(line.strip())
    return lines


def _unseen(lines: Sequence[str], seen: set[str]) -> list[str]:
    """The lines this person has not seen; if there are none, the first."""
    new = _fewer([line for line in lines if line not in seen])
    if len(new) == 1 and len(new[0]) <= SHORT:
        return [f"{new[0]} …"]
    return new or list(lines[:1])


def _fewer(lines: Sequence[str]) -> list[str]:
    """Of many answers that are listed once more only the first."""
    answers = [line for line in lines if ANSWERED in line]
    if len(answers) <= ANSWERS:
        return list(lines)
    left_out = answers[ANSWERS:]
    rest = [line for line in lines if line not in left_out]
    at = rest.index(answers[ANSWERS - 1]) + 1
    return [*rest[:at], f"… ({len(left_out)} answers more)", *rest[at:]]


def _led(lines: Sequence[str]) -> tuple[str, ...]:
    """A very short first line ("1 of 12") stands before the second."""
    if len(lines) > 1 and len(lines[0]) <= SHORT:
        return f"{lines[0]} · {lines[1]}", *lines[2:]
    return tuple(lines)


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
