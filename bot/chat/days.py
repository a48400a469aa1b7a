"""A therapist's overviews: /today, one line for each pair of the day; /patients; /pair P-014; the morning's digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from bot.chat import pages
from bot.chat.reply import Outcome, Page, Reply, said
from bot.config import Config
from bot.core.digest import Digest
from bot.core.person import Person
from bot.core.walltime import local_date, zone_of
from bot.message import Button, Message, in_parts
from bot.render import page, phrase
from bot.store import appointments, audit, digests, outbox, people
from bot.store.columns import AnyRow
from bot.store.digests import KeptDigest

HIDE = "p:today:hide"
A_ROW = 4  # buttons with a time or a code on them


@dataclass(frozen=True, slots=True)
class Hour:
    """One session of the day as a line: when, who, what the digest would say; `form`: the own one comes first."""

    local: str
    code: str
    state: str
    digest: Digest
    form: bool
    data: str


def today(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """/today: the day's pairs, a line each."""
    day = local_date(now, zone_of(who.zone))
    audit.note(conn, "day shown", now, by=who.id)
    return Outcome(page=lambda reading: Page(_replies(_day(reading, who, day, None, config, now), None)))


def patients(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:  # noqa: ARG001
    """/patients: all pairs, with the next session of each."""
    return Outcome(page=lambda reading: _patients(reading, who, now))


def _patients(conn: Connection, who: Person, now: datetime) -> Page:
    rows, buttons = [], []
    for pair_id in people.pairs(conn, therapist_id=who.id):
        code, coming = people.pair_of(conn, pair_id).patient.code, appointments.next_of(conn, pair_id, now)
        rows.append({"code": code, "next": None if coming is None else coming.local})
        buttons.append(Button(code, f"p:{pair_id}:open"))
    parts = in_parts(page(who.lang, "patients.txt", rows=rows), _in_rows(buttons[:96]))
    return Page(_replies(parts, None))


def pair(conn: Connection, who: Person, rest: str, config: Config, now: datetime) -> Outcome:
    """/pair P-014: how things stand with one patient. Anyone else's does not exist."""
    wanted = rest.strip().upper()
    for pair_id in people.pairs(conn, therapist_id=who.id):
        if people.pair_of(conn, pair_id).patient.code.upper() == wanted:
            view = pages.pair_view(conn, who, pair_id, now)
            assert view is not None
            return pages.on_page(conn, view, "open", [], config, now)
    if wanted:
        return said(Message(phrase(who.lang, "no_such_code")))
    return patients(conn, who, rest, config, now)


# ------------------------------------------------------------------------------------------------ a day


def open_morning(
    conn: Connection, kept: KeptDigest, who: Person, message_id: int | None, config: Config, now: datetime
) -> Outcome:
    """The morning's digest: all pairs of its day."""
    digests.opened_in(conn, kept.id, message_id)
    audit.note(conn, "day shown", now, by=who.id, detail=kept.id)
    day = kept.day or now.date()
    return Outcome(page=lambda reading: Page(_replies(_day(reading, who, day, kept.id, config, now), message_id)))


def bring_up_to_date(conn: Connection, who: Person, day: date, config: Config, now: datetime) -> bool:
    """Before one of the day's sessions: edit the morning's page, if it is open. False if there was none this day."""
    kept = digests.of_day(conn, who.id, day)
    if kept is None:
        return False
    if kept.message_id is not None:
        first, *_ = _day(conn, who, day, kept.id, config, now)
        body = first.to_json() | {"edit": kept.message_id}
        outbox.add(conn, who, f"day:{kept.id}:{now.isoformat()}", "edit", body, now, about=None)
    return True


def _day(
    conn: Connection, who: Person, day: date, digest_id: str | None, config: Config, now: datetime
) -> list[Message]:
    hours = [_hour(conn, who, row, config, now) for row in appointments.of_day(conn, who.id, day, zone_of(who.zone))]
    text = page(who.lang, "today.txt", day=day.isoformat(), hours=hours)
    digest_hide = f"d:{digest_id}:hide" if digest_id else HIDE
    buttons = _in_rows([Button(hour.local[-5:], hour.data) for hour in hours])
    return in_parts(text, (*buttons, (Button(phrase(who.lang, "hide"), digest_hide),)))


def _hour(conn: Connection, who: Person, row: AnyRow, config: Config, now: datetime) -> Hour:
    built = pages.build(conn, row.pair_id, row.local, row.starts_at, config, now)
    form = bool(digests.open_forms(conn, row.pair_id, who.id))
    own = digests.before_session(conn, row.pair_id, row.id)
    data = f"p:{row.pair_id}:open" if own is None else f"d:{own.id}:open"
    return Hour(row.local, people.pair_of(conn, row.pair_id).patient.code, row.state, built, form, data)


def _in_rows(buttons: list[Button]) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(buttons[n : n + A_ROW]) for n in range(0, len(buttons), A_ROW))


def _replies(parts: Sequence[Message], message_id: int | None) -> tuple[Reply, ...]:
    """The first part in place of what was tapped, the others below it."""
    first, *others = parts
    return Reply(first, message_id), *map(Reply, others)
