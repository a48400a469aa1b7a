"""The delivery ledger and the pilot, for the desk and for a therapist: values for a table, a page or a file.

The desk reads what was sent to whom. How far somebody came is shown to the pair's own therapist only.
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.clinic import Shown, person_shown
from bot.config import Config
from bot.core.cells import cell
from bot.core.ledger import Entry, view
from bot.core.person import Person
from bot.core.pilot import WHY
from bot.core.walltime import at_local, local_date, zone_of
from bot.render import part
from bot.store import alarms, checkins, outages, people, pilots
from bot.store import ledger as rows
from bot.store.ledger import Wanted
from bot.store.people import Refused

MOST = 200
"""Rows of a page."""
AROUND = timedelta(days=7)
LONGEST = timedelta(days=366)
COLUMNS = (
    "local", "what", "to", "patient", "therapist", "session_starts", "state", "why", "sent_at", "progress",
)  # fmt: skip
IN_WORDS = ("what", "state", "why", "progress")


def ledger(
    conn: Connection,
    config: Config,
    now: datetime,
    *,
    first: date | None = None,
    last: date | None = None,
    therapist: str | None = None,
    patient: str | None = None,
    page: int = 1,
    reader: Person | None = None,
) -> Shown:
    """A page of the ledger: what was planned from `first` to `last` (the clinic's dates, both inclusive; without them
    a week before and after today), of a therapist, of a patient. `reader`: a therapist, who sees the own pairs and how
    far each came; None: the desk. Refused for an unknown code, or a span that ends before it begins or is too long.
    """
    zone = zone_of(config.clinic.zone)
    first, last = _span(first, last, local_date(now, zone))
    begin, end = at_local(first, time(0), zone), at_local(last + timedelta(days=1), time(0), zone)
    of_therapist = None if therapist is None else people.by_code(conn, therapist, "therapist")
    of_patient = None if patient is None else people.by_code(conn, patient, "patient")
    wanted = Wanted(begin, end, *(None if one is None else one.id for one in (of_therapist, of_patient, reader)))
    page = max(page, 1)
    found = rows.page(conn, wanted, MOST + 1, (page - 1) * MOST)
    seen = (view(fact, wanted.reader_id, config.ledger_rules, now) for fact in found[:MOST])
    return {
        "first": first.isoformat(), "last": last.isoformat(), "page": page, "more": len(found) > MOST,
        "therapist": None if of_therapist is None else of_therapist.code,
        "patient": None if of_patient is None else of_patient.code,
        "head": _head(conn, config, begin, min(end, now), now),
        "rows": [_row(entry, config.clinic.zone, reader is not None) for entry in seen if entry is not None],
    }  # fmt: skip


def _span(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    first = first or (today if last is None else last) - AROUND
    last = last or max(first, today) + AROUND
    if last < first:
        raise Refused(f"{first} to {last} ends before it begins.", "reversed", field="last")
    if last - first > LONGEST:
        says = f"{first} to {last} is more than {LONGEST.days} days: ask for a shorter time."
        raise Refused(says, "ledger_long", str(LONGEST.days), field="last")
    return first, last


def _head(conn: Connection, config: Config, begin: datetime, end: datetime, now: datetime) -> Shown:
    """What must be known before reading on: do alarms arrive, is there a pilot, was the bot offline."""
    zone, status = zone_of(config.clinic.zone), alarms.duty(conn, config.alarms.duty_chat)[0]
    until, ends, down = config.pilot.until, config.pilot_ends, outages.last_in(conn, begin, end)
    return {
        "duty": config.alarms.duty_chat or None, "alarms": status,
        "pilot_until": until.isoformat() if until is not None and ends is not None and now < ends else None,
        "offline": None if down is None else {"from": _wall(down[0], zone), "to": _wall(down[1], zone)},
    }  # fmt: skip


def _row(entry: Entry, zone: str, with_progress: bool) -> Shown:
    fact = entry.fact
    shown = {
        "id": fact.id, "at": _utc(fact.at), "local": _wall(fact.at, zone_of(zone)), "what": fact.what, "to": fact.to,
        "patient": fact.patient, "therapist": fact.therapist, "session": fact.session,
        "session_starts": fact.session_starts, "state": entry.state, "why": entry.why, "sent_at": _utc(fact.sent_at),
    }  # fmt: skip
    return shown | ({"progress": entry.progress} if with_progress else {})


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _wall(at: datetime, zone: Any) -> str:
    return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")


def ledger_csv(conn: Connection, config: Config, now: datetime, **options: Any) -> str:
    """All pages of the ledger as a table for a spreadsheet, in the clinic's first language."""
    every, page, more = list[Shown](), 1, True
    while more:
        shown = ledger(conn, config, now, page=page, **options)
        every, page, more = every + shown["rows"], page + 1, shown["more"]
    return as_csv(every, config.clinic.languages[0])


def as_csv(found: Iterable[Shown], lang: str = "en") -> str:
    """Rows of the ledger as CSV, with a line of headings; nothing in it is taken for a formula."""
    found = list(found)
    columns = [name for name in COLUMNS if name != "progress" or any("progress" in row for row in found)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([cell(_in_words(row, name, lang)) for name in columns] for row in found)
    return text.getvalue()


def _in_words(row: Shown, name: str, lang: str) -> object:
    value = row.get(name)
    return words(lang, name, value) if name in IN_WORDS and value is not None else value


def words(lang: str, name: str, value: str) -> str:
    """A word of the ledger ("state", "sent") in a language."""
    return part(lang, "ledger.jinja", name, value)


# ------------------------------------------------------------------------------------------------ the pilot


def pilot_add(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """Somebody agreed to take part in the pilot: what is planned from now on is sent to them."""
    return _joined(conn, code, True)


def pilot_remove(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """Somebody takes no part in the pilot any more; what is open is excused, so that no silence comes of it."""
    shown = _joined(conn, code, False)
    if pilots.holds(conn, people.by_id(conn, shown["id"]), now):
        checkins.withdraw_person(conn, shown["id"], WHY)
    return shown


def _joined(conn: Connection, code: str, joined: bool) -> Shown:
    who = people.by_code(conn, code)
    if who.role == "staff":
        raise Refused(f'"{who.code}" is of the staff, who get their messages anyway: name a patient or a therapist.')
    people.change(conn, who.id, pilot=joined)
    return person_shown(who) | {"pilot": joined}


def pilot_list(conn: Connection, config: Config, now: datetime) -> Shown:
    """Until when the pilot lasts, whether it lasts now, and who takes part."""
    until, ends = config.pilot.until, config.pilot_ends
    everybody = [person_shown(who) for who in pilots.taking_part(conn)]
    return {"until": until and until.isoformat(), "on": ends is not None and now < ends, "people": everybody}
