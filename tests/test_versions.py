"""An old row put back into the file is as well sealed as it was; what was there since stands in the log."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Table

from bot import clinic as desk
from bot import clinic_people
from bot.auditing import verified
from bot.store import opening
from bot.store.driver import sqlite3
from bot.store.tables import digest, goal, homework, person
from tests.conftest import FIRST, Clinic, Someone

pytestmark = pytest.mark.deep

SECOND = "2026-11-10T14:00"
Row = dict[str, Any]


def plain(clinic: Clinic, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
    """One statement on the file, by somebody who has the file's key and no patient's."""
    with closing(opening.connect(clinic.config.database.path, timeout=5, isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        return database.execute(statement, values).fetchall()


def taken(clinic: Clinic, table: Table) -> Row:
    """The pair's row as it lies there."""
    return dict(plain(clinic, f"SELECT * FROM {table.name} WHERE pair_id = 1 ORDER BY rowid")[0])


def back(clinic: Clinic, table: Table, row: Row) -> None:
    """The old row in the place of the new one, column by column."""
    names = ", ".join(f'"{name}" = ?' for name in row)
    plain(clinic, f"UPDATE {table.name} SET {names} WHERE id = ?", (*row.values(), row["id"]))


async def says(clinic: Clinic) -> str:
    _, problem = await asyncio.to_thread(verified, clinic.config, ())
    return str(problem)


@pytest.fixture
async def told(clinic: Clinic, anna: Someone, tomas: Someone) -> Clinic:
    """Anna has a goal, Tomas has set homework."""
    for wall in (FIRST, SECOND):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T14:30")
    await anna.says("/goals")
    await anna.taps("Add a goal")
    await anna.says("sleep through the night")
    await tomas.says("/homework P-014 one walk a day")
    await clinic.until("2026-11-03T15:00")
    await tomas.sends_form("4444")
    return clinic


async def reworded(clinic: Clinic) -> None:
    await clinic["P-014"].says("/goals")
    await clinic["P-014"].taps("Change 1", "Reword")
    await clinic["P-014"].says("sleep six hours")


async def other_homework(clinic: Clinic) -> None:
    await clinic["T-1"].says("/homework P-014 two walks a day")


async def opens(clinic: Clinic) -> None:
    await clinic.until("2026-11-10T13:30")
    await clinic["T-1"].taps("Open")


async def opened_again(clinic: Clinic) -> None:
    await clinic["T-1"].taps("Hide", "Open")


CHANGES: list[tuple[Table, Callable[[Clinic], Any], str]] = [
    (goal, reworded, "the goal 1:1"),
    (homework, other_homework, "the homework of session 1"),
    (digest, opened_again, "the text of digest "),
]


@pytest.mark.parametrize(("table", "change", "what"), CHANGES, ids=[row[0].name for row in CHANGES])
async def test_an_old_row_put_back_is_found(told: Clinic, table: Table, change: Callable[..., Any], what: str) -> None:
    if table is digest:
        await opens(told)
    old = taken(told, table)
    await change(told)
    assert taken(told, table) != old
    assert await says(told) == ""
    back(told, table, old)
    assert (await says(told)).startswith(f"The log is whole, and the tables do not fit to it: {what}")


async def test_the_chat_of_a_phone_that_was_lost_put_back_is_found(told: Clinic) -> None:
    (old,) = plain(told, "SELECT * FROM person WHERE code = 'P-014'")
    link = await told.desk(desk.invite, told.config, "P-014", told.clock.now(), True)
    await told["1414"].says(f"/start {link.code}")
    await told.desk(clinic_people.decide_relink, told.config, "P-014", True, told.clock.now())
    assert await says(told) == ""
    back(told, person, dict(old))
    assert "the chat of person 3 is not as it was" in await says(told)
