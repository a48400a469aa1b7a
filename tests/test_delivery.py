"""From the outbox to the phones: in order, at Telegram's pace, and with everything that can go wrong on the way."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bot import outward
from bot.message import Message
from bot.store import outbox, people, sealing
from bot.store.tables import check_in, person
from bot.store.tables import outbox as kept
from tests.conftest import FIRST, Clinic, Someone

READY = "Ready when you are. It takes about two minutes."
BEGINS = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)


def put(conn: Connection, code: str, words: str, kind: str, now: datetime) -> None:
    """Something for somebody."""
    outbox.add(conn, people.by_code(conn, code), f"test:{code}:{words}", kind, Message(words).to_json(), now)


async def outgoing(clinic: Clinic, *rows: tuple[str, str, str]) -> None:
    """Put rows (code, words, kind) into the outbox, all in one transaction, and let them go."""

    def put_all(conn: Connection) -> None:
        for code, words, kind in rows:
            put(conn, code, words, kind, clinic.clock.now())

    await clinic.desk(put_all)


async def many(clinic: Clinic, count: int) -> list[str]:
    """So many more patients with phones."""
    codes = [f"P-{n}" for n in range(100, 100 + count)]
    values = {"clinic_id": 1, "role": "patient", "zone": "America/Denver", "lang": "en", "state": "active"}
    rows = [{**values, "code": code, "key_id": code} for code in codes]

    def put_all(conn: Connection) -> None:
        sealing.keyring(conn).make([f"1:{code}" for code in codes])
        conn.execute(insert(person), rows)
        for n, code in enumerate(codes):
            people.change(conn, people.by_code(conn, code).id, chat_id=1000 + n)

    await clinic.desk(put_all)
    for n in range(count):
        clinic.emulator.phone(1000 + n).person.started = True
    return codes


def sent_at(clinic: Clinic) -> list[float]:
    """When each message was sent, in seconds since the story began."""
    return [event.at - BEGINS.timestamp() for event in clinic.emulator.history.of("sent")]


@pytest.fixture
def set_out(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each message set out, by the bot's clock: how long the way takes is another matter."""
    times: list[float] = []

    async def send(*values: Any, **more: Any) -> int:
        times.append((clinic.clock.now() - BEGINS).total_seconds())
        return await outward_send(*values, **more)

    outward_send = outward.send
    monkeypatch.setattr(outward, "send", send)
    return times


def texts(someone: Someone) -> list[str]:
    """What the bot sent to this phone, in order."""
    return [shown.text for shown in someone.phone.messages if shown.by_bot]


# ------------------------------------------------------------------------------------------------ order and pace


async def test_one_chat_gets_everything_in_its_order_a_second_apart(
    clinic: Clinic, anna: Someone, set_out: list[float]
) -> None:
    await outgoing(clinic, *[("P-014", f"{n}", "notice") for n in range(4)])
    assert texts(anna) == ["0", "1", "2", "3"]
    assert all(later - earlier >= 1 for earlier, later in pairwise(set_out))


async def test_check_ins_go_before_notices_and_notices_before_digests(clinic: Clinic) -> None:
    codes = await many(clinic, 3)
    await outgoing(
        clinic, (codes[0], "a digest", "digest"), (codes[1], "a notice", "notice"), (codes[2], "a", "prompt")
    )
    assert [event.text for event in clinic.emulator.history.of("sent")] == ["a", "a notice", "a digest"]


async def test_all_together_keep_below_thirty_a_second_without_bursts(clinic: Clinic, set_out: list[float]) -> None:
    await outgoing(clinic, *[(code, "hello", "notice") for code in await many(clinic, 90)])
    assert len(set_out) == 90
    assert all(later - earlier >= 1 / 30 for earlier, later in pairwise(set_out))
    assert set_out[-1] < 4


async def test_a_key_makes_a_second_copy_impossible(clinic: Clinic, anna: Someone) -> None:
    await outgoing(clinic, ("P-014", "once", "notice"), ("P-014", "once", "notice"))
    assert texts(anna) == ["once"]


# ------------------------------------------------------------------------------------------------ 429


async def test_too_many_requests_defers_that_chat_by_as_long_as_was_asked(
    clinic: Clinic, anna: Someone, ben: Someone
) -> None:
    clinic.emulator.faults.add("flood", method="sendMessage", chat=14, retry_after=7)
    await outgoing(clinic, ("P-014", "first", "notice"), ("P-014", "second", "notice"), ("P-015", "other", "notice"))
    assert texts(ben) == ["other"]
    assert texts(anna) == []
    await clinic.wait(seconds=6)
    assert texts(anna) == []
    await clinic.wait(seconds=3)
    assert texts(anna) == ["first", "second"]
    assert [row.attempts for row in await clinic.rows(kept)] == [1, 1, 1]


