"""The desk changes the schedule: series end and move, weeks and closed days are cancelled, files are imported.

Every change says what it does to the check-ins to come, and a preview says the same and saves nothing.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.calendars.sheet import read_sheet
from bot.cli import cli
from tests.test_clinic import Desk, desk, made

pytestmark = pytest.mark.deep

__all__ = ["desk", "made"]  # fixtures


def walls(desk: Desk, code: str = "P-014", state: str = "planned") -> list[str]:
    """When a patient's sessions are."""
    rows = [row for row in desk.gives("list") if row["role"] == "session"]
    return [row["starts"] for row in rows if row["patient"] == code and row["state"] == state]


def previewed(desk: Desk, *words: str) -> None:
    """Carry a command out, and find that its preview had said the same and saved nothing."""
    before = desk.gives("list")
    seen = desk.gives(*words, "--preview")
    assert desk.gives("list") == before
    done = desk.gives(*words)
    assert seen == done | {"preview": True}


# ------------------------------------------------------------------------------------------------ series


def test_several_days_every_second_week_for_so_many_times(desk: Desk) -> None:
    shown = desk.gives("session", "weekly", "P-014", "Tue,Thu 14:00", "--every", "2", "--count", "5")
    assert shown["weekly"] == "Tue,Thu 14:00 every 2 weeks count 5"
    assert [wall[5:10] for wall in walls(desk)] == ["11-03", "11-05", "11-17", "11-19", "12-01"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--until", "2026-12-31", "--count", "3"), "not both"),
        (("--until", "2026-11-01"), "choose a later last day"),
        (("--until", "2050-01-01"), "ten years"),
        (("--until", "someday"), "not a date"),
        (("--from", "2026-09-01"), "--past"),
    ],
)
def test_a_series_that_cannot_be(desk: Desk, words: tuple[str, ...], says: str) -> None:
    assert says in desk.refuses("session", "weekly", "P-014", "Tue 14:00", *words)


def test_a_second_series_of_a_pair_has_to_be_meant(desk: Desk) -> None:
    first = desk.gives("session", "weekly", "P-014", "Tue 14:00", "--count", "4")
    asked = ("session", "weekly", "P-014", "Wed 09:00", "--from", "2026-11-11", "--count", "2")
    says = desk.refuses(*asked)
    assert f"Tue 14:00 count 4 (series {first['id']})" in says
    assert "--replace to end it from 2026-11-11 on, or --also" in says
    previewed(desk, *asked, "--replace")
    assert walls(desk) == ["2026-11-03T14:00", "2026-11-10T14:00", "2026-11-11T09:00", "2026-11-18T09:00"]
    desk.gives("session", "weekly", "P-014", "Fri 09:00", "--count", "1", "--also")
    assert len(walls(desk)) == 5


def test_a_series_that_never_fits_is_refused(desk: Desk) -> None:
    desk.gives("session", "weekly", "P-014", "Tue 14:00")
    assert "T-1 has a session at that time already" in desk.refuses("session", "weekly", "P-015", "Tue 14:30")


def test_a_series_ends_and_leaves_what_was(desk: Desk) -> None:
    desk.gives("session", "weekly", "P-014", "Tue 14:00", "--count", "4")
    previewed(desk, "session", "end", "P-014", "--after", "2026-11-10")
    assert walls(desk) == ["2026-11-03T14:00", "2026-11-10T14:00"]
    assert "P-014 has no series" in desk.refuses("session", "end", "P-014", "--after", "2026-11-12")


def test_the_rest_of_a_series_moves(desk: Desk) -> None:
    made = desk.gives("session", "weekly", "P-014", "Tue 14:00", "--count", "4")["sessions"]
    desk.gives("session", "move", str(made[2]), "2026-11-19T08:00")  # stays where the desk put it
    previewed(desk, "session", "move", str(made[1]), "2026-11-11T14:30", "--all-following")
    assert walls(desk) == ["2026-11-03T14:00", "2026-11-11T14:30", "2026-11-19T08:00", "2026-11-25T14:30"]


