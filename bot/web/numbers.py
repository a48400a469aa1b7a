"""The clinic's own numbers: of everybody together, and none of fewer than five people."""

from datetime import timedelta

from sqlalchemy import Connection
from starlette.responses import Response

from bot.core.aggregates import FEWEST, Aggregates, aggregates
from bot.store import counting
from bot.web.visit import Visit

WITHIN = timedelta(days=90)


async def show(visit: Visit) -> Response:
    """The last three months."""
    found = await visit.read(_read, visit)
    return visit.page("numbers", numbers=found, days=WITHIN.days, fewest=FEWEST, hours=_hours(found.after))


def _read(conn: Connection, visit: Visit) -> Aggregates:
    since = visit.now - WITHIN
    return aggregates(counting.askings(conn, since, visit.now), counting.disagreements(conn, since, visit.now))


def _hours(after: timedelta | None) -> str | None:
    """So many hours, or minutes below two of them, as words hold them: ("3", "h") would be two."""
    if after is None:
        return None
    minutes = round(after.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
