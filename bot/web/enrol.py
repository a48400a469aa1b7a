"""A new patient with a weekly session: eight fields, of which four have what is usual here."""

from sqlalchemy import Connection

from bot import clinic
from bot.clinic import Shown
from bot.clinic_series import set_weekly
from bot.core import fields
from bot.core.fields import Mistake, optional
from bot.core.plan import WEEKDAYS, Plan
from bot.web import found
from bot.web.change import About, Change, Field, Option, Values
from bot.web.visit import Visit, to


def weekdays(*, none: bool) -> list[Option]:
    """The days of the week, by the name the desk's words have; the page says them in its language."""
    return [*([("", "")] if none else []), *((name, name) for name in WEEKDAYS)]


def minutes(plan: Plan) -> int:
    """A session's length by a plan."""
    return int(plan.session_length.total_seconds() // 60)


def _about(conn: Connection, visit: Visit) -> About:
    config, therapists = visit.config, found.therapists(conn)
    starts = {
        "zone": config.clinic.zone, "lang": config.clinic.languages[0], "day": found.clinic_day(visit).isoformat(),
        "minutes": str(minutes(config.plan)),
        "therapist": therapists[0][0] if len(therapists) == 1 else "",
    }  # fmt: skip
    choose = [] if len(therapists) == 1 else [("", "")]
    options = {
        "therapist": [*choose, *therapists], "lang": found.languages(config), "weekday": weekdays(none=True),
    }  # fmt: skip
    return About("", "/patients", starts, options, [code for code, _ in therapists])


def _together(values: Values) -> dict[str, Mistake]:
    """A weekday needs a time of day."""
    return {"clock": Mistake("empty")} if values.get("weekday") and values.get("clock", "") is None else {}


def _work(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    config, now, code = visit.config, visit.now, values["code"]
    shown = clinic.add_patient(conn, config, code, values["therapist"], values["zone"], values["lang"], now)
    if values["weekday"]:
        rule = f"{values['weekday']} {values['clock']:%H:%M}"
        shown |= set_weekly(conn, config, code, rule, values["day"], values["minutes"], now)
    return shown


ENROL = Change(
    "enrol",
    (
        Field("code", "text", fields.code),
        Field("therapist", "choice", needed=True),
        Field("weekday", "choice"),
        Field("clock", "time", optional(fields.clock)),
        Field("day", "date", optional(fields.day)),
        Field("minutes", "number", fields.whole(1, 1440)),
        Field("zone", "zone", fields.zone),
        Field("lang", "choice"),
    ),
    _about,
    _work,
    lambda _, shown: to(f"/patients/{shown['code'] if 'code' in shown else shown['patient']}", done="enrolled"),
    together=_together,
)
