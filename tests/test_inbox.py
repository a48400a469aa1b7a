"""From Telegram to the handlers: nothing lost, nothing twice, and one person's trouble is nobody else's."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection

from bot import clinic as desk
from bot import gate
from bot.chat import checkins
from bot.inbox import STRANGERS_IN_FLIGHT
from bot.store import sealing
from bot.store.errors import NotStored
from bot.store.tables import check_in, inbox, person
from tests.conftest import FIRST, Clinic, Someone
from tests.plain_rows import put_plain

BROKEN: list[dict[str, Any]] = [
    {"message": "nonsense"},
    {"message": {"from": {"id": "fourteen"}}},
    {"message": {"message_id": 1, "date": 1, "chat": {"id": 14, "type": "private"}, "from": {"id": 14}, "text": 7}},
    {"callback_query": {"id": "1", "from": {"id": 14}, "data": "c:1:1:b"}},
    {"callback_query": None},
    {"update_id": "a word", "message": {}},
    {"update_id": 2**70, "message": {}},
    {"new_kind_of_update": {"from": {"id": 14}}},
    {"message": {"message_id": 1, "date": 1, "chat": {"id": -5, "type": "group", "title": "x"}, "text": "/start"}},
    {},
]


@pytest.fixture
async def begun(clinic: Clinic, anna: Someone) -> Someone:
    """Anna at the first question."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    return anna


def tapped(someone: Someone, label: str, update_id: int) -> tuple[int, str]:
    """The update that a tap makes, as it lies in the inbox."""
    user = {"id": someone.phone.id, "is_bot": False, "first_name": "Anna"}
    chat = {"id": someone.phone.id, "type": "private"}
    message = {"message_id": someone.phone.last.id, "date": 1_793_700_000, "chat": chat}
    query = {"id": "7", "from": user, "chat_instance": "1", "data": someone.data[label], "message": message}
    return update_id, json.dumps({"update_id": update_id, "callback_query": query})


def typed(someone: Someone, words: str, update_id: int) -> tuple[int, str]:
    """The update that typed words make."""
    user = {"id": someone.phone.id, "is_bot": False, "first_name": "Anna"}
    message = {"message_id": 900, "date": 1_793_700_000, "chat": {"id": someone.phone.id, "type": "private"}}
    return update_id, json.dumps({"update_id": update_id, "message": {**message, "from": user, "text": words}})


async def left_behind(clinic: Clinic, state: str, update: tuple[int, str]) -> None:
    """A crash has left this update in that state; the bot starts again."""
    row = {"update_id": update[0], "raw": update[1], "state": state, "received_at": clinic.clock.now()}
    await clinic.stage.app.store.write(put_plain, inbox, row)
    await clinic.restart()


# ------------------------------------------------------------------------------------------------ poison


@pytest.mark.parametrize("update", BROKEN)
async def test_whatever_comes_others_go_on(
    begun: Someone, ben: Someone, clinic: Clinic, update: dict[str, Any], log: pytest.LogCaptureFixture
) -> None:
    clinic.emulator.deliver(update)
    await ben.says("/help")
    await begun.taps("Mostly")
    assert ben.sees("Nobody reads messages here.")
    assert begun.sees("2 of ")
    log.clear()


async def test_what_cannot_be_read_is_set_aside_with_its_text(
    begun: Someone, clinic: Clinic, log: pytest.LogCaptureFixture
) -> None:
    number = clinic.emulator.deliver(BROKEN[1])
    await clinic.stage.settle()
    (row,) = await clinic.rows(inbox, update_id=number)
    assert row.state == "aside"
    assert "fourteen" in row.raw
    assert "fourteen" not in log.text
    await clinic.restart()
    await begun.taps("Mostly")
    log.clear()


