"""What may go wrong on request: errors, cut connections, lost replies, hanging calls, and a strict rate limit.

Here is only *which* call is hit and how; `botapi` makes it happen on the wire.
"""

import asyncio
from collections import deque
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from bot.emulator.refuse import Refusal, flood

Json = dict[str, Any]

# kind -> code and words of the answer; the last four say what happens to the connection instead.
ERRORS = {
    "forbidden": (403, "Forbidden: bot was blocked by the user"),
    "bad": (400, "Bad Request: MESSAGE_ID_INVALID"),
    "broken": (500, "Internal Server Error"),
    "gateway": (502, "Bad Gateway"),
}
WIRE = ("lost", "cut", "hang")
KINDS = ("flood", *ERRORS, *WIRE)


@dataclass(slots=True)
class Fault:
    """One planned fault: what, to which calls, how often.

    flood: 429 with `retry_after`. forbidden, bad, broken: an error with `code` and `description`.
    gateway: a 502 page of HTML. lost: accepted, but the reply never comes (after `reply_bytes` of it).
    cut: not accepted, connection closed. hang: held before acceptance, dropped if the caller leaves.
    `seconds` holds any of them first; a hang without seconds is held until released.
    """

    kind: str
    method: str | None = None
    chat: int | None = None
    text: str | None = None
    count: int | None = None
    share: float | None = None
    retry_after: int = 1
    code: int | None = None
    description: str | None = None
    seconds: float | None = None
    reply_bytes: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f'no fault is called "{self.kind}"; there are {", ".join(KINDS)}')
        if self.count is None and self.share is None:
            self.count = 1

    @property
    def spent(self) -> bool:
        """Whether it has hit as often as it was to."""
        return self.count is not None and self.hits >= self.count

    def fits(self, method: str, params: Json) -> bool:
        """Whether the call is one it is meant for."""
        words = str(params.get("text") or params.get("caption") or "")
        return (
            (self.method is None or self.method.lower() == method.lower())
            and (self.chat is None or str(self.chat) == str(params.get("chat_id")))
            and (self.text is None or self.text in words)
        )

    def refusal(self) -> Refusal:
        """The answer of the kinds that are an answer."""
        if self.kind == "flood":
            return flood(self.retry_after)
        code, description = ERRORS[self.kind]
        return Refusal(self.code or code, self.description or description)

    def as_dict(self) -> Json:
        """The plan and how often it has hit, as JSON-ready values."""
        return asdict(self)


class Faults:
    """The planned faults, tried in order; the first that fits a call hits it."""

    def __init__(self, seed: int = 0) -> None:
        self.planned: list[Fault] = []
        self._random = Random(seed)
        self._released = asyncio.Event()

    def add(self, kind: str, **how: Any) -> Fault:
        """Plan a fault: the fields of Fault by name; without count and share it hits once."""
        try:
            fault = Fault(kind, **how)
        except TypeError:
            raise ValueError(f"a fault has no {', '.join(how.keys() - Fault.__slots__)}") from None
        self.planned.append(fault)
        return fault

    def pick(self, method: str, params: Json) -> Fault | None:
        """The fault that hits this call, counted as a hit."""
        for fault in self.planned:
            if fault.spent or not fault.fits(method, params):
                continue
            if fault.share is None or self._random.random() < fault.share:
                fault.hits += 1
                return fault
        return None

    def clear(self) -> None:
        """Plan nothing more and let go of what hangs."""
        self.planned.clear()
        self.release()

    def release(self) -> None:
        """Let every held call go on."""
        self._released.set()
        self._released = asyncio.Event()

    async def hold(self, seconds: float | None) -> None:
        """Wait until released, or for some seconds of real time."""
        try:
            async with asyncio.timeout(seconds):
                await self._released.wait()
        except TimeoutError:
            pass


class RateWindow:
    """The strict limit: message `limit` + 1 within any second is refused, and so is all in the next second."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._sent: deque[float] = deque()
        self._banned_until = float("-inf")

    def admit(self, now: float) -> None:
        """Count one message, or refuse it."""
        if self.limit is None:
            return
        while self._sent and self._sent[0] <= now - 1:
            self._sent.popleft()
        if now >= self._banned_until and len(self._sent) >= self.limit:
            self._banned_until = now + 1
        if now < self._banned_until:
            raise flood(1)
        self._sent.append(now)
