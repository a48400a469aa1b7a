"""Before anything is saved the desk sees who and when; and from nothing of it who has answered."""

import re

import pytest

from bot import clinic as verbs
from bot import clinic_people, clinic_series, clinic_today
from bot.store import people
from bot.store.tables import check_in, person, session
from bot.store.tables_joining import invite
from tests.conftest import FIRST, Clinic
from tests.web.browser import Browser, logs_in

pytestmark = pytest.mark.deep


async def weekly(clinic: Clinic, code: str, words: str) -> None:
    """A series, as the command line sets it."""
    await clinic.desk(clinic_series.set_weekly, clinic.config, code, words, None, None, clinic.clock.now())


async def test_closing_days_names_who_and_when_and_counts_the_rest(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue,Thu 14:00")
    await weekly(clinic, "P-015", "Tue,Thu 16:00")
    await desk.opens("/closures/add")
    await desk.presses("See what it does", first="2026-11-09", last="2026-12-06")
    assert "16 sessions are cancelled." in desk.text
    assert "Tue 10 Nov, 14:00 · P-014-J · T-1: cancelled Tue 10 Nov, 16:00 · P-015-H · T-1: cancelled" in desk.text
    assert desk.text.count(": cancelled") == 12
    assert "and 4 more" in desk.text
    assert await clinic.rows(session, state="cancelled") == []


async def test_a_move_says_from_when_and_a_plan_whose_check_ins(clinic: Clinic, desk: Browser) -> None:
    number = await clinic.session("P-014", FIRST)
    await desk.opens(f"/sessions/{number}/move")
    await desk.presses("See what it does", day="2026-11-04", clock="15:30")
    assert "Wed 4 Nov, 15:30 · P-014-J · T-1: instead of Tue 3 Nov, 14:00" in desk.text
    await desk.opens("/patients/P-014/plan")
    await desk.presses("See what it does", patient_opens_after="120")
    assert "Tue 3 Nov, 17:00 · P-014-J · T-1 · patient's check-in: instead of Tue 3 Nov, 16:00" in desk.text
    await desk.presses("Save")
    await desk.opens("/patients/P-014/plan")
    await desk.presses("See what it does", patient_reminds_after="30")
    assert "patient's check-in: its reminder or its end moves" in desk.text


async def test_another_time_zone_says_what_comes_at_another_time(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", FIRST)
    await desk.opens("/patients/P-014/person")
    await desk.presses("See what it does", zone="Europe/Berlin")
    assert "2 check-ins move" in desk.text
    assert "Wed 4 Nov, 00:00 · P-014-J · T-1 · patient's check-in: instead of Tue 3 Nov, 16:00" in desk.text
    assert (await clinic.rows(person, code="P-014"))[0].zone == "America/Denver"


async def test_the_end_says_what_goes_and_what_stays(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", FIRST)
    await desk.opens("/patients/P-014/discharge")
    for words in ("One session is cancelled.", "3 check-ins are dropped", "What was answered stays.",
                  "Tue 3 Nov, 14:00 · P-014-J · T-1: cancelled"):  # fmt: skip
        assert words in desk.text
    assert (await clinic.rows(session))[0].state == "planned"


LOOKS = ("/week", "/today", "/patients/{0}", "/ledger?first=2026-11-02&last=2026-11-03", "/sessions/{1}/again")
CODES = {"P-014": "T-1", "P-021": "T-2"}


@pytest.mark.parametrize("end", ["cancelled", "missed", "discharged"])
async def test_what_ends_after_it_was_asked_reads_the_same_whether_it_was_answered(
    clinic: Clinic, desk: Browser, end: str
) -> None:
    for code in CODES:
        await clinic.session(code, "2026-11-02T10:00")
    await clinic.until("2026-11-02T12:01")
    answered = check_in.update().where(check_in.c.pair_id == 1, check_in.c.state == "open").values(state="answered")
    await clinic.desk(lambda conn: conn.execute(answered).rowcount)
    sam, now = await clinic.desk(people.by_code, "S-1"), clinic.clock.now()
    effects = []
    for number, code in enumerate(CODES, 1):
        if end == "discharged":
            shown = await clinic.desk(clinic_people.discharge, clinic.config, code, now)
        else:
            shown = await clinic.desk(clinic_today.mark, clinic.config, number, end, sam, now)
        effects.append((shown["effect"], len(shown["changes"])))
    assert effects[0] == effects[1]
    await logs_in(desk, "S-1")
    for path in LOOKS:
        one, other = [about(await desk.opens(path.format(code, n)), code) for n, code in enumerate(CODES, 1)]
        assert one, path
        assert one == other


def about(desk: Browser, code: str) -> list[str]:
    """The rows of tables that are about somebody, or what a change would do; without codes and numbers."""
    rows = desk.reply.text.partition("<main")[2].split("<tr")[1:]
    rows = [row.partition("</tr>")[0] for row in rows]
    mine = [row for row in rows if code in row or "/patients/" in desk.path] or [desk.text]
    return [re.sub(r"P-\d+(?:-[\w+])?|T-\d|sessions/\d+|value=\"[^\"]+\"", "", row) for row in mine]


# ------------------------------------------------------------------------------------------------ invites


async def test_an_invite_that_waits_is_not_voided_by_a_click(clinic: Clinic, desk: Browser) -> None:
    await clinic.desk(verbs.add_patient, clinic.config, "P-030", "T-1", "America/Denver", "en", clinic.clock.now())
    await desk.opens("/patients/P-030")
    await desk.presses("Make an invite")
    (first,) = await clinic.rows(invite, used_at=None)
    await desk.opens("/patients/P-030")
    assert "not used yet, works until Mon 9 Nov, 10:00" in desk.text
    await desk.presses("Make an invite")
    assert "It works until Mon 9 Nov, 10:00. It cannot be shown again" in desk.text
    assert await clinic.rows(invite, used_at=None) == [first]
    await desk.presses("Make a new one; the old one stops working")
    assert "This is shown once" in desk.text
    assert (await clinic.rows(invite, used_at=None))[0].code_hash != first.code_hash


async def test_a_therapists_new_phone_is_let_in_at_the_desk(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/therapists")
    await desk.presses("Invite for a new phone")
    assert "You say yes or no here, under Therapists." in desk.text
    await desk.presses("Make an invite for a new phone")
    link = desk.reply.text.partition('<p class="link">')[2].partition("</p>")[0]
    await clinic["99"].says(f"/start {link.partition('start=')[2]}")
    await desk.opens("/therapists")
    assert "Somebody opened the link for a new phone." in desk.text
    await desk.follows("Yes, let it in")
    await desk.presses("Save")
    assert (await clinic.rows(person, code="T-1"))[0].chat_id == 99


# ------------------------------------------------------------------------------------------------ what cannot be


async def test_a_session_is_not_moved_into_the_past(clinic: Clinic, desk: Browser) -> None:
    number = await clinic.session("P-014", FIRST)
    await desk.opens(f"/sessions/{number}/move")
    for day, field in (("2026-11-01", "day"), ("2026-11-02", "clock")):
        await desk.presses("See what it does", day=day, clock="09:00")
        assert f'id="{field}-wrong"' in desk.reply.text
        assert "This time is over already. Choose one ahead." in desk.text
    assert (await clinic.rows(session))[0].local == FIRST


async def test_a_time_that_is_taken_is_said_at_the_time(clinic: Clinic, desk: Browser) -> None:
    for day in range(3, 31, 7):
        await clinic.session("P-015", f"2026-11-{day:02}T14:00")
    typed = {"code": "P-030", "therapist": "T-1", "weekday": "Tue", "clock": "14:30"}
    await desk.opens("/patients/P-014/weekly")
    await desk.presses("See what it does", weekday="Tue", clock="14:30", until="2026-11-25")
    assert 'id="clock-wrong"' in desk.reply.text
    await clinic.desk(clinic_series.set_weekly, clinic.config, "P-015", "Tue 15:00", None, None, clinic.clock.now())
    await desk.opens("/patients/add")
    await desk.presses("See what it does", **typed | {"clock": "15:15"})
    assert 'id="clock-wrong"' in desk.reply.text
    assert "T-1 has a session then: P-015 on Tue 3 Nov, 15:00, 60 minutes." in desk.text


async def test_what_comes_on_another_day_has_its_date(clinic: Clinic, desk: Browser) -> None:
    await clinic.session("P-014", FIRST)
    await desk.opens("/week")
    assert "Tue 16:00 Tue 15:00 Mon 9 Nov 18:00" in desk.text


async def test_an_error_at_the_desk_names_a_screen_and_no_command(clinic: Clinic, desk: Browser) -> None:
    await desk.opens("/ledger?patient=P-041")
    assert 'There is nobody with the code "P-041".' in desk.text
    assert "All codes stand under Patients and Therapists." in desk.text
    await clinic.session("P-014", "2026-11-02T10:00")
    await desk.opens("/today")
    form = next(form for form in desk.page.forms if form.action == "/today")
    await desk.sends(form, {"mark": "99:missed"})
    assert "There is no such session any more." in desk.text
    assert "accord clinic" not in desk.text


async def test_a_week_of_one_patient_is_cancelled_and_the_series_goes_on(clinic: Clinic, desk: Browser) -> None:
    await weekly(clinic, "P-014", "Tue 14:00")
    await weekly(clinic, "P-015", "Tue 16:00")
    await desk.opens("/patients/P-014")
    await desk.follows("Cancel a week")
    await desk.presses("See what it does", day="2026-11-12")
    assert "Tue 10 Nov, 14:00 · P-014-J · T-1: cancelled" in desk.text
    await desk.presses("Save")
    assert [row.local for row in await clinic.rows(session, state="cancelled")] == ["2026-11-10T14:00"]
