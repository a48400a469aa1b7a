"""The log for the command line. Values or a sentence come out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from bot.clock import SystemClock
from bot.config import Config
from bot.store import audit, backups, people, soundness, versions
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.people import Refused

Shown = dict[str, Any]


def verified(config: Config, heads: Sequence[str]) -> tuple[Shown, str]:
    """How many entries, and the last one; or what is wrong with the log."""
    wrong = [text for text in heads if audit.read_head(text) is None]
    if wrong:
        return {}, f"{wrong[0]} is no entry of the log: write it as it was shown, 17:0123456789abcdef."
    known = [one for text in (*heads, *_noted(config)) if (one := audit.read_head(text)) is not None]
    found, problem = _read(config, lambda conn: audit.verify(conn, known))
    if problem:
        return {}, problem
    if found.problem:
        return {}, f"The log is not whole: {found.problem}. The {found.count:,} entries before it are as they were."
    put_back, problem = _read(config, versions.put_back)
    if put_back or problem:
        return {}, problem or f"The log is whole, and the tables do not fit to it: {put_back}."
    return {"count": found.count, "head": str(found.head or "0")}, ""


def _noted(config: Config) -> list[str]:
    """What the notes beside the database and beside its backups know of the log."""
    path, folder = config.database.path, config.backup.folder
    beside = str(soundness.noted(path).get("log", ""))
    return [beside, *(backups.logs_of(folder, path) if folder is not None else [])]


def shown(config: Config, code: str) -> tuple[list[Shown], str]:
    """What is logged about a patient, each with the code of who did it; or why nobody can tell."""

    def read(conn: Connection) -> list[Shown]:
        who = people.by_code(conn, code, "patient")
        codes = {one.id: one.code for one in people.people(conn)}
        return [
            {"id": row.id, "at": row.at.isoformat(), "did": row.did, "by": codes.get(row.by_id or 0),
             "detail": row.detail, "why": row.why}
            for row in audit.of_patient(conn, who.id)
        ]  # fmt: skip

    return _read(config, read)


def _read(config: Config, work: Callable[[Connection], Any]) -> tuple[Any, str]:
    try:
        return asyncio.run(_asked(config, work)), ""
    except (Refused, StoreError) as error:
        return [], str(error)


async def _asked(config: Config, work: Callable[[Connection], Any]) -> Any:
    clock = SystemClock()
    async with await Store.open(config.database.path, now=clock.now, migrate=False) as store:
        return await store.read(work)
