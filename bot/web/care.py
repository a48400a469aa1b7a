"""Changes about one patient: away, a pause, another therapist, the end, a new phone, zone and language."""

from sqlalchemy import Connection

from bot import clinic_people
from bot.clinic import Shown
from bot.core import fields
from bot.core.fields import Mistake
from bot.web import found
from bot.web.change import About, Change, Field, Values
from bot.web.schedule import back
from bot.web.visit import Visit

FIRST, LAST = Field("first", "date", fields.day), Field("last", "date", fields.day)


def _about(conn: Connection, visit: Visit) -> About:
    who = found.patient(conn, visit)
    pair = found.pair(conn, who)
    others = found.therapists(conn, but=pair.therapist.id if pair else None)
    options = {"therapist": others, "lang": found.languages(visit.config)}
    return About(who.code, f"/patients/{who.code}", {"zone": who.zone, "lang": who.lang}, options, who)


def in_order(values: Values) -> dict[str, Mistake]:
    """A last day before the first one."""
    first, last = values.get("first"), values.get("last")
    return {"last": Mistake("reversed")} if first and last and last < first else {}


def _away(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return clinic_people.set_away(conn, visit.config, about.subject, (values["first"], values["last"]), visit.now)


def _back_early(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return clinic_people.remove_away(conn, visit.config, about.subject, (values["first"], values["last"]), visit.now)


def _person(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return clinic_people.set_person(conn, visit.config, about.subject, values["zone"], values["lang"], visit.now)


def _transfer(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    to, history = values["therapist"], values["history"]
    return clinic_people.transfer(conn, visit.config, about.subject, to, history, visit.now)


def _pause(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.pause(conn, visit.config, about.subject, visit.now)


def _resume(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.resume(conn, visit.config, about.subject, visit.now)


def _discharge(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.discharge(conn, visit.config, about.subject, visit.now)


def phone_in(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    """Let a new phone in."""
    return clinic_people.decide_relink(conn, visit.config, about.subject, True, visit.now)


def phone_out(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    """Keep a new phone out."""
    return clinic_people.decide_relink(conn, visit.config, about.subject, False, visit.now)


def _revoke(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic_people.revoke_invite(conn, visit.config, about.subject, visit.now)


CHANGES = (
    Change("away", (FIRST, LAST), _about, _away, back("saved"), "last", in_order),
    Change("back", (FIRST, LAST), _about, _back_early, back("saved"), "last", in_order),
    Change("person", (Field("zone", "zone", fields.zone), Field("lang", "choice")), _about, _person, back("saved")),
    Change(
        "transfer", (Field("therapist", "choice"), Field("history", "tick", fields.ticked)), _about, _transfer,
        back("saved"),
    ),
    Change("pause", (), _about, _pause, back("saved")),
    Change("resume", (), _about, _resume, back("saved")),
    Change("discharge", (), _about, _discharge, back("saved")),
    Change("phone-in", (), _about, phone_in, back("saved")),
    Change("phone-out", (), _about, phone_out, back("saved")),
    Change("revoke", (), _about, _revoke, back("saved")),
)  # fmt: skip
"""Each is at /patients/CODE/ and its name."""
