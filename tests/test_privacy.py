"""Who sees what. Vera must never see Anna, nobody taps another's button, lock screens and logs hold nothing private."""

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.chat.checkins import read_button
from bot.config import Config
from bot.render import phrase
from bot.store.columns import metadata
from bot.store.sealing import EVERYTHING
from bot.store.tables import answer, check_in, digest, inbox
from tests.conftest import BEGINS, FIRST, PHONES, Clinic, Someone, copied, opened
from tests.laws import law

SECOND = "2026-11-10T14:00"
NOT_YOURS = phrase("en", "toast_not_yours")
WORDS = "the thing about the convoy"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fortnight(example: Config, enrolled: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    """Both pairs meet twice; everybody answers, Anna in her own words, up to both digests. Played once."""
    database = copied(enrolled, tmp_path_factory.mktemp("fortnight"))
    async with opened(example, database, BEGINS, 200_000_001) as clinic:
        for code in PHONES:
            clinic[code].phone.person.started = True
        await played(clinic, clinic["P-014"], clinic["P-021"], clinic["T-1"], clinic["T-2"])
        yield clinic


async def played(clinic: Clinic, anna: Someone, clara: Someone, tomas: Someone, vera: Someone) -> None:
    """What happens in these days."""
    for code in ("P-014", "P-021"):
        for wall in (FIRST, SECOND):
            await clinic.session(code, wall)
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4455", "E Yes")
    await vera.sends_form("4444", "E No")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", "Partly", "Partly", "A little", "A little", "Fully", "Fully")
    await anna.says(WORDS)
    await anna.taps("For my therapist", "Mostly")
    await anna.says("sleep through the night")
    await anna.taps("Mostly", "Mostly", "Send")
    await clara.fills("555555", "Mostly", "Skip", "Mostly", "Mostly")
    await clinic.until("2026-11-10T13:00")


once = pytest.mark.asyncio(loop_scope="module")


def everything(someone: Someone) -> str:
    """All that this phone ever showed: messages as they were sent and as they were edited, toasts."""
    events = someone.stage.emulator.history.of("sent", "edited", "answered", chat=someone.phone.id)
    return "\n".join(str(event.text) + str(event.keyboard) for event in events)


# ------------------------------------------------------------------------------------------------ Vera and Anna


@once
async def test_vera_never_sees_anna(fortnight: Clinic) -> None:
    vera = fortnight["T-2"]
    await vera.taps("Open")
    await vera.says("/digest", "/rate", "/checkin", "/help")
    for hidden in ("P-014", WORDS, "sleep through the night"):
        assert hidden not in everything(vera)
    assert "P-021" in everything(vera)


@once
async def test_tomas_sees_anna_and_not_clara(fortnight: Clinic) -> None:
    tomas = fortnight["T-1"]
    await tomas.taps("Open")
    assert WORDS in everything(tomas)
    assert "P-021" not in everything(tomas)


@once
async def test_patients_see_nothing_of_anybody_else(fortnight: Clinic) -> None:
    anna, clara = fortnight["P-014"], fortnight["P-021"]
    await anna.says("/settings", "/help", "/privacy", "/digest", "/mine")
    for phone in (anna, clara):
        assert not re.search(r"P-0\d\d|T-\d|You rate|Patient \d", everything(phone))
    assert "sleep through the night" not in everything(clara)


@once
async def test_annas_digest_cannot_be_opened_by_vera(fortnight: Clinic) -> None:
    vera, before = fortnight["T-2"], fortnight["T-2"].screen
    (row,) = await fortnight.rows(digest, pair_id=1)
    for verb in ("d:{}:open", "d:{}:more", "d:{}:less", "d:{}:hide", "d:{}:chart", "d:{}:words"):
        await vera.presses(verb.format(row.id))
        assert vera.toast == NOT_YOURS
    assert vera.screen == before


@pytest.mark.parametrize("thief", ["T-2", "P-015", "99"])
async def test_annas_buttons_do_nothing_in_another_hand(clinic: Clinic, anna: Someone, thief: str) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    other = clinic[thief]
    await other.says("/help")
    shown = other.screen
    for data in anna.data.values():
        await other.presses(data)
    assert other.toast == NOT_YOURS
    assert other.screen == shown
    assert await clinic.rows(answer) == []
    assert anna.screen.startswith("1 of ")


async def test_annas_therapist_cannot_answer_for_her(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await tomas.presses(anna.data["Mostly"])
    assert tomas.toast == NOT_YOURS
    assert await clinic.answers("P-014") == {}


# ------------------------------------------------------------------------------------------------ forged taps


FORGED = [
    "", "c", "c:", "c:::", "d:", "e:", "x:1:2:3", "c:nobody:0:b", "c:nobody:0:p:0:1", "d:nobody:open", "d:nobody:erase",
    "e:agree", "e:right", "e:lang:xx", "e:city:Mars/Olympus", "e:every:99", "e:when:never", "e:region:moon",
    "c:{id}:0:p", "c:{id}:0:p:0", "c:{id}:0:p:0:99", "c:{id}:0:p:99:0", "c:{id}:0:x", "c:{id}:0:z", "c:{id}:0:y",
    "c:{id}:999999:b", "c:{id}:٣:b", "c:{id}:-1:b", "c:{id}:0:a:never", "c:{id}:0:a", "c:{id}:0:o:3",
    "c:{id}:1:p:0:0:0", "c:{id}:1:p:²:0", "'; DROP TABLE answer; --", "\x00", "c:{id}:1:n:0:3",
    "c:{id}:1:d:0", "c:{id}:1e1:p:0:1", "g:retire:1:1", "g:card:2:0", "g:keep:1:1", "h:set:1:0", "h:skip:1:1",
]  # fmt: skip


async def test_forged_buttons_answer_nothing_for_anna(clinic: Clinic, anna: Someone) -> None:
    """Whatever a client sends: the tap is answered, no answer is written, nobody is sent away by it."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    own = anna.data["Begin"].split(":")[1]
    await anna.taps("Begin")
    for data in FORGED:
        await anna.presses(data.format(id=own) or " ")
    assert anna.phone.unanswered == []
    assert await clinic.answers("P-014") == {}
    assert anna.sees("1 of ")


@law(300, [HealthCheck.too_slow])
@given(data=st.one_of(st.text(max_size=64), st.lists(st.text("c:0123456789bpnfdksl²٣", max_size=6)).map(":".join)))
def test_no_data_of_a_button_ever_raises(data: str) -> None:
    read = read_button(data)
    assert read is None or data.startswith("c:")


async def test_a_tap_on_a_message_that_is_gone_gets_a_fresh_one(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    begin = anna.data["Begin"]
    anna.phone.press(begin, 9_999)
    await clinic.stage.settle()
    assert anna.screen.startswith("1 of ")


# ------------------------------------------------------------------------------------------------ screens, logs, tables


@once
async def test_nothing_private_is_on_a_lock_screen(fortnight: Clinic) -> None:
    """No name, code, or word of therapy, whatever came in two weeks."""
    private = re.compile(
        r"Anna|Ben|Clara|Tomas|Vera|P-0|T-[12]|therap|session|patient|clinic|homework|check-in|goal|alliance"
        r"|mental|digest|feel|988", re.IGNORECASE,
    )  # fmt: skip
    notified = [line for code in ("T-1", "T-2", "P-014", "P-021") for line in fortnight[code].prompts]
    assert len(notified) > 8
    assert [line for line in notified if private.search(line)] == []


@once
async def test_messages_cannot_be_forwarded_or_saved(fortnight: Clinic) -> None:
    for code in ("T-1", "P-014"):
        assert all(shown.protected for shown in fortnight[code].phone.messages if shown.by_bot)


@once
async def test_no_button_carries_an_answer_or_a_name(fortnight: Clinic) -> None:
    sent = fortnight.emulator.history.of("sent", "edited", "photo")
    keyboards = [event.detail["result"].get("reply_markup", {}).get("inline_keyboard", []) for event in sent]
    data = {button["callback_data"] for rows in keyboards for row in rows for button in row}
    assert len(data) > 20
    assert all(re.fullmatch(r"[cdeimpy](:[\w-]+)+", one) for one in data)
    said = {re.sub(r"[\w-]{22}", "", one) for one in data}  # without ids: in what is random any word may turn up
    assert not [one for one in said if re.search(r"P-0|anna|mostly|yes|no\b", one, re.IGNORECASE)]


@once
async def test_what_is_done_leaves_no_words_in_the_inbox(fortnight: Clinic) -> None:
    await fortnight.stop()
    await fortnight.start()
    rows = await fortnight.rows(inbox)
    assert len(rows) > 20
    assert [row.raw for row in rows if "text" in row.raw or "data" in row.raw] == []


@once
async def test_the_database_knows_nobody_by_name(fortnight: Clinic) -> None:
    await fortnight.stop()
    await fortnight.start()

    def dump(conn: Connection) -> str:
        tables = metadata.sorted_tables
        return "\n".join(str(tuple(row)) for table in tables for row in conn.execute(table.select()))

    kept = await fortnight.stage.app.store.read(dump)
    assert WORDS not in kept
    sealed = [row for one in EVERYTHING for row in await fortnight.rows(one.columns[0].table)]
    assert WORDS in str(sealed)
    assert not re.search(r"Anna|Tomas|Clara|Vera\b", kept + str(sealed))


async def test_no_log_line_holds_words_a_token_or_an_address(
    clinic: Clinic, anna: Someone, caplog: pytest.LogCaptureFixture
) -> None:
    """Even with everything logged, and with trouble on the line."""
    caplog.set_level(logging.DEBUG, logger="bot")
    clinic.emulator.faults.add("broken", method="editMessageText", count=3)
    clinic.emulator.faults.add("bad", method="sendMessage", count=1)
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-05T16:00")
    await anna.says(WORDS, "/checkin")
    await anna.taps("Begin")
    clinic.emulator.deliver({"message": {"from": {"id": 14}, "text": WORDS, "chat": "broken"}})
    await clinic.stage.settle()
    assert not re.search(f"{WORDS}|{clinic.emulator.token}|{clinic.emulator.base_url}|Anna", caplog.text)
    caplog.clear()


@once
async def test_each_row_of_a_person_says_which_clinic(fortnight: Clinic) -> None:
    assert {row.clinic_id for row in await fortnight.rows(check_in)} == {1}
