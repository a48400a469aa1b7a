"""A person's hands on the phone: which of several buttons they tap, and what they do while nothing happens."""

from dataclasses import dataclass
from random import Random
from typing import Any

from bot.emulator import Phone, Shown
from bot.prove.kill.phones import CLOCK_TIME


@dataclass(frozen=True, slots=True)
class Button:
    """A button on a message; `keyboard` is the whole one it was seen in."""

    message: int
    label: str
    keyboard: list[list[dict[str, Any]]]


class Hands:
    """They go on with the message in use. Of copies of a message they take any: each must work."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self._in_use = 0
        self._random = Random(phone.id)

    def __str__(self) -> str:
        shown = [message for message in self.phone.messages if message.by_bot]
        return "\n".join(f"{message.id}: {message.text} {message.buttons}" for message in shown[-4:])

    def find(self, label: str) -> Button | None:
        """The button on the message in use, else on the newest that has one, or on a copy of that."""
        having = [button for message in self.phone.messages if (button := _of(message, label)) is not None]
        if not having:
            return None
        here = [button for button in having if button.message == self._in_use]
        return here[0] if here else self._random.choice([one for one in having if one.keyboard == having[-1].keyboard])

    def press(self, button: Button) -> None:
        """Tap it."""
        self.phone.tap(button.label, button.message)
        self._in_use = button.message

    def press_again(self, button: Button) -> None:
        """Out of impatience, if nothing has changed: another screen may have a button of the same words."""
        if any(message.id == button.message and message.keyboard == button.keyboard for message in self.phone.messages):
            self.press(button)


def _of(message: Shown, label: str) -> Button | None:
    """The message's button of that label; after a pause between two lives, a time on it may be a minute later."""
    for row in message.keyboard:
        for button in row:
            if CLOCK_TIME.sub("", button["text"]) == CLOCK_TIME.sub("", label):
                return Button(message.id, button["text"], message.keyboard)
    return None
