"""The page's wiring: which screen stands at which address, and what surrounds them all."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import ids
from bot.clock import Clock
from bot.config import Config
from bot.core.person import Role
from bot.store.engine import Store
from bot.web import (
    care,
    change,
    closures,
    enrol,
    imports,
    invites,
    ledger,
    login,
    numbers,
    pair,
    patient,
    plan,
    schedule,
    settings,
    therapists,
    today,
    week,
)
from bot.web.change import Change
from bot.web.guards import Guards, Rules
from bot.web.tries import Tries
from bot.web.visit import BOTH, STAFF, Action, Screen, Site, action, missing, screen

STYLE = Path(__file__).with_name("accord.css").read_text(encoding="utf-8")
A_YEAR_S = 31_536_000


def site(config: Config, store: Store, clock: Clock, port: int, frames: str = "'none'") -> ASGIApp:
    """The page as an application. `frames`: who may show it in a frame; only the demo does."""
    secure = config.web.public_url.startswith("https://")
    style = f"/accord-{ids.hashed(STYLE)[:8]}.css"
    shared = Site(config, store, clock, secure, style, Tries())
    inner = Router(_routes(shared), redirect_slashes=False, default=_missing(shared))
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
    screens = [Route(path, screen(shared, roles, show), methods=["GET"]) for path, roles, show in SCREENS]
    actions = [Route(path, action(shared, roles, act), methods=["POST"]) for path, roles, act in ACTIONS]
    for path, one in CHANGES.items():
        screens.append(Route(path, screen(shared, STAFF, partial(change.show, one)), methods=["GET"]))
        actions.append(Route(path, action(shared, STAFF, partial(change.act, one)), methods=["POST"]))
    patients = Route("/patients/{code}", screen(shared, BOTH, patient.show), methods=["GET"])  # after /patients/add
    return [*routes, *screens, patients, *actions]


SCREENS: list[tuple[str, tuple[Role, ...], Screen]] = [
    ("/", BOTH, week.first_screen),
    ("/today", STAFF, today.show),
    ("/week", BOTH, week.show),
    ("/patients", BOTH, patient.listed),
    ("/therapists", STAFF, therapists.show),
    ("/closures", STAFF, closures.show),
    ("/import", STAFF, imports.show),
    ("/ledger", BOTH, ledger.show),
    ("/ledger.csv", BOTH, ledger.table),
    ("/numbers", STAFF, numbers.show),
    ("/patients/{code}/picture.png", ("therapist",), pair.picture),
    ("/settings", BOTH, settings.show),
]
"""Address, who may see it, and what shows it."""
ACTIONS: list[tuple[str, tuple[Role, ...], Action]] = [
    ("/today", STAFF, today.act),
    ("/import", STAFF, imports.act),
    ("/settings", BOTH, settings.save),
    ("/logoff", BOTH, login.off),
    ("/patients/{code}/invite", STAFF, invites.make),
    ("/therapists/{code}/invite", STAFF, invites.make),
    ("/staff/{code}/invite", STAFF, invites.make),
]
"""Where forms are sent, who may, and what they do."""
OF_PATIENT = {one.name: one for one in (*care.CHANGES, schedule.ADD, schedule.WEEKLY, schedule.END, plan.OF_PATIENT)}
OF_THERAPIST = {one.name.removeprefix("therapist-"): one for one in (*therapists.CHANGES, plan.OF_THERAPIST)}
CHANGES: dict[str, Change] = {
    "/patients/add": enrol.ENROL,
    **{f"/patients/{{code}}/{name}": one for name, one in OF_PATIENT.items()},
    "/sessions/{number:int}/move": schedule.MOVE,
    "/sessions/{number:int}/cancel": schedule.CANCEL,
    "/sessions/{number:int}/again": schedule.PLAN_AGAIN,
    "/therapists/add": therapists.ADD,
    **{f"/therapists/{{code}}/{name}": one for name, one in OF_THERAPIST.items()},
    "/closures/add": closures.ADD,
    "/closures/{number:int}/remove": closures.REMOVE,
    "/staff/add": settings.ADD,
    "/staff/{code}/discharge": settings.DISCHARGE,
}
"""Changes by staff: the form is asked for and sent at the same address."""


async def _style(_: Site, __: Request) -> Response:
    return Response(STYLE, media_type="text/css", headers={"cache-control": f"public, max-age={A_YEAR_S}, immutable"})


def _missing(shared: Site) -> ASGIApp:
    """The application for addresses that are none of ours."""

    async def show(scope: Scope, receive: Receive, send: Send) -> None:
        await missing(shared, login.spoken(Request(scope), shared))(scope, receive, send)

    return show
