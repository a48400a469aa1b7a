"""The clinic's door: what staff do, as functions of a connection. The command line calls them now, a page later.

A request that cannot be carried out raises Refused, a sentence; nothing is written then.
"""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot import ids
from bot.config import Config
from bot.core.codes import check_letter, not_a_code
from bot.core.person import Pair, Person
from bot.core.plans import plan_of
from bot.core.series import NotARule, Rule, parse
from bot.core.walltime import local_date, to_utc, zone_of
from bot.core.zones import misnamed_says
from bot.store import appointments, people, relinks
from bot.store.columns import AnyRow
from bot.store.effects import with_effect
from bot.store.people import Refused

YEARS = range(2000, 2100)
FAR_PAST = timedelta(days=30)
"""A session further back than this is more likely a slip than a wish."""
NOT_A_CODE = {
    "no_code": '"{}" is not a code: up to 16 letters, digits and dashes, such as P-014. Never a name.',
    "like_name": '"{}" has no digit in it, as a name has none. A code must not be a name: write it as P-014.',
}
Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invited:
    """An invite just made: the code exists only here, the database keeps its hash."""

    person: str
    code: str
    expires: datetime

    def link(self, bot_name: str) -> str:
        """What the person opens on the phone."""
        return f"https://t.me/{bot_name}?start={self.code}"


def zone_or_refuse(zone: str) -> str:
    """The zone if there is one of that name; Refused with the nearest name if not."""
    if says := misnamed_says(zone):
        raise Refused(says)
    return zone


def lang_or_refuse(lang: str, config: Config) -> str:
    """The language if the clinic speaks it."""
    if lang not in config.clinic.languages:
        raise Refused(f'"{lang}" is not one of the clinic\'s languages: {", ".join(config.clinic.languages)}.')
    return lang


def parse_wall(text: str) -> datetime:
    """A wall time "2026-11-03T14:00"; Refused with an example if it is none."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or ("T" not in text and " " not in text.strip()):
        says = f'"{text}" is not a date and time: write it as 2026-11-03T14:00, in the clinic\'s time.'
        raise Refused(says, "no_wall", text[:60])
    _in_our_time(wall.year)
    return wall.replace(second=0, microsecond=0)


def parse_rule(text: str) -> Rule:
    """The rule of a series from "Tue,Thu 14:00 every 2 weeks"; Refused with an example if it is none."""
    try:
        rule = parse(text)
    except NotARule as wrong:
        raise Refused(str(wrong)) from None
    if rule.until is not None:
        _in_our_time(rule.until.year)
    return rule


def parse_date(text: str) -> date:
    """A date "2026-11-03"; Refused with an example if it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(f'"{text}" is not a date: write it as 2026-11-03.') from None
    _in_our_time(day.year)
    return day


def parse_span(text: str) -> tuple[date, date]:
    """First and last day from "2026-12-24..2026-12-26", or one day; Refused with an example if it is neither."""
    begin, dots, end = text.partition("..")
    first, last = parse_date(begin), parse_date(end if dots else begin)
    if last < first:
        raise Refused(f'"{text}" ends before it begins: write it as 2026-12-01..2026-12-10.')
    return first, last


def _in_our_time(year: int) -> None:
    if year not in YEARS:
        says = f"The year {year} is out of reach: {YEARS[0]} to {YEARS[-1]}."
        raise Refused(says, "far_year", str(year), str(YEARS[0]), str(YEARS[-1]))


# ------------------------------------------------------------------------------------------------ people


def code_or_refuse(code: str) -> str:
    """A code that fits a phone and says nothing about a person."""
    if kind := not_a_code(code):
        raise Refused(NOT_A_CODE[kind].format(code), kind, code, field="code")
    return code


def add_therapist(conn: Connection, config: Config, code: str, zone: str, lang: str) -> Shown:
    """Add a therapist."""
    return person_shown(
        people.add(conn, "therapist", code_or_refuse(code), zone_or_refuse(zone), lang_or_refuse(lang, config))
    )


def add_patient(
    conn: Connection, config: Config, code: str, therapist: str, zone: str, lang: str, now: datetime
) -> Shown:
    """Add a patient and bring the patient together with a therapist."""
    other = people.by_code(conn, therapist, "therapist")
    patient = people.add(conn, "patient", code_or_refuse(code), zone_or_refuse(zone), lang_or_refuse(lang, config))
    pair_id = people.add_pair(conn, patient.id, other.id, now)
    return person_shown(patient) | {"therapist": other.code, "pair": pair_id}


def person_shown(who: Person) -> Shown:
    """A person as the desk sees them, with the code's check letter: never an answer, never a chat."""
    return {
        "id": who.id, "role": who.role, "code": who.code, "check": check_letter(who.code), "zone": who.zone,
        "lang": who.lang, "state": who.state,
    }  # fmt: skip


def invite(conn: Connection, config: Config, code: str, now: datetime, relink: bool = False) -> Invited:
    """Make a single-use invite for somebody who is not in yet; `relink`: for a new phone of somebody who is."""
    who = people.by_code(conn, code)
    if who.chat_id is not None and not relink:
        says = f'"{who.code}" is in already. For a new phone: accord clinic invite {who.code} --relink'
        raise Refused(says, "in_already", who.code)
    if who.chat_id is None and relink:
        raise Refused(f'"{who.code}" is not in yet: accord clinic invite {who.code}')
    if who.state == "discharged":
        raise Refused(f'"{who.code}" is discharged.', "discharged", who.code)
    invited = Invited(who.code, ids.token(), now + config.invite.valid)
    people.add_invite(conn, who.id, ids.hashed(invited.code), invited.expires, relink)
    relinks.refuse_all(conn, who.id, now)
    return invited


