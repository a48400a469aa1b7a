"""Therapists: the list, somebody new, leave with cover, the end."""

from datetime import date, datetime

from sqlalchemy import Connection
from starlette.responses import Response

from bot import clinic, clinic_people
from bot.clinic import Shown
from bot.core import fields
from bot.store import away, board, people, relinks
from bot.store.away import Leave
from bot.web import found
from bot.web.care import FIRST, LAST, in_order, phone_in, phone_out
from bot.web.change import About, Change, Field, Values
from bot.web.schedule import back
from bot.web.visit import Visit, to


async def show(visit: Visit) -> Response:
    """All therapists, with their patients and the leave that is to come."""
    listed, leaves, phones = await visit.read(_read, found.clinic_day(visit), visit.now)
    return visit.page("therapists", therapists=listed, leaves=leaves, new_phones=phones)


def _read(
    conn: Connection, today: date, now: datetime
) -> tuple[list[board.Listed], dict[int, list[tuple[Leave, str | None]]], set[int]]:
    listed = board.therapists(conn)
    phones = {one.id for one in listed if relinks.of_person(conn, one.id, now) is not None}
    leaves = {one.id: [_covered(conn, x) for x in away.leaves_of(conn, one.id) if x.last >= today] for one in listed}
    return listed, leaves, phones


def _covered(conn: Connection, leave: Leave) -> tuple[Leave, str | None]:
    return leave, None if leave.cover_id is None else people.by_id(conn, leave.cover_id).code


# ------------------------------------------------------------------------------------------------ changes


def _of_nobody(conn: Connection, visit: Visit) -> About:  # noqa: ARG001
    config = visit.config
    starts = {"zone": config.clinic.zone, "lang": config.clinic.languages[0]}
    return About("", "/therapists", starts, {"lang": found.languages(config)})


def _add(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic.add_therapist(conn, visit.config, values["code"], values["zone"], values["lang"])


PERSON = (Field("zone", "zone", fields.zone), Field("lang", "choice"))


def _led(_: About, __: Shown) -> str:
    return to("/therapists", done="saved")


ADD = Change("therapist", (Field("code", "text", fields.code), *PERSON), _of_nobody, _add, _led)


def _about(conn: Connection, visit: Visit) -> About:
    who = found.therapist(conn, visit)
    covers = [("", ""), *found.therapists(conn, but=who.id, reached=True)]
    options = {"cover": covers, "lang": found.languages(visit.config)}
    return About(who.code, "/therapists", {"zone": who.zone, "lang": who.lang}, options, who)


def _leave(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    span, cover = (values["first"], values["last"]), values["cover"] or None
    return clinic_people.set_leave(conn, visit.config, about.subject, span, values["cancels"], cover, visit.now)


def _end_leave(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return clinic_people.end_leave(conn, visit.config, about.subject, (values["first"], values["last"]), visit.now)


def _person(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return clinic_people.set_person(conn, visit.config, about.subject, values["zone"], values["lang"], visit.now)


def _discharge(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.discharge_therapist(conn, visit.config, about.subject, visit.now)


LEAVE = (FIRST, LAST, Field("cancels", "tick", fields.ticked), Field("cover", "choice"))
CHANGES = (
    Change("leave", LEAVE, _about, _leave, back("saved"), "last", in_order),
    Change("leave-end", (FIRST, LAST), _about, _end_leave, back("saved"), "last", in_order),
    Change("therapist-person", PERSON, _about, _person, back("saved")),
    Change("therapist-discharge", (), _about, _discharge, back("saved")),
    Change("therapist-phone-in", (), _about, phone_in, back("saved")),
    Change("therapist-phone-out", (), _about, phone_out, back("saved")),
)
"""Each is at /therapists/CODE/ and its name."""
