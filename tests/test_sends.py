"""Sends whose fate nobody knows, by what the message is for; and what is offered again after an outage."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot import clinic_ledger
from bot.clinic_people import add_staff
from bot.core.sending import SORT, Again, unheard
from bot.message import Message
from bot.offering import offer_one_again
from bot.store import outbox, people
from bot.store.tables import check_in
from bot.store.tables import outbox as kept
from bot.store.tables_watch import offline
from tests.conftest import FIRST, Clinic, Someone
from tests.test_delivery import READY, outgoing, texts

pytestmark = pytest.mark.deep

OFFLINE = "I was offline for a while. If you tapped something then, please tap it again here."
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        ("prompt", [10 * MINUTE, None]),
        ("digest", [10 * MINUTE, None]),
        ("reminder", [None]),
        ("notice", [MINUTE / 2, None]),
        ("reply", [MINUTE / 2, None]),
        ("alarm", [MINUTE / 2, MINUTE * 3 / 4, MINUTE * 3 / 4]),  # there within a minute after the API is back
        ("edit", [MINUTE / 2, MINUTE * 3 / 4, MINUTE * 3 / 4]),
    ],
)
def test_what_follows_on_a_lost_reply(kind: str, waits: list[timedelta | None]) -> None:
    found = [unheard(kind, attempts) for attempts in range(1, len(waits) + 1)]
    assert [again and again.wait for again in found] == waits


def test_every_kind_of_the_outbox_has_its_sort() -> None:
    assert SORT.keys() == outbox.RANK.keys()
    assert unheard("prompt", 1) == Again(10 * MINUTE, alone=True)


# ------------------------------------------------------------------------------------------------ prompts


async def test_a_tap_shows_that_a_prompt_arrived(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:05")
    await anna.taps("Begin")
    await clinic.until("2026-11-03T16:30")
    assert len([shown for shown in anna.phone.messages if shown.by_bot]) == 1
    assert [(row.state, row.attempts) for row in await clinic.rows(kept, kind="prompt", person_id=3)] == [("sent", 1)]


async def test_a_digest_that_was_opened_arrived(clinic: Clinic, tomas: Someone) -> None:
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-10T12:55")
    clinic.emulator.faults.add("lost", method="sendMessage", chat=1)
    await clinic.until("2026-11-10T13:05")
    await tomas.taps("Open", "Skip this form")
    await clinic.until("2026-11-10T13:30")
    assert {(row.state, row.attempts) for row in await clinic.rows(kept, kind="digest")} == {("sent", 1)}


async def test_while_a_prompt_waits_for_a_tap_other_messages_go_on(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:01")
    await outgoing(clinic, ("P-014", "hello", "notice"))
    assert texts(anna) == [READY, "hello"]


async def test_one_lost_reply_does_not_look_like_a_bot_that_stands_still(clinic: Clinic) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:06")
    assert clinic.stage.app.delivery.stuck_since is None


async def test_a_prompt_that_never_went_out_is_not_the_patients_silence(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    clinic.emulator.faults.add("flood", method="sendMessage", chat=14, retry_after=4 * 24 * 3600)
    await clinic.until("2026-11-06T18:00")
    mine = await clinic.rows(check_in, person_id=3, kind="alliance")
    assert [(row.state, row.why) for row in mine] == [("not_asked", "outage")]
    await clinic.until("2026-11-07T18:00")
    assert READY not in texts(anna)


# ------------------------------------------------------------------------------------------------ reminders, alerts


async def test_a_reminder_comes_at_most_once(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await outgoing(clinic, ("P-014", "still open", "reminder"))
    await clinic.wait(hours=2)
    assert texts(anna) == ["still open"]
    assert [(row.state, row.attempts) for row in await clinic.rows(kept)] == [("unknown", 1)]


async def test_an_alarm_is_repeated_until_it_is_heard_and_says_so(clinic: Clinic) -> None:
    await clinic.desk(add_staff, clinic.config, "S-1", "America/Denver", "en")
    await clinic.desk(lambda conn: people.change(conn, people.by_code(conn, "S-1").id, chat_id=77, state="active"))
    duty = clinic["77"]
    duty.phone.person.started = True
    clinic.emulator.faults.add("lost", method="sendMessage", chat=77, count=3)
    await outgoing(clinic, ("S-1", "something waits", "alarm"))
    await clinic.wait(minutes=30)
    marked = "Sent once more, in case it did not arrive:\n\nsomething waits"
    assert texts(duty) == ["something waits", marked, marked, marked]
    assert [(row.state, row.attempts) for row in await clinic.rows(kept)] == [("sent", 4)]


async def test_an_edit_is_repeated_until_it_is_heard(clinic: Clinic, anna: Someone) -> None:
    """A screen that is to hide itself does so once the line is back, however often the reply was lost."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    clinic.emulator.faults.add("cut", method="editMessageText", chat=14, count=5)
    await clinic.until("2026-11-03T16:30")
    assert anna.buttons == ["Continue"]


async def test_after_a_crash_all_but_reminders_go_out_again(clinic: Clinic, anna: Someone) -> None:
    await clinic.stop()
    await clinic.start()

    def on_their_way(conn: Connection) -> None:
        for kind in ("prompt", "reminder", "notice"):
            body = Message(kind).to_json()
            outbox.add(conn, people.by_code(conn, "P-014"), f"test:{kind}", kind, body, clinic.clock.now())
        conn.execute(kept.update().values(state="sending", attempts=1))

    await clinic.stage.app.store.write(on_their_way)
    await clinic.restart()
    assert texts(anna) == ["prompt", "notice"]
    states = {row.kind: (row.state, row.attempts) for row in await clinic.rows(kept)}
    assert states == {"prompt": ("sent", 2), "reminder": ("unknown", 1), "notice": ("sent", 2)}


