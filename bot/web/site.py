"""The page's wiring: which screen stands at which address, and what surrounds them all."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot import ids
from bot.clock import Clock
from bot.config import Config
from bot.store.engine import Store
from bot.web import login, settings
from bot.web.guards import Guards, Rules
from bot.web.tries import Tries
from bot.web.visit import BOTH, STAFF, Site, missing, screen

STYLE = Path(__file__).with_name("accord.css").read_text(encoding="utf-8")
A_YEAR_S = 31_536_000


def site(config: Config, store: Store, clock: Clock, port: int, frames: str = "'none'") -> ASGIApp:
    """The page as an application. `frames`: who may show it in a frame; only the demo does."""
    secure = config.web.public_url.startswith("https://")
    style = f"/accord-{ids.hashed(STYLE)[:8]}.css"
    shared = Site(config, store, clock, secure, style, Tries())
    inner = Starlette(routes=_routes(shared), exception_handlers={404: partial(_missing, shared), 405: _not_so})
    return Guards(inner, Rules(_hosts(config, port), secure, frames, UPLOADS))


def _hosts(config: Config, port: int) -> frozenset[str]:
    """What browsers may call the page."""
    own = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    public = config.web.public_url.partition("://")[2].lower()
    return frozenset({public} if public else own)


UPLOADS = {"/import": 6_000_000}


def _routes(shared: Site) -> list[Route]:
    def anybody(path: str, show: Callable[[Site, Request], Awaitable[Response]], method: str = "GET") -> Route:
        return Route(path, partial(show, shared), methods=[method])

    routes = [
        anybody("/login", login.asked),
        anybody("/login", login.used, "POST"),
        anybody("/login/{token}", login.looked_at),
        anybody(shared.style, _style),
    ]
    for path, roles, show, method in SCREENS:
        routes.append(Route(path, screen(shared, roles, show), methods=[method]))
    return routes


SCREENS = [
    ("/", BOTH, settings.show, "GET"),
    ("/settings", BOTH, settings.show, "GET"),
    ("/settings", BOTH, settings.save, "POST"),
    ("/logoff", BOTH, login.off, "POST"),
]
"""Address, who may see it, what shows it, and how it is asked for."""


async def _style(_: Site, __: Request) -> Response:
    return Response(STYLE, media_type="text/css", headers={"cache-control": f"public, max-age={A_YEAR_S}, immutable"})


async def _missing(shared: Site, request: Request, _: Exception) -> Response:
    return missing(shared, login.spoken(request, shared))


async def _not_so(_: Request, __: Exception) -> Response:
    return PlainTextResponse("This is not done here.", 405)
