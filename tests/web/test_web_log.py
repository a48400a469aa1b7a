"""What is seen and changed on the clinic's page is in the log: who, what, when; ids and verbs, never a word."""

import asyncio

from bot.desk import act
from bot.store import audit
from bot.store.tables import person
from bot.store.tables_audit import audit as log_table
from tests.conftest import FIRST, Clinic, Someone
from tests.web.browser import Browser, browser, logs_in

Entry = tuple[str, str | None, str | None, str | None]


async def entries(clinic: Clinic, since: int = 0) -> list[Entry]:
    """What, by whom, about whom, and of it what, since that many entries."""
    codes = {row.id: row.code for row in await clinic.rows(person)}
    rows = (await clinic.rows(log_table))[since:]
    return [(row.did, codes.get(row.by_id), codes.get(row.about_id), row.detail) for row in rows]


async def test_each_edit_of_the_desk_is_noted_with_who_and_whom(clinic: Clinic, desk: Browser) -> None:
    before = len(await entries(clinic))
    await desk.opens("/patients/P-014/session")
    await desk.presses("See what it does", day="2026-11-03", clock="14:00")
    assert await entries(clinic, before) == []  # it was only looked at
    await desk.presses("Save")
    await desk.follows("Move")
    await desk.presses("See what it does", day="2026-11-04", clock="15:30")
    await desk.presses("Save")
    await desk.opens("/patients/P-014")
    await desk.presses("Invite for a new phone")
    await desk.presses("Make an invite for a new phone")
    await desk.opens("/therapists/add")
    await desk.presses("See what it does", code="T-9")
    await desk.presses("Save")
    assert await entries(clinic, before) == [
        ("desk edit", "S-1", "P-014", "/patients/P-014/session"),
        ("desk edit", "S-1", "P-014", "/sessions/1/move"),
        ("desk edit", "S-1", "P-014", "/patients/P-014/invite"),
        ("desk edit", "S-1", None, "/therapists/add"),
    ]
    assert (await clinic.stage.app.store.read(audit.verify)).problem == ""


async def test_a_mark_of_today_and_a_new_patient_name_whom(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", "2026-11-02T10:00")
    await clinic.wait(minutes=1)
    before = len(await entries(clinic))
    await desk.opens("/today")
    await desk.presses("Did not come")
    await desk.opens("/patients/add")
    await desk.presses("See what it does", code="P-030", therapist="T-1")
    await desk.presses("Save")
    assert await entries(clinic, before) == [
        ("desk edit", "S-1", "P-014", "/today 1:missed"),
        ("desk edit", "S-1", "P-030", "/patients/add"),
    ]


async def test_what_a_therapist_is_shown_is_noted_before_it_is_shown(clinic: Clinic, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T15:01")
    page = await logs_in(browser(clinic), "T-1")
    before = len(await entries(clinic))
    await page.opens("/patients/P-014")
    assert await entries(clinic, before) == []  # the own form is open, nothing is shown
    await tomas.sends_form("5555")
    await page.opens("/patients/P-014")
    await page.client.head("/patients/P-014")
    await page.client.get("/patients/P-014/picture.png")
    assert await entries(clinic, before) == [
        ("digest shown", "T-1", "P-014", "page"),
        ("chart shown", "T-1", "P-014", "page"),
    ]
    await page.client.aclose()


async def test_verbs_of_the_command_line_are_noted_too(clinic: Clinic) -> None:
    before = len(await entries(clinic))
    for verb, values, preview in (("pause", ["P-014"], False), ("resume", ["P-014"], True), ("listed", [], False)):
        _, problem = await asyncio.to_thread(act, clinic.config, verb, *values, preview=preview)
        assert problem is None
    assert await entries(clinic, before) == [("desk edit", None, "P-014", "pause P-014")]