def test_it_may_move_onto_its_own_times_and_onto_nobody_elses(desk: Desk) -> None:
    made = desk.gives("session", "weekly", "P-014", "Tue 14:00", "--count", "3")["sessions"]
    desk.gives("session", "move", str(made[0]), "2026-11-10T14:00", "--all-following")
    assert walls(desk) == ["2026-11-10T14:00", "2026-11-17T14:00", "2026-11-24T14:00"]
    desk.gives("session", "add", "P-015", "2026-11-25T14:30")
    says = desk.refuses("session", "move", str(made[0]), "2026-11-11T14:00", "--all-following")
    assert says.startswith("T-1 has a session at that time already")


def test_a_session_alone_has_no_following(desk: Desk) -> None:
    number = desk.gives("session", "add", "P-014", "2026-11-03T14:00")["id"]
    says = desk.refuses("session", "move", str(number), "2026-11-04T14:00", "--all-following")
    assert "not part of a series" in says


def test_long_ago_has_to_be_meant(desk: Desk) -> None:
    assert "more than 30 days ago" in desk.refuses("session", "add", "P-014", "2026-09-01T14:00")
    number = desk.gives("session", "add", "P-014", "2026-09-01T14:00", "--past")["id"]
    assert "--past" in desk.refuses("session", "move", str(number), "2026-09-02T14:00")


def test_what_a_change_does_is_said_in_a_line(desk: Desk) -> None:
    made = desk.gives("session", "weekly", "P-014", "Tue 14:00", "--count", "2")["sessions"]
    result = desk.runs("session", "cancel", str(made[1]), "--preview")
    assert result.stdout.splitlines()[1:] == [
        "2 check-ins move, 3 are dropped.", "Tue 10 Nov, 14:00 · P-014-J · T-1: cancelled",
        "This was a preview: nothing is saved.",
    ]  # fmt: skip
    held = desk.runs("session", "held", str(made[1]))
    assert held.stdout.splitlines()[1:] == ["No check-in changes."]


# ------------------------------------------------------------------------------------------------ weeks, closures


def test_a_week_is_cancelled_for_one_therapist(desk: Desk) -> None:
    desk.gives("therapist", "add", "--code", "T-2", "--zone", "America/Denver", "--lang", "en")
    words = ("--therapist", "T-2", "--zone", "America/Denver", "--lang", "en")
    desk.gives("patient", "add", "--code", "P-021", *words)
    for code in ("P-014", "P-021"):
        desk.gives("session", "weekly", code, "Tue 14:00", "--count", "3")
    previewed(desk, "week", "cancel", "2026-11-13", "--therapist", "T-1")
    assert walls(desk) == ["2026-11-03T14:00", "2026-11-17T14:00"]
    assert len(walls(desk, "P-021")) == 3


def test_closed_days_cancel_what_is_planned_and_lay_out_nothing(desk: Desk) -> None:
    desk.gives("session", "weekly", "P-014", "Tue 14:00", "--count", "3")
    previewed(desk, "closure", "add", "2026-11-09..2026-11-15", "--name", "Training")
    assert walls(desk) == ["2026-11-03T14:00", "2026-11-17T14:00"]
    assert walls(desk, state="cancelled") == ["2026-11-10T14:00"]
    shown = desk.gives("session", "weekly", "P-015", "Wed 09:00", "--count", "2")
    assert [one["starts"] for one in shown["left_out"]] == ["2026-11-11T09:00"]
    (closure,) = desk.gives("closure", "list")
    assert (closure["first"], closure["last"], closure["name"]) == ("2026-11-09", "2026-11-15", "Training")
    assert "closed 2026-11-09..2026-11-15 already" in desk.refuses("closure", "add", "2026-11-09..2026-11-15")
    previewed(desk, "closure", "remove", str(closure["id"]))
    assert len(walls(desk)) == 3
    assert walls(desk, "P-015") == ["2026-11-04T09:00", "2026-11-11T09:00"]
    assert "There is no closure" in desk.refuses("closure", "remove", str(closure["id"]))


