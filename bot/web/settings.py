"""Settings: the own language, and where one is logged in."""

from sqlalchemy import Connection
from starlette.responses import Response

from bot.core.fields import Mistake, one_of, read
from bot.store import logins, people
from bot.web.visit import Sent, Visit, once, to


async def show(visit: Visit) -> Response:
    """The screen as it stands."""
    return await _shown(visit, {"lang": visit.who.lang}, {})


async def _shown(visit: Visit, fields: dict[str, str], mistakes: dict[str, Mistake], status: int = 200) -> Response:
    places = await visit.read(logins.sessions_of, visit.who.id, visit.now)
    languages = [(code, NAMES[code]) for code in visit.config.clinic.languages]
    shown = {"fields": fields, "mistakes": mistakes, "languages": languages, "logged_in": len(places)}
    return visit.page("settings", status, **shown)


NAMES = {"en": "English", "es": "Español"}
"""A language is named in itself, whatever the page's is."""


async def save(visit: Visit, form: Sent) -> Response:
    """Keep the own language."""
    values, mistakes = read(form.fields, {"lang": one_of(visit.config.clinic.languages)})
    if mistakes:
        return await _shown(visit, form.fields, mistakes, 422)

    def work(conn: Connection) -> str:
        people.change(conn, visit.who.id, lang=values["lang"])
        return to("/settings", done="saved")

    return await once(visit, form, work)
