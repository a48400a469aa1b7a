"""The bot without its database, to see what storing costs: people and check-ins live in dictionaries."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bot.chat import door
from bot.core.person import Person
from bot.core.taps import Step
from bot.gate import Gate
from bot.store import checkins, due, inbox, people
from bot.store.checkins import Kept
from bot.store.engine import Store
from bot.store.tables import check_in
from tests.bench import seed


class Unstored:
    """Has the verbs of Store. Only taps are carried out; whatever else is asked for finds nothing."""

    async def write(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Accept updates as new, and carry out taps."""
        if getattr(fn, "__func__", fn) is Gate.add:
            return [update["update_id"] for update in args[0]]
        return fn(None, *args) if fn is door.accept else []

    async def read(self, fn: Callable[..., Any], *args: Any) -> Any:  # noqa: ARG002
        """Nothing is due and nothing was left."""
        return {} if fn is due.moments else []

    async def __aenter__(self) -> "Unstored":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def replace_store(folder: Path) -> None:
    """From now on this process runs without a database; it begins with what is in the folder's one."""
    kept = asyncio.run(_everything(folder / "accord.db"))  # before Store.open is replaced
    by_chat = {one.person.chat_id: one.person for one in kept.values()}

    def of_chat(conn: Connection, check_in_id: str, who: Person) -> Kept | None:  # noqa: ARG001
        found = kept.get(check_in_id)
        return found if found is not None and found.person is who else None

    def save(conn: Connection, before: Kept, step: Step, *_: object) -> Kept:  # noqa: ARG001
        kept[before.check_in.id] = after = replace(before, check_in=step.check_in)
        return after

    async def opened(*_: object, **__: object) -> Unstored:
        return Unstored()

    checkins.of_chat, checkins.save = of_chat, save  # type: ignore[assignment]
    people.by_chat = lambda _, chat_id: by_chat.get(chat_id)  # type: ignore[assignment]
    inbox.accept = lambda *_: True
    Store.open = opened  # type: ignore[assignment, method-assign]


async def _everything(path: Path) -> dict[str, Kept]:
    async with await Store.open(path, now=seed.now) as store:
        return await store.read(_all_kept)


def _all_kept(conn: Connection) -> dict[str, Kept]:
    return {i: checkins.by_check_in_id(conn, i) for i in conn.execute(select(check_in.c.id)).scalars()}
