"""One request of somebody who is logged in, and what every screen does with it: read, write once, show a page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import ids
from bot.clock import Clock
from bot.config import Config
from bot.core.fields import Mistake
from bot.core.login import IDLE, is_new_sign
from bot.core.person import Person
from bot.core.rights import Right, reach
from bot.core.zones import placed_zones
from bot.render import page, part
from bot.store import audit, board, logins, people
from bot.store.engine import Store
from bot.store.errors import NotStored
from bot.store.logins import Session
from bot.store.people import Refused
from bot.store.refusals import refused
from bot.web.guards import TOO_LARGE
from bot.web.tries import Tries

P = ParamSpec("P")
T = TypeVar("T")

MENU = {
    "staff": ("today", "week", "patients", "therapists", "closures", "ledger", "numbers", "settings"),
    "therapist": ("week", "patients", "ledger", "settings"),
}
SEE_OTHER = 303
CLEAR_AFTER_S = int(IDLE.total_seconds()) + 5
"""By then the session is over: what stands on the screen of a front desk goes."""


@dataclass(frozen=True, slots=True)
class Site:
    """What all requests share. `style`: where the style sheet is; `secure`: whether browsers come by https."""

    config: Config
    store: Store
    clock: Clock
    secure: bool
    style: str
    tries: Tries
    wrong_links: Tries = field(default_factory=Tries)  # of check-ins: whoever tries those locks nobody else out
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)  # one file at a time, see `imports`

    @property
    def cookie(self) -> str:
        """The session's cookie; with the prefix a browser keeps it to this host and to https."""
        return "__Host-accord" if self.secure else "accord"


