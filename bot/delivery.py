"""Outbox -> Telegram, paced: what nobody is waiting for, in order for each chat, within Telegram's limits.

Fixed slots of 1/29.5 s without bursts to catch up; one message in flight and one second apart for each chat; check-ins
before notices before digests. One 429 defers its chat, two in a row pause all. A send whose reply was lost is unknown,
not failed: it is tried once more, and counted. No promise of "exactly once" is possible: Telegram offers no key for it.
"""

import asyncio
import contextlib
import heapq
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection
from telegram import Bot
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot import outward
from bot.clock import Clock
from bot.message import Message
from bot.store import checkins, outbox
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.outbox import Outgoing
from bot.wire import Unsent

log = logging.getLogger(__name__)

SLOT = timedelta(seconds=1 / 29.5)
APART = timedelta(seconds=1)
IN_FLIGHT = 64
BUFFER = 96
LOOK_AGAIN = timedelta(seconds=0.1)
AGAIN = timedelta(seconds=30)
"""How long a send waits that did not arrive, or whose reply was lost."""
TRIES = 2
"""Copies of a message whose fate is unknown: the first, and one more."""

Became = Literal["sent", "later", "gone", "aside", "unknown"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one try. `counted`: it may have arrived, so it counts as a copy."""

    became: Became
    wait: timedelta = timedelta(0)
    message_id: int | None = None
    counted: bool = False


class Delivery:
    """The pacer over the outbox. `run` works until cancelled, whenever it is woken."""

    def __init__(self, bot: Bot, store: Store, clock: Clock) -> None:
        self._bot, self._store, self._clock = bot, store, clock
        self._woken = asyncio.Event()
        self._chats: dict[int, deque[Outgoing]] = {}
        self._ready: list[tuple[datetime, int, int, int]] = []  # (not before, rank, id, chat)
        self._flying: set[asyncio.Task[None]] = set()
        self._more = False
        self._slot = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._last: dict[int, datetime] = {}
        self._limited = 0
        self._limited_chat = 0

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    def replied(self) -> None:
        """A reply went out beside the queue: it took a slot of the whole bot's rate."""
        now = self._clock.now()
        self._slot = min(max(self._slot, now) + SLOT, now + APART)

    @property
    def busy(self) -> bool:
        """Whether something is claimed, on its way, or to be looked for."""
        return bool(self._chats or self._flying or self._more or self._woken.is_set())

    async def run(self) -> None:
        """Send what is due, whenever woken."""
        await self._store.write(outbox.resume, self._clock.now())
        self.wake()
        while True:
            await self._woken.wait()
            try:
                await self._empty()
            except StoreError as error:
                log.error("the outbox cannot be read: %s", type(error).__name__)
                await self._clock.sleep(AGAIN.total_seconds())

    async def drain(self) -> None:
        """Wait for what is on its way."""
        if self._flying:
            await asyncio.wait(self._flying)

    async def _empty(self) -> None:
        """Claim and send until nothing is due. The table is read again when woken, or when it gave all asked for."""
        while True:
            if self._woken.is_set():
                self._woken.clear()
                self._more = True
            if self._more:
                await self._claim()
            if self._chats:
                await self._next()
            elif not self._more and not self._woken.is_set():
                return

    async def _claim(self) -> None:
        room = BUFFER - sum(len(queue) for queue in self._chats.values())
        if room < BUFFER // 2:
            return
        rows = await self._store.write(outbox.claim, self._clock.now(), room)
        self._more = len(rows) == room
        for row in rows:
            await self._queue(row)

    async def _queue(self, row: Outgoing) -> None:
        if row.chat_id is None:
            await self._store.write(_settled, row, Fate("gone"), self._clock.now())
            return
        queue = self._chats.get(row.chat_id)
        if queue is not None:
            queue.append(row)
            return
        self._chats[row.chat_id] = deque([row])
        self._offer(row.chat_id, row)

    def _offer(self, chat: int, row: Outgoing) -> None:
        """The chat's first message may go out from here on."""
        now = self._clock.now()
        heapq.heappush(self._ready, (max(self._last.get(chat, now), now), row.rank, row.id, chat))

    async def _next(self) -> None:
        """Send the next message that may go, or wait: for its slot, or for one to land."""
        if not self._ready or len(self._flying) >= IN_FLIGHT:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
            return
        now = self._clock.now()
        wait = max(self._ready[0][0], self._slot) - now
        if wait > timedelta(0):
            await self._clock.sleep(min(wait, LOOK_AGAIN).total_seconds())
            return
        _, _, _, chat = heapq.heappop(self._ready)
        # The grid is kept through the small delays of the loop; after a longer one it starts anew, without a burst.
        self._slot = (self._slot if now - self._slot < SLOT else now) + SLOT
        task = asyncio.create_task(self._fly(chat))
        self._flying.add(task)
        task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a send ended badly: %s", type(task.exception()).__name__)

    async def _fly(self, chat: int) -> None:
        """One message on its way; then the chat's next one may follow, a second later."""
        queue = self._chats[chat]
        row = queue[0]
        fate = await self._send(chat, row)
        await self._write_back(row, fate, list(queue))
        now = self._clock.now()
        self._last[chat] = now + APART
        queue.popleft()
        if queue and fate.became not in ("later", "gone"):
            self._offer(chat, queue[0])
            return
        del self._chats[chat]
        self._forget(now)
        if fate.became == "later":
            self._more = True  # what was put back may be due again before anybody wakes us

    def _forget(self, now: datetime) -> None:
        if len(self._last) > 10_000:
            self._last = {chat: at for chat, at in self._last.items() if at > now}

    async def _send(self, chat: int, row: Outgoing) -> Fate:
        """One try, and what became of it."""
        try:
            message_id = await self._do(chat, row)
        except RetryAfter as error:
            return Fate("later", self._slow_down(chat, error))
        except Forbidden:
            return Fate("gone")
        except BadRequest as error:
            log.warning("outbox %d was refused", row.id)
            return Fate("gone" if "chat not found" in error.message.lower() else "aside")
        except Unsent:
            return Fate("later", AGAIN)
        except NetworkError:
            return Fate("later", AGAIN, counted=True) if row.attempts < TRIES else Fate("unknown")
        except TelegramError as error:
            log.warning("outbox %d set aside: %s", row.id, type(error).__name__)
            return Fate("aside")
        self._limited = 0
        return Fate("sent", message_id=message_id)

    def _slow_down(self, chat: int, error: RetryAfter) -> timedelta:
        """One 429 defers its chat; a second in a row, of another chat, is the whole bot's: pause all."""
        after = error.retry_after
        wait = after if isinstance(after, timedelta) else timedelta(seconds=after)
        self._limited += 1
        if self._limited > 1 and self._limited_chat != chat:
            self._slot = self._clock.now() + wait
        self._limited_chat = chat
        return wait

    async def _do(self, chat: int, row: Outgoing) -> int | None:
        """Send, edit or delete; the id of a message that was sent."""
        if row.kind == "delete":
            await outward.delete(self._bot, chat, row.body["delete"])
            return None
        message = Message.from_json(row.body)
        if row.body.get("edit") is not None:
            await outward.edit(self._bot, chat, row.body["edit"], message)
            return None
        sent = await outward.send(self._bot, chat, message, silent=row.body.get("silent", False))
        if row.body.get("replaces") is not None:
            with contextlib.suppress(TelegramError):
                await outward.delete(self._bot, chat, row.body["replaces"])
        return sent

    async def _write_back(self, row: Outgoing, fate: Fate, queue: Sequence[Outgoing]) -> None:
        now = self._clock.now()
        if fate.became == "later":
            counted = row.id if fate.counted else None
            await self._store.write(outbox.put_back, [w.id for w in queue], now + fate.wait, counted)
        elif fate.became == "gone":
            await self._store.write(outbox.give_up_on, row.person_id, now)
        else:
            await self._store.write(_settled, row, fate, now)


def _settled(conn: Connection, row: Outgoing, fate: Fate, now: datetime) -> None:
    """Keep what became of it, and which message now stands for the check-in."""
    sent_at = now if fate.became == "sent" else None
    outbox.settle(conn, row.id, fate.became, sent_at=sent_at, message_id=fate.message_id)
    if fate.message_id is not None and row.about is not None and row.kind in ("prompt", "reminder", "notice"):
        checkins.set_message(conn, row.about, fate.message_id)