# ------------------------------------------------------------------------------------------------ files

TABLE = "patient,starts,minutes\nP-014,2026-11-03T14:00,45\nP-015,2026-11-03 15:00,\n"


def event(uid: str, starts: str, title: str = "P-014", *more: str) -> str:
    """An event of an hour."""
    lines = ["BEGIN:VEVENT", f"UID:{uid}", f"DTSTART{starts}", "DURATION:PT60M", f"SUMMARY:{title}", *more]
    return "\r\n".join([*lines, "END:VEVENT"])


def calendar(folder: Path, *events: str) -> str:
    """A calendar file with these events; its first event begins on line 3."""
    file = folder / "appointments.ics"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *events, "END:VCALENDAR", ""]
    file.write_text("\r\n".join(lines), encoding="utf-8", newline="")
    return str(file)


def table(folder: Path, data: str | bytes) -> str:
    """A table of appointments."""
    file = folder / "appointments.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(file)


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.replace(",", ";").encode("cp1252"),
        ("sep=;\r\n" + TABLE.replace(",", ";").replace("\n", "\r\n")).encode(),
        TABLE.replace(",", "\t").replace("patient", '"Patient"').encode(),
    ],
)
def test_tables_as_programs_write_them(data: bytes) -> None:
    expected, _ = read_sheet(TABLE.encode())
    found, bad = read_sheet(data)
    assert bad == []
    assert [replace(one, line=0) for one in found] == [replace(one, line=0) for one in expected]


def test_a_table_is_imported_once(desk: Desk, tmp_path: Path) -> None:
    file = table(tmp_path, TABLE)
    previewed(desk, "sessions", "import", file)
    assert walls(desk) + walls(desk, "P-015") == ["2026-11-03T14:00", "2026-11-03T15:00"]
    again = desk.gives("sessions", "import", file)
    assert (again["added"], again["moved"], again["unchanged"]) == ([], [], 2)
    assert again["effect"] == {"moved": 0, "dropped": 0, "new": 0}


BAD = """patient,starts,minutes
P-014,2026-11-03T14:00,45
P-404,2026-11-03T16:00,45
P-014,2026-11-03,45
P-014,,45
P-015,2026-11-03T14:30,45
P-015,2026-11-04T14:00,long
P-015,2026-09-01T14:00,45
P-015,2026-11-05T14:00,45,and more
"""


def test_every_mistake_is_named_by_its_line_and_nothing_is_done(desk: Desk, tmp_path: Path) -> None:
    says = desk.refuses("sessions", "import", table(tmp_path, BAD)).splitlines()
    assert [line.split(":")[0] for line in says] == [f"line {n}" for n in range(3, 10)]
    shown = desk.gives("sessions", "import", table(tmp_path, BAD), "--skip-bad")
    assert (len(shown["added"]), len(shown["skipped"])) == (1, 7)
    assert walls(desk) == ["2026-11-03T14:00"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The file is empty"),
        (b"patient,when\n", 'no column "starts"'),
        (b"patient,starts,room\n", 'do not know the column "room"'),
        (b"patient,starts,starts\n", "twice"),
        (b"PK\x03\x04rest", "save it as CSV"),
        (b"patient,starts\n\x81\x00", "save it as UTF-8"),
        (b'patient,starts\n"P-014', "This is no table"),
        (b"patient,starts\n" + b"P-014,2026-11-03T14:00\n" * 1001, "too many at once"),
    ],
)
def test_files_that_are_no_tables(data: bytes, says: str) -> None:
    found, (bad,) = read_sheet(data)
    assert found == []
    assert says in bad.says