async def test_a_handler_that_raises_gets_an_apology_and_changes_nothing(
    begun: Someone, ben: Someone, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patch:
        patch.setattr(checkins, "_shown", fails)
        await begun.taps("Mostly")
    assert begun.toast.startswith("That was not saved.")
    assert await clinic.answers("P-014") == {}
    assert "a mistake of ours" not in log.text
    log.clear()
    await begun.taps("Partly")
    await ben.says("/help")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 3}


async def test_bad_data_of_one_patient_does_not_stop_the_tick(
    clinic: Clinic, ben: Someone, log: pytest.LogCaptureFixture
) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.session("P-015", "2026-11-03T15:00")
    await clinic.desk(
        lambda conn: (
            conn.execute(check_in.update().where(check_in.c.person_id == 3).values(place={"screen": 1})) and None
        )
    )
    await clinic.until("2026-11-03T18:30")
    assert ben.prompts == ["Ready when you are. It takes about two minutes."]
    assert "again in an hour" in log.text
    log.clear()


# ------------------------------------------------------------------------------------------------ once, in order


async def test_an_update_that_comes_again_counts_once(begun: Someone, clinic: Clinic) -> None:
    number, raw = typed(begun, "4", 300_000_001)
    for _ in range(3):
        clinic.emulator.deliver(json.loads(raw))
        await clinic.stage.settle()
    assert begun.screen.startswith("2 of ")
    assert len(await clinic.rows(inbox, update_id=number)) == 1


async def test_one_persons_updates_keep_their_order(begun: Someone, clinic: Clinic) -> None:
    for words in ("1", "2", "3", "4", "5", "back"):
        begun.phone.say(words)
    await clinic.stage.settle()
    assert list((await clinic.answers("P-014")).values()) == [1, 2, 3, 4, 5]
    assert begun.screen.startswith("5 of ")


async def test_nobody_waits_for_another_persons_slow_reply(begun: Someone, ben: Someone, clinic: Clinic) -> None:
    clinic.emulator.faults.add("hang", method="editMessageText", chat=14)
    begun.phone.tap("Mostly")
    ben.phone.say("/help")
    await ben.phone.wait_for("Nobody reads messages here.")
    assert begun.screen.startswith("1 of ")
    clinic.emulator.faults.release()
    await clinic.stage.settle()
    assert begun.screen.startswith("2 of ")


# ------------------------------------------------------------------------------------------------ after a crash


async def test_what_was_stored_and_not_carried_out_is_done_after_the_start(begun: Someone, clinic: Clinic) -> None:
    await left_behind(clinic, "new", tapped(begun, "Mostly", 300_000_001))
    assert begun.screen.startswith("2 of ")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


async def test_what_was_carried_out_is_not_done_again_but_shown(begun: Someone, clinic: Clinic) -> None:
    """The crash came between the commit and the reply: her screen still shows the first question."""
    update = tapped(begun, "Mostly", 300_000_001)
    clinic.emulator.faults.add("bad", method="editMessageText", count=2, description="Bad Request: no")
    await begun.taps("Mostly")
    assert begun.screen.startswith("1 of ")
    await left_behind(clinic, "accepted", update)
    assert begun.screen.startswith("2 of ")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


async def test_after_send_too(begun: Someone, clinic: Clinic) -> None:
    await begun.taps(*["Skip"] * 11)
    update = tapped(begun, "Send", 300_000_001)
    clinic.emulator.faults.add("bad", method="editMessageText", count=2, description="Bad Request: no")
    await begun.taps("Send")
    assert begun.screen.startswith("Your answers")
    await left_behind(clinic, "accepted", update)
    assert begun.screen.startswith("Sent. Thank you.")


async def test_a_typed_answer_is_not_typed_twice(begun: Someone, clinic: Clinic) -> None:
    await begun.says("4")
    await left_behind(clinic, "accepted", typed(begun, "4", 300_000_001))
    assert begun.screen.startswith("2 of ")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


async def test_free_text_before_a_crash_still_gets_the_crisis_line(anna: Someone, clinic: Clinic) -> None:
    await left_behind(clinic, "accepted", typed(anna, "is anybody there", 300_000_001))
    assert "dial 988" in anna.screen


