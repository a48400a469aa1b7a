"""[Call me, please]: in the hours somebody is told at once, and never only one; outside of them nobody pretends."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config, load
from bot.core.call import CallMe, NoHours, parse_hours, reached_at
from bot.core.health import lines
from bot.core.walltime import zone_of
from bot.health import examine
from bot.store import alerts
from bot.store.errors import NotStored
from bot.store.tables_call import call
from tests.conftest import DENVER, ROOT, Clinic, Someone, denver

WEEK = "Mon-Fri 08:00-17:00"
ALERT = "Somebody asks to be called. Open to see who."
LINE = "988"


@pytest.fixture
def config(example: Config) -> Config:
    """Tomas has the duty phone, Vera after him."""
    return replace(example, call_me=CallMe("T-1", "T-2", parse_hours(WEEK)))


async def asks(patient: Someone) -> str:
    """The patient writes something, and taps the button under the crisis line; what stands there then."""
    await patient.says("I cannot sleep")
    assert LINE in patient.screen
    await patient.taps("Call me, please")
    return patient.screen


async def test_in_the_hours_it_is_seen_and_says_so(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    assert (await asks(anna)).startswith("Sent. Not seen yet.")
    assert LINE in anna.screen
    assert (tomas.screen, tomas.buttons) == (ALERT, ["Open"])
    await clinic.wait(minutes=5)
    await tomas.taps("Open")
    assert tomas.screen.startswith("P-014 asks to be called.")
    assert anna.sees("Not seen yet")
    await tomas.taps("I have it")
    assert tomas.screen.endswith("Seen 10:05.")
    assert anna.screen == "Seen 10:05. Somebody of the clinic has it now."
    await clinic.wait(minutes=30)
    assert not clinic["T-2"].sees(ALERT)
    await anna.taps("Call me, please")
    assert anna.sees("Sent. Not seen yet.")


async def test_after_a_quarter_of_an_hour_a_second_person_is_told_and_so_is_the_patient(
    clinic: Clinic, anna: Someone, tomas: Someone, vera: Someone
) -> None:
    await asks(anna)
    await clinic.wait(minutes=14)
    assert not vera.sees(ALERT)
    await clinic.wait(minutes=1, seconds=5)
    assert vera.screen == ALERT
    assert anna.sees("Not seen after 15 minutes. I have told a second person.")
    assert anna.sees("Need a person now: dial 988")
    assert anna.prompts[-1] == "Still not seen. Please look at the message above."
    await vera.taps("Open", "I have it")
    assert anna.sees("Seen 10:15.")
    await tomas.taps("Open")
    assert (tomas.screen.splitlines()[-1], tomas.buttons) == ("Seen 10:15.", [])


async def test_outside_of_the_hours_it_says_until_when_and_comes_then(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    await clinic.until("2026-11-06T17:00")
    assert (await asks(anna)).startswith("No one will see this before Mon 9 Nov, 08:00.\n\nNeed a person now: dial 988")
    await clinic.until("2026-11-09T07:59")
    assert not tomas.sees(ALERT)
    await clinic.until("2026-11-09T08:00")
    assert tomas.screen == ALERT
    assert anna.sees("Sent. Not seen yet.")


async def test_a_second_tap_is_no_second_request(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await asks(anna)
    await anna.says("/help")
    await anna.taps("Call me, please", "Call me, please")
    assert len(await clinic.rows(call)) == 1
    assert [shown.text for shown in tomas.phone.messages].count(ALERT) == 1


async def test_only_the_contacts_can_say_that_they_have_it(clinic: Clinic, anna: Someone, ben: Someone) -> None:
    await asks(anna)
    await ben.says("/help")
    (row,) = await clinic.rows(call)
    for data in (f"k:mine:{row.id}", f"k:open:{row.id}", "k:mine:nobody", "k:open:", "k:", "k:ask:x:y:z"):
        await ben.presses(data)
    assert {row.state for row in await clinic.rows(call, person_id=3)} == {"sent"}
    assert not ben.sees("P-014")
    await clinic["T-1"].presses("k:ask")
    assert len(await clinic.rows(call)) == 2  # Anna's, and Ben's own


async def test_without_a_contact_there_is_no_button(empty: Clinic, example: Config) -> None:
    stranger = empty["99"]
    await stranger.says("hello")
    assert LINE in stranger.screen
    assert stranger.buttons == []
    assert not example.call_me.is_offered


# ------------------------------------------------------------------------------------------------ under faults


async def test_if_nobody_can_be_told_the_patient_hears_it_at_once(
    clinic: Clinic, anna: Someone, log: pytest.LogCaptureFixture
) -> None:
    for code in ("T-1", "T-2"):
        clinic[code].phone.block()
    await clinic.stage.settle()
    await asks(anna)
    assert anna.sees("I cannot reach anybody at the clinic now.")
    assert anna.sees("Need a person now: dial 988")
    log.clear()


async def test_the_doctor_names_contacts_who_cannot_be_told(clinic: Clinic) -> None:
    config = replace(clinic.config, call_me=CallMe("T-1", "S-9", parse_hours(WEEK)))
    found = {line.name: line for line in lines(await examine(config, clinic.clock))}
    assert found["contacts"].state == "act"
    assert found["contacts"].says.startswith("[call_me] names S-9, whom no request reaches now")
    assert "contacts" not in {line.name for line in lines(await examine(clinic.config, clinic.clock))}


async def test_if_the_first_cannot_be_told_the_second_is(clinic: Clinic, anna: Someone, vera: Someone) -> None:
    clinic["T-1"].phone.block()
    await clinic.stage.settle()
    assert (await asks(anna)).startswith("Sent.")
    assert vera.screen == ALERT


@pytest.mark.parametrize("fault", ["lost", "cut", "gateway"])
async def test_an_alert_comes_at_least_once_whatever_the_line_does(
    clinic: Clinic, anna: Someone, tomas: Someone, fault: str
) -> None:
    """Repeated until it is heard, and marked where it may have arrived before."""
    clinic.emulator.faults.add(fault, method="sendMessage", chat=1, count=3)
    await asks(anna)
    await clinic.wait(minutes=4)
    came = [shown.text for shown in tomas.phone.messages if ALERT in shown.text]
    assert came
    assert all(text.startswith("Sent once more") for text in came[1:])
    await tomas.taps("Open", "I have it")
    assert anna.sees("Seen 10:04.")


async def test_a_restart_between_tap_and_alert_loses_nothing(
    clinic: Clinic, anna: Someone, tomas: Someone, vera: Someone, log: pytest.LogCaptureFixture
) -> None:
    clinic.emulator.faults.add("gateway", method="sendMessage", chat=1, count=9_999)
    await asks(anna)
    await clinic.restart()
    await clinic.wait(minutes=16)
    assert vera.sees(ALERT)
    assert anna.sees("I have told a second person")
    clinic.emulator.faults.clear()
    await clinic.wait(minutes=1)
    assert tomas.sees(ALERT)
    assert log.messages[-1] == "alert 1 was not delivered"
    log.clear()


OFFICE = 'import os, sys; open(sys.argv[1], "a").write(f"{sys.argv[2:]} {sorted(os.environ)}\\n")'


@pytest.mark.deep
async def test_an_alert_that_does_not_arrive_goes_by_a_second_route_until_it_does(
    clinic: Clinic, anna: Someone, tomas: Someone, tmp_path: Path, log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("ACCORD_TOKEN", clinic.emulator.token)
    told, route = tmp_path / "told", clinic.stage.app.ticks.second_route
    route._command = (sys.executable, "-I", "-c", OFFICE, str(told))
    clinic.emulator.faults.add("gateway", method="sendMessage", chat=tomas.phone.id, count=9_999)
    await asks(anna)
    await clinic.wait(minutes=4)
    assert (route.stuck, told.exists()) == (0, False)
    await clinic.wait(minutes=5)
    (line,) = told.read_text().splitlines()
    assert line.startswith("['alert-1'] ")
    assert [word for word in ("ACCORD", "P-014", "T-1") if word in line] == []
    assert route.stuck == 1
    (shown,) = (line for line in lines(await examine(clinic.config, clinic.clock)) if line.name == "alerts")
    assert (shown.state, shown.says[:44]) == ("act", "1 alert to the clinic's own contacts did not")
    route._command = (sys.executable, "-c", "raise SystemExit(3)")
    await clinic.wait(minutes=56)
    assert log.messages[-2:] == ["alert 1 was not delivered", "the command for alerts ended with 3"]
    clinic.emulator.faults.clear()
    await clinic.wait(minutes=6)
    assert tomas.sees(ALERT)
    assert route.stuck == 0
    assert "alerts" not in {line.name for line in lines(await examine(clinic.config, clinic.clock))}
    log.clear()


@pytest.mark.deep
async def test_while_the_disk_is_full_the_second_route_rings_once(
    clinic: Clinic, anna: Someone, tomas: Someone, tmp_path: Path, log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told, noted, fails = tmp_path / "told", alerts.told, [NotStored("full")] * 3

    def note(*values: Any) -> None:
        if fails:
            raise fails.pop()
        noted(*values)

    monkeypatch.setattr(alerts, "told", note)
    clinic.stage.app.ticks.second_route._command = (sys.executable, "-I", "-c", OFFICE, str(told))
    clinic.emulator.faults.add("gateway", method="sendMessage", chat=tomas.phone.id, count=9_999)
    await asks(anna)
    await clinic.wait(minutes=9)
    assert not fails
    assert len(told.read_text().splitlines()) == 1
    log.clear()


async def test_if_nobody_can_be_told_that_goes_by_the_second_route_at_once(
    clinic: Clinic, anna: Someone, tomas: Someone, vera: Someone, log: pytest.LogCaptureFixture
) -> None:
    for contact in (tomas, vera):
        contact.phone.block()
    await clinic.stage.settle()
    await asks(anna)
    await clinic.wait(minutes=2)
    assert clinic.stage.app.ticks.second_route.stuck == 1
    assert "alert 1 was not delivered" in log.messages
    log.clear()


async def test_an_outage_longer_than_the_quarter_is_made_up_for(clinic: Clinic, anna: Someone, vera: Someone) -> None:
    await asks(anna)
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now() + timedelta(hours=1))
    await clinic.start()
    await clinic.stage.settle()
    assert vera.sees(ALERT)


# ------------------------------------------------------------------------------------------------ hours


@pytest.mark.parametrize(
    ("hours", "at", "reached"),
    [
        (WEEK, "2026-11-02T10:00", "2026-11-02T10:00"),
        (WEEK, "2026-11-02T08:00", "2026-11-02T08:00"),
        (WEEK, "2026-11-02T17:00", "2026-11-03T08:00"),
        (WEEK, "2026-11-06T17:00", "2026-11-09T08:00"),
        (f"{WEEK}, Sat 09:00-12:00", "2026-11-06T20:00", "2026-11-07T09:00"),
        ("Fri-Mon 08:00-09:00", "2026-11-01T10:00", "2026-11-02T08:00"),
        ("20:00-06:00", "2026-11-03T02:00", "2026-11-03T02:00"),
        ("Mon 20:00-06:00", "2026-11-03T06:00", "2026-11-09T20:00"),
        ("00:00-24:00", "2026-11-01T01:30", "2026-11-01T01:30"),
        ("Sun 09:00-10:00", "2026-11-01T10:00", "2026-11-08T09:00"),
    ],
)
def test_when_somebody_is_reached(hours: str, at: str, reached: str) -> None:
    assert reached_at(parse_hours(hours), DENVER, denver(at)) == denver(reached)


def test_hours_are_those_of_the_clinic() -> None:
    at = datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert reached_at(parse_hours(WEEK), zone_of("Europe/Berlin"), at) == at
    assert reached_at(parse_hours(WEEK), zone_of("Asia/Tokyo"), at) == datetime(2026, 11, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize("words", ["always", "Mon", "Mon 8-17", "Mon 25:00-26:00", "Mo 08:00-17:00", "08:00-17:00 Mon"])
def test_what_is_no_hours_is_said(words: str) -> None:
    with pytest.raises(NoHours):
        parse_hours(words)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('contact = "S-1"', "nothing says when the contact is there"),
        ('second = "S-2"', "name who is told first"),
        ('contact = "S-1"\nsecond = "S-1"\nhours = "08:00-17:00"', "is the first contact too"),
        ('hours = "always"', "are no hours: write them as"),
    ],
)
def test_a_contact_needs_hours(written: str, says: str, tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text("utf-8")
    before, _, rest = text.partition("[call_me]\n")
    before = before.replace('folder = "questionnaires"', f'folder = "{ROOT / "questionnaires"}"')
    file = tmp_path / "config.toml"
    file.write_text(f"{before}[call_me]\n{written}\n\n[pilot]{rest.partition('[pilot]')[2]}", "utf-8")
    config, mistakes = load(file)
    assert config is None
    assert says in " ".join(map(str, mistakes))
