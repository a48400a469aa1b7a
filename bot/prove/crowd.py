"""People with phones in virtual time: when something rings they look, sooner or later, tap, slip, type, put off.

Everybody has a seed of their own. They know nothing of the bot but what is on their screens.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

from bot.emulator import Event, PhoneError, Shown
from bot.prove.world import World

THINKS_S = 12.0
MOST_TAPS = 30
IDLE_S = 10 * 86400.0
WAITS_S = 20.0
CALLS = 0.01
WEIGHTS = {"b": 40, "p": 30, "n": 10, "f": 2, "d": 12, "s": 4, "x": 12, "k": 2, "l": 2, "a": 10, "h": 1, "g": 1,
           "o": 8, "z": 1, "m": 0.3, "y": 1}  # fmt: skip
WORDS = (
    "4", "partly", "hello", "less of the same, please", "/checkin", "/rate", "/mine", "/goals", "/help", "/today",
    "/digest", "/patients", "/homework", "/settings", "Sleep through the night", "x" * 1200, "back", "skip", "/away",
)  # fmt: skip


class Somebody:
    """A person with a phone."""

    def __init__(self, world: World, code: str, random: Random) -> None:
        self.world, self.random = world, random
        self.phone = world.phone(code)
        self._rang = asyncio.Event()
        self._old: list[tuple[str, int]] = []
        world.emulator.history.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        if event.kind == "sent" and event.chat == self.phone.id and not event.detail.get("silent"):
            self._rang.set()

    async def live(self) -> None:
        """Until the world ends."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rang.wait(), self.random.expovariate(1 / IDLE_S))
            self._rang.clear()
            await asyncio.sleep(self._delay())
            with suppress(PhoneError):
                await self.look()

    def _delay(self) -> float:
        """Many look at once, some hours later; some not before the next thing rings."""
        kind = self.random.random()
        if kind < 0.6:
            return self.random.random() * 900
        return self.random.random() * 12 * 3600 if kind < 0.9 else 30 * 3600.0

    async def look(self) -> None:
        """A while with the phone in hand."""
        if self.phone.person.blocked:
            self.phone.unblock()
        for _ in range(self.random.randint(3, MOST_TAPS)):
            await asyncio.sleep(self.random.random() * THINKS_S)
            if self.random.random() < 0.03:
                await self._odd()
            elif self.random.random() < CALLS:
                await self.ask_for_a_call()
            elif not await self._tap():
                return

    async def _tap(self) -> bool:
        """One tap on what is there; False if nothing is."""
        shown = [message for message in self.phone.messages[-6:] if message.by_bot and message.keyboard]
        if not shown:
            return False
        message = shown[-1] if self.random.random() < 0.9 else self.random.choice(shown)
        button = self._chosen(message)
        self._old = [*self._old[-20:], (button["callback_data"], message.id)]
        before = len(self.world.emulator.history.events)
        self.phone.tap(button["text"], message.id)
        if self.random.random() < 0.04:  # a double tap
            self.phone.press(button["callback_data"], message.id)
        await self._reply(before)
        return button["callback_data"].startswith("c:") or self.random.random() < 0.5

    def _chosen(self, message: Shown) -> dict[str, Any]:
        buttons = [button for row in message.keyboard for button in row if "callback_data" in button]
        weights = [self._weight(button["callback_data"].split(":"), len(buttons)) for button in buttons]
        chosen: dict[str, Any] = self.random.choices(buttons, weights)[0]
        return chosen

    @staticmethod
    def _weight(parts: Sequence[str], buttons: int) -> float:
        if parts[0] != "c":
            return 3.0
        weight = WEIGHTS.get(parts[3], 1.0)
        return weight * 6 if parts[3] == "x" and buttons > 12 else weight  # the therapist's one form

    async def _reply(self, before: int) -> None:
        """Wait until something happens on this phone, or no longer."""
        for _ in range(int(WAITS_S / 0.5)):
            await asyncio.sleep(0.5)
            if any(event.chat == self.phone.id and event.kind != "tapped"
                   for event in self.world.emulator.history.since(before)):  # fmt: skip
                return

    async def _odd(self) -> None:
        """What people also do."""
        what = self.random.choice(("words", "words", "old", "forged", "other", "block", "voice"))
        if what == "words":
            self.phone.say(self.random.choice(WORDS))
        elif what == "old" and self._old:
            self.phone.press(*self.random.choice(self._old))
        elif what == "forged":
            other = self.random.choice(self._old)[0] if self._old else "c:x:1:b"
            self.phone.press(f"{other[:-1]}{self.random.randint(0, 9)}", self.phone.last.id)
        elif what == "other":  # somebody else's button, as only a forged client could send it
            theirs = [m for p in self.world.emulator.world.people.values() if p.id != self.phone.id
                      for m in p.messages.values() if m.keyboard]  # fmt: skip
            if theirs:
                button = self.random.choice(self.random.choice(theirs[-12:]).keyboard[0])
                self.phone.press(button["callback_data"], self.phone.last.id)
        elif what == "block" and self.random.random() < 0.3:
            self.phone.block()
            await asyncio.sleep(self.random.random() * 2 * 86400)
            self.phone.unblock()
        elif what == "voice":
            self.phone.send_voice()
        await asyncio.sleep(2)

    async def ask_for_a_call(self) -> None:
        """Words, and [Call me, please] under the crisis line that answers them."""
        before = len(self.world.emulator.history.events)
        self.phone.say("I cannot sleep")
        await self._reply(before)
        for message in reversed(self.phone.messages[-3:]):
            for button in (button for row in message.keyboard for button in row):
                if button.get("callback_data") == "k:ask":
                    self.phone.tap(button["text"], message.id)
                    return
