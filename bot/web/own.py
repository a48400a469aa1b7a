"""One's own answers, goals, homework, record or a digest on the clinic's page, where the chat shows none of it.

The way in is a link that works once, for ten minutes. Whoever comes in has a session for this one thing: a cookie of
its own name and path. Screens and taps are those of the chat; only what surrounds them differs.
"""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import drawing, ids
from bot.chat import mydata, own_page
from bot.chat.reply import Outcome, Page, Picture, Reply
from bot.core.login import IDLE
from bot.core.person import Person
from bot.message import Button
from bot.render import page
from bot.store import audit, own_pages, people, records
from bot.store.errors import NotStored
from bot.store.own_pages import PATH, Own
from bot.store.page_links import IN
from bot.web import way_in
from bot.web.login import GONE, TOO_MANY, keep_refused, spoken
from bot.web.visit import SEE_OTHER, Site, missing, spoken_page

log = logging.getLogger(__name__)

CLEAR_AFTER_S = int(IDLE.total_seconds()) + 5
MOST_FIELDS = 5
MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Here:
    """Whoever is at the page, what it is of, and the session's secret."""

    own: Own
    who: Person
    key: str


Work = Callable[[Connection, Person, Own], Outcome]


def cookie(site: Site) -> str:
    """The cookie's name; with the prefix a browser takes it by https only."""
    return "__Secure-accord-own" if site.secure else "accord-own"


# ------------------------------------------------------------------------------------------------ the link


async def looked_at(site: Site, request: Request) -> Response:
    """The page of a link, with the button that uses it."""
    return way_in.shown(site, request, spoken(request, site), "own_begin")


async def _over(site: Site, request: Request, token: str = "") -> Response:
    """A link or a session that is over; whoever guesses links has to wait, but nobody with a good one."""
    if token:
        address, now = request.client.host if request.client else "", site.clock.now()
        if not await site.store.read(own_pages.is_known, ids.hashed(token)):
            if site.wrong_links.too_many(address, now):
                log.warning("too many links to own pages that there never were")
                return spoken_page(site, spoken(request, site), "answer_wait", TOO_MANY)
            site.wrong_links.wrong(address, now)
        await keep_refused(site, token, "/own/in")
    return spoken_page(site, spoken(request, site), "own_over", GONE)


async def used(site: Site, request: Request) -> Response:
    """Use a link up: its page opens here, for this browser alone."""
    token, key = await way_in.token(request), ids.token()
    try:
        begun = await site.store.write(_begin, ids.hashed(token), ids.hashed(key), site.clock.now())
    except NotStored:
        return spoken_page(site, spoken(request, site), "answer_trouble", 503)
    if not begun:
        return await _over(site, request, token)
    response = RedirectResponse(PATH, SEE_OTHER)
    response.set_cookie(cookie(site), key, path=PATH, secure=site.secure, httponly=True, samesite="strict")
    return response


def _begin(conn: Connection, token_hash: str, key_hash: str, now: datetime) -> bool:
    own = own_pages.unused(conn, token_hash, now)
    if own is None:
        return False
    own_pages.use(conn, own, key_hash, now)
    audit.note(conn, "own page opened", now, by=own.person_id, detail=f"{own.what} {own.about}".strip())
    return True


# ------------------------------------------------------------------------------------------------ the screens


async def _here(site: Site, request: Request) -> Here | None:
    """Who is there; None if the session is over. A sign of them keeps it open."""
    key = request.cookies.get(cookie(site), "")
    return await site.store.write(_found, key, site.clock.now()) if key else None


def _found(conn: Connection, key: str, now: datetime) -> Here | None:
    own = own_pages.session_of(conn, ids.hashed(key), now)
    if own is None:
        return None
    own_pages.seen(conn, own.id, now)
    return Here(own, people.by_id(conn, own.person_id), key)


async def shown(site: Site, request: Request) -> Response:
    """The page as it begins."""
    now = site.clock.now()
    return await _done(site, request, lambda conn, who, own: own_page.opened(conn, who, own, site.config, now))


