"""What every request passes before anything of ours sees it, and what every reply carries: host, origin, size, headers.

A reply never says what went wrong inside, and the log gets the kind of an error, never its words.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

MOST_BYTES = 64_000
"""Of a form; a file may have more, see `Rules.uploads`."""
MOST_DRAINED = 80_000_000
"""A browser shows our answer only after it could send everything. So much is read and thrown away, piece by piece."""
TOO_LARGE = "accord.too_large"
BODY_S = 60.0
"""A form has to be there after so long, or somebody only keeps the line busy."""
LONGEST_PATH = 300
"""No address of ours is longer; a number of thousands of digits would be an error."""

HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
}
WITH_SCRIPT = "accord.with_script"
"""Set in the scope of a request whose page may run a script of ours: that of the way in, see `way_in`."""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors {frames}"
)
SCRIPTS = "; script-src 'self'"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is let in. `hosts`: what the page may be called, with port; `frames`: who may show it in a frame."""

    hosts: frozenset[str]
    secure: bool
    frames: str = "'none'"
    uploads: Mapping[str, int] = field(default_factory=dict)  # paths that take files, and how many bytes

    def headers(self) -> dict[str, str]:
        """What every reply carries."""
        every = HEADERS | {"content-security-policy": POLICY.format(frames=self.frames)}
        every |= {"x-frame-options": "DENY"} if self.frames == "'none'" else {}
        return every | ({"strict-transport-security": "max-age=31536000; includeSubDomains"} if self.secure else {})


class TooMuch(Exception):
    """A body without a length turned out larger than it may be."""


class TooSlow(Exception):
    """A body did not come within its time."""


class Guards:
    """An ASGI application around another one."""

    def __init__(self, inner: ASGIApp, rules: Rules) -> None:
        self._inner, self._rules, self._headers = inner, rules, rules.headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or say why not."""
        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope.get(WITH_SCRIPT):
                    headers["content-security-policy"] += SCRIPTS
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = refusal(scope, self._rules)
        try:
            if refused is not None:
                await refused(scope, receive, with_headers)
                return
            receive = _in_time(receive)
            bounded = await _bounded(scope, receive, self._rules.uploads.get(scope["path"], MOST_BYTES))
            if scope.get(TOO_LARGE) and scope["path"] not in self._rules.uploads:
                await PlainTextResponse("This is more than the form takes.", 413)(scope, receive, with_headers)
                return
            await self._inner(scope, bounded, with_headers)
        except (MultiPartException, TooMuch):
            await PlainTextResponse("This form cannot be read.", 400)(scope, receive, with_headers)
        except TooSlow:
            late = PlainTextResponse("This took too long. Please try again.", 408, {"connection": "close"})
            await late(scope, receive, with_headers)
        except ClientDisconnect:  # nobody waits for a reply any more
            pass
        except Exception as error:
            # No text of the error: it may quote what somebody typed.
            log.error("a page of the clinic failed: %s", type(error).__name__)
            if not begun:
                trouble = PlainTextResponse("Something went wrong here. Nothing was saved. Please try again.", 500)
                await trouble(scope, receive, with_headers)


def refusal(scope: Scope, rules: Rules) -> Response | None:
    """Why a request is not let in; None if it is.

    A page somewhere else that names us in DNS has the wrong host. A form somewhere else that is sent here says so in
    Sec-Fetch-Site; Origin is "null" under our own policy not to send referrers.
    """
    headers = Headers(scope=scope)
    if headers.get("host", "").lower() not in rules.hosts:
        return PlainTextResponse("There is no such page here.", 421)
    if len(scope["path"]) > LONGEST_PATH:
        return PlainTextResponse("There is no such page here.", 404)
    if "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")):
        # A browser that guesses where somebody will go has shown nothing to anybody: words would count as read.
        return PlainTextResponse("Not ahead of time.", 503)
    if scope["method"] not in ("GET", "HEAD", "POST"):
        return PlainTextResponse("This is not done here.", 405, {"allow": "GET, HEAD, POST"})
    if scope["method"] == "POST":
        origin = headers.get("origin", "null")
        elsewhere = origin != "null" and origin.partition("://")[2] not in rules.hosts
        if elsewhere or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("This form was sent from another page.", 403)
    return None


async def _bounded(scope: Scope, receive: Receive, most: int) -> Receive:
    """The request's body if it is not too large; else nothing, and the scope says so."""
    declared = Headers(scope=scope).get("content-length", "")
    length = int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 16 else None
    if length is None or length <= most:
        return _counted(receive, most)
    scope[TOO_LARGE] = True
    if length <= MOST_DRAINED:
        while (await receive()).get("more_body", False):
            pass
    return _nothing


def _in_time(receive: Receive) -> Receive:
    """The body as it comes, as long as it is all there in time."""
    last = asyncio.get_running_loop().time() + BODY_S

    async def timed() -> Message:
        try:
            async with asyncio.timeout_at(last):
                return await receive()
        except TimeoutError:
            raise TooSlow from None

    return timed


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _counted(receive: Receive, most: int) -> Receive:
    """The body as it comes, as long as it keeps to what it may have: without a length nobody has checked that yet."""
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooMuch
        return message

    return counted
