"""Settings: the own language, where one is logged in; for staff also who else is, and how the clinic is set up."""

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic_people
from bot.clinic import Shown
from bot.core import fields
from bot.core.fields import Mistake, one_of, read
from bot.core.person import Person
from bot.store import logins, people
from bot.web import found
from bot.web.change import About, Change, Field, Values
from bot.web.visit import Sent, Visit, once, to


async def show(visit: Visit) -> Response:
    """The screen as it stands."""
    return await _shown(visit, {"lang": visit.who.lang}, {})


async def _shown(visit: Visit, fields: dict[str, str], mistakes: dict[str, Mistake], status: int = 200) -> Response:
    places, staff = await visit.read(_read, visit)
    shown = {"fields": fields, "mistakes": mistakes, "languages": found.languages(visit.config), "staff": staff}
    return visit.page("settings", status, logged_in=places, plan=visit.config.plan, config=visit.config, **shown)


def _read(conn: Connection, visit: Visit) -> tuple[int, list[Person]]:
    staff = [who for who in people.people(conn, "staff") if who.state != "discharged"]
    return len(logins.sessions_of(conn, visit.who.id, visit.now)), staff if visit.who.role == "staff" else []


async def save(visit: Visit, form: Sent) -> Response:
    """Keep the own language."""
    values, mistakes = read(form.fields, {"lang": one_of(visit.config.clinic.languages)})
    if mistakes:
        return await _shown(visit, form.fields, mistakes, 422)

    def work(conn: Connection) -> str:
        clinic_people.set_person(conn, visit.config, visit.who.code, None, values["lang"], visit.now)
        return to("/settings", done="saved")

    return await once(visit, form, work)


# ------------------------------------------------------------------------------------------------ staff


def _of_nobody(conn: Connection, visit: Visit) -> About:  # noqa: ARG001
    starts = {"zone": visit.config.clinic.zone, "lang": visit.config.clinic.languages[0]}
    return About("", "/settings", starts, {"lang": found.languages(visit.config)})


def _add(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.add_staff(conn, visit.config, values["code"], values["zone"], values["lang"])


def _about(conn: Connection, visit: Visit) -> About:
    return About(found.staff(conn, visit).code, "/settings")


def _discharge(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.discharge_staff(conn, visit.config, about.subject, visit.now)


def _led(_: About, __: Shown) -> str:
    return to("/settings", done="saved")


PERSON = (Field("zone", "zone", fields.zone), Field("lang", "choice"))
ADD = Change("staff", (Field("code", "text", fields.code), *PERSON), _of_nobody, _add, _led)
DISCHARGE = Change("staff-discharge", (), _about, _discharge, _led)
