"""Changes of appointments: one more, a series, another time, none; each shows first what it does."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import clinic
from bot.clinic import Shown
from bot.clinic_series import cancel_week, end_weekly, move_following, set_weekly
from bot.core import fields
from bot.core.fields import Mistake, optional
from bot.core.plan import WEEKDAYS
from bot.core.plans import plan_of
from bot.core.series import LONGEST, MOST_WEEKS
from bot.store import series
from bot.web import found
from bot.web.change import About, Change, Field, Values
from bot.web.enrol import minutes, weekdays
from bot.web.visit import Missing, Visit, to

MINUTES = Field("minutes", "number", fields.whole(1, 1440))
DAY, CLOCK = Field("day", "date", fields.day), Field("clock", "time", fields.clock)


def _of_patient(conn: Connection, visit: Visit) -> About:
    """About a patient who has a therapist."""
    who = found.patient(conn, visit)
    pair = found.pair(conn, who)
    if pair is None:
        raise Missing
    starts = {
        "minutes": str(minutes(plan_of(pair, visit.config.plan))), "day": found.clinic_day(visit).isoformat(),
        "every": "1",
    }  # fmt: skip
    return About(who.code, f"/patients/{who.code}", starts, of=pair)


def back(done: str) -> Callable[[About, Shown], str]:
    """To where the change was asked for, with a word of what was done."""
    return lambda about, _: to(about.back, done=done)


# ------------------------------------------------------------------------------------------------ one session


def _add(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    wall = datetime.combine(values["day"], values["clock"])
    return clinic.add_session(conn, visit.config, about.subject, wall, values["minutes"], visit.now)


ADD = Change("session", (DAY, CLOCK, MINUTES), _of_patient, _add, back("saved"))


def _of_session(conn: Connection, visit: Visit) -> About:
    slot = found.slot(conn, visit)
    starts = {"day": slot.day, "clock": slot.clock, "scope": "one"}
    scopes = ["one", *(["following"] if slot.in_series else [])]
    options = {"scope": [(name, name) for name in scopes]}
    return About(slot.patient, f"/patients/{slot.patient}", starts, options, slot)


def _move(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    wall = datetime.combine(values["day"], values["clock"])
    if values["scope"] == "following":
        return move_following(
            conn, visit.config, about.of.id, wall.isoformat(timespec="minutes"), visit.now, ahead=True
        )
    return clinic.move_session(conn, visit.config, about.of.id, wall, visit.now, ahead=True)


MOVE = Change("move", (DAY, CLOCK, Field("scope", "choice")), _of_session, _move, back("moved"), "clock")


def _cancel(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    return clinic.mark_session(conn, visit.config, about.of.id, "cancelled", visit.now)


CANCEL = Change("cancel", (), _of_session, _cancel, back("cancelled"))


def _plan_again(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:  # noqa: ARG001
    wall = datetime.fromisoformat(about.of.local)
    return clinic.move_session(conn, visit.config, about.of.id, wall, visit.now)


PLAN_AGAIN = Change("again", (), _of_session, _plan_again, back("saved"))


# ------------------------------------------------------------------------------------------------ a series


def _of_series(conn: Connection, visit: Visit) -> About:
    about = _of_patient(conn, visit)
    going_on = series.going_on(conn, about.of.id, found.clinic_day(visit))
    beside = [("replace", "replace"), ("also", "also")] if going_on else []
    options = {"weekday": weekdays(none=False), "beside": beside}
    return About(about.subject, about.back, about.starts, options, about.of)


def _weekly(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    rule = f"{values['weekday']} {values['clock']:%H:%M}"
    return set_weekly(
        conn, visit.config, about.subject, rule, values["day"], values["minutes"], visit.now,
        every=values["every"], until=values["until"], beside=values["beside"] or None,
    )  # fmt: skip


def _together(values: Values) -> dict[str, Mistake]:
    """An end before the first session, or further than ten years."""
    first, until, weekday = values.get("day"), values.get("until"), values.get("weekday")
    if first is None or until is None or weekday is None:
        return {}
    begins = first + timedelta(days=(WEEKDAYS.index(weekday) - first.weekday()) % 7)
    if until < begins:
        return {"until": Mistake("reversed") if until < first else Mistake("no_weekday", (weekday,))}
    return {"until": Mistake("ten_years")} if until - first > LONGEST else {}


WEEKLY = Change(
    "weekly",
    (
        Field("weekday", "choice"),
        CLOCK,
        DAY,
        MINUTES,
        Field("every", "number", fields.whole(1, MOST_WEEKS)),
        Field("until", "date", optional(fields.day)),
        Field("beside", "choice", optional(fields.one_of(("replace", "also")), "")),
    ),
    _of_series,
    _weekly,
    back("saved"),
    "weekday",
    _together,
)


def _week(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return cancel_week(conn, visit.config, None, visit.now, day=values["day"], patient=about.subject)


WEEK = Change("week", (DAY,), _of_patient, _week, back("cancelled"))


def _end(conn: Connection, visit: Visit, about: About, values: Values) -> Shown:
    return end_weekly(conn, visit.config, about.subject, visit.now, values["day"])


END = Change("end", (DAY,), _of_series, _end, back("saved"))
