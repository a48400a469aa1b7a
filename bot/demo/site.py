"""The page with the phones, over HTTP on loopback: the page's files, what it shows, and what can be done on it.

The phones themselves are those of the local Bot API, under the same paths as there. Requests that do not come from
this very page are refused: a host name that only points here, another site in the same browser.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.demo.board import board
from bot.demo.frame import COOKIE, Frame, clinic_page
from bot.demo.game import Game, Refusal
from bot.demo.script import CAST
from bot.emulator import PhoneError
from bot.store.people import Refused

HERE = Path(__file__).parent / "page"
HOST = "127.0.0.1"
LONGEST_WAIT_S = 20.0
FILES = {"/": "index.html", "/page.css": "page.css", "/page.js": "page.js", "/icon.svg": "icon.svg"}
PEOPLE = {who.number: who for who in CAST}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = dict[str, Any]


@asynccontextmanager
async def site(game: Game, port: int) -> AsyncIterator[str]:
    """Serve the page; its address. Port 0: any that is free. Raises OSError if it cannot listen there."""
    pages = Site(game)
    app = web.Application(middlewares=[pages.guard], client_max_size=100_000)
    app.add_routes(pages.routes())
    app.on_response_prepare.append(pages.say_what_is_allowed)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        pages.port = int(runner.addresses[0][1])
        async with clinic_page(game.stage, address := f"http://{HOST}:{pages.port}/") as pages.frame:
            yield address
    finally:
        await runner.cleanup()


class Site:
    """The handlers. `port` is known once it listens, `frame` once the clinic's page is served beside it."""

    def __init__(self, game: Game) -> None:
        self.port = 0
        self.frame: Frame | None = None
        self._game = game

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        acts = {"/jump": self.jump, "/answer": self.answer, "/play": self.play, "/desk": self.desk, "/look": self.look}
        return [
            *(web.get(path, _file(name)) for path, name in FILES.items()),
            web.get("/state", self.state),
            web.get("/clinic", self.clinic),
            *(web.post(path, _told(act)) for path, act in acts.items()),
            *self._game.stage.emulator.phone_routes(),
        ]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse whoever is not the page; let the bot finish what was done on a phone."""
        if not self._is_ours(request):
            return web.json_response({"error": "This page answers only itself."}, status=403)
        response = await handler(request)
        if request.method == "POST" and request.path.startswith("/phones/"):
            await self._game.settle()
        return response

    async def say_what_is_allowed(self, _: web.Request, response: web.StreamResponse) -> None:
        """What the browser may do with anything that comes from here."""
        frame = f"frame-src 'self' {self.frame.address}; " if self.frame else ""
        response.headers.update(HEADERS | {"Content-Security-Policy": frame + POLICY})

    def _is_ours(self, request: web.Request) -> bool:
        hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        user = request.match_info.get("user")
        return (
            request.headers.get("Host") in hosts
            and (request.method == "GET" or request.headers.get("Origin") in {f"http://{host}" for host in hosts})
            and (user is None or user in map(str, PEOPLE))
        )

    async def state(self, request: web.Request) -> web.Response:
        """What there is to see; with ?after=N once there is more than at that version, or after a while."""
        after = request.query.get("after", "")
        if after.isdecimal():
            await self._game.news(int(after), LONGEST_WAIT_S)
        return web.json_response(board(self._game) | {"clinic": self.frame is not None})

    async def clinic(self, _: web.Request) -> web.Response:
        """Log the front desk in, and lead on to the clinic's page."""
        if self.frame is None:
            raise web.HTTPNotFound
        response = web.Response(status=303, headers={"Location": f"{self.frame.address}/week"})
        response.set_cookie(COOKIE, await self.frame.log_in(), path="/", httponly=True, samesite="Strict")
        return response

    async def look(self, _: Body) -> None:
        """See what was done at the clinic's page."""
        await self._game.settle()

    async def jump(self, _: Body) -> None:
        """Move the clock to the next thing."""
        await self._game.jump()

    async def answer(self, body: Body) -> None:
        """Let somebody answer: {"user"}."""
        who = PEOPLE.get(_whole(body, "user"))
        if who is None:
            raise Refusal("There is no such phone.")
        await self._game.go(who)

    async def play(self, body: Body) -> None:
        """Play by itself, or stop: {"on"}."""
        self._game.play(body.get("on") is True)

    async def desk(self, body: Body) -> None:
        """What the front desk does with a session: {"session", "act"}."""
        await self._game.desk(_whole(body, "session"), str(body.get("act", "")))


def _whole(body: Body, name: str) -> int:
    value = body.get(name)
    if type(value) is not int:
        raise Refusal(f"{name} must be a whole number.")
    return value


def _file(name: str) -> Handler:
    async def file(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(HERE / name)

    return file


def _told(act: Callable[[Body], Awaitable[None]]) -> Handler:
    """An act of the page; what cannot be done now is a sentence."""

    async def told(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            await act(body if isinstance(body, dict) else {})
        except (Refused, PhoneError, ValueError) as mistake:
            return web.json_response({"error": str(mistake)}, status=409)
        return web.json_response({})

    return told
