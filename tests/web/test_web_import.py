"""Files handed over in the browser: broken, huge, in odd encodings, with mistakes by line; nothing is half taken."""

import zlib
from base64 import urlsafe_b64encode

import pytest

from bot.calendars.entry import MOST_BYTES
from bot.store.tables import closure, session
from bot.web.imports import unpacked
from tests.conftest import Clinic
from tests.test_locale import markers, words_of
from tests.web.browser import Browser

pytestmark = pytest.mark.deep

SHEET = "patient,starts,minutes\nP-014,2026-11-03T14:00,60\nP-015,2026-11-03T15:00,60\n"
EVENT = "BEGIN:VEVENT\nUID:{0}\nDTSTART;VALUE=DATE:{1}\nDTEND;VALUE=DATE:{2}\nSUMMARY:{3}\nEND:VEVENT\n"
CALENDAR = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//\n{0}END:VCALENDAR\n"
HOLIDAYS = CALENDAR.format(EVENT.format("1", "20261126", "20261128", "Thanksgiving"))
ENDLESS = CALENDAR.format(
    "BEGIN:VEVENT\nUID:2\nDTSTART:20261103T140000\nDTEND:20261103T150000\nSUMMARY:P-014\nRRULE:FREQ=SECONDLY\nEND:VEVENT\n"
)


async def walls(clinic: Clinic) -> list[str]:
    """When there are sessions."""
    return sorted(row.local for row in await clinic.rows(session))


@pytest.mark.parametrize(
    "data",
    [SHEET.encode(), SHEET.encode("utf-16"), SHEET.replace(",", ";").encode(), SHEET.replace("\n", "\r\n").encode()],
    ids=["utf-8", "utf-16", "semicolons", "windows"],
)
async def test_appointments_are_looked_at_and_then_taken(clinic: Clinic, desk: Browser, data: bytes) -> None:
    await desk.opens("/import")
    await desk.uploads("See what it does", "November.CSV", data)
    assert "2 sessions are new" in desk.text
    assert "6 check-ins are new" in desk.text
    assert await walls(clinic) == []
    save = next(form for form in desk.page.forms if "packed" in form.fields)
    await desk.presses("Save")
    assert (desk.path, "Imported." in desk.text) == ("/week", True)
    assert await walls(clinic) == ["2026-11-03T14:00", "2026-11-03T15:00"]
    await desk.sends(save, {"step": "save"})  # once more, by a double click
    assert desk.path == "/week"
    assert len(await walls(clinic)) == 2


async def test_every_wrong_line_is_named_and_nothing_is_taken(clinic: Clinic, desk: Browser) -> None:
    bad = SHEET + "P-999,2026-11-04T14:00,60\nP-014,2026-02-30T14:00,60\nP-014,2026-11-03T14:30,60\n,2026-11-05T10:00\n"
    await desk.opens("/import")
    await desk.uploads("See what it does", "November.csv", bad.encode())
    assert desk.status == 422
    assert [line in desk.text for line in ("line 4:", "line 5:", "line 6:", "line 7:")] == [True] * 4
    assert await walls(clinic) == []
    await desk.uploads("See what it does", "November.csv", bad.encode(), skip="yes")
    assert "Left out:" in desk.text
    await desk.presses("Save")
    assert len(await walls(clinic)) == 2


async def test_a_holiday_stops_nothing_and_mistakes_are_said_in_spanish(desk: Browser) -> None:
    timed = EVENT.replace(";VALUE=DATE", "").format("2", "20261103T140000", "20261103T150000", "P-014")
    mixed = CALENDAR.format(EVENT.format("1", "20261126", "20261128", "Thanksgiving") + timed)
    await desk.opens("/import")
    await desk.uploads("See what it does", "all.ics", mixed.encode())
    assert "1 session is new" in desk.text
    assert 'Left alone, as they are nobody\'s appointment: line 4: "Thanksgiving" on Thu 26 Nov' in desk.text
    assert "Tue 3 Nov, 14:00 · P-014-J · T-1: new" in desk.text
    await desk.opens("/settings")
    await desk.presses("Save", lang="es")
    await desk.opens("/import")
    bad = SHEET + "P-999,2026-11-04T14:00,60\nP-014,2026-02-30T14:00,60\nP-015,2026-11-03T14:30,60\n"
    await desk.uploads("Ver qué cambia", "November.csv", bad.encode())
    lines = desk.reply.text.partition('<ul class="lines">')[2].partition("</ul>")[0]
    assert lines.count("<li>línea ") == 3
    assert words_of(lines) & markers() == set()


BAD = {
    "none": ("", b"", "Please fill this in."),
    "empty": ("a.csv", b"", "The file is empty"),
    "pdf": ("a.pdf", b"%PDF", "a calendar (.ics) or a table (.csv)"),
    "no suffix": ("noname", b"x", "a calendar (.ics) or a table (.csv)"),
    "workbook": ("a.csv", b"PK\x03\x04....", "This is a workbook"),
    "bytes": ("a.csv", b"\x00\xff\x00", "line 1:"),
    "columns": ("a.csv", b"who,when\nP-014,2026-11-03T14:00", 'There is no column "patient"'),
    "cut": ("a.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "line "),
    "picture": ("a.ics", b"\x89PNG", "line "),
    "endless": ("a.ics", ENDLESS.encode(), "line "),
    "large": ("a.csv", b"x" * (MOST_BYTES + 1), "more than 5 MB"),
    "50 MB": ("a.ics", b"x" * 50_000_000, "more than 5 MB"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_cannot_be_taken_is_said_and_leaves_nothing(clinic: Clinic, desk: Browser, kind: str) -> None:
    name, data, says = BAD[kind]
    await desk.opens("/import")
    await desk.uploads("See what it does", name, data)
    assert desk.status == 422
    assert says in desk.text
    assert 'id="file-wrong"' in desk.reply.text
    assert await walls(clinic) == []


async def test_closed_days_from_a_calendar(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/import?kind=closures")
    await desk.uploads("See what it does", "holidays.csv", SHEET.encode())
    assert "Closed days come from a calendar" in desk.text
    await desk.uploads("See what it does", "holidays.ics", HOLIDAYS.encode())
    assert "1 closed time is new" in desk.text
    await desk.presses("Save")
    (row,) = await clinic.rows(closure)
    assert (row.first.isoformat(), row.last.isoformat(), row.name) == ("2026-11-26", "2026-11-27", "Thanksgiving")


@pytest.mark.parametrize("packed", ["x", "!!!", urlsafe_b64encode(b"no zlib").decode(), "é"])
async def test_a_packed_file_that_is_none_of_ours(clinic: Clinic, desk: Browser, packed: str) -> None:
    await desk.opens("/import")
    await desk.uploads("See what it does", "November.csv", SHEET.encode())
    save = next(form for form in desk.page.forms if "packed" in form.fields)
    await desk.sends(save, {"packed": packed, "step": "save"})
    assert desk.status == 422
    assert await walls(clinic) == []


def test_a_bomb_is_not_unpacked() -> None:
    bomb = urlsafe_b64encode(zlib.compress(b"0" * (MOST_BYTES + 1))).decode()
    fits = urlsafe_b64encode(zlib.compress(b"0" * MOST_BYTES)).decode()
    assert unpacked(bomb) is None
    assert unpacked(fits) == b"0" * MOST_BYTES
