"""Days on which the clinic is closed: the list, one more, one less."""

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic_closures
from bot.clinic import Shown
from bot.core import fields
from bot.core.fields import optional
from bot.store import closures
from bot.web import found
from bot.web.care import FIRST, LAST, in_order
from bot.web.change import About, Change, Field, Values
from bot.web.visit import Missing, Visit, to


async def show(visit: Visit) -> Response:
    """The closures that are not over, and those of the past folded."""
    rows = await visit.read(closures.closures)
    today = found.clinic_day(visit)
    coming, past = [row for row in rows if row.last >= today], [row for row in rows if row.last < today]
    return visit.page("closures", coming=coming, past=past)


def _of_none(conn: Connection, visit: Visit) -> About:  # noqa: ARG001
    return About("", "/closures")


def _add(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    days = f"{values['first']}..{values['last']}"
    return clinic_closures.add_closure(conn, visit.config, days, visit.now, values["name"])


def _about(conn: Connection, visit: Visit) -> About:
    number = visit.request.path_params["number"]
    row = next((row for row in closures.closures(conn) if row.id == number), None)
    if row is None:
        raise Missing
    return About(f"{row.first} – {row.last}", "/closures", of=row)


def _remove(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_closures.remove_closure(conn, visit.config, about.of.id, visit.now)


def _led(_: About, __: Shown) -> str:
    return to("/closures", done="saved")


NAME = Field("name", "text", optional(fields.text))
ADD = Change("closure", (FIRST, LAST, NAME), _of_none, _add, _led, "first", in_order)
REMOVE = Change("closure-remove", (), _about, _remove, _led)
