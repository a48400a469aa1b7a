"""Outbox -> Telegram, paced: what nobody is waiting for, in order for each chat, within Telegram's limits.

Fixed slots of 1/29.7 s without bursts to catch up, and never more than 30 in a second as Telegram may count them; one
message in flight and one second apart for each chat; check-ins before notices before digests. One 429 defers its chat,
two in a row pause all. A send whose reply was lost is unknown, not failed: `core.sending` says what follows, and every
further copy is counted. No promise of "exactly once" is possible: Telegram offers no key for it.
"""

import asyncio
import contextlib
import heapq
import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection
from telegram import Bot
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot import outward
from bot.clock import Clock
from bot.core import sending
from bot.message import Message
from bot.render import phrase
from bot.store import alarms, checkins, outbox, page_links, people
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.outbox import Outgoing
from bot.wire import Unsent

log = logging.getLogger(__name__)

SLOT = timedelta(seconds=1 / 29.7)
APART = timedelta(seconds=1)
AT_MOST, WITHIN = 30, timedelta(seconds=1.005)
"""Telegram's own limit, with a little room. Slots alone would keep it only if every message travelled equally long."""
IN_FLIGHT = 64
BUFFER = 96
LOOK_AGAIN = timedelta(seconds=0.1)
AGAIN = timedelta(seconds=30)
"""How long a send waits that did not arrive, or whose reply was lost."""

