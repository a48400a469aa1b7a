"""Today, by exception: tap who did not come; say what is right where somebody said "we did not meet"; take it back."""

from datetime import date, datetime, time, timedelta
from functools import partial

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic_today
from bot.core.walltime import at_local, zone_of
from bot.store import board, marks
from bot.store.board import Gaps, Slot
from bot.store.columns import AnyRow
from bot.store.people import Refused
from bot.web import found
from bot.web.visit import Sent, Visit, once, to


async def show(visit: Visit) -> Response:
    """The day's appointments, what waits to be confirmed, and what was marked in the last minutes."""
    return await _shown(visit)


async def _shown(visit: Visit, refused: Refused | None = None) -> Response:
    day = found.clinic_day(visit)
    slots, confirm, marked, gaps = await visit.read(_read, visit, day)
    mistakes = {} if refused is None else {"all": refused}
    begun = {slot.id for slot in slots if slot.clock <= _clock(visit)}
    return visit.page(
        "today", 409 if refused else 200, day=day.isoformat(), slots=slots, confirm=confirm, marked=marked, gaps=gaps,
        begun=begun, mistakes=mistakes,
    )  # fmt: skip


def _clock(visit: Visit) -> str:
    return visit.now.astimezone(zone_of(visit.config.clinic.zone)).strftime("%H:%M")


def _read(conn: Connection, visit: Visit, day: date) -> tuple[list[Slot], list[Slot], list[AnyRow], Gaps]:
    zone = zone_of(visit.config.clinic.zone)
    begin, end = (at_local(day + timedelta(days=n), time(0), zone) for n in (0, 1))
    marked = marks.since(conn, visit.now - clinic_today.UNDO)
    return (
        board.slots(conn, begin, end, visit.now),
        board.to_confirm(conn, visit.now),
        marked,
        board.gaps(conn, visit.now),
    )


async def act(visit: Visit, form: Sent) -> Response:
    """A tap: mark an appointment ("12:missed"), or take a mark back ("7:undo")."""
    number, _, what = form.chose("mark").partition(":")
    if not number.isdecimal() or len(number) > 15:
        return await _shown(visit)
    work = _undone if what == "undo" else _marked
    try:
        return await once(visit, form, partial(work, visit=visit, number=int(number), what=what, now=visit.now))
    except Refused as refused:
        return await _shown(visit, refused)


def _marked(conn: Connection, visit: Visit, number: int, what: str, now: datetime) -> str:
    clinic_today.mark(conn, visit.config, number, what, visit.who, now)
    return to("/today", done=what)


def _undone(conn: Connection, visit: Visit, number: int, what: str, now: datetime) -> str:  # noqa: ARG001
    clinic_today.undo(conn, visit.config, number, now)
    return to("/today", done="undone")
