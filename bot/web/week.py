"""A week: who is seen, and who is asked what and when; what is missing stands on top, in red."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from bot.core.walltime import at_local, zone_of
from bot.store import board, closures
from bot.store.board import Asked, Gaps, Slot
from bot.store.columns import AnyRow
from bot.web import found
from bot.web.visit import SEE_OTHER, Visit

ABBREVIATIONS = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
                 "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")}  # fmt: skip
MONTHS = {"en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
          "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic")}  # fmt: skip
"""CLDR's own short names; asking for them a thousand times would take longer than the rest of the page."""
KINDS = (("patient", "alliance"), ("therapist", "alliance"), ("patient", "homework"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One asking on the page: when in the clinic's time ("Tue 16:00", on another day than the appointment's "Mon 9 Nov
    18:00"), and its state and reason.
    """

    at: str
    state: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment on the page, with a cell for each of `KINDS` (None: not asked about at all)."""

    slot: Slot
    cells: tuple[Cell | None, ...]

    @property
    def is_gap(self) -> bool:
        """Whether somebody was not asked, and nobody had meant that."""
        return any(cell is not None and cell.state == "not_asked" for cell in self.cells)


async def first_screen(visit: Visit) -> Response:
    """What comes after logging in."""
    return RedirectResponse("/today" if visit.who.role == "staff" else "/week", SEE_OTHER)


async def show(visit: Visit) -> Response:
    """The week that a date is in; of all, or of one therapist."""
    first = _monday(visit)
    own = visit.who.id if visit.who.role == "therapist" else None
    slots, gaps, closed, therapists = await visit.read(_read, visit, first, own)
    wanted = visit.asked.get("therapist", "")
    zone = zone_of(visit.config.clinic.zone)
    days: dict[str, list[Row]] = {(first + timedelta(days=n)).isoformat(): [] for n in range(7)}
    for slot in slots:
        if not wanted or slot.therapist == wanted:
            days.setdefault(slot.day, []).append(row(slot, zone, visit.who.lang))
    return visit.page(
        "week", first=first, before=first - timedelta(days=7), after=first + timedelta(days=7), days=days, gaps=gaps,
        closed=closed, therapists=therapists, wanted=wanted, today=found.clinic_day(visit).isoformat(),
    )  # fmt: skip


def _monday(visit: Visit) -> date:
    try:
        day = date.fromisoformat(visit.asked.get("day", ""))
    except ValueError:
        day = found.clinic_day(visit)
    day = min(max(day, date(2000, 1, 10)), date(2099, 12, 20))
    return day - timedelta(days=day.weekday())


def _read(
    conn: Connection, visit: Visit, first: date, own: int | None
) -> tuple[list[Slot], Gaps | None, dict[str, AnyRow], list[str]]:
    zone = zone_of(visit.config.clinic.zone)
    begin, end = (at_local(first + timedelta(days=n), time(0), zone) for n in (0, 7))
    slots = board.slots(conn, begin, end, visit.now, therapist_id=own)
    rows = closures.closures(conn)
    week = [first + timedelta(days=n) for n in range(7)]
    closed = {day.isoformat(): off for day in week if (off := closures.closed_on(rows, day)) is not None}
    gaps = None if own is not None else board.gaps(conn, visit.now)
    return slots, gaps, closed, [] if own is not None else sorted({slot.therapist for slot in slots})


def row(slot: Slot, zone: ZoneInfo, lang: str) -> Row:
    """An appointment as the page shows it."""
    asked = defaultdict(list)
    for one in slot.asked:
        asked[one.role, one.kind].append(one)
    return Row(slot, tuple(_cell(asked[kind], slot, zone, lang) for kind in KINDS))


def _cell(asked: list[Asked], slot: Slot, zone: ZoneInfo, lang: str) -> Cell | None:
    if not asked:
        return None
    one = asked[0]
    at: datetime = one.opens.astimezone(zone)
    spoken = lang if lang in MONTHS else "en"
    day = "" if at.date().isoformat() == slot.day else f" {at.day} {MONTHS[spoken][at.month - 1]}"
    return Cell(f"{ABBREVIATIONS[spoken][at.weekday()]}{day} {at.hour:02}:{at.minute:02}", one.state, one.why)
