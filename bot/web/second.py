"""The second factor, where the clinic asks for one: after a link was used, a code of the person's authenticator app.

At the first log-in the app is set up here: whoever has that link is taken at their word, and the log says so.
"""

import base64
import io
import logging

import segno
from starlette.responses import RedirectResponse, Response

from bot import totp
from bot.core.fields import Mistake
from bot.store import second_factors
from bot.store.second_factors import Factor
from bot.web.visit import SEE_OTHER, Sent, Visit

log = logging.getLogger(__name__)


async def show(visit: Visit) -> Response:
    """Ask for a code; before the first one was given the secret stands there."""
    factor = await visit.read(second_factors.of, visit.who)
    if factor is None:
        factor = await visit.site.store.write(second_factors.of_or_made, visit.who)
    return _asked(visit, factor)


def _asked(visit: Visit, factor: Factor, mistake: str = "", status: int = 200) -> Response:
    name = f"{visit.config.clinic.name} (Accord)"
    address = totp.address(factor.secret, visit.who.code, name)
    secret = (
        {} if factor.confirmed else {"secret": totp.shown(factor.secret), "qr": _drawn(address), "address": address}
    )
    mistakes = {"code": Mistake(mistake)} if mistake else {}
    return visit.page("second", status, **{"secret": "", "qr": "", "address": "", **secret}, mistakes=mistakes)


def _drawn(address: str) -> str:
    svg = io.BytesIO()
    segno.make(address, error="m").save(svg, kind="svg", scale=5, border=2, xmldecl=False)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.getvalue()).decode()}"


async def given(visit: Visit, form: Sent) -> Response:
    """Take a code. Too many wrong ones have to wait, by person: behind a proxy all have one address."""
    whose, site = f"second {visit.who.id}", visit.site
    factor = await site.store.write(second_factors.of_or_made, visit.who)
    if site.tries.too_many(whose, visit.now):
        log.warning("too many wrong codes of person %d", visit.who.id)
        return _asked(visit, factor, "many_factors", 429)
    if await site.store.write(second_factors.give, visit.session, form.chose("code"), visit.now):
        log.info("person %d gave a second factor", visit.who.id)
        return RedirectResponse("/", SEE_OTHER)
    site.tries.wrong(whose, visit.now)
    return _asked(visit, factor, "no_factor", 422)
