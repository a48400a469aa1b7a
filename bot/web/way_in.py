"""The page that a link leads to. Its secret stands after the "#", which browsers send to nobody: no server, proxy or
preview on the way has it in an address. A small script puts it into the form, and a button sends that.

Without the script the link is pasted into the form's field. Whoever only looks sends nothing.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from bot import ids
from bot.web.guards import WITH_SCRIPT
from bot.web.visit import Site, spoken_page

SCRIPT = Path(__file__).with_name("way_in.js").read_text(encoding="utf-8")
AT = f"/way-in-{ids.hashed(SCRIPT)[:8]}.js"
A_YEAR_S = 31_536_000
LONGEST = 400
"""Characters of a pasted link that are looked at."""


async def script(_: Site, __: Request) -> Response:
    """The script of these pages, and of no other."""
    return Response(
        SCRIPT, media_type="text/javascript", headers={"cache-control": f"public, max-age={A_YEAR_S}, immutable"}
    )


def shown(site: Site, request: Request, lang: str, template: str, **values: object) -> Response:
    """The page itself: the same for every link, also for one that is over or was made up."""
    request.scope[WITH_SCRIPT] = True
    return spoken_page(site, lang, template, 200, script=AT, **values)


async def token(request: Request) -> str:
    """The secret that was sent: alone, or with the link before it."""
    async with request.form(max_files=0, max_fields=5) as form:
        return str(form.get("token", ""))[:LONGEST].strip().rpartition("#")[2]
