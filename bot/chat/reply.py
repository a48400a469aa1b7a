"""What a handler wants sent back: a toast for the tap, and messages to edit or to send."""

from dataclasses import dataclass

from bot.message import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """One message. `edit`: the message to edit in place (None: send a new one). `replaces`: delete this one after
    sending. `about`: the check-in the message stands for ("" for a person's own conversation, None for neither).
    """

    message: Message
    edit: int | None = None
    replaces: int | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that goes back for one update. `toast` answers a tap; without one the tap is answered silently."""

    replies: tuple[Reply, ...] = ()
    toast: str | None = None
    woke: bool = False  # something is due now: the tick should look


def said(message: Message, toast: str | None = None) -> Outcome:
    """A new message and nothing else."""
    return Outcome((Reply(message),), toast)
