"""A check-in on the clinic's page: the way in by a link that works once, and the screens the chat does not show.

Whoever comes in has a session for this one check-in and nothing else: a cookie of its own name and path.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import ids
from bot.chat import linked
from bot.chat.linked import Screen
from bot.config import Config
from bot.core.login import IDLE, is_new_sign
from bot.store import audit, page_links
from bot.store.checkins import Kept
from bot.store.errors import NotStored
from bot.store.page_links import IN, PATH, Lead
from bot.web import way_in
from bot.web.login import GONE, TOO_MANY, keep_refused, spoken
from bot.web.visit import SEE_OTHER, Site, missing, spoken_page

log = logging.getLogger(__name__)

AFTER = timedelta(seconds=5)
"""The page looks again so long after the screen has hidden itself, or the session is over."""
MOST_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A form of the page: a button, or words and the screen they were written on."""

    tap: str
    words: str
    turn: str


def cookie(site: Site) -> str:
    """The cookie's name; with the prefix a browser takes it by https only."""
    return "__Secure-accord-answer" if site.secure else "accord-answer"


# ------------------------------------------------------------------------------------------------ the link


async def looked_at(site: Site, request: Request) -> Response:
    """The page of a link, with the button that uses it."""
    return way_in.shown(site, request, spoken(request, site), "answer_begin")


async def before(site: Site, request: Request) -> Response:
    """A link of a version that had the secret in the address: over, unread; [New link] gives another one."""
    return await _over(site, request)


async def _over(site: Site, request: Request, token: str = "") -> Response:
    """A link or a session that is over. A link that there never was is counted as guessed; after too many of those
    nothing but a good link leads anywhere, whose bearer is let in whatever else came from the same address.
    """
    if token and not await site.store.read(page_links.is_known, ids.hashed(token)):
        address, now = request.client.host if request.client else "", site.clock.now()
        if site.wrong_links.too_many(address, now):
            log.warning("too many links to check-ins that there never were")
            return spoken_page(site, spoken(request, site), "answer_wait", TOO_MANY)
        site.wrong_links.wrong(address, now)
    if token:
        await keep_refused(site, token, "/answer/in")
    return spoken_page(site, spoken(request, site), "answer_over", GONE)


async def used(site: Site, request: Request) -> Response:
    """Use a link up: its check-in begins here, for this browser alone."""
    token, key = await way_in.token(request), ids.token()
    try:
        hashes = (ids.hashed(token), ids.hashed(key))
        begun = await site.store.write(_begin, *hashes, site.config, site.clock.now())
    except NotStored:
        return spoken_page(site, spoken(request, site), "answer_trouble", 503)
    if not begun:  # or somebody else was quicker
        return await _over(site, request, token)
    response = RedirectResponse(PATH, SEE_OTHER)
    response.set_cookie(cookie(site), key, path=PATH, secure=site.secure, httponly=True, samesite="strict")
    return response


def _begin(conn: Connection, token_hash: str, key_hash: str, config: Config, now: datetime) -> bool:
    lead = page_links.unused(conn, token_hash)
    kept = linked.found(conn, lead)
    if lead is None or kept is None or not linked.is_answerable(kept, config, now):
        return False
    page_links.use(conn, lead, key_hash, now)
    audit.note(conn, "check-in opened", now, by=lead.person_id, detail=lead.check_in_id)
    linked.begin(conn, kept, config, now)
    return True


# ------------------------------------------------------------------------------------------------ the screens


async def shown(site: Site, request: Request) -> Response:
    """Where the person is."""
    key, now = request.cookies.get(cookie(site), ""), site.clock.now()
    found = await site.store.read(_here, ids.hashed(key), site.config, now) if key else None
    if found is None:
        return await _over(site, request)
    lead, seen, screen = found
    if seen:
        await site.store.write(page_links.seen, lead.id, now)
    return _drawn(site, screen, key)


def _here(conn: Connection, key_hash: str, config: Config, now: datetime) -> tuple[Lead, bool, Screen] | None:
    lead = page_links.session_of(conn, key_hash, now)
    kept = linked.found(conn, lead)
    if lead is None or kept is None:
        return None
    return lead, is_new_sign(lead.seen, now), linked.screen(kept, config, now)


async def sent(site: Site, request: Request) -> Response:
    """A tap, or words. What counted leads to the next screen; what did not is said above the same one."""
    key, now = request.cookies.get(cookie(site), ""), site.clock.now()
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not key:
        return await _over(site, request)
    if not ids.is_sealed(key, fields.get("form", "")):
        return spoken_page(site, spoken(request, site), "answer_stale", 403)
    words = fields.get("words", "").replace("\r\n", "\n").strip()
    one = Sent(fields.get("tap", ""), words, fields.get("turn", ""))
    try:
        done = await site.store.write(_did, ids.hashed(key), one, site.config, now)
    except NotStored:
        return spoken_page(site, spoken(request, site), "answer_trouble", 503)
    if done is None:
        return await _over(site, request)
    kept, screen = done
    if screen is None:
        return missing(site, kept.person.lang)
    refused = one.words and not one.tap and str(screen.place.turn) == one.turn
    if screen.note or refused:
        return _drawn(site, screen, key, one.words if refused else "")
    before = kept.check_in.place
    stays = (before.screen, before.at) == (screen.place.screen, screen.place.at)  # ticks, or a row of the form
    return RedirectResponse(f"{PATH}#taps" if stays else PATH, SEE_OTHER)


def _did(
    conn: Connection, key_hash: str, one: Sent, config: Config, now: datetime
) -> tuple[Kept, Screen | None] | None:
    """What a form does, in one transaction; None if its session is over."""
    lead = page_links.session_of(conn, key_hash, now)
    kept = linked.found(conn, lead)
    if lead is None or kept is None:
        return None
    page_links.seen(conn, lead.id, now)
    if one.tap:
        return kept, linked.tapped(conn, kept, one.tap, config, now)
    return kept, linked.wrote(conn, kept, one.turn, one.words, config, now)


def _drawn(site: Site, screen: Screen, key: str, typed: str = "") -> Response:
    """A screen as a page. It looks again by itself once its words should be gone; not while somebody may be writing."""
    after = site.config.plan.hide_after if screen.working and not screen.words else IDLE
    rows = [[(button.label, button.data, _weight(button.data)) for button in row] for row in screen.message.rows]
    shows = spoken_page(
        site, screen.lang, "answer", paragraphs=screen.message.text.split("\n\n"), rows=rows, screen=screen,
        typed=typed, form=ids.sealed(key, ids.token()),
    )  # fmt: skip
    shows.headers["refresh"] = f"{int((after + AFTER).total_seconds())}; url={PATH}"
    return shows


def _weight(data: str) -> str:
    """How a button looks: what leads on, an answer, or what leads elsewhere."""
    verb = data.split(":")[3]
    return "" if verb in ("b", "x", "d", "y") else "answer" if verb in ("p", "n", "f", "o", "a") else "plain"


ROUTES: tuple[tuple[str, str, Callable[[Site, Request], Awaitable[Response]]], ...] = (
    (PATH, "GET", shown),
    (PATH, "POST", sent),
    (PATH + IN, "GET", looked_at),
    (PATH + IN, "POST", used),
    (PATH + "/{of_before}", "GET", before),
)
"""Address, method, and what answers; only where check-ins are answered on the page."""