async def test_a_start_before_a_crash_is_not_lost(clinic: Clinic, anna: Someone) -> None:
    await left_behind(clinic, "accepted", typed(anna, "/start", 300_000_001))
    assert anna.phone.last.text


# ------------------------------------------------------------------------------------------------ replies


async def test_a_reply_that_is_refused_for_now_comes_later(begun: Someone, clinic: Clinic) -> None:
    clinic.emulator.faults.add("flood", method="editMessageText", retry_after=4)
    begun.phone.tap("Mostly")
    await clinic.stage.settle()
    await clinic.wait(seconds=5)
    assert begun.screen.startswith("2 of ")


async def test_a_reply_that_comes_late_does_not_bring_an_older_screen_back(begun: Someone, clinic: Clinic) -> None:
    clinic.emulator.faults.add("flood", method="editMessageText", retry_after=60)
    answer = begun.data["Mostly"]
    begun.phone.press(answer)
    await clinic.wait(seconds=1)
    await begun.presses(answer)
    await begun.taps("Partly")
    assert begun.screen.startswith("3 of ")
    await clinic.wait(seconds=70)
    assert begun.screen.startswith("3 of ")


@pytest.mark.parametrize("fault", ["broken", "cut", "lost"])
async def test_an_edit_that_fails_loses_no_answer(begun: Someone, clinic: Clinic, fault: str) -> None:
    clinic.emulator.faults.add(fault, method="editMessageText")
    await begun.taps("Mostly")
    await clinic.wait(minutes=1)
    assert begun.screen.startswith("2 of ")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}


async def test_a_message_that_was_deleted_is_replaced_by_a_fresh_one(begun: Someone, clinic: Clinic) -> None:
    clinic.emulator.faults.add("bad", method="editMessageText", description="Bad Request: message to edit not found")
    await begun.taps("Mostly")
    assert [shown.text[:4] for shown in begun.phone.messages if shown.by_bot] == ["1 of", "2 of"]


async def test_a_tap_that_is_answered_too_late_is_no_trouble(begun: Someone, clinic: Clinic) -> None:
    clinic.emulator.faults.add(
        "bad", method="answerCallbackQuery", description="Bad Request: query is too old and response timeout expired"
    )
    await begun.taps("Mostly")
    assert begun.screen.startswith("2 of ")


async def test_polling_goes_on_after_an_outage(begun: Someone, clinic: Clinic) -> None:
    clinic.emulator.faults.add("gateway", method="getUpdates", count=5)
    await begun.taps("Mostly")
    await begun.taps("Partly")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4, "alliance.goals_2": 3}