async def test_two_in_a_row_pause_everybody(clinic: Clinic) -> None:
    one, two, other = await many(clinic, 3)
    clinic.emulator.faults.add("flood", method="sendMessage", retry_after=5, count=2)
    await outgoing(clinic, (one, "hello", "notice"), (two, "hello", "notice"))
    await outgoing(clinic, (other, "hello", "notice"))
    await clinic.wait(seconds=10)
    assert len(sent_at(clinic)) == 3
    assert min(sent_at(clinic)) >= 5


async def test_a_prompt_that_was_deferred_still_opens_the_check_in(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("flood", method="sendMessage", chat=14, retry_after=30)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:01")
    assert anna.prompts == [READY]
    await anna.taps("Begin")
    assert anna.screen.startswith("1 of ")


# ------------------------------------------------------------------------------------------------ trouble on the line


@pytest.mark.parametrize("fault", ["broken", "gateway", "cut", "lost"])
async def test_what_did_not_arrive_is_sent_again_half_a_minute_later(clinic: Clinic, anna: Someone, fault: str) -> None:
    clinic.emulator.faults.add(fault, method="sendMessage", chat=14)
    await outgoing(clinic, ("P-014", "hello", "notice"))
    await clinic.wait(seconds=30)
    assert texts(anna) == (["hello", "hello"] if fault == "lost" else ["hello"])


async def test_a_lost_reply_makes_at_most_one_more_copy_and_both_work(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:09")
    assert texts(anna) == [READY]
    await clinic.until("2026-11-03T16:11")
    assert texts(anna) == [READY, READY]
    assert [row.attempts for row in await clinic.rows(kept, person_id=3)] == [2]
    first, second = [shown.id for shown in anna.phone.messages]
    await anna.taps("Begin", on=first)
    assert anna.sees("1 of ")
    await anna.taps("Begin", on=second)
    assert anna.screen.startswith("1 of ")
    await anna.taps("Mostly")
    assert anna.sees("2 of ")


async def test_after_two_tries_without_a_reply_it_is_left_as_unknown(clinic: Clinic, anna: Someone) -> None:
    clinic.emulator.faults.add("lost", method="sendMessage", chat=14, count=5)
    await outgoing(clinic, ("P-014", "hello", "notice"))
    await clinic.wait(minutes=10)
    assert texts(anna) == ["hello", "hello"]
    assert [(row.state, row.attempts) for row in await clinic.rows(kept)] == [("unknown", 2)]


async def test_one_poison_message_is_set_aside_and_delays_nobody(clinic: Clinic, anna: Someone, ben: Someone) -> None:
    clinic.emulator.faults.add("bad", text="poison", count=9)
    await outgoing(
        clinic, ("P-014", "poison", "notice"), ("P-014", "after it", "notice"), ("P-015", "beside it", "notice")
    )
    assert (texts(anna), texts(ben)) == (["after it"], ["beside it"])
    assert [row.state for row in await clinic.rows(kept)] == ["aside", "sent", "sent"]


async def test_a_long_outage_of_the_bot_api_loses_nothing(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    down = clinic.emulator.faults.add("gateway", method="sendMessage", count=9_999)
    await clinic.until("2026-11-03T16:20")
    assert anna.prompts == []
    assert down.hits > 30
    clinic.emulator.faults.clear()
    await clinic.until("2026-11-03T16:21")
    assert anna.prompts == [READY]


# ------------------------------------------------------------------------------------------------ blocked


async def test_somebody_who_blocked_the_bot_holds_up_nobody(clinic: Clinic, anna: Someone, ben: Someone) -> None:
    """The phone is blocked while the bot is not looking: it learns of it by a 403."""
    clinic.emulator.faults.add("forbidden", method="sendMessage", chat=14)
    await outgoing(clinic, ("P-014", "a", "prompt"), ("P-014", "b", "notice"), ("P-015", "c", "notice"))
    assert (texts(anna), texts(ben)) == ([], ["c"])
    (row,) = await clinic.rows(person, code="P-014")
    assert row.unreachable_since is not None
    assert [row.state for row in await clinic.rows(kept, person_id=3)] == ["gone", "gone"]


async def test_a_gone_chat_is_no_poison(clinic: Clinic) -> None:
    clinic.emulator.faults.add(
        "bad", method="sendMessage", chat=14, code=400, description="Bad Request: chat not found"
    )
    await outgoing(clinic, ("P-014", "a", "notice"))
    assert [row.state for row in await clinic.rows(kept)] == ["gone"]


async def test_while_blocked_nothing_is_asked_and_after_unblocking_it_is(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    anna.phone.block()
    await clinic.until("2026-11-03T18:00")
    assert await clinic.rows(kept, person_id=3) == []
    anna.phone.unblock()
    await clinic.stage.settle()
    assert anna.prompts == [READY]


async def test_what_was_open_is_offered_again_after_unblocking(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", "Mostly", "Hide")
    anna.phone.block()
    await clinic.until("2026-11-04T17:00")
    anna.phone.unblock()
    await clinic.stage.settle()
    assert anna.screen == "Ready when you are."
    await anna.taps("Continue")
    assert anna.screen.startswith("2 of ")


async def test_whoever_writes_can_be_reached_again(clinic: Clinic, anna: Someone) -> None:
    """The word of the unblocking may never have come: Telegram keeps it for a day."""
    since = clinic.clock.now()
    await clinic.desk(lambda conn: people.change(conn, 3, unreachable_since=since))
    await anna.says("/help")
    (row,) = await clinic.rows(person, code="P-014")
    assert row.unreachable_since is None


async def test_blocked_to_the_end_is_not_silent_but_not_asked(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    anna.phone.block()
    await clinic.until("2026-11-20T12:00")
    mine = await clinic.rows(check_in, person_id=3, kind="alliance")
    assert [(row.state, row.why) for row in mine] == [("not_asked", "unreachable")]


# ------------------------------------------------------------------------------------------------ stops


async def test_what_was_on_its_way_at_a_crash_is_sent_once_more_and_counted(clinic: Clinic, anna: Someone) -> None:
    await clinic.stop()
    await clinic.start()
    await clinic.desk(put, "P-014", "hello", "notice", clinic.clock.now() + timedelta(hours=1))
    await clinic.stop()
    await clinic.start()
    claim = kept.update().values(state="sending", attempts=1)
    await clinic.stage.app.store.write(lambda conn: conn.execute(claim) and None)
    await clinic.restart()
    assert texts(anna) == ["hello"]
    assert [(row.state, row.attempts) for row in await clinic.rows(kept)] == [("sent", 2)]


async def test_what_waits_at_a_stop_is_sent_after_the_start(clinic: Clinic, anna: Someone) -> None:
    await clinic.desk(put, "P-014", "hello", "notice", clinic.clock.now() + timedelta(hours=1))
    await clinic.stop()
    clinic.clock.move_to(clinic.clock.now() + timedelta(hours=2))
    await clinic.start()
    await clinic.stage.settle()
    assert texts(anna) == ["hello"]


async def test_nothing_a_person_waits_for_goes_through_the_queue(clinic: Clinic, anna: Someone) -> None:
    """While sixty others are served, Anna's tap is answered at once."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    codes, before = await many(clinic, 60), clinic.clock.now()
    anna.phone.tap("Begin")
    await outgoing(clinic, *[(code, "hello", "notice") for code in codes])
    (edit,) = clinic.emulator.history.of("edited")
    assert edit.at - before.timestamp() < 0.2


# ------------------------------------------------------------------------------------------------ questions that waited


async def held_up(clinic: Clinic, wall: str, seconds: int) -> None:
    """Anna's session at that time; when she is to be asked, the Bot API wants so long a pause."""
    await clinic.session("P-014", wall)
    clinic.emulator.faults.add("flood", method="sendMessage", chat=14, retry_after=seconds)


async def test_a_question_that_could_not_go_out_in_time_does_not_ring_at_night(clinic: Clinic, anna: Someone) -> None:
    await held_up(clinic, "2026-11-03T18:30", 4000)  # due at 20:30, possible again at 21:36
    await clinic.until("2026-11-04T07:59")
    assert anna.prompts == []
    await clinic.until("2026-11-04T08:00")
    assert anna.prompts == [READY]


async def test_a_question_that_was_answered_while_it_waited_is_not_asked(clinic: Clinic, anna: Someone) -> None:
    await held_up(clinic, "2026-11-03T10:00", 7200)
    await clinic.until("2026-11-03T12:30")
    await anna.says("/checkin")
    await anna.fills("444444", *["Skip"] * 4)
    await clinic.until("2026-11-03T20:00")
    assert anna.prompts == []


async def test_a_question_and_its_reminder_that_both_waited_do_not_ring_at_once(clinic: Clinic, anna: Someone) -> None:
    await held_up(clinic, "2026-11-03T10:00", 30 * 3600)
    await clinic.until("2026-11-05T12:00")
    assert anna.prompts == [READY]


async def test_whom_a_question_reached_late_is_not_reminded_at_once(clinic: Clinic, anna: Someone) -> None:
    await held_up(clinic, "2026-11-03T10:00", 22 * 3600)  # due at 12:00 on the 3rd, possible at 10:00 on the 4th
    await clinic.until("2026-11-04T10:01")
    assert anna.prompts == [READY]
    await clinic.until("2026-11-05T09:59")
    assert anna.prompts == [READY], "a day after it was opened she had it for two hours"
    await clinic.until("2026-11-05T10:01")
    assert len(anna.prompts) == 2, "a day after it came she is reminded"


async def test_a_question_that_could_not_go_out_until_it_closed_was_not_asked(clinic: Clinic, anna: Someone) -> None:
    await held_up(clinic, "2026-11-03T10:00", 80 * 3600)
    await clinic.until("2026-11-07T12:00")
    assert anna.prompts == []
    (asked,) = await clinic.rows(check_in, person_id=3, kind="alliance")
    assert (asked.state, asked.why) == ("not_asked", "outage")
