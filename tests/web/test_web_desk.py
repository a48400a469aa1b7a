"""A day at the front desk, in the browser: enrolment, the schedule, who did not come, and what cannot be entered."""

import ast
import re
from collections.abc import Iterator

import pytest

from bot import clinic as verbs
from bot import clinic_series
from bot.store import people
from bot.store.tables import check_in, person, series, session
from bot.store.tables_joining import invite
from bot.store.tables_web import desk_mark
from tests.conftest import FIRST, ROOT, Clinic, Someone
from tests.test_architecture import SOURCES, house, tree
from tests.test_locale import markers, words_of
from tests.web.browser import Browser, browser, logs_in

pytestmark = pytest.mark.deep

NEW = {"code": "P-030", "therapist": "T-2", "weekday": "Wed", "clock": "09:00", "day": "2026-11-02"}


async def weekly(clinic: Clinic, code: str, words: str) -> None:
    """A series, as the command line sets it."""
    await clinic.desk(clinic_series.set_weekly, clinic.config, code, words, None, None, clinic.clock.now())


async def codes(clinic: Clinic) -> set[str]:
    """Who is known."""
    return {row.code for row in await clinic.rows(person)}


# ------------------------------------------------------------------------------------------------ enrolment


async def test_a_new_patient_with_a_weekly_session_in_one_form(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/patients")
    await desk.follows("Add a patient")
    form = next(form for form in desk.page.forms if "code" in form.fields)
    assert len((form.fields | form.choices).keys() - {"form"}) <= 8

    await desk.presses("See what it does", **NEW)
    assert "P-030-J is added, with T-2." in desk.text
    assert "First session: Wed 4 Nov, 09:00. Every week, until you end it." in desk.text
    assert "9 sessions are laid out, from Mon 2 Nov on." in desk.text
    assert "27 check-ins are new" in desk.text
    assert "P-030" not in await codes(clinic)  # it was only looked at

    await desk.presses("Save")
    assert desk.path == "/patients/P-030"
    assert "The patient is added." in desk.text
    assert "Wed 09:00" in desk.text
    assert len(await clinic.rows(series)) == 1


async def test_all_mistakes_stand_beside_their_fields_and_what_was_typed_stays(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/patients/add")
    typed = {"code": "Anna Smith", "therapist": "", "weekday": "Tue", "clock": "", "zone": "Denver", "minutes": "0"}
    await desk.presses("See what it does", **typed, day="2026-02-30")
    assert desk.status == 422
    html = desk.reply.text
    for field in ("code", "therapist", "clock", "zone", "minutes", "day"):
        assert f'id="{field}-wrong"' in html, field
        assert f'aria-describedby="{field}-wrong' in html
    assert "please look at 6 fields" in desk.text
    assert 'Did you mean "America/Denver"?' in desk.text
    form = next(form for form in desk.page.forms if "code" in form.fields)
    assert {name: form.fields[name] for name in typed} == typed
    assert form.fields["day"] == "2026-02-30"
    assert len(await codes(clinic)) == 6


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("code", "P-014", "The code P-014 is taken."),
        ("code", "P-014-J", "With its check letter P-014-J would be mistaken"),
        ("code", "", "Please fill this in."),
        ("code", "P" * 17, "up to 16 letters"),
        ("code", "P\u202e1", "cannot be stored"),
        ("code", "Smith", "A code must not be a name"),
        ("therapist", "T-9", "Please choose one from the list."),
        ("weekday", "Someday", "Please choose one from the list."),
        ("clock", "25:00", "is not a time"),
        ("day", "02/03/2026", "is not a date"),
        ("day", "1899-01-01", "too far away"),
        ("day", "2026-09-01", "more than 30 days ago"),
        ("minutes", "1e3", "a whole number from 1 to 1440"),
        ("minutes", "99999999999999999999", "a whole number from 1 to 1440"),
        ("zone", "Mars/Olympus", "There is no time zone"),
        ("zone", "new york", 'Did you mean "America/New_York"?'),
        ("zone", "Colorado", 'Did you mean "America/Denver"?'),
        ("zone", "Texas", 'Did you mean "America/Chicago" or "America/Denver"?'),
        ("zone", "MST", '"MST" knows no summer time. Did you mean "America/Denver" or "America/Phoenix"?'),
        ("zone", "../etc/passwd", "There is no time zone"),
        ("lang", "fr", "Please choose one from the list."),
    ],
)
async def test_what_cannot_be_entered_is_said_at_its_field(
    clinic: Clinic, desk: Browser, field: str, typed: str, says: str
) -> None:
    await desk.opens("/patients/add")
    for step in ("look", "save"):
        form = next(form for form in desk.page.forms if "code" in form.fields)
        await desk.sends(form, NEW | {field: typed, "step": step})
        assert desk.status == 422
        assert f'id="{field}-wrong"' in desk.reply.text
        assert says in desk.text
    assert "P-030" not in await codes(clinic)
    assert await clinic.rows(series) == []


