"""What a stranger reads on a locked phone: every message that comes by itself, in both languages, in both modes."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from bot import clinic as desk
from bot import clinic_people
from bot.config import Config, Web
from bot.core.call import CallMe, parse_hours
from bot.core.discretion import Chat
from bot.core.questionnaire import LANGUAGES
from bot.render import phrase
from bot.store import people
from bot.store.outbox import BY_ITSELF
from bot.store.tables import outbox
from tests.conftest import FIRST, Clinic
from tests.test_locale import CLINICAL
from tests.web.browser import HERE

pytestmark = pytest.mark.deep

PRIVATE = re.compile(r"anna|\bben\b|clara|tomas|vera|[pts]-\d|988|mental|alian|alliance|feel|siente", re.IGNORECASE)
COMES = {
    "open", "remind", "offline", "digest", "call", "paused", "resumed", "ended", "relink", "alarm", "pair", "list",
    "discharged",
}  # fmt: skip
"""The first words of the keys under which the outbox keeps what this story makes come."""


@pytest.fixture(params=["chat", "page"])
def config(example: Config, request: pytest.FixtureRequest) -> Config:
    """A clinic with everything on, in either mode."""
    return replace(
        example,
        chat=Chat(request.param),
        web=Web(enabled=True, port=0, public_url=HERE),
        call_me=CallMe("T-1", "T-2", parse_hours("00:00-24:00")),
        alarms=replace(example.alarms, duty_chat="S-1"),
    )


async def played(clinic: Clinic, lang: str) -> None:
    """A fortnight in which everything happens that makes a message come by itself."""
    ben, clara, now = clinic["P-015"], clinic["P-021"], clinic.clock.now
    await clinic.desk(clinic_people.add_staff, clinic.config, "S-1", None, None)
    await clinic.desk(_all_speak, lang)
    await clinic["77"].says(f"/start {await clinic.stage.invite('S-1')}")
    await clinic["77"].presses("e:right")
    for code in ("P-014", "P-021"):
        for wall in (FIRST, "2026-11-10T14:00"):
            await clinic.session(code, wall)
    await clara.says("/help")
    await clara.presses("k:ask")
    await clinic.wait(minutes=16)  # nobody looks: a second one is told
    await clinic.until("2026-11-04T18:00")  # asked, reminded
    await clinic.stop()
    clinic.clock.suspend(minutes=40)
    await clinic.start()
    await clinic.desk(clinic_people.pause, clinic.config, "P-015", now())
    await clinic.desk(clinic_people.resume, clinic.config, "P-015", now())
    await ben.says("/stop")
    await ben.taps(phrase(lang, "stop_yes"))
    invited = await clinic.desk(desk.invite, clinic.config, "P-014", now(), True)
    await clinic["1014"].says(f"/start {invited.code}")
    await clinic.until("2026-11-10T13:00")
    await clinic.desk(clinic_people.transfer, clinic.config, "P-014", "T-2", False, now())
    await clinic.desk(clinic_people.discharge, clinic.config, "P-014", now())
    clara.phone.block()
    await clinic.until("2026-11-10T16:30")


def _all_speak(conn: Connection, lang: str) -> None:
    for who in people.people(conn):
        people.change(conn, who.id, lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_nothing_that_comes_by_itself_says_what_it_is_about(
    clinic: Clinic, lang: str, caplog: pytest.LogCaptureFixture
) -> None:
    await played(clinic, lang)
    caplog.clear()
    rows: list[Any] = [row for row in await clinic.rows(outbox) if row.kind in (*BY_ITSELF, "alarm")]
    assert COMES - {row.key.partition(":")[0] for row in rows} == set()
    texts = {row.body["text"] for row in rows}
    assert len(texts) > 10
    assert [text for text in texts if PRIVATE.search(text)] == []
    assert [(text, word) for text in texts for word in CLINICAL if word in text.lower()] == []
