"""A picture in the chat: Tomas asks for Anna's chart, Anna looks at her own answers; nobody else sees either."""

from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from bot import drawing
from bot.config import Config
from bot.inbox import Inbox
from bot.render import phrase
from bot.store.tables import digest
from tests.conftest import FIRST, Clinic, Someone
from tests.test_inbox import left_behind, tapped

pytestmark = pytest.mark.deep

SECOND = "2026-11-10T14:00"
NOT_YOURS = phrase("en", "toast_not_yours")
COMING = phrase("en", "toast_picture")
TROUBLE = phrase("en", "picture_trouble")
PNG = b"\x89PNG"


@pytest.fixture
def config(example: Config) -> Config:
    """Without the form after the first session and without homework."""
    asked = replace(example.questionnaires, after_first=())
    return replace(example, questionnaires=asked, plan=replace(example.plan, homework=False))


@pytest.fixture
async def week(clinic: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """One session about which both answered; Tomas has opened the digest before the second."""
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4445")
    await clinic.until("2026-11-03T16:00")
    await anna.fills("443355")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    return clinic


async def button(clinic: Clinic, verb: str = "d:{}:chart") -> str:
    """What a button about Anna's digest sends."""
    (row,) = [row for row in await clinic.rows(digest, pair_id=1) if row.text]
    return verb.format(row.id)


def pictures(someone: Someone) -> list[bytes]:
    """The pictures on somebody's phone."""
    return [someone.phone.file(shown).content for shown in someone.phone.messages if shown.attachment == "photo"]


# ------------------------------------------------------------------------------------------------ Tomas


async def test_tomas_taps_chart_and_a_covered_picture_comes(week: Clinic, tomas: Someone) -> None:
    digest_shown, lock_screen = tomas.phone.last, tomas.prompts
    await tomas.presses(await button(week))
    assert tomas.toast == COMING
    picture = tomas.phone.last
    assert pictures(tomas)[0].startswith(PNG)
    assert (picture.spoiler, picture.protected, picture.silent) == (True, True, True)
    assert picture.text == "Tap to see it."
    assert tomas.buttons == ["In words", "Hide"]
    assert tomas.prompts == lock_screen
    assert digest_shown in tomas.phone.messages
    (sent,) = week.emulator.history.of("photo", chat=tomas.phone.id)
    assert "P-014" not in tomas.phone.file(picture).name + str(sent.detail["params"])


async def test_the_same_in_words(week: Clinic, tomas: Someone) -> None:
    await tomas.presses(await button(week))
    await tomas.taps("In words")
    assert tomas.screen.startswith(
        "P-014 · 1 session, 3 Nov\n\nGoals: patient 4.0; you 4.0\nTasks: patient 3.0; you 4.5"
    )
    await tomas.taps("Hide")
    assert not tomas.sees("1 session, 3 Nov")


async def test_hide_takes_it_away_and_a_second_tap_is_no_trouble(week: Clinic, tomas: Someone) -> None:
    await tomas.presses(await button(week))
    picture = tomas.phone.last
    await tomas.taps("Hide")
    await tomas.presses("i:hide", picture)
    assert pictures(tomas) == []
    assert tomas.phone.unanswered == []


async def test_what_is_too_old_to_be_taken_away_is_said(week: Clinic, tomas: Someone) -> None:
    await tomas.presses(await button(week))
    await week.wait(hours=49)
    await tomas.taps("Hide")
    assert tomas.screen == phrase("en", "picture_stays")


async def test_of_two_taps_one_picture_stays(week: Clinic, tomas: Someone) -> None:
    data = await button(week)
    for _ in range(2):
        tomas.phone.press(data, tomas.phone.last.id)
    await week.stage.settle()
    assert len(pictures(tomas)) == 1
    assert tomas.phone.last.attachment == "photo"


async def test_while_the_own_form_is_open_it_comes_before_the_chart(
    week: Clinic, anna: Someone, tomas: Someone
) -> None:
    await week.session("P-014", "2026-11-17T14:00")
    await week.until("2026-11-10T16:00")
    await anna.fills("111111")
    await week.until("2026-11-17T13:00")
    row = next(row for row in await week.rows(digest, pair_id=1) if row.session_id == 3)
    await tomas.presses(f"d:{row.id}:words")
    assert "A. We want the same things from this work." in tomas.screen
    assert not tomas.sees("1.0")


async def test_the_weekly_digest_has_no_chart(week: Clinic, tomas: Someone) -> None:
    row = next(row for row in await week.rows(digest) if row.pair_id is None and row.therapist_id == 1)
    await tomas.presses(f"d:{row.id}:chart")
    assert tomas.toast == NOT_YOURS


async def test_nobody_else_gets_annas_chart(week: Clinic) -> None:
    for thief in ("T-2", "P-014", "P-015", "99"):
        other = week[thief]
        await other.says("/help")
        before = other.phone.last
        for verb in ("d:{}:chart", "d:{}:words"):
            await other.presses(await button(week, verb))
            assert other.toast == NOT_YOURS
        assert other.phone.last == before
        assert pictures(other) == []


async def test_odd_buttons_do_nothing(week: Clinic, tomas: Someone, anna: Someone) -> None:
    await week["P-014"].says("/help")
    for one in (tomas, anna):
        before = one.phone.messages
        for n, data in enumerate(("i:", "i:words", "i:1:hide", "i:hide:1", "m:", "m:chart", "m:open:1", "d:1:chart")):
            await one.presses(data)
            assert [toast.text for toast in one.phone.toasts][-n - 1 :] == [NOT_YOURS] * (n + 1)
        assert one.phone.messages == before


# ------------------------------------------------------------------------------------------------ trouble


async def test_a_picture_that_cannot_be_drawn_is_a_sentence(
    week: Clinic, tomas: Someone, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> bytes:
        raise MemoryError("words of a patient")

    with monkeypatch.context() as patch:
        patch.setattr(drawing, "png", fails)
        await tomas.presses(await button(week))
    assert tomas.screen == TROUBLE
    assert "a picture was not drawn: MemoryError" in log.text
    assert "words of a patient" not in log.text
    log.clear()
    await tomas.presses(await button(week))
    assert len(pictures(tomas)) == 1


async def test_a_picture_that_cannot_be_sent_is_a_sentence(week: Clinic, tomas: Someone) -> None:
    for times, fault in enumerate(("broken", "bad", "gateway", "flood"), start=1):
        week.emulator.faults.add(fault, method="sendPhoto", count=1)
        await tomas.presses(await button(week))
        await week.wait(seconds=30)
        assert tomas.toast == COMING
        assert [shown.text for shown in tomas.phone.messages].count(TROUBLE) == times
    assert pictures(tomas) == []


async def test_after_a_crash_between_commit_and_reply_the_picture_comes(week: Clinic, anna: Someone) -> None:
    await anna.says("/mine")
    await left_behind(week, "accepted", tapped(anna, "Picture", 400_000_001))
    await week.stage.settle()
    assert len(pictures(anna)) == 1


async def test_while_a_picture_is_drawn_everybody_else_is_served(
    week: Clinic, tomas: Someone, anna: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drawing is let go only once Anna, who asked after Tomas, has been answered."""
    answered, real = Event(), drawing.png

    def waits(*values: Any) -> bytes:
        assert answered.wait(10)
        return real(*values)

    monkeypatch.setattr(drawing, "png", waits)
    tomas.phone.press(await button(week), tomas.phone.last.id)
    await tomas.phone.wait_for(lambda phone: phone.toasts and phone.toasts[-1].text == COMING)
    anna.phone.say("/mine")
    await anna.phone.wait_for("You have answered 1 check-in.")
    assert pictures(tomas) == []
    answered.set()
    await week.stage.settle()
    assert len(pictures(tomas)) == 1


async def test_the_inbox_knows_only_so_many_pictures(week: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.inbox.PICTURES_KNOWN", 1)
    inbox: Inbox = week.stage.app.inbox
    inbox._pictures[77, "P-099"] = 5
    await week["T-1"].presses(await button(week))
    assert list(inbox._pictures) == [(1, "P-014")]


# ------------------------------------------------------------------------------------------------ Anna


@pytest.mark.usefixtures("week")
async def test_anna_reads_her_own_answers(anna: Someone) -> None:
    await anna.says("/mine")
    assert anna.screen == (
        "You have answered 1 check-in.\n\nWhat you tapped, from 1 to 5:\nGoals: 4.0\nHow we work: 3.0\n"
        "Trust between us: 5.0\n\nThese are your own answers and nothing else. A number is not a grade.\n\n"
        "Need a person now: dial 988, then press 1, or text 838255."
    )
    assert anna.buttons == ["Picture", "Hide"]
    await anna.taps("Picture")
    assert pictures(anna)[0].startswith(PNG)
    assert anna.buttons == ["Hide"]
    assert anna.phone.last.spoiler
    await anna.taps("Hide")
    assert pictures(anna) == []
    await anna.taps("Hide")
    assert anna.screen == "Ready when you are."
    await anna.taps("Open")
    assert anna.screen.startswith("You have answered 1 check-in.")


async def test_with_nothing_answered_there_is_one_kind_sentence(ben: Someone) -> None:
    await ben.says("/mine")
    assert ben.screen.startswith("There is nothing to show yet. After your first check-in")
    assert ben.buttons == []
    await ben.presses("m:picture")
    assert pictures(ben) == []


async def test_a_form_with_every_item_skipped_is_an_answer_without_a_picture(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.fills("000000")
    await anna.says("/mine")
    assert anna.screen.startswith("You have answered 1 check-in.\n\nThese are your own")
    assert anna.buttons == ["Hide"]


@pytest.mark.usefixtures("week")
async def test_mine_is_for_patients(tomas: Someone) -> None:
    await tomas.says("/mine")
    assert "/rate" in tomas.screen
    for data in ("m:open", "m:picture", "m:hide"):
        await tomas.presses(data)
        assert tomas.toast == NOT_YOURS


@pytest.mark.usefixtures("week")
async def test_in_spanish(anna: Someone) -> None:
    await anna.says("/settings")
    await anna.taps("Español")
    await anna.says("/mine")
    assert "Cómo trabajamos: 3.0" in anna.screen
    await anna.taps("Gráfica")
    assert anna.buttons == ["Ocultar"]
