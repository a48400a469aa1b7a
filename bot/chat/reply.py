"""What a handler wants sent back: a toast for the tap, and messages to edit or to send."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.core.chart import Chart
from bot.message import Message


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, drawn and sent once everything is committed. `under`: the words and buttons below it."""

    chart: Chart
    lang: str
    under: Message


@dataclass(frozen=True, slots=True)
class File:
    """A document, sent once everything is committed. Whoever asked for it may save it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One message. `edit`: the message to edit in place (None: send a new one). `replaces`: delete this one after
    sending. `about`: the check-in the message stands for ("" for a person's own conversation, None for neither).
    `picture`, `file`: to be sent, `removes`: to be deleted; then the message is for the case that this cannot be done.
    """

    message: Message
    edit: int | None = None
    replaces: int | None = None
    about: str | None = None
    picture: Picture | None = None
    removes: int | None = None
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was worked out from what is there: the replies that show it, and what is kept of it (a write)."""

    replies: tuple[Reply, ...]
    keep: Callable[[Connection], object] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that goes back for one update. `toast` answers a tap; without one the tap is answered silently."""

    replies: tuple[Reply, ...] = ()
    toast: str | None = None
    page: Callable[[Connection], Page] | None = None  # worked out after the commit, while others are served
    woke: bool = False  # something is due now: the tick should look


def said(message: Message, toast: str | None = None) -> Outcome:
    """A new message and nothing else."""
    return Outcome((Reply(message),), toast)
