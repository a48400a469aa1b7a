"""The delivery ledger: what is to be sent to whom, and what became of it. How far somebody came is not for the desk."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic_ledger
from bot.clinic import Shown
from bot.core import fields
from bot.core.fields import Mistake, Reader, optional, read
from bot.core.person import Person
from bot.store import board
from bot.store.people import Refused
from bot.web.visit import Visit, to

READERS: Mapping[str, Reader] = {
    "first": optional(fields.day), "last": optional(fields.day), "therapist": optional(fields.code),
    "patient": optional(fields.text), "page": optional(fields.whole(1, 10_000), 1),
}  # fmt: skip
UNPROCESSABLE = 422


async def show(visit: Visit) -> Response:
    """A page of the ledger, as the fields above it ask; with a mistake in them the fields again."""
    asked = {name: visit.asked.get(name, "") for name in READERS}
    values, mistakes = read(asked, READERS)
    found = await _found(visit, values) if not mistakes else Refused("")
    known = await visit.read(_therapists, visit.who)
    if isinstance(found, Refused):
        said: dict[str, Mistake | Refused] = {**mistakes} or {found.field or "all": found}
        return visit.page("ledger", UNPROCESSABLE, fields=asked, mistakes=said, found=None, therapists=known, turn=turn)
    fields_ = asked | {"first": found["first"], "last": found["last"]}
    return visit.page("ledger", fields=fields_, found=found, therapists=known, turn=partial(turn, fields_))


def turn(asked: Mapping[str, str], page: int, path: str = "/ledger") -> str:
    """The address of another page of the same."""
    return to(path, **{name: value for name, value in asked.items() if value and name != "page"}, page=str(page))


async def table(visit: Visit) -> Response:
    """The same page as a file for a spreadsheet."""
    values, mistakes = read({name: visit.asked.get(name, "") for name in READERS}, READERS)
    found = await _found(visit, values) if not mistakes else Refused("")
    if isinstance(found, Refused):
        return await show(visit)
    headers = {"content-disposition": f'attachment; filename="deliveries-{found["first"]}.csv"'}
    return Response(clinic_ledger.as_csv(found["rows"], visit.who.lang), media_type="text/csv", headers=headers)


async def _found(visit: Visit, values: dict[str, Any]) -> Shown | Refused:
    reader = visit.who if visit.who.role == "therapist" else None
    try:
        return await visit.read(clinic_ledger.ledger, visit.config, visit.now, reader=reader, **values)
    except Refused as refused:
        return refused


def _therapists(conn: Connection, who: Person) -> list[str]:
    return [] if who.role == "therapist" else [one.code for one in board.therapists(conn)]
