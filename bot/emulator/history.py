"""What happened, in order: every message, tap, refusal, fault and delivery, for tests, checkers and demos.

The list only grows. It may not decide anything: the world works the same with recording switched off.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `kind` says what, `detail` holds what only that kind has.

    People: said, corrected, tapped, opened, blocked, unblocked, deactivated.
    The bot: sent, photo, document, edited, deleted, answered, called (any other method), refused.
    The wire: queued (raw), delivered, confirmed, dropped unseen and expired (updates), fault.
    """

    number: int
    at: float
    kind: str
    chat: int | None = None
    message_id: int | None = None
    text: str | None = None
    keyboard: tuple[tuple[str, ...], ...] = ()
    data: str | None = None
    detail: Json = field(default_factory=dict)

    def as_dict(self) -> Json:
        """The event as JSON-ready values."""
        return {name: getattr(self, name) for name in self.__slots__}


class History:
    """An append-only list of events that can be read, counted, followed and waited on."""

    def __init__(self, now: Callable[[], float], keep: bool = True) -> None:
        self.events: list[Event] = []
        self.counts: Counter[str] = Counter()
        self._now = now
        self._keep = keep
        self._listeners: list[Callable[[Event], None]] = []
        self._waiting: dict[int | None, list[asyncio.Future[None]]] = {}

    def record(
        self,
        kind: str,
        chat: int | None = None,
        message_id: int | None = None,
        text: str | None = None,
        keyboard: tuple[tuple[str, ...], ...] = (),
        data: str | None = None,
        **detail: Any,
    ) -> None:
        """Write down one event and wake whoever waits for that chat."""
        self.counts[kind] += 1
        if self._keep or self._listeners:
            number = len(self.events) + 1 if self._keep else self.counts.total()
            event = Event(number, self._now(), kind, chat, message_id, text, keyboard, data, detail)
            if self._keep:
                self.events.append(event)
            for listener in tuple(self._listeners):
                listener(event)
        if self._waiting:
            self.wake(chat)

    def since(self, number: int) -> list[Event]:
        """Events after the one with this number."""
        return self.events[max(number, 0) :]

    def of(self, *kinds: str, chat: int | None = None) -> list[Event]:
        """Events of these kinds, of one chat or of all."""
        return [e for e in self.events if e.kind in kinds and (chat is None or e.chat == chat)]

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event from now on; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def wake(self, chat: int | None = None) -> None:
        """Let those who wait for this chat, and those who wait for anything, look again."""
        for key in {chat, None}:
            for waiter in self._waiting.pop(key, ()):
                if not waiter.done():
                    waiter.set_result(None)

    async def until(self, check: Callable[[], T], seconds: float, chat: int | None = None) -> T | None:
        """Wait until `check` gives something true; None when `seconds` of real time pass first."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := check()):
                    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.setdefault(chat, []).append(waiter)
                    await waiter
        except TimeoutError:
            return None
        return found
