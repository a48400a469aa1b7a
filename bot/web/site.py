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
from bot.core.rights import Right
from bot.store.engine import Store
from bot.web import (
    answer,
    care,
    change,
    closures,
    enrol,
    imports,
    invites,
    ledger,
    login,
    numbers,
    own,
    pair,
    patient,
    plan,
    schedule,
    second,
    settings,
    therapists,
    today,
    way_in,
    week,
)
from bot.web.change import Change
from bot.web.guards import Guards, Rules
from bot.web.tries import Tries
from bot.web.visit import Action, Screen, Site, action, missing, screen

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

    answers = (*answer.ROUTES, *own.ROUTES) if shared.config.chat.on_page or shared.config.web.for_phones else ()
    routes = [
        *(anybody(path, show, method) for path, method, show in answers),
        anybody("/login", login.asked),
        anybody("/login", login.used, "POST"),
        anybody(shared.style, _style),
        anybody(way_in.AT, way_in.script),
    ]
    screens = [Route(path, screen(shared, right, show), methods=["GET"]) for path, right, show in SCREENS]
    actions = [Route(path, action(shared, right, act), methods=["POST"]) for path, right, act in ACTIONS]
    for path, one in CHANGES.items():
        right = right_to_change(path)
        screens.append(Route(path, screen(shared, right, partial(change.show, one)), methods=["GET"]))
        actions.append(Route(path, action(shared, right, partial(change.act, one)), methods=["POST"]))
    actions.append(Route("/second", action(shared, ("page", "open"), second.given, second=True), methods=["POST"]))
    screens.append(Route("/second", screen(shared, ("page", "open"), second.show, second=True), methods=["GET"]))
    patients = Route("/patients/{code}", screen(shared, SEE_PEOPLE, patient.show), methods=["GET"])  # after /add
    return [*routes, *screens, patients, *actions]


SEE, CHANGE = ("schedule", "see"), ("schedule", "change")
SEE_PEOPLE, CHANGE_PEOPLE = ("people", "see"), ("people", "change")
SCREENS: list[tuple[str, Right, Screen]] = [
    ("/", SEE, week.first_screen),
    ("/today", CHANGE, today.show),
    ("/week", SEE, week.show),
    ("/patients", SEE_PEOPLE, patient.listed),
    ("/therapists", CHANGE_PEOPLE, therapists.show),
    ("/closures", CHANGE, closures.show),
    ("/import", CHANGE, imports.show),
    ("/ledger", ("deliveries", "see"), ledger.show),
    ("/ledger.csv", ("deliveries", "see"), ledger.table),
    ("/numbers", ("numbers", "see"), numbers.show),
    ("/patients/{code}/picture.png", ("answers", "see"), pair.picture),
    ("/settings", ("settings", "change"), settings.show),
]
"""Address, the right to see it, and what shows it."""
ACTIONS: list[tuple[str, Right, Action]] = [
    ("/today", CHANGE, today.act),
    ("/import", CHANGE, imports.act),
    ("/settings", ("settings", "change"), settings.save),
    ("/logoff", ("page", "open"), login.off),
    ("/patients/{code}/invite", CHANGE_PEOPLE, invites.make),
    ("/therapists/{code}/invite", CHANGE_PEOPLE, invites.make),
    ("/staff/{code}/invite", CHANGE_PEOPLE, invites.make),
]
"""Where forms are sent, the right to, and what they do."""
OF_PATIENT = {
    one.name: one
    for one in (*care.CHANGES, schedule.ADD, schedule.WEEKLY, schedule.END, schedule.WEEK, plan.OF_PATIENT)
}
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


def right_to_change(path: str) -> Right:
    """The right to what a form at an address of CHANGES does."""
    return CHANGE if path.startswith(("/sessions/", "/closures/")) else CHANGE_PEOPLE


async def _style(_: Site, __: Request) -> Response:
    return Response(STYLE, media_type="text/css", headers={"cache-control": f"public, max-age={A_YEAR_S}, immutable"})


def _missing(shared: Site) -> ASGIApp:
    """The application for addresses that are none of ours."""

    async def show(scope: Scope, receive: Receive, send: Send) -> None:
        await missing(shared, login.spoken(Request(scope), shared))(scope, receive, send)

    return show