# ------------------------------------------------------------------------------------------------ sessions


def changing(
    conn: Connection, config: Config, pair_ids: Collection[int], now: datetime, work: Callable[[], Shown]
) -> Shown:
    """Carry out work on these pairs' sessions; what it shows, with what it does, to whom and when."""
    shown, done = with_effect(conn, pair_ids, config.plan, zone_of(config.clinic.zone), now, work)
    return shown | asdict(done)


def add_session(
    conn: Connection, config: Config, code: str, wall: datetime, minutes: int | None, now: datetime, past: bool = False
) -> Shown:
    """Add a session of a patient with their therapist, at the clinic's wall time; far back only if `past` says so."""
    pair = people.pair_by_patient_code(conn, code)
    zone, length = config.clinic.zone, minutes_or_refuse(config, pair, minutes)
    refuse_far_past(wall, zone, now, past)

    def work() -> Shown:
        session_id = appointments.add_session(conn, pair, wall, zone, length)
        return session_shown(appointments.session_row(conn, session_id), pair.patient.code)

    return changing(conn, config, [pair.id], now, work)


def minutes_or_refuse(config: Config, pair: Pair, minutes: int | None) -> int:
    """A session's length, the pair's plan's if none is given."""
    length = int(plan_of(pair, config.plan).session_length.total_seconds() // 60) if minutes is None else minutes
    if not 1 <= length <= 24 * 60:
        raise Refused(f"A session of {length} minutes is not possible: 1 to 1440.", "no_minutes", str(length))
    return length


def refuse_far_past(wall: datetime, zone: str, now: datetime, past: bool) -> None:
    """A date of long ago is refused unless it is meant."""
    if not past and to_utc(wall, zone_of(zone)) < now - FAR_PAST:
        says = f"{wall:%Y-%m-%d %H:%M} is more than {FAR_PAST.days} days ago. If it is meant, say --past."
        raise Refused(says, "far_past", str(FAR_PAST.days), field="day")


def session_shown(row: AnyRow, code: str) -> Shown:
    """A session as the desk sees it."""
    return {
        "id": row.id, "patient": code, "starts": row.local, "zone": row.zone, "minutes": row.minutes,
        "state": row.state, "confirm": row.confirm,
    }  # fmt: skip


def one_changed(
    conn: Connection, config: Config, session_id: int, now: datetime, work: Callable[[AnyRow], object]
) -> Shown:
    """Change one session, and show it as it is then."""
    row = appointments.session_row(conn, session_id)
    code = people.pair_of(conn, row.pair_id).patient.code

    def changed() -> Shown:
        work(row)
        return session_shown(appointments.session_row(conn, session_id), code)

    return changing(conn, config, [row.pair_id], now, changed)


def refuse_over(row: AnyRow, wall: datetime, now: datetime, past: bool) -> None:
    """A session is not moved to a time that is over, unless that is meant; where it stands it may stay."""
    if not past and to_utc(wall, zone_of(row.zone)) <= now and wall.isoformat(timespec="minutes") != row.local:
        today = wall.date() == local_date(now, zone_of(row.zone))
        says = f"{wall:%Y-%m-%d %H:%M} is over already: choose a time ahead. If it is meant, say --past."
        raise Refused(says, "is_over", field="clock" if today else "day")


def move_session(
    conn: Connection,
    config: Config,
    session_id: int,
    wall: datetime,
    now: datetime,
    *,
    past: bool = False,
    ahead: bool = False,
) -> Shown:
    """Move a session; what was not sent yet moves with it. `ahead`: not to a time that is over, unless `past`."""

    def work(row: AnyRow) -> None:
        if ahead:
            refuse_over(row, wall, now, past)
        refuse_far_past(wall, row.zone, now, past)
        appointments.move_session(conn, session_id, wall)

    return one_changed(conn, config, session_id, now, work)


def mark_session(conn: Connection, config: Config, session_id: int, state: str, now: datetime) -> Shown:
    """Cancel a session, or say that it was held or missed. One that was cancelled may have lost its time to another."""
    before = appointments.session_row(conn, session_id)
    if before.state == "cancelled" and state != "cancelled" and not people.has_ended(conn, before.pair_id):
        appointments.refuse_to_stand(conn, before, before.starts_at, before.ends_at)
    return one_changed(conn, config, session_id, now, lambda _: appointments.mark_session(conn, session_id, state))


def listed(conn: Connection) -> list[Shown]:
    """Everybody and every session, one row each."""
    rows = [person_shown(who) for who in people.people(conn)]
    for who in people.people(conn, "patient"):
        for pair_id in people.pairs(conn, patient_id=who.id):
            therapist = people.pair_of(conn, pair_id).therapist.code
            found = appointments.sessions_of(conn, pair_id)
            rows += [session_shown(row, who.code) | {"role": "session", "therapist": therapist} for row in found]
    return rows