async def test_while_the_disk_is_full_anna_is_told_and_then_it_is_carried_out(
    begun: Someone, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    store, full = clinic.stage.app.store, [True, True]
    write = store.write

    async def may_fail(fn: Any, *values: Any) -> Any:
        if fn.__name__ == "accept" and full:
            full.pop()
            raise NotStored("nothing was stored: disk full")
        return await write(fn, *values)

    monkeypatch.setattr(store, "write", may_fail)
    await begun.taps("Mostly")
    assert begun.toast.startswith("That was not saved.")
    assert begun.screen.startswith("2 of ")
    assert await clinic.answers("P-014") == {"alliance.goals_1": 4}
    log.clear()


async def test_a_reply_that_cannot_be_noted_does_not_silence_the_bot(
    begun: Someone, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    store = clinic.stage.app.store
    write = store.write

    async def may_fail(fn: Any, *values: Any) -> Any:
        if fn.__name__ == "remember_message":
            raise NotStored("nothing was stored: disk full")
        return await write(fn, *values)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", may_fail)
        await begun.says("4")
    await begun.taps("Partly")
    assert begun.screen.startswith("3 of ")
    log.clear()


async def test_an_unknown_kind_of_chat_is_nobodys(clinic: Clinic) -> None:
    clinic.emulator.deliver(BROKEN[8])
    await clinic.stage.settle()

    def strangers(conn: Connection) -> list[Any]:
        return list(conn.execute(person.select().where(person.c.chat_key == sealing.chat_key(conn, -5))))

    assert await clinic.stage.app.store.read(strangers) == []


async def test_a_reply_that_cannot_be_given_ends_nobodys_queue(clinic: Clinic, log: pytest.LogCaptureFixture) -> None:
    chat = {"id": 14, "type": "private", "first_name": "Anna"}
    said = {"message_id": 1, "date": 1, "edit_date": 2, "chat": chat, "text": "x"}
    for odd in ({"id": 10**30, "is_bot": False, "first_name": "X"}, {"id": 99, "is_bot": False, "first_name": "Y"}):
        clinic.emulator.deliver({"edited_message": said | {"from": odd}})
    clinic.emulator.deliver({"message": "nonsense"})
    await clinic.stage.settle()
    nonsense = [row.state for row in await clinic.rows(inbox) if "nonsense" in row.raw]
    log.clear()
    assert nonsense == ["aside"]


# ------------------------------------------------------------------------------------------------ floods


async def test_of_a_stranger_who_floods_fifty_updates_are_kept_and_of_somebody_known_all(
    clinic: Clinic, anna: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "EACH_DAY", 5)
    stranger, kept = clinic["4711"], len(await clinic.rows(inbox))
    for someone in (stranger, anna):
        for number in range(12):
            someone.phone.say(f"message {number}")
    await clinic.stage.settle()
    assert len(await clinic.rows(inbox)) - kept == 5 + 12
    assert sum(message.by_bot for message in stranger.phone.messages) == 5
    await clinic.wait(hours=24)
    await stranger.says("Good morning")
    assert sum(message.by_bot for message in stranger.phone.messages) == 6


async def test_a_good_invite_comes_through_whatever_strangers_do(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "ALL_MINUTE", 3)
    await clinic.desk(desk.add_patient, clinic.config, "P-099", "T-1", "America/Denver", "en", clinic.clock.now())
    code = await clinic.stage.invite("P-099")
    for number in range(10):
        clinic[str(5000 + number)].phone.say("/start wrong-code")
    invited = clinic["4712"]
    await invited.says(f"/start {code}")
    assert "I agree" in invited.buttons
    await invited.taps("I agree")
    await invited.taps("Yes, that is right")
    assert sum(bool(clinic[str(5000 + n)].prompts) for n in range(10)) <= 3


async def test_an_invite_of_half_a_letter_ends_nobodys_line(
    clinic: Clinic, anna: Someone, log: pytest.LogCaptureFixture
) -> None:
    clinic["4713"].phone.say("/start \ud800")
    await anna.says("/help")
    assert anna.phone.last.by_bot
    log.clear()  # that one was set aside


async def test_strangers_knock_and_whom_the_clinic_knows_goes_first(clinic: Clinic, begun: Someone) -> None:
    sent = len(clinic.emulator.history.since(0))
    for number in range(60):
        clinic[str(5000 + number)].phone.say("Hello?")
    begun.phone.tap("Mostly")
    await clinic.stage.settle()
    said = [event for event in clinic.emulator.history.since(sent) if event.kind in ("sent", "edited")]
    assert len(said) == 61
    assert [event.chat for event in said].index(begun.phone.id) <= 2 * STRANGERS_IN_FLIGHT


async def test_who_sends_faster_than_anybody_reads_is_answered_to_the_last(clinic: Clinic, anna: Someone) -> None:
    before = len(anna.phone.messages)
    for number in range(60):
        anna.phone.say(f"message {number}")
    await clinic.stage.settle()
    answered = sum(message.by_bot for message in anna.phone.messages[before:])
    assert 1 <= answered < 60
    assert anna.phone.last.by_bot