def test_files_that_are_not_there_or_something_else(desk: Desk, tmp_path: Path) -> None:
    assert "cannot be read" in desk.refuses("sessions", "import", str(tmp_path / "none.csv"))
    assert "5 MB" in desk.refuses("sessions", "import", table(tmp_path, b"x" * 5_000_001))
    assert "I can read .ics and .csv" in desk.refuses("sessions", "import", str(desk.file))


def test_a_calendar_with_all_that_recurs_and_every_zone(desk: Desk, tmp_path: Path) -> None:
    file = calendar(
        tmp_path,
        event("a", ";TZID=America/New_York:20261103T160000", "Session P-014", "RRULE:FREQ=WEEKLY;COUNT=3"),
        event("a", ":20261112T210000Z", "P-014", "RECURRENCE-ID;TZID=America/New_York:20261110T160000"),
        event("b", ":20261104T090000", "p-015"),
        event("old", ":20200101T090000", "P-014"),
    )
    previewed(desk, "sessions", "import", file)
    assert walls(desk) == ["2026-11-03T14:00", "2026-11-12T14:00", "2026-11-17T14:00"]
    assert walls(desk, "P-015") == ["2026-11-04T09:00"]
    again = desk.gives("sessions", "import", file)
    assert (again["added"], again["moved"], again["unchanged"]) == ([], [], 4)


def test_an_event_that_moved_moves_its_session_and_two_change_places(desk: Desk, tmp_path: Path) -> None:
    nine, ten = ":20261104T090000", ":20261104T100000"
    first = desk.gives("sessions", "import", calendar(tmp_path, event("a", nine), event("b", ten, "P-015")))
    moved = desk.gives("sessions", "import", calendar(tmp_path, event("a", ten), event("b", nine, "P-015")))
    assert moved["moved"] == first["added"]
    assert walls(desk) + walls(desk, "P-015") == ["2026-11-04T10:00", "2026-11-04T09:00"]
    gone = calendar(tmp_path, event("a", ten, "P-014", "STATUS:CANCELLED"))
    assert desk.gives("sessions", "import", gone)["cancelled"] == first["added"][:1]
    assert walls(desk) == []


def test_mistakes_in_a_calendar(desk: Desk, tmp_path: Path) -> None:
    file = calendar(
        tmp_path,
        event("a", ":20261104T090000", "Session P-041"),
        event("b", ":20261104T100000", "P-014 and P-015"),
        event("c", ";VALUE=DATE:20261104", "P-014").replace("DURATION:PT60M\r\n", ""),
        event("d", ":20261104T110000", "P-014", "RRULE:FREQ=SECONDLY"),
        event("e", ":20261104T110000", "P-014", "RRULE:FREQ=WEEKLY;INTERVAL=0"),
        event("f", ":20261104T110000", "P-014", "RRULE:FREQ= "),
    )
    says = desk.refuses("sessions", "import", file).splitlines()
    assert [line.split(": ")[0] for line in says] == ["line 3", "line 9", "line 15", "line 20", "line 27", "line 34"]
    assert "names no patient that I know" in says[0]
    assert "names more than one patient" in says[1]
    (tmp_path / "broken.ics").write_text("BEGIN:VCALENDAR\nthis is none")
    assert "not a calendar" in desk.refuses("sessions", "import", str(tmp_path / "broken.ics"))


def test_what_is_nobodys_appointment_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    others = [
        event("a", ";VALUE=DATE:20261126", "Thanksgiving").replace("DURATION:PT60M\r\n", ""),
        event("b", ":20261104T090000", "Staff lunch", "RRULE:FREQ=WEEKLY;COUNT=5"),
        event("c", ":20261104T120000", "Room 12, COVID-19 training"),
    ]
    file = calendar(tmp_path, *others, event("d", ":20261104T100000", "P-014-J"))
    previewed(desk, "sessions", "import", file)
    assert walls(desk) == ["2026-11-04T10:00"]
    shown = desk.runs("sessions", "import", file)
    assert shown.stdout.startswith("1 as they were, 3 events left alone.")
    assert 'line 3: "Thanksgiving" on 2026-11-26 names no patient: it is left alone.' in shown.stderr
    assert "names no patient" in desk.refuses("sessions", "import", calendar(tmp_path, *others))


