"""Words and ids that mean harm: shown as they were typed, written as they were typed, and never anything else."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from random import Random

import pytest
from sqlalchemy import Connection

from bot import ids
from bot.chat import call, checkins, digests, goals, mydata, relink
from bot.config import Config
from bot.core.cells import cell, typed
from bot.core.record import to_json
from bot.message import TEXT_LIMIT, split
from bot.render import phrase
from bot.store import people
from bot.store.people import Redeemed
from bot.store.tables import answer, person
from tests.conftest import FIRST, Clinic, Someone
from tests.own_record import own_record

pytestmark = pytest.mark.deep

NOT_YOURS = phrase("en", "toast_not_yours")
HARM = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</p></body>", "<!--", "]]>", "&lt;b&gt;", "&#x3c;",
    "\"'>",
    "javascript:alert(1)", "[a](http://x.test)", "*b* _i_ `c` ~s~ ||h||", "tg://user?id=1", "@somebody", "/stop",
    "#tag",
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/C calc'!A0", "=HYPERLINK(\"http://x.test\")", "\t=1", "\r=1", "'=1", "＝1",
    "a,b", "a\"b", "a;b", "a\nb", "a\r\nb", "\x1b[31m", "2026-11-03 ERROR bot: no", "%s %d %(x)s",
    "{0} {x} {{7*7}} {%x%}",
    "'; DROP TABLE answer; --", "\" OR 1=1", "../../etc/passwd", "C:\\con", "file:///etc/passwd", "$(id) `id` |id",
    "\u202egnp.exe", "\u2066a\u2069", "\u200bx", "\ufeffx", "e\u0301\u0301\u0301", "🙂👩‍👩‍👧", "ﷺ", "ı İ ß", "x" * 990,
    "½²٣",
)  # fmt: skip
AROUND = ("", " ", "\n", "a ", "'", '"', "<", "=", "\u202e", "\u00a0")


def corpus() -> Iterator[str]:
    """More than two thousand strings."""
    for before, harm, after in product(AROUND, HARM, ("", " a", "'", "\n=2")):
        yield f"{before}{harm}{after}"


class Reader(HTMLParser):
    """What a browser makes of a page: its tags and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag, and what runs on it."""
        self.tags |= {tag, *(name for name, _ in attrs if name.startswith("on"))}

    def handle_data(self, data: str) -> None:
        """Words."""
        self.said.append(data)


# ------------------------------------------------------------------------------------------------ words


def test_words_come_back_from_a_table_as_they_were_typed() -> None:
    text, every = io.StringIO(), list(corpus())
    csv.writer(text).writerows([cell(words)] for words in every)
    read = [row[0] if row else "" for row in csv.reader(io.StringIO(text.getvalue(), newline=""))]
    assert len(every) >= 2_000
    assert [typed(one) for one in read] == every
    assert not [one for one in read if one.lstrip()[:1] in tuple("=+-@\t\r＝")]


def test_words_come_back_from_a_page_as_they_were_typed(example: Config) -> None:
    """All of them at once, a goal each."""
    record = own_record("en")
    clean = Reader(mydata.files(record, example)[0].data.decode()).tags
    every = list(corpus())
    goal = record.pairs[0].goals[0]
    listed = tuple(replace(goal, id=n, words=words) for n, words in enumerate(every, 1))
    full = replace(record, pairs=(replace(record.pairs[0], goals=listed),))
    page, data = mydata.files(full, example)
    read = Reader(page.data.decode())
    assert read.tags <= clean
    said = "".join(read.said).replace("\r\n", "\n").replace("\r", "\n")
    assert not [words for words in every if _as_a_browser(words) not in said]
    assert [one["words"] for one in json.loads(data.data)["therapists"][0]["goals"]] == every
    assert to_json(full)["code"] == "P-014"


def _as_a_browser(words: str) -> str:
    return words.replace("\r\n", "\n").replace("\r", "\n")


def test_words_are_cut_into_messages_without_loss() -> None:
    text = "\n\n".join(corpus())
    parts = split(text)
    assert all(0 < len(part) <= TEXT_LIMIT for part in parts)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")


async def test_words_in_the_chat_are_plain_text_on_every_screen(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    """What Telegram would read as markup is sent without a parse mode, and shown as it was typed."""
    await clinic.session("P-014", FIRST)
    await clinic.session("P-014", "2026-11-10T14:00")
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4444", "E Yes")
    words = " ".join(one for one in HARM if one.isprintable() and len(one) < 40)[:900]
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await anna.rates(2, 2, 2, 2, 2, 2)
    await anna.says(words)
    await anna.taps("For my therapist", "Mostly")
    await anna.says("<b>sleep</b> [x](http://x.test)")
    await anna.taps("Mostly", "Mostly", "Send")
    await tomas.says("/homework P-014 {{7*7}} <i>walk</i>")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    assert tomas.sees(words)
    assert (await clinic.answers("P-014"))["alliance.own_words"] == words
    await tomas.says("/goals P-014")
    assert tomas.sees("<b>sleep</b> [x](http://x.test)")
    await anna.says("/homework")
    assert anna.sees("{{7*7}} <i>walk</i>")


# ------------------------------------------------------------------------------------------------ ids

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


async def test_an_id_with_one_letter_changed_is_nobodys(clinic: Clinic, anna: Someone) -> None:
    """Every one-letter edit of a check-in's id, and ids made up: one answer, and nothing is written."""
    await clinic.session("P-014", FIRST)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    _, own, rest = anna.data["Mostly"].split(":", 2)
    rng = Random(1)
    edits = {f"{own[:n]}{letter}{own[n + 1 :]}" for n in range(22) for letter in ALPHABET} - {own}
    made = {"".join(rng.choices(ALPHABET, k=22)) for _ in range(100)}

    def tried(conn: Connection) -> set[object]:
        who, now = people.by_code(conn, "P-014"), clinic.clock.now()
        every = [(checkins.on_tap, f"c:{one}:{rest}"[:64]) for one in edits | made]
        every += [(digests.on_tap, f"d:{one}:open") for one in made]
        every += [(relink.on_tap, f"r:{one}:yes") for one in made]
        every += [(call.on_tap, f"k:mine:{one}") for one in made]
        every += [(goals.on_tap, f"g:{verb}:2:1") for verb in ("card", "keep", "fits", "retire", "list")]
        outcomes = [tap(conn, who, data, None, clinic.config, now) for tap, data in every]
        return {(outcome.toast, outcome.replies, outcome.page) for outcome in outcomes}

    assert len(edits) > 1_300
    assert await clinic.desk(tried) == {(NOT_YOURS, (), None)}
    assert await clinic.rows(answer) == []


async def test_of_a_thousand_who_open_one_link_at_once_one_is_in(empty: Clinic) -> None:
    await empty.desk(people.add, "therapist", "T-1", "America/Denver", "en")
    code = await empty.stage.invite("T-1")
    store, now = empty.stage.app.store, empty.clock.now()
    tries = (store.write(people.redeem, ids.hashed(code), 5_000 + n, now, 5) for n in range(1000))
    found: list[tuple[Redeemed, object]] = list(await asyncio.gather(*tries))
    assert [how for how, _ in found].count("in") == 1
    assert {how for how, _ in found} == {"in", "bad"}
    (tomas,) = await empty.rows(person, code="T-1")
    assert tomas.chat_id == 5_000 + [how for how, _ in found].index("in")
