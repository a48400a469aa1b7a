"""The emulator as a whole: one world, its phones and faults, and the loopback server in front of them."""

import ipaddress
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from bot.emulator.botapi import BotApi
from bot.emulator.control import Control
from bot.emulator.faults import Faults, RateWindow
from bot.emulator.history import History
from bot.emulator.phone import Phone
from bot.emulator.world import World

Json = dict[str, Any]
T = TypeVar("T")

# Of the shape of a real token, so that code which checks or hides tokens meets one; it opens nothing.
TOKEN = "7000000001:" + "EMULATED" * 4 + "123"
UPLOAD_LIMIT = 60_000_000


class Emulator:
    """A local Bot API with phones to tap; use as `async with Emulator() as emulator`."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        *,
        token: str = TOKEN,
        limit: int | None = None,
        latency: float = 0.0,
        answer_within: float | None = None,
        keep_history: bool = True,
        seed: int = 0,
        name: str = "Accord",
        username: str = "accord_test_bot",
        first_update_id: int = 100_000_001,
    ) -> None:
        number = token.partition(":")[0]
        if not number.isdecimal() or not token.partition(":")[2]:
            raise ValueError("a token is a number, a colon and letters")
        bot = {"id": int(number), "is_bot": True, "first_name": name, "username": username}
        self.token = token
        self.world = World(now, bot, keep_history, first_update_id)
        if answer_within is not None:
            self.world.answer_within = answer_within
        self.faults = Faults(seed)
        self.window = RateWindow(limit)
        self.api = BotApi(self.world, self.faults, self.window, token)
        self.api.latency = latency
        self._phones: dict[int, Phone] = {}
        self._control = Control(self.world, self.faults, self.phone)
        self._runner: web.AppRunner | None = None
        self._host, self._port = "127.0.0.1", 0

    @property
    def history(self) -> History:
        """Everything that happened so far."""
        return self.world.history

    def phone_routes(self) -> list[web.RouteDef]:
        """What one phone can do over HTTP, for a page that shows phones: the same paths as the emulator's own."""
        return self._control.one_phone()

    @property
    def latency(self) -> float:
        """Seconds of real time added to every call of the bot."""
        return self.api.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.api.latency = seconds

    @property
    def base_url(self) -> str:
        """The part of every URL before '/bot<token>'."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def phone(self, user_id: int, first_name: str = "", language_code: str = "") -> Phone:
        """The phone of this user, made on first use; a name or language given later replaces the old one."""
        person = self.world.know(user_id, first_name, language_code)
        if user_id not in self._phones:
            self._phones[user_id] = Phone(self.world, person)
        return self._phones[user_id]

    def deliver(self, update: Json) -> int:
        """Deliver this JSON as an update, however malformed; the position it got in the queue."""
        return self.world.deliver_raw(update)

    async def until(self, check: Callable[[], T], seconds: float = 5.0) -> T:
        """Wait until `check` gives something true, looking again after each event; TimeoutError if it does not."""
        found = await self.history.until(check, seconds)
        if not found:
            raise TimeoutError(f"not within {seconds:g} s; the newest events: {self.history.events[-5:]}")
        return found

    async def idle(self, seconds: float = 5.0) -> None:
        """Wait until the bot has confirmed every update and polls for more."""
        await self.until(lambda: self.world.updates.idle, seconds)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen on loopback (port 0: any that is free); after a stop the same world goes on."""
        if not is_loopback(host):
            raise ValueError(f"the emulator listens on loopback only, not on {host}")
        app = web.Application(client_max_size=UPLOAD_LIMIT)
        app.add_routes([*self.api.routes(), *self._control.routes()])
        # Nobody waits for callers at the end: long polls are sent home, the rest is cut.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._host, self._port = host, int(self._runner.addresses[0][1])
        self.world.updates.open()

    async def stop(self) -> None:
        """Close the server at once; what is known and pending stays."""
        self.world.updates.close()
        self.faults.release()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
