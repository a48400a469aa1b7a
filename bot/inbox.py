"""Telegram -> durable inbox -> one handler call at a time for each person.

An update is stored and committed before it is confirmed to Telegram (by the offset of the next request), so a crash
loses nothing. Each is parsed alone; one that cannot be read is set aside with its id and the others go on. People are
handled concurrently, one person's updates strictly in order.
"""

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from telegram import Bot, CallbackQuery, Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot import drawing, outward
from bot.chat import door
from bot.chat.reply import Outcome, Page, Picture, Reply
from bot.clock import Clock
from bot.config import Config
from bot.core.checkin import TAP_LIVES
from bot.gate import Gate
from bot.message import Button, Message
from bot.raw import KINDS, is_id, spoken, what_is_read, whose
from bot.render import phrase
from bot.store import inbox, outbox, page_links, people
from bot.store.engine import Store
from bot.store.errors import NotStored, StoreClosed, StoreError

log = logging.getLogger(__name__)

LONG_POLL_S = 25
AT_ONCE = 100
IN_FLIGHT, STRANGERS_IN_FLIGHT = 256, 8
CALM_DOWN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits after one, two, three … failed requests in a row."""
PICTURES_KNOWN = 1000
HURRIED = 20
"""With so many of one person's updates behind it, one is carried out, and only the later ones are answered on screen:
whoever sends faster than anybody can read would take the line from all others.
"""
KEPT_FOR = timedelta(days=2)  # Telegram repeats an update for 24 h at most


@dataclass(frozen=True, slots=True)
class _Queued:
    """An update in its person's queue: accepted before (`again`); a stranger's, which `waits` behind all others."""

    update_id: int
    raw: dict[str, Any]
    again: bool
    waits: bool


class Inbox:
    """The poll loop and the people's queues."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        config: Config,
        clock: Clock,
        wake: Callable[[], None],
        replied: Callable[[], None],
        was_deaf: Callable[[datetime], None],
        page: str = "",
    ) -> None:
        self._bot, self._store, self._config, self._clock = bot, store, config, clock
        self._wake, self._replied, self._was_deaf, self._page = wake, replied, was_deaf, page
        self._queues: dict[int, deque[_Queued]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._doorstep = asyncio.Semaphore(STRANGERS_IN_FLIGHT)
        self._done: list[int] = []
        self._making = asyncio.Lock()
        self._drawing = asyncio.Lock()  # one at a time: a second thread would only wait, and take one from others
        self._pictures: dict[tuple[int, str | None], int] = {}
        self._offset, self._stopping = 0, False
        self._gate = Gate()
        self.polled_at: datetime | None = None
        """When what people said was last heard, or there was nothing to hear."""

    async def run(self) -> None:
        """Poll until cancelled. First comes what a stop left behind."""
        left = [(number, json.loads(text), state) for number, text, state in await self._store.read(inbox.unfinished)]
        strangers = await self._store.read(self._gate.strangers, {whose(raw) for _, raw, _ in left})
        for update_id, raw, state in left:
            self._dispatch(_Queued(update_id, raw, state == "accepted", whose(raw) in strangers))
        failed = 0
        while True:
            try:
                await self._poll()
                self._heard(after_trouble=failed > 0)
                failed = 0
            except InvalidToken:
                raise
            except (TelegramError, StoreError) as error:
                wait = _calm_down(error, failed)
                log.warning("polling failed: %s; again in %.0f s", type(error).__name__, wait)
                failed += 1
                await self._clock.sleep(wait)

    def _heard(self, after_trouble: bool) -> None:
        """The Bot API answered. If it did not for long, what was tapped meanwhile is lost: say since when."""
        since, self.polled_at = self.polled_at, self._clock.now()
        if after_trouble and since is not None and self.polled_at - since >= TAP_LIVES:
            self._was_deaf(since)

    async def _poll(self) -> None:
        """One request: store what came, then dispatch it; the next request confirms it.

        The updates are asked for raw: the library's own way parses them all at once, and loses them at a crash.
        """
        # Whatever was answered until now is marked done together with the next arrivals: one commit less for each tap.
        timeout = 0 if self._done else LONG_POLL_S
        asks = {"offset": self._offset, "timeout": timeout, "limit": AT_ONCE, "allowed_updates": list(KINDS)}
        raw = await self._bot.do_api_request("getUpdates", asks, read_timeout=LONG_POLL_S + 5)
        await self._take([update for update in raw if isinstance(update, dict) and is_id(update.get("update_id"))])

    async def _take(self, updates: list[dict[str, Any]]) -> None:
        done, self._done = self._done, []
        if updates or done:
            try:
                new = set(await self._store.write(self._gate.add, updates, done, self._clock.now()))
            except StoreError:
                self._done += done
                raise
            for update in updates:
                if update["update_id"] in new:
                    waits = self._gate.must_wait(whose(update))
                    self._dispatch(_Queued(update["update_id"], update, False, waits))
        if updates:
            self._offset = max(update["update_id"] for update in updates) + 1

    def _dispatch(self, queued: "_Queued") -> None:
        """Queue an update behind those of the same person; a queue has a task as long as it holds something."""
        key = whose(queued.raw)
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(queued)
            return
        self._queues[key] = deque([queued])
        task = asyncio.create_task(self._serve(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: int) -> None:
        queue = self._queues[key]
        while queue:
            queued = queue[0]
            async with self._doorstep if queued.waits else contextlib.nullcontext(), self._slots:
                if queued.waits and self._stopping:  # the next start finds it
                    break
                await self._handle(queued, len(queue) > HURRIED)
            queue.popleft()
        del self._queues[key]

    async def _handle(self, queued: "_Queued", hurried: bool) -> None:
        """Parse, decide and store, then reply. What raises is set aside; it concerns nobody else."""
        update_id, raw = queued.update_id, queued.raw
        try:
            update = Update.de_json(what_is_read(raw), self._bot)
            outcome = await self._decide(update, queued, hurried)
        except StoreClosed:  # we are stopping; the next start finds it
            return
        except Exception as error:
            # No text of the error: it may quote what a person wrote.
            log.error("update %d set aside: %s", update_id, type(error).__name__)
            await self._set_aside(update_id, type(error).__name__)
            await self._apologise(raw)
            await self._ask_for_it_again(raw)
            return
        try:
            await self._reply(update, raw, replace(outcome, replies=(), page=None) if hurried else outcome)
        except Exception as error:  # whatever it is, it must not end this queue: the person would never be served again
            log.error("the reply to update %d was not kept: %s", update_id, type(error).__name__)
        self._done.append(update_id)

    async def _decide(self, update: Update, queued: "_Queued", hurried: bool) -> Outcome:
        """Carry it out. While the disk is in the way, say so and try again: the update itself is on it already."""
        failed, write = 0, self._store.write_in_turn if hurried or queued.waits else self._store.write
        while True:
            try:
                handler = door.again if queued.again else door.accept
                return await write(handler, update, self._config, self._clock.now())
            except NotStored as error:
                log.error("update %d was not stored: %s", update.update_id, type(error).__name__)
                if not failed:
                    await self._apologise(queued.raw)
                await self._clock.sleep(_calm_down(error, failed))
                failed += 1

    async def _set_aside(self, update_id: int, error: str) -> None:
        try:
            await self._store.write(inbox.set_aside, update_id, error, self._clock.now())
        except StoreError as failed:
            log.error("update %d stays unread: %s", update_id, type(failed).__name__)

    async def _apologise(self, raw: dict[str, Any]) -> None:
        """Something is in the way: say that nothing was saved, instead of nothing."""
        query = raw.get("callback_query")
        if isinstance(query, dict) and isinstance(query.get("id"), str):
            try:
                await outward.answer(self._bot, query["id"], phrase(spoken(raw), "toast_trouble"))
            except TelegramError as error:
                log.warning("no answer to a tap: %s", type(error).__name__)

    async def _ask_for_it_again(self, raw: dict[str, Any]) -> None:
        """What was typed is set aside and will not be tried again: never silence."""
        message = raw.get("message")
        chat = message.get("chat") if isinstance(message, dict) else None
        if not isinstance(chat, dict) or chat.get("type") != "private" or not is_id(chat.get("id")):
            return
        try:
            await outward.send(self._bot, chat["id"], Message(phrase(spoken(raw), "words_trouble")), silent=True)
        except TelegramError as error:
            log.warning("no answer to what was typed: %s", type(error).__name__)

    # -------------------------------------------------------------------------------------------- replies

    async def _reply(self, update: Update, raw: dict[str, Any], outcome: Outcome) -> None:
        """Everything at once: the tap's answer and the edit are one round trip, not two."""
        if outcome.woke:
            self._wake()
        user = update.effective_user
        if user is None:
            return
        work = [self._send_all(user.id, update.update_id, outcome, spoken(raw))]
        if update.callback_query is not None:
            work.append(self._answer(update.callback_query, outcome.toast))
        await asyncio.gather(*work)

    async def _send_all(self, chat_id: int, update_id: int, outcome: Outcome, lang: str) -> None:
        made = Page(())
        if outcome.page is not None:  # reading many answers would hold up the thread that writes everybody's
            made = await self._made(update_id, outcome.page, lang)
        arrived = [
            await self._send(chat_id, update_id, n, r, lang) for n, r in enumerate(outcome.replies + made.replies)
        ]
        if made.keep is not None and all(arrived):  # what nobody has seen does not count as shown
            await self._store.write(made.keep)

    async def _made(self, update_id: int, page: Callable[[Connection], Page], lang: str) -> Page:
        """A page from what is there now; a sentence if it cannot be made."""
        # One at a time, so that a tap gets its turn between two statements of it; and while it waits for its own turn
        # it takes no place from those who tap.
        self._slots.release()
        try:
            async with self._making:
                return await self._store.read(page)
        except StoreClosed:
            raise
        except Exception as error:
            log.error("the page that update %d asked for was not made: %s", update_id, type(error).__name__)
            return Page((Reply(Message(phrase(lang, "page_trouble"))),))
        finally:
            await self._slots.acquire()

    async def _answer(self, query: CallbackQuery, toast: str | None) -> None:
        try:
            await outward.answer(self._bot, query.id, toast)
        except TelegramError as error:
            log.info("a tap stays unanswered: %s", type(error).__name__)

    async def _send(self, chat_id: int, update_id: int, n: int, reply: Reply, lang: str) -> bool:
        """Edit in place, or send anew and take the old message away; whether it arrived.

        What the API refuses for now goes to the outbox; what it refuses for good is said in a sentence.
        """
        self._replied()
        try:
            await self._show(chat_id, reply)
        except (NetworkError, RetryAfter) as error:
            log.info("a reply goes to the outbox: %s", type(error).__name__)
            after = self._clock.now() + timedelta(seconds=_calm_down(error, 0) if isinstance(error, RetryAfter) else 0)
            await self._store.write(_put_off, chat_id, f"reply:{update_id}:{n}", reply, after)
            self._wake()
        except TelegramError as error:
            log.info("a reply was refused: %s", type(error).__name__)
            with contextlib.suppress(TelegramError):
                await outward.send(self._bot, chat_id, Message(phrase(lang, "page_trouble")), silent=True)
        else:
            return True
        return False

    async def _show(self, chat_id: int, reply: Reply) -> None:
        if reply.message.leads_to_page:
            now = self._clock.now()
            reply = replace(
                reply, message=await self._store.write(page_links.with_links, reply.message, self._page, now)
            )
        if reply.picture is not None and await self._pictured(chat_id, reply.picture):
            return
        if reply.file is not None:
            await outward.send_file(self._bot, chat_id, reply.file.name, reply.file.data)
            return
        if reply.removes is not None and await outward.delete(self._bot, chat_id, reply.removes):
            return
        if reply.edit is not None and await outward.edit(self._bot, chat_id, reply.edit, reply.message):
            return
        # Silent: whoever just tapped or typed is looking.
        message_id = await outward.send(self._bot, chat_id, reply.message, silent=True)
        # The old message goes before the new one is noted: after a crash only the noted one is known and can go.
        if reply.replaces is not None and reply.replaces != message_id:
            with contextlib.suppress(TelegramError):  # the new message is there; the old one may stay
                await outward.delete(self._bot, chat_id, reply.replaces)
        if reply.about is not None:
            await self._store.write(door.remember_message, chat_id, reply.about, message_id)

    async def _pictured(self, chat_id: int, picture: Picture) -> bool:
        """Draw it, beside the event loop, and send it; False if either did not work. Of two taps one picture stays."""
        try:
            async with self._drawing:
                png = await asyncio.to_thread(drawing.png, picture.chart, picture.lang)
            message_id = await outward.send_photo(self._bot, chat_id, png, picture.under)
        except TelegramError as error:
            log.warning("a picture was not sent: %s", type(error).__name__)
            return False
        except Exception as error:
            log.error("a picture was not drawn: %s", type(error).__name__)
            return False
        if len(self._pictures) >= PICTURES_KNOWN:
            self._pictures.clear()
        before = self._pictures.pop((chat_id, picture.chart.code), None)
        self._pictures[chat_id, picture.chart.code] = message_id
        if before is not None:
            with contextlib.suppress(TelegramError):
                await outward.delete(self._bot, chat_id, before)
        return True

    # -------------------------------------------------------------------------------------------- stopping

    async def drain(self) -> None:
        """Wait for the handlers that are at work, and mark what they did, also if the wait is cut short."""
        self._stopping = True
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            if self._done:
                done, self._done = self._done, []
                await self._store.write(inbox.finish, done)

    @property
    def busy(self) -> bool:
        """Whether a handler is at work."""
        return bool(self._tasks)


def _calm_down(error: Exception, failed: int) -> float:
    if isinstance(error, RetryAfter):
        after = error.retry_after
        return after.total_seconds() if isinstance(after, timedelta) else float(after)
    if isinstance(error, Conflict):
        return CALM_DOWN_S[-1]
    return CALM_DOWN_S[min(failed, len(CALM_DOWN_S) - 1)]


def _put_off(conn: Any, chat_id: int, key: str, reply: Reply, now: Any) -> None:
    """A reply that could not be given waits in the outbox. By then nobody may be looking: a new message is neutral."""
    who = people.by_chat(conn, chat_id)
    if who is None:
        return
    message = reply.message if reply.edit is not None else _neutral(reply, who.lang)
    body = message.to_json() | {"edit": reply.edit, "replaces": reply.replaces, "silent": True}
    if reply.edit is not None and reply.about:
        body |= {"turn": outbox.turn_of(conn, reply.about)}
    outbox.add(conn, who, key, "edit" if reply.edit else "reply", body, now, about=reply.about or None)


def _neutral(reply: Reply, lang: str) -> Message:
    """What stands for a reply that comes late: a check-in leads on to where it is, anything else is asked for again."""
    if reply.message.leads_to_page:
        return reply.message
    own = next((b.data.split(":") for row in reply.message.rows for b in row if b.data.startswith("c:")), None)
    if own is None:
        return reply.message if reply.about == "" or not reply.message.rows else Message(phrase(lang, "say_again"))
    resume = Button(phrase(lang, "resume"), ":".join([*own[:3], "b"]))
    return Message(phrase(lang, "ready_hidden"), ((resume,),))