# ------------------------------------------------------------------------------------------------ outages


async def offline_for(clinic: Clinic, **how_long: float) -> None:
    """The bot is stopped, and started again so much later."""
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now() + timedelta(**how_long))
    await clinic.start()


@pytest.fixture
async def asked(clinic: Clinic, anna: Someone, ben: Someone) -> Clinic:
    """Anna is at her second question, Ben has not begun."""
    for code in ("P-014", "P-015"):
        await clinic.session(code, FIRST if code == "P-014" else "2026-11-03T15:00")
    await clinic.until("2026-11-03T17:00")
    await anna.taps("Begin", "Mostly")
    assert ben.prompts == [READY]
    return clinic


async def test_what_is_open_is_offered_again_after_an_outage_silently_and_once(
    asked: Clinic, anna: Someone, ben: Someone
) -> None:
    await offline_for(asked, minutes=40)
    assert (anna.screen, anna.buttons) == (OFFLINE, ["Continue"])
    assert (ben.screen, ben.buttons) == (OFFLINE, ["Begin"])
    assert (anna.prompts, ben.prompts) == ([READY], [READY])
    await anna.taps("Continue")
    assert anna.screen.startswith("2 of ")
    await asked.restart()
    await asked.wait(hours=1)
    assert texts(ben).count(OFFLINE) == 1


@pytest.mark.parametrize(("minutes", "anna_sees"), [(2, False), (4, True)])
async def test_a_few_minutes_matter_only_to_whoever_was_in_the_middle(
    asked: Clinic, anna: Someone, ben: Someone, minutes: int, anna_sees: bool
) -> None:
    await offline_for(asked, minutes=minutes)
    assert (anna.sees(OFFLINE), ben.sees(OFFLINE)) == (anna_sees, False)


async def test_whom_the_question_reached_after_it_has_tapped_nothing_in_vain(asked: Clinic, ben: Someone) -> None:
    (row,) = await asked.rows(check_in, state="open", person_id=4)
    now = asked.clock.now() + timedelta(minutes=5)
    await asked.desk(offer_one_again, row.id, asked.config, now - timedelta(hours=1), now)
    assert not ben.sees(OFFLINE)
    await asked.desk(offer_one_again, row.id, asked.config, now, now + timedelta(hours=1))
    await asked.wait(minutes=66)
    assert ben.sees(OFFLINE)


async def test_after_an_outage_into_the_night_it_waits_for_the_morning(asked: Clinic, ben: Someone) -> None:
    await offline_for(asked, hours=6)
    assert not ben.sees(OFFLINE)
    await asked.until("2026-11-04T08:00")
    assert ben.sees(OFFLINE)


async def test_whoever_goes_on_meanwhile_is_not_called_back(asked: Clinic, ben: Someone) -> None:
    await offline_for(asked, hours=6)
    await ben.taps("Begin", "Mostly")
    await asked.until("2026-11-04T08:01")
    assert not ben.sees(OFFLINE)


async def test_a_row_that_is_not_as_it_should_be_stops_nobody_elses_offer(
    asked: Clinic, anna: Someone, ben: Someone, log: pytest.LogCaptureFixture
) -> None:
    broken = check_in.update().where(check_in.c.person_id == 3, check_in.c.state == "open").values(place={"screen": 7})
    await asked.desk(lambda conn: conn.execute(broken).rowcount)
    await offline_for(asked, minutes=40)
    assert ben.sees(OFFLINE)
    assert not anna.sees(OFFLINE)
    assert any("was not offered again: KeyError" in record.getMessage() for record in log.records)
    log.clear()


async def test_a_bot_api_that_nobody_could_hear_is_an_outage_too(asked: Clinic, anna: Someone, ben: Someone) -> None:
    """The bot worked, and the line to Telegram was down: what was tapped is lost all the same."""
    since = asked.clock.now()
    down = asked.emulator.faults.add("gateway", method="getUpdates", count=80)
    anna.phone.say("hello?")  # ends the long poll
    await asked.stage.settle()
    while down.hits < 80:
        await asked.wait(seconds=1)
    await asked.wait(minutes=1)
    assert anna.sees(OFFLINE)
    assert ben.sees(OFFLINE)
    *_, row = await asked.rows(offline)
    assert row.ended_at - row.began_at > timedelta(minutes=30)
    assert row.began_at >= since - timedelta(minutes=1)


async def test_a_day_and_an_hour_offline_stands_in_the_digest_and_over_the_ledger(
    clinic: Clinic, tomas: Someone
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-05T18:00")
    await clinic.until("2026-11-03T15:30")
    await offline_for(clinic, hours=25)
    await clinic.until("2026-11-05T17:05")
    await tomas.taps("Open", "Skip this form")
    assert tomas.sees("We were offline for 25 hours on Tue 3 Nov.")
    read = clinic.stage.app.store.read
    shown = await read(lambda conn: clinic_ledger.ledger(conn, clinic.config, clinic.clock.now()))
    assert shown["head"]["offline"] == {"from": "2026-11-03T15:30", "to": "2026-11-04T16:30"}
