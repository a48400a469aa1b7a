"""What is due about one check-in: open it, or say why it is not asked; remind, ask again, hide, close.

Each is one transaction, called by the tick.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.chat.screens import asking, show
from bot.config import Config
from bot.core import pilot
from bot.core.checkin import Due, after_due, due, held_back
from bot.core.findings import ticked
from bot.core.form import Asks, compose
from bot.core.history import History, answered
from bot.core.person import APART, GIVEN_UP, Pair
from bot.core.plan import Plan
from bot.core.schedule import Appointment, Receiver, closes_at, reminds_at
from bot.core.walltime import after_quiet
from bot.message import Message
from bot.store import appointments, checkins, histories, homework, outages, outbox, people, pilots
from bot.store.checkins import Kept

AHEAD = 300
"""So many questions wait to be sent at most: ten seconds at Telegram's pace. A check-in that is opened before it can be
sent would be judged too early (quiet hours, a session moved meanwhile), and the work would be in the way of who taps.
"""
LATE = timedelta(minutes=10)
"""A question that arrives so long after it was opened is late."""
SECOND_ASKING = 3  # "not yet talked about" is asked once more after this session


def ready_to_open(conn: Connection, now: datetime, most: int) -> list[str]:
    """The check-ins to open now, the oldest first: as many as can be sent soon."""
    return checkins.to_open(conn, now, min(most, AHEAD - outbox.unsent(conn, now, AHEAD)))


def open_or_next(conn: Connection, check_in_id: str, config: Config, now: datetime) -> None:
    """Do what is due about one check-in: open it, or remind, ask again, hide, close."""
    kept = checkins.by_check_in_id(conn, check_in_id)
    if kept.check_in.state == "planned":
        _open(conn, kept, config, now)
        return
    what = due(kept.check_in, now, config.plan)
    if what is None:  # it was looked at too early, or its state moved on
        checkins.put(conn, kept, config.plan)
        return
    if what in ("remind", "again") and (until := _not_before(conn, kept, what, config, now)) > now:
        checkins.put(conn, replace(kept, check_in=held_back(kept.check_in, what, until)), config.plan)
        return
    if what == "close" and outbox.drop_unsent(conn, check_in_id):
        checkins.settle(conn, check_in_id, "not_asked", "outage")
        return
    changed = replace(kept, check_in=after_due(kept.check_in, what))
    checkins.put(conn, changed, config.plan)
    if what in ("remind", "again"):
        turn = changed.check_in.place.turn
        plan = changed.plan(config.plan)
        _send(conn, changed, f"{what}:{check_in_id}:{turn}", "reminder", asking(changed, config, True), plan, now)
    elif kept.message_id is not None and kept.check_in.place.screen != "ready" and not config.on_page(kept.person):
        _edit(conn, changed, config, now, what)


def _not_before(conn: Connection, kept: Kept, what: Due, config: Config, now: datetime) -> datetime:
    """When this person may be written to: now, at the end of quiet hours, or (away) not while this one is open. Whom
    the question reached late (the Bot API was away) is reminded as long after it as anybody.
    """
    who = appointments.receiver(conn, kept.person)
    if kept.check_in.voice == "patient" and who.is_away(now):
        return kept.check_in.closes
    plan = kept.plan(config.plan)
    awake = after_quiet(now, who.zone, plan.quiet_from, plan.quiet_until)
    asked = outbox.arrived_at(conn, f"open:{kept.check_in.id}") if what == "remind" else None
    if asked is None or kept.opened is None or asked - kept.opened < LATE:
        return awake
    reminds = reminds_at(kept.check_in.voice, kept.check_in.kind, asked, kept.check_in.closes, who, plan)
    return max(awake, reminds or kept.check_in.closes)


def _edit(conn: Connection, kept: Kept, config: Config, now: datetime, what: str) -> None:
    """Hide what was being read or put off. A "ready when you are" stays as it is: it may still be answered late."""
    form = compose(config.questionnaires.by_id, kept.asks or Asks(()), kept.check_in.voice)
    body = show(kept, form, config, now).to_json() | {"edit": kept.message_id, "turn": kept.check_in.place.turn}
    key = f"{what}:{kept.check_in.id}:{kept.check_in.place.turn}:{now.isoformat()}"
    outbox.add(conn, kept.person, key, "edit", body, now, about=kept.check_in.id)


def _send(conn: Connection, kept: Kept, key: str, kind: str, message: Message, plan: Plan, now: datetime) -> None:
    """A fresh message, as only that is noticed; the old one goes. It does not come any more once the person goes on,
    and if it has to wait, not in quiet hours.
    """
    quiet = [plan.quiet_from.isoformat(), plan.quiet_until.isoformat()]
    body = message.to_json() | {"replaces": kept.message_id, "turn": kept.check_in.place.turn, "quiet": quiet}
    outbox.add(conn, kept.person, key, kind, body, now, about=kept.check_in.id)


def _open(conn: Connection, kept: Kept, config: Config, now: datetime) -> None:
    """Open a check-in, or say why it is not asked. Quiet hours and days away are judged at this very moment."""
    pair, plan = people.pair_of(conn, kept.pair_id), kept.plan(config.plan)
    who = appointments.receiver(conn, kept.person)
    awake = after_quiet(now, who.zone, plan.quiet_from, plan.quiet_until)
    if awake > now:
        checkins.postpone(conn, kept.check_in.id, awake)
        return
    around = _around(conn, kept)
    if around is None:
        checkins.settle(conn, kept.check_in.id, "excused", "cancelled")
        return
    session, following, number = around
    closes = closes_at(session, following, kept.check_in.voice, kept.check_in.kind, now, plan)
    if pair.patient.state in GIVEN_UP:  # it is over for both
        checkins.settle(conn, kept.check_in.id, "excused", "stopped")
        return
    if kept.person.state not in APART and pilots.holds(conn, kept.person, kept.opens):
        checkins.settle(conn, kept.check_in.id, "excused", pilot.WHY)
        return
    planned_until = kept.check_in.closes
    if now < planned_until and kept.person.state not in APART and not kept.person.can_be_asked:
        # Not in yet, or the phone blocked us: whoever comes (back) before the closing is asked then.
        checkins.postpone(conn, kept.check_in.id, planned_until)
        return
    too_late = now >= closes or now > planned_until + plan.patient_late_for
    why = _why_not(kept, who, plan, number, now, too_late)
    if why == ("not_asked", "too late") and outages.last_in(conn, kept.opens, planned_until):
        why = ("not_asked", "outage")
    if why is not None:
        checkins.settle(conn, kept.check_in.id, *why)
        return
    asks = _asks(conn, pair, kept, config, number, now)
    asks = homework.in_words(conn, asks, kept.check_in.voice, kept.session_id)
    if not compose(config.questionnaires.by_id, asks, kept.check_in.voice).questions:
        checkins.settle(conn, kept.check_in.id, "not_asked", "nothing to ask")
        return
    reminds = reminds_at(kept.check_in.voice, kept.check_in.kind, now, closes, who, plan)
    opened = checkins.open_now(conn, replace(kept, asks=asks), reminds, closes, now, plan)
    _send(conn, opened, f"open:{kept.check_in.id}", "prompt", asking(opened, config), plan, now)


def _around(conn: Connection, kept: Kept) -> tuple[Appointment, Appointment | None, int] | None:
    """The session a check-in is about, the pair's next one, and the how-manieth of the pair it is.

    None if that session does not stand any more.
    """
    standing = [
        a for row in appointments.sessions_of(conn, kept.pair_id) if (a := appointments.as_appointment(row)).stands
    ]
    place = next((n for n, a in enumerate(standing) if a.id == kept.session_id), None)
    if place is None:
        return None
    return standing[place], standing[place + 1] if place + 1 < len(standing) else None, place + 1


def _why_not(
    kept: Kept, who: Receiver, plan: Plan, number: int, now: datetime, too_late: bool
) -> tuple[str, str] | None:
    """State and reason of a check-in that is not asked; None if it is."""
    if kept.person.state in APART:
        return "excused", "paused" if kept.person.state == "paused" else "stopped"
    if not kept.person.can_be_asked:
        return "not_asked", "not in yet" if kept.person.unreachable_since is None else "unreachable"
    if too_late:
        return "not_asked", "too late"
    if kept.check_in.voice == "patient" and (number - 1) % max(who.ask_every, plan.ask_every):
        return "excused", "every"
    if kept.check_in.voice == "patient" and who.is_away(now):
        return "excused", "away"
    return None


def _asks(conn: Connection, pair: Pair, kept: Kept, config: Config, number: int, now: datetime) -> Asks:
    """What exactly this check-in holds: frozen now."""
    names, voice = config.questionnaires.asked_by(*kept.plans), kept.check_in.voice
    history = histories.history_of(conn, pair.id, kept.starts + timedelta(microseconds=1), now)
    listed = tuple(goal for goal in history.goals if not goal.retired)
    before = _ticks_before(history, voice, {goal.id for goal in listed})
    if kept.check_in.kind == "homework":
        return Asks(names.homework, number)
    if voice == "therapist":
        last = _last_homework(conn, history, kept)
        plan = kept.plan(config.plan)
        asked = tuple(name for name in names.therapist if plan.homework or name not in names.homework)
        return Asks(asked, number, listed, before, last, plan.therapist_bond)
    asked, only = names.after_session, None
    if not checkins.answered_before(conn, kept):
        asked += names.after_first  # put off until there is an answer: the patient's hopes make the first goal
    elif number == SECOND_ASKING and (again := _not_yet(history)):
        asked, only = (*asked, "start"), {"start": again}
    return Asks(asked, number, listed, before, only=only)


def _ticks_before(
    history: History, voice: str, known: set[int]
) -> tuple[tuple[int | str, ...], int | str | None] | None:
    """What this side ticked last time, if all of it is still on the list."""
    sides = [s.patient if voice == "patient" else s.therapist for s in history.sessions]
    last = next((t for side in reversed(sides) if (t := ticked(side)) is not None), None)
    if last is None or not set(last.chosen) <= known | {"other"}:
        return None
    return last.chosen, last.top


def _last_homework(conn: Connection, history: History, kept: Kept) -> int | None:
    """The last earlier session, if it had homework: by the therapist's word, else by the patient's."""
    ids = [row.id for row in appointments.sessions_of(conn, kept.pair_id) if row.starts_at <= kept.starts]
    earlier = [(i, s) for i, s in zip(ids, history.sessions, strict=True) if s.state == "held" and i != kept.session_id]
    if not earlier:
        return None
    session_id, session = earlier[-1]
    said = [(answered(side.homework) or {}).get("given") for side in (session.therapist, session.patient)]
    return session_id if next((word for word in said if word is not None), None) == "yes" else None


def _not_yet(history: History) -> tuple[str, ...]:
    """The items of the start form that were "not yet talked about"."""
    forms = [answered(session.patient.start) or {} for session in history.sessions]
    return tuple(item for item in ("options", "say") if any(form.get(item) == "not_yet" for form in forms))