@dataclass(frozen=True, slots=True)
class Visit:
    """A request: of whom, with which session, and when. `key` is the session's secret, as the cookie has it."""

    site: Site
    request: Request
    session: Session
    key: str
    now: datetime

    @property
    def who(self) -> Person:
        """Whoever is logged in."""
        return self.session.who

    @property
    def waits(self) -> bool:
        """Whether a second factor is asked for, and was not given yet."""
        return self.config.web.second_factor != "none" and not self.session.passed

    @property
    def config(self) -> Config:
        """The clinic's configuration."""
        return self.site.config

    @property
    def asked(self) -> dict[str, str]:
        """What stands behind the ? of the address."""
        return {name: value[:200] for name, value in self.request.query_params.items()}

    @property
    def section(self) -> str:
        """The screen of the menu that this address belongs to."""
        first = self.request.url.path.split("/")[1]
        return {"sessions": "patients", "staff": "settings", "import": "closures", "ledger.csv": "ledger"}.get(
            first, first
        )

    def at(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A read in the database."""
        return await self.site.store.read(fn, *args, **kwargs)

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A screen for whoever is logged in, with a fresh form token."""
        mistakes = values.pop("mistakes", {})
        shared = {
            "mistakes": in_words(self.who.lang, mistakes),  # type: ignore[arg-type]
            "who": self.who, "menu": MENU[self.who.role], "here": self.section, "style": self.site.style,
            "clinic": self.config.clinic, "form": ids.sealed(self.key, ids.token()), "done": self.asked.get("done"),
            "spoken": self.who.lang, "zones": placed_zones,
        }  # fmt: skip
        text = page(self.who.lang, f"web/{template}.html", **shared | values)
        return HTMLResponse(text, status, {"refresh": f"{CLEAR_AFTER_S}; url=/login"})


def in_words(lang: str, mistakes: Mapping[str, Mistake | Refused]) -> dict[str, str]:
    """What is wrong with each field, as a sentence; a refusal without a kind has only its own."""
    return {
        name: part(lang, "web/mistakes.jinja", one.kind, *one.said) if one.kind else str(one)
        for name, one in mistakes.items()
    }


Screen = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def screen(site: Site, right: Right, show: Screen, second: bool = False) -> Endpoint:
    """An endpoint for people with this right who are logged in; for others the page does not exist. `second`: it is
    where the second factor is asked for, the only page until it was given.
    """

    async def endpoint(request: Request) -> Response:
        visit = await _visit(site, request)
        if visit is None:
            return RedirectResponse("/login", SEE_OTHER)
        if visit.waits is not second:
            return RedirectResponse("/second" if visit.waits else "/", SEE_OTHER)
        try:
            return await show(visit) if reach(visit.who.role, right) else await _refused(visit)
        except Missing:
            return await _refused(visit)
        except NotStored:
            return visit.page("trouble", 503)

    return endpoint


def action(site: Site, right: Right, act: "Action", second: bool = False) -> Endpoint:
    """An endpoint that is sent a form: one that belongs to this session, and is not too large."""

    async def with_form(visit: Visit) -> Response:
        form = await sent(visit)
        return visit.page("stale", 403) if form is None else await act(visit, form)

    return screen(site, right, with_form, second)


async def _visit(site: Site, request: Request) -> Visit | None:
    key, now = request.cookies.get(site.cookie, ""), site.clock.now()
    session = await site.store.read(logins.session_of, ids.hashed(key), now) if key else None
    if session is None:
        return None
    if is_new_sign(session.seen, now):
        await site.store.write(logins.seen, session.id, now)
    return Visit(site, request, session, key, now)


class Missing(Exception):
    """What was asked for is not there, or is somebody else's: the two look the same."""


async def _refused(visit: Visit) -> Response:
    """What is not there for this visitor; that it was asked for is kept, with the address as it stands in the table."""
    address = getattr(visit.request.scope.get("route"), "path", "") or "unknown"
    with suppress(NotStored):  # what is not there is not there, also with a full disk
        await visit.site.store.write(refused, visit.who, "open", address[:64], visit.now)
    return missing(visit.site, visit.who.lang)


def missing(site: Site, lang: str) -> Response:
    """The page for what is not there."""
    return HTMLResponse(page(lang, "web/missing.html", spoken=lang, style=site.style, clinic=site.config.clinic), 404)


# ------------------------------------------------------------------------------------------------ forms


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent: its fields as words, the token it was sent with, and the file (name, bytes), if any."""

    fields: dict[str, str]
    token: str
    file: tuple[str, bytes] | None = None
    too_large: bool = False

    def chose(self, name: str) -> str:
        """The value of a button or a field, "" if it is not there."""
        return self.fields.get(name, "")


Action = Callable[[Visit, Sent], Awaitable[Response]]


async def sent(visit: Visit) -> Sent | None:
    """The form of a POST; None if it is none of ours, or of a session before this one."""
    if visit.request.scope.get(TOO_LARGE):
        return Sent({}, "", too_large=True)
    async with visit.request.form(max_files=1, max_fields=200) as form:
        token = str(form.get("form", ""))
        if not ids.is_sealed(visit.key, token):
            return None
        file = next((value for value in form.values() if isinstance(value, UploadFile)), None)
        named = None if file is None or not file.filename else (file.filename, await file.read())
        return Sent(_words(form), token, named)


def _words(form: FormData) -> dict[str, str]:
    return {name: value.strip() for name, value in form.items() if isinstance(value, str) and name != "form"}


async def once(visit: Visit, form: Sent, work: Callable[[Connection], str]) -> Response:
    """Carry out what a form asks, once: the same form again leads to where it led before. `work` says where."""
    where = await visit.site.store.write(_once, visit, form, work)
    return RedirectResponse(where, SEE_OTHER)


def _once(conn: Connection, visit: Visit, form: Sent, work: Callable[[Connection], str]) -> str:
    form_hash = ids.hashed(form.token)
    before = logins.sent_before(conn, form_hash)
    if before is not None:
        return before
    led_to = work(conn)
    logins.keep_sent(conn, form_hash, visit.who, led_to, visit.now)
    note_edit(conn, visit, led_to, form.chose("mark"))
    return led_to


def note_edit(conn: Connection, visit: Visit, led_to: str = "", mark: str = "") -> None:
    """Note in the log who changed what: the address, which names the verb and a code or number, and what was tapped
    there ("12:missed"). Never what was typed.
    """
    detail = f"{visit.request.url.path} {mark}".strip()[:200]
    audit.note(
        conn, "desk edit", visit.now, by=visit.who.id, about=_patient_id(conn, visit, led_to, mark), detail=detail
    )


def _patient_id(conn: Connection, visit: Visit, led_to: str, mark: str) -> int | None:
    """The patient whom a change is about: of the address, of its appointment, or who was added by it."""
    named, (marked, _, what) = visit.request.path_params, mark.partition(":")
    number = named.get("number") if visit.section == "patients" else int(marked) if what not in ("", "undo") else None
    slot = None if number is None else board.slot(conn, number)
    added = led_to.removeprefix("/patients/").partition("?")[0] if led_to.startswith("/patients/") else ""
    who = people.find(conn, slot.patient if slot is not None else named.get("code") or added)
    return who.id if who is not None and who.role == "patient" else None


class _Undone(Exception):
    """Ends a transaction that is only to show what it would do."""

    def __init__(self, shown: Any) -> None:
        super().__init__()
        self.shown = shown


async def preview(visit: Visit, work: Callable[[Connection], T]) -> T:
    """What `work` would give; nothing of it is kept. Raises what `work` raises."""

    def undone(conn: Connection) -> None:
        raise _Undone(work(conn))

    try:
        await visit.site.store.write(undone)
    except _Undone as seen:
        shown: T = seen.shown
        return shown
    raise AssertionError("a preview always ends undone")


def to(path: str, **asked: str) -> str:
    """An address of ours; what stands behind the ? goes by keyword."""
    return f"{path}?{urlencode(asked)}" if asked else path


def spoken_page(site: Site, lang: str, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page for whoever came by a link, without the desk's menu."""
    return HTMLResponse(page(lang, f"web/{template}.html", spoken=lang, style=site.style, **values), status)
