"""Who sees what: every cell of the table, with two therapists' worth of people. What is not mine does not exist."""

import ast
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio

from bot.chat import door
from bot.config import Config, Web
from bot.core import rights
from bot.core.rights import COMMANDS, TABLE, TAPS, VERBS, WHO, reach
from bot.render import phrase
from bot.store import people
from bot.store.tables import answer, check_in, closure, goal, homework, person, session
from bot.store.tables_refusal import refusal
from bot.web.site import ACTIONS, CHANGES, SCREENS, SEE_PEOPLE, right_to_change
from tests.conftest import BEGINS, FIRST, PHONES, ROOT, Clinic, Someone, copied, opened
from tests.web.browser import HERE, browser, logs_in

WORDS = "the thing about the convoy"
NOT_YOURS = phrase("en", "toast_not_yours")
HELP = "Nobody reads messages here."
CAST = {"patient": "P-015", "therapist": "T-2", "staff": "77"}
"""Of each role somebody who has nothing to do with Anna and Tomas."""
FREE = re.compile(r"e:|m:|y:|i:|k:ask|a:")
"""Buttons that name nothing: whoever taps them gets the own."""
once = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(example: Config, enrolled: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    """Anna and Tomas have answered, set a goal and a task; Sam of the front desk is in; Ben and Vera look on."""
    database = copied(enrolled, tmp_path_factory.mktemp("story"))
    config = replace(example, web=Web(enabled=True, port=0, public_url=HERE))
    async with opened(config, database, BEGINS, 200_000_001) as clinic:
        for code in PHONES:
            clinic[code].phone.person.started = True
        await clinic.desk(_sam)
        sam = clinic["77"]
        await sam.says(f"/start {await clinic.stage.invite('S-1')}")
        await sam.taps("Yes, that is right")
        await _answered(clinic, clinic["P-014"], clinic["T-1"])
        yield clinic


def _sam(conn: Any) -> None:
    people.add(conn, "staff", "S-1", "America/Denver", "en")
    day = date(2026, 12, 24)
    conn.execute(closure.insert().values(clinic_id=1, first=day, last=day))


async def _answered(clinic: Clinic, anna: Someone, tomas: Someone) -> None:
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4455", "E Yes")
    await tomas.says("/homework P-014 one walk a day")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin")
    await anna.rates(2, 2, 2, 2, 5, 5)
    await anna.says(WORDS)
    await anna.taps("For my therapist", "Mostly")
    await anna.says("sleep through the night")
    await anna.taps("Mostly", "Mostly", "Send")
    await anna.says("/goals")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    await tomas.says("/goals P-014")


async def state(clinic: Clinic) -> list[Any]:
    """What nobody else may have changed."""
    tables = (answer, check_in, goal, homework, session)
    return [[str(row) for row in await clinic.rows(table)] for table in tables]


def shown(someone: Someone) -> str:
    """All that this phone ever showed."""
    events = someone.stage.emulator.history.of("sent", "edited", "answered", chat=someone.phone.id)
    return "\n".join(str(event.text) + str(event.keyboard) for event in events)


# ------------------------------------------------------------------------------------------------ the table itself


def test_the_table_is_whole() -> None:
    """Every surface names a right of the table, and there is no right without a surface."""
    pages = [right for _, right, _ in (*SCREENS, *ACTIONS)]
    used = {*COMMANDS.values(), *VERBS.values(), *(one for many in TAPS.values() for one in many), *pages, SEE_PEOPLE}
    used |= {right_to_change(path) for path in CHANGES}
    assert used == TABLE.keys()
    assert {who for row in TABLE.values() for who in row} <= set(WHO)
    assert {one for row in TABLE.values() for one in row.values()} <= set(get_args(rights.Reach))


def test_answers_are_for_two_people_only() -> None:
    said = ("answers", "digest", "own answers", "record")
    readers = {who for right, row in TABLE.items() if right[0] in said for who in row}
    assert readers == {"patient", "therapist", "operator"}
    assert TABLE["answers", "export"] == {"operator": "clinic"}
    both = {right[0] for right, row in TABLE.items() if row.get("patient", "own") != "own"}
    assert both == {"goals", "homework"}


def test_the_readme_has_the_table_as_it_is() -> None:
    assert rights.as_table() in (ROOT / "README.md").read_text("utf-8")


def test_every_command_has_a_handler_and_a_right() -> None:
    assert COMMANDS.keys() == door.COMMANDS.keys() | door.ALWAYS.keys()


def test_every_verb_of_the_command_line_is_in_the_table() -> None:
    found: set[object] = set()
    for file in (ROOT / "bot").glob("cli_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("does", "_person_verb"):
                found |= {name.value for name in node.args[2:3] if isinstance(name, ast.Constant)}
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "verb":
                found |= {name.value for name in ast.walk(node.value) if isinstance(name, ast.Constant)}
    assert len(found) > 25
    assert "move_following" in found
    assert found <= VERBS.keys()
    assert all(reach("operator", right) == "clinic" for right in VERBS.values())


@pytest.mark.parametrize("who", ["stranger", "", "admin", "patient "])
def test_nobody_else_has_any_right(who: str) -> None:
    assert reach(who, *TABLE) is None


# ------------------------------------------------------------------------------------------------ the chat


@once
@pytest.mark.parametrize("role", CAST)
async def test_every_command_answers_each_role_by_the_table(story: Clinic, role: str) -> None:
    """What a role may not do looks like a command that there is not, and is kept."""
    someone, before = story[CAST[role]], await state(story)
    await someone.says("/nonsense")
    unknown = someone.screen
    for command in COMMANDS:
        await someone.says(f"/{command} P-014")
        if reach(role, COMMANDS[command]) is None:
            assert someone.screen == unknown, command
            kept = [row for row in await story.rows(refusal, thing=command) if row.verb == "send"]
            assert kept, command
        else:
            assert someone.screen != unknown, command
    for hidden in (WORDS, "sleep through", "one walk a day"):
        assert hidden not in shown(someone)
    assert await state(story) == before


@once
@pytest.mark.parametrize("role", [*CAST, "stranger"])
async def test_no_button_of_anna_or_tomas_works_in_another_hand(story: Clinic, role: str) -> None:
    """Each button that ever stood on their screens; and what is not theirs is answered like what does not exist."""
    someone = story[CAST.get(role, "99")]
    await someone.says("/help")
    before, seen, kept = await state(story), len(shown(someone)), 0
    for data in buttons_of(story, 14, 1):
        toasts = len(someone.phone.toasts)
        await someone.presses(data)
        assert someone.phone.toasts[toasts:], data
        assert someone.toast == NOT_YOURS, data
        kept += 1
    await someone.presses("c:doesnotexist:0:b")
    assert someone.toast == NOT_YOURS
    assert shown(someone)[seen:].count(NOT_YOURS) == kept + 1
    assert not re.search(f"{WORDS}|sleep through|P-014|one walk", shown(someone)[seen:])
    assert await state(story) == before
    if role != "stranger":
        (row,) = await story.rows(person, code={"staff": "S-1"}.get(role, CAST[role]))
        assert sum(r.count for r in await story.rows(refusal, person_id=row.id) if r.verb == "tap") >= kept


def buttons_of(clinic: Clinic, *chats: int) -> list[str]:
    """What the buttons of these chats send, one of each kind about each thing."""
    events = [event for event in clinic.emulator.history.of("sent", "edited") if event.chat in chats]
    keyboards = [event.detail["result"].get("reply_markup", {}).get("inline_keyboard", []) for event in events]
    every = sorted({button["callback_data"] for rows in keyboards for row in rows for button in row})
    kinds = {re.sub(r"(?<=:)(\d+|x[0-9a-f]{4})(?=:|$)", "", data): data for data in every if not FREE.match(data)}
    assert {data[0] for data in kinds} >= {"c", "d", "g"}
    return list(kinds.values())


# ------------------------------------------------------------------------------------------------ the page

OPEN = {"/login"}


def addresses() -> list[tuple[str, rights.Right]]:
    """Every address that shows something, and the right to it."""
    changes = [(path, right_to_change(path)) for path in CHANGES]
    return [*((path, right) for path, right, _ in SCREENS), *changes, ("/patients/{code}", SEE_PEOPLE)]


@once
@pytest.mark.parametrize(("code", "role"), [("S-1", "staff"), ("T-2", "therapist")])
async def test_every_page_answers_each_role_by_the_table(story: Clinic, code: str, role: str) -> None:
    """For Vera Anna's pages are like those of nobody, to the letter; and that she asked for them is kept."""
    someone = browser(story)
    async with someone.client:
        await logs_in(someone, code)
        for address, right in addresses():
            first = "T-1" if address.startswith("/therapists") else "S-1" if address.startswith("/staff") else "P-014"
            page = await someone.opens(_filled(address, first))
            allowed = reach(role, right)
            if allowed is None or (allowed == "pair" and "{code}" in address):
                assert page.status == 404, address
                there = page.reply.text
                await someone.opens(_filled(address, "P-999"))
                assert someone.reply.text == there, address
                assert await story.rows(refusal, verb="open", thing=address), address
            else:
                assert page.status in (200, 422), address
            assert WORDS not in page.reply.text


def _filled(address: str, code: str) -> str:
    return address.replace("{code}", code).replace("{number:int}", "1")


@once
async def test_without_a_log_in_there_is_only_the_way_in(story: Clinic) -> None:
    nobody = browser(story)
    async with nobody.client:
        for address, _ in addresses():
            await nobody.opens(_filled(address, "P-014"))
            assert nobody.path == "/login", address