async def sent(site: Site, request: Request) -> Response:
    """A tap, or words: the screen that follows."""
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not ids.is_sealed(request.cookies.get(cookie(site), ""), fields.get("form", "")):
        return spoken_page(site, spoken(request, site), "answer_stale", 403)
    tap, words = fields.get("tap", ""), fields.get("words", "").replace("\r\n", "\n").strip()[:MOST_WORDS]
    now, config = site.clock.now(), site.config
    if tap:
        return await _done(site, request, lambda conn, who, own: own_page.tapped(conn, who, own, tap, config, now))
    return await _done(site, request, lambda conn, who, own: own_page.wrote(conn, who, own, words, config, now))


async def _done(site: Site, request: Request, work: Work) -> Response:
    """Do it for whoever is there, and draw what comes of it."""
    try:
        here = await _here(site, request)
        if here is None:
            return await _over(site, request)
        outcome = await site.store.write(work, here.who, here.own)
        made = Page(()) if outcome.page is None else await site.store.read(outcome.page)
        if made.keep is not None:
            await site.store.write(made.keep)
        now_is = await site.store.read(people.by_id, here.who.id)
    except NotStored:
        return spoken_page(site, spoken(request, site), "answer_trouble", 503)
    return await _drawn(site, Here(here.own, now_is, here.key), outcome, (*outcome.replies, *made.replies))


async def _drawn(site: Site, here: Here, outcome: Outcome, replies: tuple[Reply, ...]) -> Response:
    """The messages below one another with the buttons of the last; a picture stands in the page."""
    lang, pictures = here.who.lang, [one.picture for one in replies if one.picture is not None]
    messages = [one.picture.under if one.picture is not None else one.message for one in replies]
    images = [(await _encoded(one), page(lang, "chart.txt", c=one.chart)) for one in pictures]
    rows = [[(b.label, b.data) for b in row if _is_here(here.own, b)] for row in messages[-1].rows] if messages else []
    shows = spoken_page(
        site, lang, "own", paragraphs=[] if images else [p for m in messages for p in m.text.split("\n\n")], rows=rows,
        images=images, files=here.own.what == "mydata",
        note="" if images else outcome.toast or "", asks=own_page.asks(here.who, here.own, site.clock.now()),
        form=ids.sealed(here.key, ids.token()), most=MOST_WORDS,
    )  # fmt: skip
    shows.headers["refresh"] = f"{CLEAR_AFTER_S}; url={PATH}"
    return shows


async def _encoded(picture: Picture) -> str:
    """A picture for an address that holds all of it; drawn in a thread, as that takes a while."""
    return base64.b64encode(await asyncio.to_thread(drawing.png, picture.chart, picture.lang)).decode()


def _is_here(own: Own, button: Button) -> bool:
    """Whether a button is one of this page; others are the chat's alone."""
    return button.data.partition(":")[0] in own_page.TAPS[own.what]


async def record(site: Site, request: Request) -> Response:
    """One's own record as a file: record.html or record.json."""
    here = await _here(site, request)
    if here is None:
        return await _over(site, request)
    if here.own.what != "mydata" or here.who.role != "patient":
        return missing(site, here.who.lang)
    read = await site.store.read(records.of_patient, here.who, site.clock.now())
    wanted = request.url.path.removeprefix(f"{PATH}/")
    file = next(one for one in mydata.files(read, site.config) if one.name == wanted)
    headers = {"content-disposition": f'attachment; filename="{file.name}"'}
    return Response(file.data, media_type="application/octet-stream", headers=headers)


ROUTES: tuple[tuple[str, str, Callable[[Site, Request], Awaitable[Response]]], ...] = (
    (PATH, "GET", shown),
    (PATH, "POST", sent),
    (PATH + "/record.html", "GET", record),
    (PATH + "/record.json", "GET", record),
    (PATH + IN, "GET", looked_at),
    (PATH + IN, "POST", used),
)
"""Address, method, and what answers; only where the chat shows nothing."""
