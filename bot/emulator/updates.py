"""The queue of updates, the one long poll that may wait at it, and when each update dies unseen.

It knows nothing of messages: an update is JSON that waits, is delivered (again and again) and at last confirmed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.emulator.history import History
from bot.emulator.refuse import TERMINATED, WEBHOOK_SET, Refusal, conflict

Json = dict[str, Any]

CALLBACK_LIVES = 150.0
OTHERS_LIVE = 24 * 3600.0
LONGEST_POLL = 50.0
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(slots=True)
class _Update:
    id: int
    expires: float
    json: Json
    once: bool = False
    delivered: bool = False


class Updates:
    """Updates in one order, each kept until confirmed or expired."""

    def __init__(self, now: Callable[[], float], history: History, first_id: int) -> None:
        self.webhook = ""
        self._now = now
        self._history = history
        self._next_id = first_id
        self._pending: deque[_Update] = deque()
        self._soonest = float("inf")
        self._allowed: frozenset[str] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._open = True

    def __len__(self) -> int:
        self._drop_expired()
        return len(self._pending)

    @property
    def idle(self) -> bool:
        """Whether a poll waits and nothing is pending: the bot has taken and confirmed all there is."""
        return self._waiter is not None and not len(self)

    def add(self, kind: str, body: Json, born: float) -> int | None:
        """Queue an update; None when the bot did not ask for its kind."""
        if kind in NOT_BY_DEFAULT if self._allowed is None else kind not in self._allowed:
            return None
        lives = CALLBACK_LIVES if kind == "callback_query" else OTHERS_LIVE
        return self._append({"update_id": self._next_id, kind: body}, born + lives)

    def add_raw(self, update: Json) -> int:
        """Queue this JSON as it is; only a missing update_id is filled in."""
        # A given id may lie below the confirmed ones (a repeat) or be no number at all: offsets
        # cannot confirm it, so it is delivered once.
        given = "update_id" in update
        return self._append({"update_id": self._next_id} | update, self._now() + OTHERS_LIVE, once=given)

    def _append(self, update: Json, expires: float, once: bool = False) -> int:
        number = self._next_id
        self._next_id += 1
        self._pending.append(_Update(number, expires, update, once))
        self._soonest = min(self._soonest, expires)
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
        return number

    async def poll(self, offset: int, limit: int, timeout: float, allowed: Iterable[str] | None) -> list[Json]:
        """getUpdates: ends another poll, confirms below `offset`, waits for something, delivers it."""
        if self.webhook:
            raise conflict(WEBHOOK_SET)
        self.interrupt(conflict(TERMINATED))
        if allowed is not None:
            self._allowed = frozenset(map(str, allowed)) or None
        self._confirm(offset)
        if not len(self) and timeout > 0 and self._open:
            await self._arrival(min(timeout, LONGEST_POLL))
        return self._deliver(limit if 1 <= limit <= 100 else 100)

    def interrupt(self, reason: Refusal) -> None:
        """End a waiting poll with this answer."""
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(reason)

    def drop_all(self) -> None:
        """Forget what is pending, as drop_pending_updates does."""
        for update in self._pending:
            self._history.record("dropped", update_id=update.json["update_id"])
        self._pending.clear()

    def open(self) -> None:
        """Let polls wait (again)."""
        self._open = True

    def close(self) -> None:
        """Send waiting polls home with nothing and let none wait."""
        self._open = False
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def _arrival(self, seconds: float) -> None:
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        self._history.wake()
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            pass
        finally:
            if self._waiter is waiter:
                self._waiter = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = self._pending[offset].id if -offset <= len(self._pending) else 0
        elif offset > self._next_id + 10:
            offset = 0
        while self._pending and self._is_done(self._pending[0], offset):
            update = self._pending.popleft()
            kind = "confirmed" if update.delivered else "dropped"
            self._history.record(kind, update_id=update.json["update_id"])

    def _is_done(self, update: _Update, offset: int) -> bool:
        return update.delivered if update.once else update.id < offset

    def _deliver(self, limit: int) -> list[Json]:
        self._drop_expired()
        batch = list(islice(self._pending, limit))
        for update in batch:
            update.delivered = True
            self._history.record("delivered", update_id=update.json["update_id"])
        return [update.json for update in batch]

    def _drop_expired(self) -> None:
        now = self._now()
        if now < self._soonest:
            return
        for update in self._pending:
            if update.expires <= now:
                self._history.record("expired", update_id=update.json["update_id"])
        self._pending = deque(u for u in self._pending if u.expires > now)
        self._soonest = min((u.expires for u in self._pending), default=float("inf"))