async def test_an_invite_is_a_sheet_without_a_name(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/patients/add")
    await desk.presses("See what it does", **NEW, lang="es")
    await desk.presses("Save")
    await clinic.desk(people.set_bot_name, None)
    await desk.presses("Make an invite")
    assert "The bot has not run yet, so nobody could open the link." in desk.text
    await clinic.desk(people.set_bot_name, "accord_bot")
    await desk.opens("/patients/P-030")
    form = next(f for f in desk.page.forms if f.action.endswith("/invite"))
    await desk.presses("Make an invite")
    sheet = desk.reply.text.partition('<section class="sheet"')[2].partition("</section>")[0]
    assert "Escanee esto con su teléfono" in sheet  # in the language of whoever gets it
    assert "P-030" not in sheet
    assert 'src="data:image/svg+xml;base64,' in sheet
    link = sheet.partition('<p class="link">')[2].partition("</p>")[0]

    await desk.sends(form, {})  # a reload: the same sheet is not made twice
    assert desk.status == 409
    assert len(await clinic.rows(invite, used_at=None)) == 1
    clara = clinic["30"]
    await clara.says(f"/start {link.partition('start=')[2]}")
    assert (await clinic.rows(person, code="P-030"))[0].state == "consenting"


# ------------------------------------------------------------------------------------------------ the schedule


async def test_a_session_is_added_moved_cancelled_and_planned_again(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/patients/P-014")
    await desk.follows("One more session")
    await desk.presses("See what it does", day="2026-11-03", clock="14:00")
    assert "3 check-ins are new" in desk.text
    await desk.presses("Save")
    (row,) = await clinic.rows(session)
    assert row.local == FIRST

    await desk.follows("Move")
    await desk.presses("See what it does", day="2026-11-04", clock="15:30")
    assert "3 check-ins move" in desk.text
    await desk.presses("Change")
    await desk.presses("See what it does", clock="16:00")
    await desk.presses("Save")
    (row,) = await clinic.rows(session)
    assert (row.local, "Moved." in desk.text) == ("2026-11-04T16:00", True)

    await desk.follows("Cancel")
    assert "3 check-ins are dropped" in desk.text
    assert (await clinic.rows(session))[0].state == "planned"
    await desk.presses("Save")
    assert (await clinic.rows(session))[0].state == "cancelled"
    await desk.follows("Plan again")
    await desk.presses("Save")
    assert (await clinic.rows(session))[0].state == "planned"


async def test_one_session_of_a_series_or_all_that_follow(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    second = sorted(await clinic.rows(session), key=lambda row: row.local)[1]
    await desk.opens(f"/sessions/{second.id}/move")
    await desk.presses("See what it does", day="2026-11-12", clock="10:00", scope="following")
    assert "check-ins move" in desk.text
    await desk.presses("Save")
    walls = sorted(row.local for row in await clinic.rows(session))
    assert walls[:3] == ["2026-11-03T14:00", "2026-11-12T10:00", "2026-11-19T10:00"]


async def test_two_at_the_same_time_are_refused_at_the_field(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-015", FIRST)
    await desk.opens("/patients/P-014/session")
    await desk.presses("See what it does", day="2026-11-03", clock="14:30")
    assert desk.status == 422
    assert 'id="clock-wrong"' in desk.reply.text
    assert "T-1 has a session then: P-015 on Tue 3 Nov, 14:00, 60 minutes." in desk.text


async def test_a_series_in_place_of_another_or_beside_it(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/patients/P-014/weekly")
    await desk.presses("See what it does", weekday="Tue", clock="14:00")
    await desk.presses("Save")
    await desk.opens("/patients/P-014/weekly")
    await desk.presses("See what it does", weekday="Thu", clock="14:00", beside="replace", every="2")
    assert "The series Tue 14:00 ends after Sun 1 Nov." in desk.text
    await desk.presses("Save")
    assert "Thu 14:00 every 2 weeks" in desk.text
    await desk.opens("/patients/P-014/end")
    await desk.presses("See what it does", day="2026-11-10")
    await desk.presses("Save")
    assert [row.local for row in await clinic.rows(session) if row.local > "2026-11-11"] == []


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"until": "2026-10-01"}, "until", "This is before the first day."),
        ({"until": "2026-11-02"}, "until", "There is no such weekday up to then."),
        ({"until": "2037-01-01"}, "until", "ten years at most"),
        ({"every": "53"}, "every", "a whole number from 1 to 52"),
        ({"day": "2026-09-01"}, "day", "more than 30 days ago"),
    ],
)
async def test_a_series_that_cannot_be(
    clinic: Clinic, desk: Browser, typed: dict[str, str], field: str, says: str
) -> None:
    await desk.opens("/patients/P-014/weekly")
    await desk.presses("See what it does", **{"weekday": "Tue", "clock": "14:00"} | typed)
    assert f'id="{field}-wrong"' in desk.reply.text
    assert says in desk.text
    assert await clinic.rows(series) == []


async def test_a_closed_day_shows_what_it_cancels_and_opens_again(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Thu 14:00")
    await desk.opens("/closures")
    await desk.follows("Close the clinic")
    await desk.presses("See what it does", first="2026-11-27", last="2026-11-26")
    assert 'id="last-wrong"' in desk.reply.text
    await desk.presses("See what it does", last="2026-11-27", first="2026-11-26", name="Thanksgiving")
    assert "One session is cancelled." in desk.text
    await desk.presses("Save")
    assert "Thanksgiving" in desk.text
    await desk.opens("/week?day=2026-11-26")
    assert "closed: Thanksgiving" in desk.text
    await desk.opens("/closures/add")
    await desk.presses("See what it does", first="2026-11-26", last="2026-11-27")
    assert "closed on these days already" in desk.text
    await desk.opens("/closures")
    await desk.follows("Open again")
    assert "One session is planned again." in desk.text
    await desk.presses("Save")
    assert "None ahead." in desk.text


# ------------------------------------------------------------------------------------------------ today


async def test_who_did_not_come_is_one_tap_and_can_be_taken_back(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", "2026-11-02T10:30")
    await desk.opens("/today")
    assert "Did not come" not in [words for form in desk.page.forms for words, _, _ in form.buttons]  # not begun yet
    await clinic.wait(minutes=40)
    await logs_in(desk, "S-1")
    await desk.presses("Did not come")
    assert (await clinic.rows(session))[0].state == "missed"
    assert await clinic.rows(check_in, state="planned") == []
    await desk.presses("Undo")
    assert "Taken back." in desk.text
    assert (await clinic.rows(session))[0].state == "planned"
    assert len(await clinic.rows(check_in, state="planned")) == 3


async def test_after_ten_minutes_it_is_not_taken_back(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", "2026-11-02T10:00")
    await desk.opens("/today")
    await desk.presses("Did not come")
    undo = next(form for form in desk.page.forms if any(words == "Undo" for words, _, _ in form.buttons))
    (mark,) = await clinic.rows(desk_mark)
    await clinic.wait(minutes=10)
    await desk.sends(undo, {"mark": f"{mark.id}:undo"})
    assert "can no longer be taken back" in desk.text
    assert (await clinic.rows(session))[0].state == "missed"
    assert "Undo" not in [words for form in desk.page.forms for words, _, _ in form.buttons]


@pytest.mark.parametrize(
    "mark", ["", "x", "1", "1:", "1:eaten", "99:missed", "-1:missed", "9" * 30 + ":missed", "5:undo"]
)
async def test_a_forged_tap_changes_nothing(clinic: Clinic, desk: Browser, mark: str) -> None:
    await clinic.session("P-014", "2026-11-02T10:00")
    await desk.opens("/today")
    form = next(form for form in desk.page.forms if form.action == "/today")
    await desk.sends(form, {"mark": mark})
    assert desk.status in (200, 409)
    assert (await clinic.rows(session))[0].state == "planned"


async def test_we_did_not_meet_asks_the_desk(clinic: Clinic, desk: Browser, tomas: Someone) -> None:
    await clinic.session("P-014", "2026-11-02T10:00")
    await clinic.wait(minutes=61)
    await tomas.taps("Begin", "We did not meet", "Yes, we did not meet")
    await logs_in(desk, "S-1")
    assert "Please confirm" in desk.text
    await desk.presses("Was cancelled")
    (row,) = await clinic.rows(session)
    assert (row.state, row.confirm) == ("cancelled", False)
    await desk.presses("Undo")
    (row,) = await clinic.rows(session)
    assert (row.state, row.confirm) == ("missed", True)


# ------------------------------------------------------------------------------------------------ people


async def test_a_patient_is_away_and_back_earlier(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await desk.opens("/patients/P-014/away")
    await desk.presses("See what it does", first="2026-11-09", last="2026-11-20")
    assert "dropped" in desk.text
    await desk.presses("Save")
    assert "9 Nov – 20 Nov" in desk.text
    await desk.follows("back earlier")
    await desk.presses("See what it does", first="2026-11-16")
    await desk.presses("Save")
    assert "9 Nov – 15 Nov" in desk.text


async def test_pause_transfer_discharge(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await desk.opens("/patients/P-014")
    await desk.follows("Pause")
    await desk.presses("Save")
    assert "paused" in desk.text
    await desk.follows("End the pause")
    await desk.presses("Save")
    await desk.follows("Another therapist")
    await desk.presses("See what it does", therapist="T-2")
    assert "9 sessions are cancelled." in desk.text
    await desk.presses("Save")
    assert "Therapist T-2" in desk.text
    await desk.follows("Discharge")
    await desk.presses("Save")
    assert "State discharged" in desk.text


async def test_leave_with_cover(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await desk.opens("/therapists/T-1/leave")
    form = next(form for form in desk.page.forms if "first" in form.fields)
    assert form.choices["cover"] == ["", "T-2"]
    await desk.presses("See what it does", first="2026-11-09", last="2026-11-13", cover="T-2", cancels="yes")
    assert "One session is cancelled." in desk.text
    assert "Tue 10 Nov, 14:00 · P-014-J · T-1: cancelled" in desk.text
    await desk.presses("Save")
    assert "On leave 9 Nov – 13 Nov. Cover: T-2." in desk.text


async def test_a_therapist_with_patients_cannot_be_discharged(desk: Browser) -> None:
    await desk.opens("/therapists/T-1/discharge")
    assert desk.status == 422
    assert "T-1 still has P-014, P-015. First bring each to another therapist" in desk.text


async def test_a_new_therapist_and_somebody_of_the_staff(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/therapists/add")
    await desk.presses("See what it does", code="T-9")
    await desk.presses("Save")
    await desk.opens("/staff/add")
    await desk.presses("See what it does", code="S-2")
    await desk.presses("Save")
    assert {"T-9", "S-2"} <= await codes(clinic)
    other = await logs_in(browser(clinic), "S-2")
    await other.opens("/staff/S-1/discharge")
    await other.presses("Save")
    assert (await desk.opens("/today")).path == "/login"


async def test_a_new_phone_waits_for_the_desk(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/patients/P-014")
    await desk.presses("Invite for a new phone")
    assert "P-014 is linked to a phone already." in desk.text
    assert "The therapist T-1 says yes or no in the chat" in desk.text
    assert await clinic.rows(invite, used_at=None) == []  # it was only asked
    await desk.presses("Make an invite for a new phone")
    link = desk.reply.text.partition('<p class="link">')[2].partition("</p>")[0]
    await clinic["99"].says(f"/start {link.partition('start=')[2]}")
    await desk.opens("/today")
    assert "A new phone waits for a yes or no: P-014" in desk.text
    await desk.opens("/patients/P-014")
    await desk.follows("Yes, let it in")
    await desk.presses("Save")
    assert (await clinic.rows(person, code="P-014"))[0].chat_id == 99


# ------------------------------------------------------------------------------------------------ who sees what


STAFF_ONLY = [
    "/today", "/therapists", "/closures", "/import", "/numbers", "/patients/add", "/patients/P-014/weekly",
    "/patients/P-014/discharge", "/sessions/1/move", "/therapists/T-1/leave", "/staff/add", "/closures/add",
]  # fmt: skip


async def test_a_therapist_sees_the_own_patients_and_no_desk(clinic: Clinic) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await weekly(clinic, "P-021", "Tue 15:00")
    vera = await logs_in(browser(clinic), "T-2")
    assert vera.path == "/week"
    for path in ("/week", "/patients"):
        await vera.opens(path)
        assert "P-021" in vera.text
        assert "P-014" not in vera.text
    assert (await vera.opens("/patients/P-021")).status == 200
    strange = await vera.opens("/patients/P-014")
    nobody = (strange.status, strange.reply.text)
    await vera.opens("/patients/P-999")
    assert (vera.status, vera.reply.text) == nobody == (404, nobody[1])
    for path in STAFF_ONLY:
        assert (await vera.opens(path)).status == 404, path
    form = next(form for form in (await vera.opens("/settings")).page.forms if form.action == "/settings")
    form.action = "/today"
    assert (await vera.sends(form, {"mark": "1:missed"})).status == 404


async def test_the_desk_sees_no_answers_and_not_who_answered(clinic: Clinic, desk: Browser, anna: Someone) -> None:
    await clinic.session("P-014", "2026-11-02T10:00")
    await clinic.until("2026-11-02T12:00")
    await anna.taps("Begin")
    await anna.rates(1, 2, 1, 2, 1, 2)
    await anna.says("I would rather walk")
    await anna.taps("For my therapist", "Skip", "Skip", "Skip", "Skip")
    await logs_in(desk, "S-1")
    before = [(await desk.opens(path)).text for path in ("/week", "/patients/P-014", "/today")]
    await anna.taps("Send")
    assert await clinic.rows(check_in, state="answered")
    after = [(await desk.opens(path)).text for path in ("/week", "/patients/P-014", "/today")]
    assert before == after
    assert "rather walk" not in "".join(after)


async def test_a_therapist_reads_how_things_stand_after_the_own_form(
    clinic: Clinic, desk: Browser, anna: Someone, tomas: Someone
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:01")
    await anna.taps("Begin")
    await anna.rates(3, 3, 3, 3, 4, 4)
    await anna.says("I would rather walk")
    await anna.taps("For my therapist", "Skip", "Skip", "Skip", "Skip", "Send")
    page = await logs_in(browser(clinic), "T-1")
    await page.opens("/patients/P-014")
    assert "Your own form is open." in page.text
    assert "rather walk" not in page.reply.text
    assert (await page.client.get("/patients/P-014/picture.png")).status_code == 404

    await tomas.sends_form("5555")
    await page.opens("/patients/P-014")
    assert "Patient 3.0, you 5.0." in page.text
    assert "rather walk" in page.text
    assert await clinic.rows(check_in, words_due_at=None) == await clinic.rows(check_in)  # they count as read
    picture = await page.client.get("/patients/P-014/picture.png")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")

    await logs_in(desk, "S-1")
    assert (await desk.client.get("/patients/P-014/picture.png")).status_code == 404
    assert "How things stand" not in (await desk.opens("/patients/P-014")).text
    vera = await logs_in(browser(clinic), "T-2")
    assert (await vera.client.get("/patients/P-014/picture.png")).status_code == 404


async def test_the_ledger_says_what_was_sent_and_only_the_therapist_how_far(
    clinic: Clinic, desk: Browser, anna: Someone, tomas: Someone
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:30")
    await anna.taps("Begin")
    await tomas.sends_form("4444")
    await logs_in(desk, "S-1")
    await desk.opens("/ledger?first=2026-11-03&last=2026-11-03&patient=P-014")
    assert "check-in P-014" in desk.text
    assert "sent" in desk.text
    assert "opened" not in desk.text
    table = await desk.client.get("/ledger.csv?first=2026-11-03&last=2026-11-03")
    assert table.headers["content-type"].startswith("text/csv")
    assert "P-014" in table.text
    own = await logs_in(browser(clinic), "T-1")
    assert "opened" in (await own.opens("/ledger")).text
    vera = await logs_in(browser(clinic), "T-2")
    assert "P-014" not in (await vera.opens("/ledger")).text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("first=2026-11-10&last=2026-11-01", "This is before the first day."),
        ("first=x", "is not a date"),
        ("patient=P-999", "nobody with the code"),
        ("page=0", "from 1 to 10000"),
    ],
)
async def test_a_ledger_that_cannot_be_shown(desk: Browser, asked: str, says: str) -> None:
    await desk.opens(f"/ledger?{asked}")
    assert desk.status == 422
    assert says in desk.reply.text or asked.startswith("page")


async def test_a_plan_of_ones_own(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await desk.opens("/patients/P-014/plan")
    await desk.presses("See what it does", patient_opens_after="abc", quiet_from="99:99")
    assert 'id="patient_opens_after-wrong"' in desk.reply.text
    assert 'id="quiet_from-wrong"' in desk.reply.text
    await desk.presses("See what it does", patient_opens_after="120", quiet_from="", homework="false")
    assert "check-ins are dropped" in desk.text
    assert "check-ins move" in desk.text
    await desk.presses("Save")
    assert "Minutes after the session: 2 h (P-014)" in desk.text
    await desk.opens("/patients/P-014/plan")
    assert "Now: 120" in desk.text
    await desk.presses("See what it does", ask_therapist="false", patient_reminds_after="30", digest_before="90")
    await desk.presses("Save")
    assert "A reminder, hours after that: 30 h (P-014)" in desk.text
    await desk.opens("/patients/P-014/plan")
    assert 'value="30"' in desk.reply.text
    await desk.presses("See what it does", patient_opens_after="", homework="", ask_therapist="",
                       patient_reminds_after="", digest_before="")  # fmt: skip
    await desk.presses("Save")
    assert "Own plan" not in desk.text
    await desk.opens("/therapists/T-1/plan")
    await desk.presses("See what it does", ask_every="2")
    await desk.presses("Save")
    assert "After every so many sessions: 2 (T-1)" in (await desk.opens("/patients/P-014")).text


async def test_what_is_missing_stands_on_top(clinic: Clinic, desk: Browser) -> None:
    await clinic.desk(verbs.add_patient, clinic.config, "P-030", "T-1", "America/Denver", "en", clinic.clock.now())
    await clinic.desk(lambda conn: people.change(conn, 3, unreachable_since=clinic.clock.now()))
    await desk.opens("/week")
    assert "Not in yet, and without an invite that works: P-030" in desk.text
    assert "No session ahead, so nothing is asked: P-014" in desk.text
    assert "The chat cannot be reached, so nothing arrives:" in desk.text


async def test_who_was_not_asked_stands_out(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.desk(
        lambda conn: conn.execute(check_in.update().values(state="not_asked", why="unreachable")).rowcount
    )
    await desk.opens("/week")
    assert '<tr class="gap">' in desk.reply.text
    assert "not asked: cannot be reached" in desk.text


ABSENT = [
    "/patients/P-999", "/sessions/999/move", "/sessions/x/move", "/closures/7/remove", "/therapists/P-014/leave",
    "/patients/T-1", "/patients/..%2f..", "/week/2",
]  # fmt: skip


@pytest.mark.parametrize("path", ABSENT)
async def test_what_is_not_there(desk: Browser, path: str) -> None:
    assert (await desk.opens(path)).status == 404
    assert "There is no such page, or it is not yours." in desk.text


@pytest.mark.parametrize("day", ["2026-11-04", "", "nonsense", "0001-01-01", "9999-12-31", "2026-02-30"])
async def test_any_week_can_be_asked_for(desk: Browser, day: str) -> None:
    assert (await desk.opens(f"/week?day={day}")).status == 200


async def test_a_week_in_which_the_clocks_change(clinic: Clinic, desk: Browser) -> None:
    await clinic.until("2026-11-06T08:00")
    await clinic.session("P-014", "2027-03-14T02:30")  # a time that the clock skips
    await logs_in(desk, "S-1")
    await desk.opens("/week?day=2027-03-14")
    assert "02:30" in desk.text


SCREENS = [
    "/today", "/week", "/patients", "/patients/P-014", "/patients/add", "/patients/P-014/weekly",
    "/patients/P-014/session", "/patients/P-014/end", "/patients/P-014/week", "/patients/P-014/away",
    "/patients/P-014/person",
    "/patients/P-014/transfer", "/patients/P-014/plan", "/patients/P-014/pause", "/patients/P-014/discharge",
    "/sessions/1/move", "/sessions/1/cancel",
    "/therapists", "/therapists/add", "/therapists/T-1/leave", "/therapists/T-1/person",
    "/closures", "/closures/add", "/import", "/ledger", "/numbers", "/settings", "/staff/add", "/login",
    "/nothing",
]  # fmt: skip


async def test_every_screen_in_spanish_has_no_english(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await desk.opens("/settings")
    await desk.presses("Save", lang="es")
    desk.client.headers["accept-language"] = "es"
    known = {"patient", "starts", "minutes", "english", "example", "clinic", "weeks", "every"}  # names and file formats
    for path in SCREENS:
        text = (await desk.opens(path)).text
        assert desk.reply.text.count("<h1>") == 1, path
        assert '<html lang="es">' in desk.reply.text
        assert words_of(text) & markers() - known == set(), path


async def test_every_field_has_a_name_for_people_and_its_id_once(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    for path in SCREENS:
        html = (await desk.opens(path)).reply.text
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), path
        labelled = set(re.findall(r'<label for="([^"]+)"', html))
        fields = re.findall(r"<(?:input|select)\s([^>]*)>", html)
        seen = [re.search(r'id="([^"]+)"', f) for f in fields if 'type="hidden"' not in f and "value=" in f]
        assert {found[1] for found in seen if found} <= labelled | {""}, path
        assert [one for one in ("{{", "Undefined", "macro") if one in desk.text] == [], path


def kinds(module: str) -> Iterator[str]:
    """What a module calls its refusals and mistakes: the second word of Refused, the first of Mistake and NotSo, the
    third of Bad.
    """
    place = {"Refused": 1, "Mistake": 0, "NotSo": 0, "Bad": 2}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in place:
            kind = node.args[place[node.func.id] :][:1]
            if kind and isinstance(kind[0], ast.Constant):
                yield str(kind[0].value)


def test_every_refusal_with_a_kind_has_its_words() -> None:
    found = {
        kind
        for module in SOURCES
        if house(module) in ("calendars", "clinic", "store", "core", "web")
        for kind in kinds(module)
    }
    words = (ROOT / "bot/templates/web/mistakes.jinja").read_text("utf-8")
    assert len(found) > 25
    assert found - set(re.findall(r"{% macro (\w+)\(", words)) == set()
