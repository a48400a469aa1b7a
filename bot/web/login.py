"""Logging in with a link that works once, and logging off. Looking at a link does not use it up: previews look too."""

import logging
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import ids
from bot.core.login import LONGEST
from bot.core.questionnaire import LANGUAGES
from bot.render import page
from bot.store import logins
from bot.store.errors import NotStored
from bot.store.refusals import link_refused
from bot.web import way_in
from bot.web.visit import SEE_OTHER, Sent, Site, Visit

log = logging.getLogger(__name__)

GONE, TOO_MANY = 410, 429


def spoken(request: Request, site: Site) -> str:
    """The language of somebody who is not known yet: as the link says, else as the browser does."""
    wanted = request.headers.get("accept-language", "").lower().split(",")
    codes = [request.query_params.get("lang", ""), *(one.strip()[:2] for one in wanted)]
    return next((code for code in codes if code in LANGUAGES), site.config.clinic.languages[0])


def _page(site: Site, lang: str, template: str, status: int = 200, **values: object) -> Response:
    shared = {"spoken": lang, "style": site.style, "clinic": site.config.clinic}
    return HTMLResponse(page(lang, f"web/{template}.html", **shared | values), status)


async def asked(site: Site, request: Request) -> Response:
    """The page of a link, with the button that uses it, and how to get one."""
    return way_in.shown(site, request, spoken(request, site), "login", clinic=site.config.clinic)


async def _refused(site: Site, request: Request, token: str) -> Response | None:
    """What is shown instead of a session for a link that is no good, or after too many of those; None if it is good.

    A good one is let in whatever else came from its address: behind a proxy all have the same. Nobody guesses 128 bits.
    """
    address, now = request.client.host if request.client else "", site.clock.now()
    if await site.store.read(logins.bearer, ids.hashed(token), now) is not None:
        return None
    if site.tries.too_many(address, now):
        log.warning("too many log-in links that do not work")
        return _page(site, spoken(request, site), "login_wait", TOO_MANY)
    site.tries.wrong(address, now)
    log.info("a log-in link did not work")
    await keep_refused(site, token, "/login")
    return _page(site, spoken(request, site), "login_over", GONE)


async def keep_refused(site: Site, token: str, what: str) -> None:
    """Keep in the log that a link did not work."""
    with suppress(NotStored):  # it is over, also with a full disk
        await site.store.write(link_refused, ids.hashed(token), what, site.clock.now())


async def used(site: Site, request: Request) -> Response:
    """Use a link up: a session begins, with a cookie that no script and no other site gets."""
    token, key = await way_in.token(request), ids.token()
    refused = await _refused(site, request, token)
    if refused is not None:
        return refused
    who = await site.store.write(logins.redeem, ids.hashed(token), ids.hashed(key), site.clock.now())
    if who is None:  # somebody else was quicker
        return _page(site, spoken(request, site), "login_over", GONE)
    log.info("person %d logged in at the page", who.id)
    response = RedirectResponse("/", SEE_OTHER)
    response.set_cookie(
        site.cookie, key, max_age=int(LONGEST.total_seconds()), path="/", secure=site.secure, httponly=True,
        samesite="strict",
    )  # fmt: skip
    return response


async def off(visit: Visit, form: Sent) -> Response:
    """Log off: here, or everywhere."""
    if form.chose("everywhere"):
        await visit.site.store.write(logins.end_all, visit.who.id)
    else:
        await visit.site.store.write(logins.end, visit.session.id)
    log.info("person %d logged off", visit.who.id)
    response = RedirectResponse("/login", SEE_OTHER)
    response.delete_cookie(visit.site.cookie, path="/", secure=visit.site.secure, httponly=True, samesite="strict")
    return response
