"""Coming in by a link from the clinic, settling in, changing one's mind, going and coming back."""

from datetime import timedelta

import pytest

from bot import clinic as desk
from bot.store.tables import away, check_in, person
from bot.store.tables_joining import consent, invite, invite_try
from tests.conftest import FIRST, Clinic, Someone

BAD = "This link does not work"
CRISIS = "dial 988, then press 1"


@pytest.fixture
async def link(empty: Clinic) -> str:
    """An invite for Anna, at a clinic where nobody is in yet."""
    await empty.desk(desk.add_therapist, empty.config, "T-1", "America/Denver", "en")
    values = ("P-014", "T-1", "America/Denver", "en", empty.clock.now())
    await empty.desk(desk.add_patient, empty.config, *values)
    return await empty.stage.invite("P-014")


@pytest.fixture
def newcomer(empty: Clinic) -> Someone:
    return empty["P-014"]


async def state(clinic: Clinic, code: str = "P-014") -> str:
    (row,) = await clinic.rows(person, code=code)
    return str(row.state)


# ------------------------------------------------------------------------------------------------ the way in


async def test_before_anything_is_asked_anna_reads_what_it_means(newcomer: Someone, link: str) -> None:
    await newcomer.says(f"/start {link}")
    for must in (
        "Do not rely on this to keep you safe.", CRISIS, "Accord gives your command no access and sends it nothing.",
        "may have to be reported", "not end-to-end encrypted", "It is voluntary.", "It has no effect on your care.",
        "You can ask for a different therapist at any time.", "must keep by law", "Technology can fail",
        "in the hour before your next session", "Whoever runs the server could technically read them.",
    ):  # fmt: skip
        assert must in newcomer.screen
    assert newcomer.buttons == ["I agree", "No, thank you", "Español"]


async def test_three_taps_later_she_is_in(newcomer: Someone, link: str, empty: Clinic) -> None:
    await newcomer.says(f"/start {link}")
    await newcomer.taps("I agree")
    assert "Is it 10:00 where you are?" in newcomer.screen
    await newcomer.taps("Yes, that is right")
    assert newcomer.buttons == ["1 hour after", "Same evening, 19:00", "Next morning, 08:00"]
    await newcomer.taps("1 hour after")
    assert "All set." in newcomer.screen
    assert CRISIS in newcomer.screen
    assert await state(empty) == "active"


async def test_consent_is_logged_with_its_version_and_language(newcomer: Someone, link: str, empty: Clinic) -> None:
    await newcomer.says(f"/start {link}")
    await newcomer.taps("Español", "Acepto")
    (row,) = await empty.rows(consent)
    assert (row.version, row.lang, row.agreed) == (1, "es", True)


async def test_the_language_can_be_changed_before_consent(newcomer: Someone, link: str, empty: Clinic) -> None:
    await newcomer.says(f"/start {link}")
    await newcomer.taps("Español")
    assert "voluntari" in newcomer.screen
    await newcomer.taps("English")
    assert "It is voluntary." in newcomer.screen
    assert await state(empty) == "consenting"


async def test_no_thank_you_asks_nothing_and_can_be_changed(newcomer: Someone, link: str, empty: Clinic) -> None:
    await newcomer.says(f"/start {link}")
    await newcomer.taps("No, thank you")
    assert "it has no effect on your care" in newcomer.screen
    await empty.session("P-014", FIRST)
    await empty.until("2026-11-04T12:00")
    assert newcomer.prompts == []
    await newcomer.says("/start")
    await newcomer.taps("I agree")
    assert [row.agreed for row in await empty.rows(consent)] == [False, True]


async def test_a_therapist_is_not_asked_for_consent(empty: Clinic) -> None:
    await empty.desk(desk.add_therapist, empty.config, "T-1", "America/Denver", "en")
    tomas = empty["T-1"]
    await tomas.says(f"/start {await empty.stage.invite('T-1')}")
    await tomas.taps("Yes, that is right")
    assert tomas.screen.startswith("All set. When a session ends")
    assert await state(empty, "T-1") == "active"


# ------------------------------------------------------------------------------------------------ links


async def test_the_database_never_sees_the_code(link: str, empty: Clinic) -> None:
    (row,) = await empty.rows(invite)
    assert link not in str(tuple(row))


async def test_pressing_start_again_shows_the_present_step(newcomer: Someone, link: str) -> None:
    await newcomer.says(f"/start {link}")
    await newcomer.taps("I agree")
    await newcomer.says(f"/start {link}", "/start")
    assert "Is it 10:00 where you are?" in newcomer.screen
    await newcomer.taps("Yes, that is right", "1 hour after")
    await newcomer.says(f"/start {link}")
    assert newcomer.screen == "You are already taking part. Send /help to see what I can do."


