"""R6W: the real way to the Bot API over loopback, cut at every byte of the request and of the reply.

Between the bot's own transport and the local Bot API stands somebody who lets so many bytes pass and then hangs up.
What the bot makes of it decides whether it sends again: "surely not sent" must be true, "sent" too.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from telegram import Bot
from telegram.error import NetworkError

from bot import outward
from bot.emulator import TOKEN, Emulator
from bot.message import Button, Message
from bot.prove.proof import Tally, check
from bot.wire import AiohttpRequest, Unsent

CHAT = 514
MOST_BYTES = 1400
"""Longer than a request, and than a reply, is with its headers."""
PATIENCE_S = 10.0


def cuts(seed: int, amount: int, tally: Tally) -> None:
    """So many, each a byte later than the one before, in one direction and the other. Raises Broken."""
    asyncio.run(_cut(seed, amount, tally))


class Between:
    """Passes bytes on until so many have gone in one direction, then closes both sides at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.left: dict[str, int | None] = {"there": None, "back": None}
        self.struck = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there = await asyncio.open_connection("127.0.0.1", self._port)
        ways = ((reader, there[1], "there"), (there[0], writer, "back"))
        tasks = [asyncio.create_task(self._pass_on(*way)) for way in ways]
        self._tasks |= set(tasks)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, there[1]):
            one.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks -= set(tasks)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        with suppress(OSError):
            while data := await reader.read(4096):
                left = self.left[way]
                writer.write(data if left is None else data[:left])
                await writer.drain()
                if left is not None and len(data) >= left:
                    self.struck, self.left[way] = True, None
                    return
                self.left[way] = None if left is None else left - len(data)


@asynccontextmanager
async def _wired() -> AsyncIterator[tuple[Bot, Emulator, Between]]:
    emulator = Emulator(token=TOKEN)
    await emulator.start()
    between = Between(int(emulator.base_url.rpartition(":")[2]))
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    base = f"http://127.0.0.1:{port}/bot"
    bot = Bot(TOKEN, base_url=base, request=AiohttpRequest(PATIENCE_S), get_updates_request=AiohttpRequest())
    await bot.initialize()
    emulator.phone(CHAT, "P-014", "en").say("/start")
    try:
        yield bot, emulator, between
    finally:
        await bot.shutdown()
        server.close()
        await emulator.stop()


async def _cut(seed: int, amount: int, tally: Tally) -> None:
    async with _wired() as (bot, emulator, between):
        said: dict[str, str] = {}
        for number in range(amount):
            way = ("there", "back")[number % 2]
            between.struck = False
            between.left[way] = (seed + number // 2) % MOST_BYTES
            said[f"message {number}"] = await _sent(bot, f"message {number}")
            between.left[way] = None
            tally.struck[f"cut on the way {way}"] += between.struck
            tally.figures[f"{way} {said[f'message {number}']}"] += 1
            tally.done += 1
        arrived = Counter(event.text or "" for event in emulator.history.of("sent"))
        _judge(said, arrived)


async def _sent(bot: Bot, words: str) -> str:
    """What the bot makes of it: sent, surely not sent, or nobody knows."""
    try:
        await outward.send(bot, CHAT, Message(words, ((Button("Begin", "c:abc:1:b"),),)), silent=True)
    except Unsent:
        return "surely not sent"
    except NetworkError:
        return "nobody knows"
    return "sent"


def _judge(said: dict[str, str], arrived: Counter[str]) -> None:
    for words, verdict in said.items():
        times = arrived[words]
        check(times <= 1, f"{words} arrived {times} times")
        check(verdict != "sent" or times == 1, f"{words} counts as sent, and never arrived")
        check(verdict != "surely not sent" or times == 0, f"{words} counts as surely not sent, and arrived")