Became = Literal["sent", "later", "alone", "gone", "aside", "unknown"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one try. later, alone: it waits, with or without what else there is for this person. `counted`:
    it may have arrived, so it counts as a copy. `unheard`: nobody answered, and it is tried again. `error`: the kind.
    """

    became: Became
    wait: timedelta = timedelta(0)
    message_id: int | None = None
    counted: bool = False
    unheard: bool = False
    error: str | None = None


@dataclass(slots=True)
class Counted:
    """When a message was counted at the latest: while it is on its way, when it went; then, when its reply came."""

    at: datetime


class Delivery:
    """The pacer over the outbox. `run` works until cancelled, whenever it is woken."""

    def __init__(self, bot: Bot, store: Store, clock: Clock, page: str = "") -> None:
        self._bot, self._store, self._clock, self._page = bot, store, clock, page
        self._woken = asyncio.Event()
        self._chats: dict[int, deque[Outgoing]] = {}
        self._resting: list[tuple[datetime, int, int, int]] = []  # (not before, rank, id, chat)
        self._ready: list[tuple[int, int, int]] = []  # (rank, id, chat): those whose chat has rested
        self._flying: set[asyncio.Task[None]] = set()
        self._more = False
        self._claiming: asyncio.Task[None] | None = None
        self._counted: deque[Counted] = deque(maxlen=AT_MOST)
        self._shortest = AGAIN  # the shortest time between a message and its reply
        self._slot = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._last: dict[int, datetime] = {}
        self._limited = 0
        self._limited_chat = 0
        self.stuck_since: datetime | None = None
        """Since when there is something to send and the Bot API answers nothing; None: all is well."""

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    def replied(self) -> None:
        """A reply went out beside the queue: it took a slot of the whole bot's rate."""
        now = self._clock.now()
        self._slot = max(self._slot, min(max(self._slot, now) + SLOT, now + APART))
        self._counted.append(Counted(now))

    @property
    def busy(self) -> bool:
        """Whether something is claimed, on its way, or to be looked for."""
        return bool(self._chats or self._flying or self._claiming or self._more or self._woken.is_set())

    async def run(self) -> None:
        """Send what is due, whenever woken."""
        await self._store.write(_resume, self._clock.now())
        self.wake()
        while True:
            await self._woken.wait()
            try:
                await self._empty()
            except StoreError as error:
                log.error("the outbox cannot be read: %s", type(error).__name__)
                await self._clock.sleep(AGAIN.total_seconds())

    async def drain(self) -> None:
        """Wait for what is on its way, and put back what was claimed and did not go."""
        if self._claiming is not None:
            await asyncio.wait({self._claiming})
        if self._flying:
            await asyncio.wait(self._flying)
        for queue in self._chats.values():
            await self._store.write(outbox.put_back, queue[0].person_id, self._clock.now())
        self._chats.clear()

    async def _empty(self) -> None:
        """Claim and send until nothing is due. The table is read again when woken, or when it gave all asked for."""
        while True:
            if self._woken.is_set():
                self._woken.clear()
                self._more = True
            self._claim_if_room()
            if self._chats:
                await self._next()
            elif self._claiming is not None:
                await asyncio.wait({self._claiming})
            elif not self._more and not self._woken.is_set():
                return

    def _claim_if_room(self) -> None:
        """Claim in good time, beside the sending: the database may be busy for longer than a slot."""
        if self._claiming is not None and self._claiming.done():
            landed, self._claiming = self._claiming, None
            landed.result()
        room = BUFFER - sum(len(queue) for queue in self._chats.values())
        if self._more and self._claiming is None and room >= BUFFER // 2:
            self._more = False
            self._claiming = asyncio.create_task(self._claim(room))

    async def _claim(self, room: int) -> None:
        rows, is_all = await self._store.write_in_turn(outbox.claim, self._clock.now(), room)
        self._more = self._more or not is_all
        if any(row.chat_id is not None for row in rows):
            self.stuck_since = self.stuck_since or self._clock.now()
        for row in rows:
            if row.chat_id is not None:
                self._queue(row.chat_id, row)
        for row in rows:
            if row.chat_id is None:
                await self._store.write(outbox.give_up_on, row.person_id, self._clock.now())

    def _queue(self, chat: int, row: Outgoing) -> None:
        queue = self._chats.get(chat)
        if queue is not None:
            queue.append(row)
            return
        self._chats[chat] = deque([row])
        self._offer(chat, row)

    def _offer(self, chat: int, row: Outgoing) -> None:
        """The chat's first message may go out from here on."""
        now = self._clock.now()
        heapq.heappush(self._resting, (self._last.get(chat, now), row.rank, row.id, chat))

    async def _next(self) -> None:
        """Send the next message that may go, or wait: for its slot, or for one to land."""
        if not (self._ready or self._resting) or len(self._flying) >= IN_FLIGHT:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
            return
        now = self._clock.now()
        while self._resting and self._resting[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._resting)[1:])
        free = self._free_from()
        wait = (free if self._ready else max(free, self._resting[0][0])) - now
        if wait > timedelta(0):
            await self._clock.sleep(min(wait, LOOK_AGAIN).total_seconds())
            return
        _, _, chat = heapq.heappop(self._ready)
        # The grid is kept through the small delays of the loop; after a longer one it starts anew, without a burst.
        self._slot = (self._slot if now - self._slot < 3 * SLOT else now) + SLOT
        counted = Counted(now)
        self._counted.append(counted)
        task = asyncio.create_task(self._fly(chat, counted))
        self._flying.add(task)
        task.add_done_callback(self._land)

    def _free_from(self) -> datetime:
        """When one more may go: at its slot, and a second after the thirtieth before it."""
        if len(self._counted) < AT_MOST:
            return self._slot
        return max(self._slot, self._counted[0].at + WITHIN)

    def _replied_to(self, counted: Counted) -> None:
        """It was counted, at the latest, when its reply set out: so long ago as the quickest one took both ways."""
        now = self._clock.now()
        self._shortest = min(self._shortest, now - counted.at)
        counted.at = now - self._shortest

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a send ended badly: %s", type(task.exception()).__name__)

    async def _fly(self, chat: int, counted: Counted) -> None:
        """One message on its way; then the chat's next one may follow, a second later."""
        queue = self._chats[chat]
        row = queue[0]
        fate = await self._send(chat, row)
        if fate.became == "sent":
            self._replied_to(counted)
        heard = self._clock.now()
        while not await self._written_back(row, fate):
            await self._clock.sleep(AGAIN.total_seconds())
        if fate.message_id is not None and row.body.get("replaces") is not None:
            with contextlib.suppress(TelegramError):
                await outward.delete(self._bot, chat, row.body["replaces"])
        now = self._clock.now()
        self._last[chat] = now + APART
        queue.popleft()
        goes_on = bool(queue) and fate.became not in ("later", "gone")
        if not fate.unheard:
            self.stuck_since = now if goes_on or len(self._chats) > 1 else None
        if goes_on:
            self._offer(chat, queue[0])
            return
        del self._chats[chat]
        self._forget(now)
        if fate.became == "later" and now - heard >= fate.wait:
            self._more = True  # it is due again by now; else the tick wakes us when it is

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
            became: Became = "gone" if "chat not found" in error.message.lower() else "aside"
            return Fate(became, error=type(error).__name__)
        except Unsent:
            return Fate("later", AGAIN, unheard=True)
        except StoreError as error:  # a link could not be kept, so nothing went out
            log.error("outbox %d waits for the database: %s", row.id, type(error).__name__)
            return Fate("later", AGAIN)
        except NetworkError:
            return _unheard(row)
        except TelegramError as error:
            log.warning("outbox %d set aside: %s", row.id, type(error).__name__)
            return Fate("aside", error=type(error).__name__)
        except Exception as error:  # a row that is not as it should be stops nobody else's
            log.error("outbox %d set aside: %s", row.id, type(error).__name__)
            return Fate("aside", error=type(error).__name__)
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
        if row.kind == "menu":
            await outward.menu(self._bot, chat, row.body["commands"])
            return None
        message = Message.from_json(row.body)
        if message.leads_to_page:  # a repeated send may be the second copy: then both links are good
            again = row.attempts > 1
            message = await self._store.write(page_links.with_links, message, self._page, self._clock.now(), again)
        if row.body.get("edit") is not None:
            await outward.edit(self._bot, chat, row.body["edit"], message)
            return None
        return await outward.send(self._bot, chat, message, silent=row.body.get("silent", False))

    async def _written_back(self, row: Outgoing, fate: Fate) -> bool:
        """Whether the database took what became of it. What was sent and is not noted would be sent again."""
        try:
            await self._store.write_in_turn(_settled, row, fate, self._clock.now())
        except StoreError as error:
            log.error("outbox %d: what became of it is not stored: %s", row.id, type(error).__name__)
            return False
        return True