async def test_another_person_with_the_same_code_stays_outside(newcomer: Someone, link: str, empty: Clinic) -> None:
    await newcomer.says(f"/start {link}")
    await empty["99"].says(f"/start {link}")
    assert empty["99"].screen.startswith(BAD)
    assert newcomer.sees("Do you agree to take part?")


async def test_wrong_used_and_expired_codes_get_one_and_the_same_answer(
    newcomer: Someone, link: str, empty: Clinic
) -> None:
    await newcomer.says("/start nonsense")
    wrong = newcomer.screen
    empty.clock.move_to(empty.clock.now() + timedelta(days=7))
    await newcomer.says(f"/start {link}")
    expired = newcomer.screen
    fresh = await empty.stage.invite("P-014")
    await newcomer.says(f"/start {fresh}")
    await empty["99"].says(f"/start {fresh}")
    assert wrong == expired == empty["99"].screen
    assert wrong.startswith(BAD)
    assert CRISIS in wrong


async def test_a_code_works_until_its_seven_days_are_over(newcomer: Someone, link: str, empty: Clinic) -> None:
    empty.clock.move_to(empty.clock.now() + timedelta(days=7, seconds=-1))
    await newcomer.says(f"/start {link}")
    assert "Do you agree to take part?" in newcomer.screen


async def test_a_new_invite_ends_the_one_before(newcomer: Someone, link: str, empty: Clinic) -> None:
    await empty.stage.invite("P-014")
    await newcomer.says(f"/start {link}")
    assert newcomer.screen.startswith(BAD)


async def test_five_tries_an_hour(newcomer: Someone, link: str, empty: Clinic) -> None:
    await newcomer.says(*[f"/start guess-{n}" for n in range(5)])
    await newcomer.says(f"/start {link}")
    assert newcomer.screen.startswith("That was too many tries.")
    assert len(await empty.rows(invite_try)) == 5
    await empty.wait(hours=1)
    await newcomer.says(f"/start {link}")
    assert "Do you agree to take part?" in newcomer.screen


async def test_somebody_who_is_in_cannot_become_somebody_else(anna: Someone, clinic: Clinic) -> None:
    await clinic.desk(desk.add_patient, clinic.config, "P-099", "T-2", "America/Denver", "en", clinic.clock.now())
    await anna.says(f"/start {await clinic.stage.invite('P-099')}")
    assert anna.screen.startswith(BAD)
    assert await state(clinic, "P-099") == "invited"


@pytest.mark.parametrize("words", ["/start", "hello", "/help", "/checkin", "/settings"])
async def test_a_stranger_learns_only_whom_to_call(empty: Clinic, words: str) -> None:
    await empty["99"].says(words)
    assert CRISIS in empty["99"].screen
    assert empty["99"].buttons == []


# ------------------------------------------------------------------------------------------------ settling


@pytest.fixture
async def settling(newcomer: Someone, link: str) -> Someone:
    """Anna has agreed, and is asked what time it is for her."""
    await newcomer.says(f"/start {link}")
    await newcomer.taps("I agree")
    return newcomer


async def test_another_time_zone_by_region_and_place(settling: Someone, empty: Clinic) -> None:
    await settling.taps("No, my clock is different", "Europe", "Berlin 18:00")
    assert "Is it 18:00 where you are?" in settling.screen
    (row,) = await empty.rows(person, code="P-014")
    assert row.zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("new york", "America/New_York"),
        ("Africa/Nairobi", "Africa/Nairobi"),
        ("Colorado", "America/Denver"),
        ("est", "America/New_York"),
    ],
)
async def test_or_a_big_city_typed(settling: Someone, empty: Clinic, typed: str, zone: str) -> None:
    await settling.taps("No, my clock is different")
    await settling.says(typed)
    (row,) = await empty.rows(person, code="P-014")
    assert row.zone == zone
    assert settling.buttons[0] == "Yes, that is right"


async def test_a_place_nobody_knows_is_asked_again(settling: Someone) -> None:
    await settling.says("Springfield")
    assert settling.screen.startswith("I do not know that place.")
    assert CRISIS in settling.screen
    assert "Europe" in settling.buttons


async def test_going_back_from_the_places_to_the_regions(settling: Someone) -> None:
    await settling.taps("No, my clock is different", "Asia", "Back")
    assert "Middle East" in settling.buttons


async def test_the_wish_counts_from_the_first_session(settling: Someone, empty: Clinic) -> None:
    await settling.taps("Yes, that is right", "Next morning, 08:00")
    await empty.session("P-014", FIRST)
    await empty.until("2026-11-04T07:59")
    assert settling.prompts == []
    await empty.until("2026-11-04T08:00")
    assert len(settling.prompts) == 1


async def test_a_session_before_she_was_in_is_asked_about_once_she_is(settling: Someone, empty: Clinic) -> None:
    await empty.session("P-014", FIRST)
    await empty.until("2026-11-03T18:00")
    assert settling.prompts == []
    await settling.taps("Yes, that is right", "1 hour after")
    assert settling.prompts == ["Ready when you are. It takes about two minutes."]


