"""/privacy, /mydata and the end: one's own record, the words that were agreed to, and that a no stops everything."""

import json
from typing import Any

import pytest

from bot.chat import joining
from bot.chat.mydata import files
from bot.config import Config
from bot.core.record import sheets
from bot.store.tables import check_in, outbox
from bot.store.tables_joining import consent, consent_text
from tests.conftest import FIRST, Clinic, Someone
from tests.own_record import own_record

BOTH = "My own data"


async def record_of(someone: Someone) -> tuple[str, dict[str, Any]]:
    """The page and the values that came last."""
    page, data = [shown for shown in someone.phone.messages if shown.by_bot][-2:]
    return someone.phone.file(page.id).content.decode(), json.loads(someone.phone.file(data.id).content)


async def test_the_own_record_comes_as_a_page_and_as_values(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await tomas.taps("Begin", "A 2", "Send")
    await anna.taps("Begin")
    await anna.rates(4, 4, 3, 2, 5, 5)
    await anna.says("it is <b>hard</b> & so on")
    await anna.taps("I will bring it up myself", "Fully")
    await anna.says("sleep")
    await anna.taps("Fully", "Fully", "Send")
    await anna.says("/privacy")
    await anna.taps(BOTH, "Send me both files")
    page, data = await record_of(anna)
    assert "it is &lt;b&gt;hard&lt;/b&gt; &amp; so on" in page
    assert "We want the same things from this work." in page
    assert "Mostly" in page
    assert {"T-1", "P-014", "1. sleep"} <= {word for word in ("T-1", "P-014", "1. sleep") if word in page}
    values = {row["item"]: row["value"] for one in data["check_ins"] for row in one["answers"]}
    assert (values["tasks_2"], values["own_words"]) == (2, "it is <b>hard</b> & so on")
    assert len(data["check_ins"]) == 1  # hers; Tomas's is not in it
    assert data["consent"][0]["agreed"] is True
    assert "end-to-end encrypted" in data["consent"][0]["text"]
    assert str(anna.phone.id) not in json.dumps({**data, "made": ""}).replace("2026", "").replace("P-014", "").split()


async def test_a_record_is_only_ever_that_of_whoever_asks(ben: Someone, tomas: Someone) -> None:
    await ben.says("/mydata")
    await ben.taps("Send me both files")
    _, data = await record_of(ben)
    assert data["code"] == "P-015"
    await tomas.says("/mydata")
    assert tomas.buttons == []
    await tomas.presses("y:send")
    assert tomas.toast.startswith("This button does not work any more")


async def test_the_record_can_be_kept_and_a_reply_that_fails_says_so(clinic: Clinic, anna: Someone) -> None:
    await anna.says("/mydata")
    clinic.emulator.faults.add("bad", method="sendDocument", chat=14)
    await anna.taps("Send me both files")
    assert anna.sees("A file could not be sent. Please tap again in a minute.")
    await anna.taps("Send me both files")
    assert [shown.protected for shown in anna.phone.messages if shown.by_bot][-2:] == [False, False]


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_heading_has_its_words(lang: str, example: Config) -> None:
    record = own_record(lang)
    page, data = files(record, example)
    assert json.loads(data.data)["therapists"][0]["goals"][1]["retired"] is True
    assert b"dormir &lt;b&gt;" in page.data
    assert b"<script" not in page.data
    late, missed = sheets(record, example.questionnaires.by_id)
    said = {line.words: line.answer for line in late.lines}
    assert said["x"] == "a, b"
    assert "" in said.values()
    assert next(answer for answer in said.values() if answer.startswith("1. dormir <b>, "))
    assert missed.missed
    assert missed.lines == ()


# ------------------------------------------------------------------------------------------------ yes and no


async def test_the_words_that_were_agreed_to_are_kept_once(clinic: Clinic) -> None:
    rows, texts = await clinic.rows(consent), await clinic.rows(consent_text)
    assert {(row.version, row.lang, row.agreed) for row in rows} == {(1, "en", True)}
    assert {row.text_hash for row in rows} == {row.text_hash for row in texts}
    assert len(texts) == 1
    assert "Do you agree to take part?" in texts[0].text


async def test_a_new_version_of_the_text_is_asked_of_everybody_before_anything_else(
    clinic: Clinic, anna: Someone, ben: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clinic.session("P-014", FIRST)
    monkeypatch.setattr(joining, "CONSENT_VERSION", 2)
    await clinic.restart()
    await clinic.restart()
    assert [line for line in anna.prompts if "changed" in line] == ["Something has changed. Open to read."]
    await clinic.until("2026-11-03T17:00")
    assert not anna.sees("Ready when you are")
    await anna.taps("Open")
    assert "Do you agree to take part?" in anna.screen
    await anna.taps("I agree", "Yes, that is right", "1 hour after")
    await clinic.wait(minutes=5)
    assert anna.sees("Ready when you are")
    await ben.taps("Open", "No, thank you")
    await clinic["T-1"].taps("Open")
    assert clinic["T-1"].sees("P-015 takes no part in the check-ins for now.")
    rows = await clinic.rows(consent, version=2)
    assert sorted((row.person_id, row.agreed) for row in rows) == [(3, True), (4, False)]


async def test_a_no_ends_everything_on_both_sides_at_once(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T16:00")
    await tomas.taps("Begin")
    await anna.taps("Begin")
    shown = anna.phone.last.id
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    assert next(one for one in anna.phone.messages if one.id == shown).text.startswith("This one is not needed")
    await tomas.taps("Open")
    assert tomas.sees("P-014 takes no part in the check-ins for now. It is voluntary; no reason is asked.")
    came = len(anna.prompts), len(tomas.prompts)
    await clinic.until("2026-11-20T12:00")
    assert (len(anna.prompts), len([line for line in tomas.prompts if "week" not in line])) == (
        came[0],
        len([line for line in tomas.prompts[: came[1]] if "week" not in line]),
    )
    states = {row.state for row in await clinic.rows(check_in)}
    assert states == {"excused"}


async def test_what_waited_to_be_sent_does_not_come(clinic: Clinic, anna: Someone) -> None:
    await clinic.session("P-014", FIRST)
    down = clinic.emulator.faults.add("gateway", method="sendMessage", chat=14, count=9_999)
    assert down is not None
    await clinic.until("2026-11-03T16:00")
    clinic.emulator.faults.clear()
    came = len(anna.prompts)
    await anna.says("/stop")
    await anna.taps("Yes, stop")
    await clinic.wait(minutes=30)
    assert len(anna.prompts) == came
    assert {row.state for row in await clinic.rows(outbox, kind="prompt", person_id=3)} == {"dropped"}
