"""A message as the shell passes it around. Plain text only, so nothing that was typed can be markup."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 4096
DATA_LIMIT = 64
OPENS = "o:"
"""A button with this and a check-in's id leads to its page: the address is made when the message goes out."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button: whole words, and what a tap on it sends (at most 64 bytes, ids only). `url`: an address that it opens
    instead; it is never stored, see `store.page_links`.
    """

    label: str
    data: str
    url: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.data.encode()) <= DATA_LIMIT:
            raise ValueError(f"a button carries 1 to {DATA_LIMIT} bytes: {self.data!r}")


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A text and rows of buttons under it; no rows: a message without buttons."""

    text: str
    rows: Rows = ()

    @property
    def leads_to_page(self) -> bool:
        """Whether a button of it still needs an address."""
        return any(button.data.startswith(OPENS) and not button.url for row in self.rows for button in row)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as kept in the outbox."""
        return {"text": self.text, "rows": [[[b.label, b.data] for b in row] for row in self.rows]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Message":
        """The opposite of `to_json`."""
        return cls(data["text"], tuple(tuple(Button(*b) for b in row) for row in data["rows"]))


def one_a_line(buttons: Iterable[Button]) -> Rows:
    """Each button on a line of its own: whole words fit a phone's width."""
    return tuple((button,) for button in buttons)


def split(text: str, most: int = TEXT_LIMIT) -> list[str]:
    """The text in parts that fit a message, cut between paragraphs where that is possible; never empty."""
    parts: list[str] = [""]
    for paragraph in text.split("\n\n"):
        pieces = [paragraph[i : i + most] for i in range(0, len(paragraph), most)] or [""]
        for piece in pieces:
            joined = f"{parts[-1]}\n\n{piece}" if parts[-1] else piece
            if len(joined) <= most:
                parts[-1] = joined
            else:
                parts.append(piece)
    return parts


def in_parts(text: str, rows: Rows) -> list[Message]:
    """The text as one message, or as several if it is too long for one: the buttons stand under the last."""
    *before, last = split(text)
    return [*map(Message, before), Message(last, rows)]