# ------------------------------------------------------------------------------------------------ later


async def test_settings_show_how_it_is_now(anna: Someone) -> None:
    await anna.says("/settings")
    for shown in ("10:00", "Denver", "English", "1 hour after"):
        assert shown in anna.screen
    assert anna.buttons == ["Time zone", "Español", "When to ask", "Ask me less often"]


async def test_less_often_and_back(anna: Someone) -> None:
    await anna.says("/settings")
    await anna.taps("Ask me less often")
    assert "every second session" in anna.screen
    await anna.taps("Ask me after each session")
    assert "every second session" not in anna.screen


async def test_a_place_is_typed_only_where_that_is_offered(anna: Someone, clinic: Clinic) -> None:
    await anna.says("/settings")
    await anna.taps("Time zone")
    assert anna.screen == "Where are you?"
    await anna.says("Berlin")
    assert CRISIS in anna.screen
    assert [row.zone for row in await clinic.rows(person, code="P-014")] == ["America/Denver"]


async def test_a_new_zone_moves_what_is_planned(anna: Someone, clinic: Clinic) -> None:
    """14:00 in Denver is 22:00 in Berlin: the check-in waits for eight o'clock there."""
    await clinic.session("P-014", FIRST)
    await anna.says("/settings")
    await anna.taps("Time zone", "Europe", "Berlin 18:00")
    await clinic.until("2026-11-03T23:59")
    assert anna.prompts == []
    await clinic.until("2026-11-04T00:00")
    assert len(anna.prompts) == 1


async def test_a_therapist_is_not_offered_a_patients_settings(tomas: Someone, anna: Someone) -> None:
    await tomas.says("/settings")
    assert tomas.buttons == ["Time zone", "Español", "When digests come", "Weekly page"]
    await anna.says("/settings")
    await tomas.presses(anna.data["Ask me less often"])
    assert tomas.toast.startswith("This button does not work any more.")


async def test_stop_asks_once_and_changes_nothing_by_itself(anna: Someone, clinic: Clinic) -> None:
    await anna.says("/stop")
    assert anna.screen.startswith("Stop the check-ins?")
    await anna.taps("No, keep going")
    assert anna.screen == "All right, nothing has changed."
    assert await state(clinic) == "active"


async def test_stop_ends_what_is_open_and_tells_the_therapist_no_reason(
    anna: Someone, tomas: Someone, clinic: Clinic
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    assert anna.screen.startswith("Done. I will not ask anything more, and it has no effect on your care.")
    assert tomas.prompts[-1] == "Something has changed. Open to read."
    await tomas.taps("Open")
    assert tomas.screen == "P-014 takes no part in the check-ins for now. It is voluntary; no reason is asked."
    assert anna.sees("This one is not needed any more.")
    await clinic.until("2026-11-09T20:00")
    assert len(anna.prompts) == 1
    assert {row.state for row in await clinic.rows(check_in, person_id=3)} <= {"excused", "planned"}


async def test_coming_back_begins_with_consent_and_asks_about_what_follows(anna: Someone, clinic: Clinic) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-10T14:00")
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await clinic.until("2026-11-05T12:00")
    await anna.says("/start")
    await anna.taps("I agree", "Yes, that is right", "1 hour after")
    before = len(anna.prompts)
    await clinic.until("2026-11-10T16:00")
    assert len(anna.prompts) > before
    assert anna.buttons == ["Begin", "Later"]


async def test_while_away_nothing_is_asked_and_nobody_is_reminded(anna: Someone, clinic: Clinic) -> None:
    """Days away are the person's own dates, both included; the desk keeps them."""
    from bot.core.walltime import local_date
    from tests.conftest import DENVER

    first = local_date(clinic.clock.now(), DENVER) + timedelta(days=1)
    row = {"clinic_id": 1, "person_id": 3, "first": first, "last": first}
    await clinic.desk(lambda conn: conn.execute(away.insert(), row) and None)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-05T12:00")
    assert anna.prompts == []
    assert [r.why for r in await clinic.rows(check_in, person_id=3, kind="alliance")] == ["away"]


@pytest.mark.parametrize("word", ["/help", "/privacy", "/settings", "/checkin", "/mine", "/stop", "/nonsense"])
async def test_every_command_answers(anna: Someone, word: str) -> None:
    await anna.says(word)
    assert anna.phone.last.text


async def test_help_says_whom_to_call_and_what_there_is(anna: Someone) -> None:
    await anna.says("/help")
    assert CRISIS in anna.screen
    for command in ("/checkin", "/mine", "/settings", "/privacy", "/stop"):
        assert command in anna.screen


async def test_the_menu_speaks_the_phones_language(clinic: Clinic) -> None:
    menu = {command["command"]: command["description"] for command in clinic["P-014"].phone.commands}
    assert menu["help"] == "Help, and whom to call"