def _unheard(row: Outgoing) -> Fate:
    """What follows on a send whose reply was lost."""
    again = sending.unheard(row.kind, row.attempts)
    if again is None:
        return Fate("unknown")
    # What waits for a tap leaves the line to others: whether the API answers at all, they will show.
    return Fate("alone" if again.alone else "later", again.wait, counted=True, unheard=not again.alone)


def _resume(conn: Connection, now: datetime) -> None:
    """After a stop: what was being sent may or may not have arrived. It is tried once more and counted, or given up."""
    for row in outbox.cut_off(conn):
        if sending.cut_off(row.kind):
            _mark_if_alert(conn, row)
            outbox.wait_alone(conn, row.id, now)
        else:
            outbox.settle(conn, row.id, "unknown", None, None)


def _mark_if_alert(conn: Connection, row: Outgoing) -> None:
    """An alert that may arrive twice says so the second time."""
    if sending.SORT[row.kind] == "alert" and not row.body.get("again"):
        text = f"{phrase(people.by_id(conn, row.person_id).lang, 'sent_again')}\n\n{row.body['text']}"
        outbox.change_body(conn, row.id, row.body | {"text": text, "again": True})


def _settled(conn: Connection, row: Outgoing, fate: Fate, now: datetime) -> None:
    """Keep what became of it, and which message now stands for the check-in."""
    if fate.became == "later":
        outbox.put_back(conn, row.person_id, now + fate.wait, row.id if fate.counted else None)
    elif fate.became == "alone":
        outbox.wait_alone(conn, row.id, now + fate.wait)
    elif fate.became == "gone":
        outbox.give_up_on(conn, row.person_id, now)
    else:
        sent_at = now if fate.became == "sent" else None
        outbox.settle(conn, row.id, fate.became, sent_at, fate.message_id, fate.error)
    if fate.counted:
        _mark_if_alert(conn, row)
    if fate.became == "aside" and row.kind in (*outbox.BY_ITSELF, "reply"):
        alarms.note(conn, "aside", now)
    if fate.message_id is not None and row.about is not None and row.kind in ("prompt", "reminder", "notice", "reply"):
        checkins.set_message(conn, row.about, fate.message_id)
