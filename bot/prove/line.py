"""The way to the Bot API without a wire, for the virtual loop: the same faults, at moments drawn from a seed.

`bot.wire` itself is proved over real connections (R6); here it is replaced, and raises what it would raise.
"""

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Any

from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.emulator import Emulator, Fault
from bot.prove.virtual import LIVING, Life
from bot.wire import Unsent

Json = dict[str, Any]
HANGS_S = 15.0
NO_CONNECTION_S = 0.05


class Line:
    """What is between the bot and the Bot API: how long it takes, whether it is cut, and who dies on the way."""

    def __init__(self, emulator: Emulator, random: Random) -> None:
        self.emulator, self.random = emulator, random
        self.down = False
        self.calls = 0
        self.in_vain = 0
        """So many calls were made while it was down."""
        self.kill_at: Callable[[int, str, str], bool] = lambda number, method, when: False  # noqa: ARG005

    def pause(self) -> float:
        """How long one way takes."""
        return 0.01 + self.random.random() ** 3 * 0.3

    def note(self, kind: str, method: str, given: Json, pause: int = 0) -> None:
        """Tell the history of a fault, as the local Bot API itself does."""
        chat, text = given.get("chat_id"), given.get("text")
        self.emulator.history.record("fault", chat, None, text, fault=kind, method=method, params=given, pause=pause)

    async def call(self, life: Life, method: str, data: RequestData | None) -> tuple[int, bytes]:
        """One call, there and back."""
        life.check()
        self.calls += 1
        number = self.calls
        given, uploads = _given(data)
        await asyncio.sleep(self.pause())
        life.check()
        if self.down:
            self.in_vain += 1
            await asyncio.sleep(NO_CONNECTION_S)
            raise Unsent("ClientConnectorError")
        if self.kill_at(number, method, "before"):
            self.note("killed before", method, given)
            life.kill()
        life.check()
        fault = self.emulator.faults.pick(method, given) if self.emulator.faults.planned else None
        if fault is not None:
            self.note(fault.kind, method, given, fault.retry_after)
        status, body = await self._carried_out(fault, method, given, uploads)
        if self.kill_at(number, method, "after"):
            self.note("killed after", method, given)
            life.kill()
        await asyncio.sleep(self.pause())
        life.check()
        return status, body

    async def _carried_out(self, fault: Fault | None, method: str, given: Json, uploads: Any) -> tuple[int, bytes]:
        if fault is not None:
            match fault.kind:
                case "hang":
                    await asyncio.sleep(HANGS_S)
                    raise TimedOut
                case "cut":
                    raise NetworkError("ServerDisconnectedError")
                case "broken" | "gateway":
                    raise Unsent("HTTP 502")
                case "flood" | "forbidden" | "bad":
                    refusal = fault.refusal()
                    return refusal.code, json.dumps(refusal.body()).encode()
        response = await self.emulator.api.answer(method, given, uploads)
        if fault is not None:  # lost: accepted, and nobody hears of it
            raise NetworkError("ServerDisconnectedError")
        assert isinstance(response.body, bytes)
        return response.status, response.body


def _given(data: RequestData | None) -> tuple[Json, dict[str, tuple[str, bytes]]]:
    if data is None or not data.parameters:
        return {}, {}
    if not data.contains_files:
        return json.loads(json.dumps(data.parameters)), {}
    parts = (data.multipart_data or {}).items()
    files = {name: (part[0], part[1]) for name, part in parts if isinstance(part[1], bytes)}
    return dict(data.json_parameters) | {name: file[0] for name, file in files.items()}, files


class OverLine(BaseRequest):
    """The bot's transport, over a line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._life = LIVING.get() or Life()

    @property
    def read_timeout(self) -> float:
        """How long a reply may take, in seconds."""
        return 10.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        write_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        connect_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        pool_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """One call."""
        return await self._line.call(self._life, url.rpartition("/")[2], request_data)