@pytest.mark.parametrize(
    ("header", "typed", "meant"),
    [
        ("starts", ("11/3/2026 2:00 PM", "11/13/2026 09:30"), ("2026-11-03T14:00", "2026-11-13T09:30")),
        ("starts", ("3/11/2026 14:00", "13/11/2026 9:30 am"), ("2026-11-03T14:00", "2026-11-13T09:30")),
        ("starts (M/D/YYYY)", ("11/3/2026 12:15 PM", "11/4/2026 12:15 a.m."), ("2026-11-03T12:15", "2026-11-04T00:15")),
        ("Starts (DD/MM/YYYY)", ("03/11/2026 14:00:00",), ("2026-11-03T14:00",)),
        ("starts", ("11/11/2026 2:00 PM", "2026-11-12 2:00 PM"), ("2026-11-11T14:00", "2026-11-12T14:00")),
        ("starts", ("11/31/2026 2:00 PM", "11/3/2026 13:00 PM"), ("2026-11-31T14:00", "11/3/2026 13:00 PM")),
    ],
)
def test_dates_of_other_countries_where_the_file_says_the_order(
    header: str, typed: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    rows = "".join(f'P-014,"{one}"\n' for one in typed)
    entries, bad = read_sheet(f"patient,{header}\n{rows}".encode())
    assert (tuple(one.starts for one in entries), bad) == (meant, [])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("2026-11-02T10:00", "11/3/2026 2:00 PM"), 'line 3: "11/3/2026 2:00 PM" may be a month and a day'),
        (("11/13/2026 10:00", "13/11/2026 10:00"), "has the day first and"),
    ],
)
def test_dates_that_can_be_read_two_ways_stop_the_file(typed: tuple[str, ...], says: str) -> None:
    entries, (bad,) = read_sheet(("patient,starts\n" + "".join(f"P-014,{one}\n" for one in typed)).encode())
    assert entries == []
    assert says in str(bad)


def test_the_patient_may_be_named_in_another_field(desk: Desk, tmp_path: Path) -> None:
    file = calendar(tmp_path, event("a", ":20261104T090000", "Busy", "DESCRIPTION:P-014"))
    assert len(desk.gives("sessions", "import", file, "--field", "description")["added"]) == 1


def test_closures_from_a_calendar(desk: Desk, tmp_path: Path) -> None:
    desk.gives("session", "weekly", "P-014", "Thu 14:00", "--count", "8")
    days = "DTEND;VALUE=DATE:20261127"
    feast = event("a", ";VALUE=DATE:20261126", "Thanksgiving", days).replace("DURATION:PT60M\r\n", "")
    file = calendar(tmp_path, feast, event("b", ":20261104T090000", "Staff lunch"))
    previewed(desk, "closure", "import", file)
    (closure,) = desk.gives("closure", "list")
    assert (closure["first"], closure["last"], closure["name"]) == ("2026-11-26", "2026-11-26", "Thanksgiving")
    assert walls(desk, state="cancelled") == ["2026-11-26T14:00"]
    assert desk.gives("closure", "import", file)["unchanged"] == 1


# ------------------------------------------------------------------------------------------------ rehearsal


def test_what_would_be_sent_as_a_calendar(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.ics"
    words = ("--weekly", "Tue,Thu 14:00", "--zone", "America/Denver", "--from", "2026-10-20", "--days", "8")
    result = CliRunner().invoke(cli, ["rehearse", *words, "--ics", str(file)])
    assert result.exit_code == 0, result.output
    text = file.read_text(encoding="utf-8")
    assert "SUMMARY:digest to therapist" in text
    assert "DESCRIPTION:session of 2026-10-22T14:00" in text
