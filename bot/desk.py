"""The clinic's verbs for the command line: one transaction beside a running bot; values or a sentence come out."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot import (
    clinic,
    clinic_closures,
    clinic_import,
    clinic_ledger,
    clinic_login,
    clinic_people,
    clinic_plan,
    clinic_series,
    exporting,
)
from bot.calendars.entry import MOST_BYTES
from bot.clock import SystemClock
from bot.config import Config, read_token
from bot.core import rights
from bot.store import audit, people
from bot.store.engine import Store
from bot.store.errors import OlderDatabase, StoreError
from bot.store.lock import acquire
from bot.store.people import Refused

NAME_WAIT_S = 4.0
READS = {"ledger", "ledger_csv", "pilot_list"}
"""Verbs that write nothing: they keep nobody waiting."""
OWN_NOTE = {"export", "set_plan"}
"""Verbs that note themselves what they did."""
DATES = {"until", "after", "day", "first", "last"}
"""Options of a verb that are dates, typed as words."""
UNKNOWN_BOT = "YOUR_BOT"
"""Stands in a link for the bot's name as long as the bot has never run and nobody can be asked."""

NO_NAME = (
    "The bot's name is not known before its first run, so the link would lead nowhere. First put the token of "
    "@BotFather into the environment (export ACCORD_TOKEN=…) and start the bot: accord run. Then make the invite."
)


class _Previewed(Exception):
    """Raised at the end of a transaction that is to be undone; holds what it would have given."""

    def __init__(self, shown: Any) -> None:
        super().__init__()
        self.shown = shown


def act(config: Config, verb: str, *values: Any, preview: bool = False, **options: Any) -> tuple[Any, str | None]:
    """Carry out a verb; what it gives, or None and the sentence that says why not. A preview writes nothing."""
    try:
        return asyncio.run(_act(config, verb, values, options, preview)), None
    except (Refused, StoreError) as error:
        return None, str(error)


async def _act(config: Config, verb: str, values: tuple[Any, ...], options: dict[str, Any], preview: bool) -> Any:
    clock = SystemClock()
    async with await _opened(config, clock) as store:
        await store.write(people.ensure_clinic, config.clinic.name, config.clinic.zone, config.pilot_ends)
        if verb == "invite":
            return await _invite(store, config, *values, now=clock.now())
        if verb == "import_sessions":
            options |= {"codes": await store.read(clinic_import.codes)}
        if rights.reach("operator", rights.VERBS[verb]) is None:
            raise Refused("The command line may not do this.")
        work, given = prepared(config, verb, values, clock.now(), options)
        if verb in READS:
            return await store.read(work, *given)
        if not preview:
            return await store.write(_noted, verb, values, clock.now(), work, given)
        try:
            return await store.write(_undone, work, given)
        except _Previewed as seen:
            return seen.shown | {"preview": True}


async def _opened(config: Config, clock: SystemClock) -> Store:
    """The database; one that is not made yet, or older, is brought up to date, but never under a bot that runs."""
    try:
        return await Store.open(config.database.path, now=clock.now, migrate=False)
    except OlderDatabase:
        with acquire(config.database.path):
            return await Store.open(config.database.path, now=clock.now, encrypt=config.database.encrypt)


def _noted(
    conn: Connection,
    verb: str,
    values: tuple[Any, ...],
    now: datetime,
    work: Callable[..., Any],
    given: tuple[Any, ...],
) -> Any:
    """Do it, and note in the log which verb, and for whom; never what was typed."""
    done = work(conn, *given)
    kind = rights.VERBS[verb][1]
    if kind != "see" and verb not in OWN_NOTE:
        who = people.find(conn, values[0]) if values and isinstance(values[0], str) else None
        about = who.id if who is not None and who.role == "patient" else None
        named = who.code if who is not None else values[0] if values and isinstance(values[0], int) else ""
        audit.note(conn, "desk edit", now, about=about, detail=f"{verb} {named}".strip()[:200])
    return done


def _undone(conn: Connection, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    raise _Previewed(work(conn, *given))


def prepared(
    config: Config, verb: str, values: tuple[Any, ...], now: datetime, options: dict[str, Any] | None = None
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function behind the desk for a verb, with what it needs; dates and times among the values are words."""
    if verb == "listed":
        return clinic.listed, ()
    if verb == "add_therapist":
        return clinic.add_therapist, (config, *values)
    if verb == "add_staff":
        return clinic_people.add_staff, (config, *values)
    more = {name: _date(value) if name in DATES else value for name, value in (options or {}).items()}
    if verb in ("import_sessions", "import_closures"):
        return _import(config, verb, values[0], now, more)
    work = partial(_verb(verb), **more)
    if verb in ("set_away", "remove_away", "set_leave", "end_leave"):
        code, days, *others = values
        return work, (config, code, None if days is None else clinic.parse_span(days), *others, now)
    if verb in ("add_session", "move_session"):
        code, starts, *minutes = values
        return work, (config, code, clinic.parse_wall(starts), *minutes, now)
    if verb == "set_weekly":
        code, rule, first, minutes = values
        return work, (config, code, rule, _date(first), minutes, now)
    return work, (config, *values, now)


def _import(
    config: Config, verb: str, file: Path, now: datetime, more: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What an import needs: the file is read here, before the transaction begins."""
    data = _bytes_of(file)
    if verb == "import_closures":
        return clinic_closures.import_closures, (config, clinic_import.read_closures(data, now), now)
    kind, field, known = file.suffix.lower(), more["field"], more["codes"]
    read = clinic_import.read_sessions(config, kind, data, field, known, now)
    return clinic_import.import_sessions, (config, read, now, more["skip_bad"])


def _bytes_of(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Refused(f"{file.name} has more than {MOST_BYTES // 1_000_000} MB: export a shorter time.")
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from None


def _verb(name: str) -> Callable[..., Any]:
    """The function of that name in one of the clinic's modules."""
    modules = (
        clinic, clinic_series, clinic_closures, clinic_import, clinic_ledger, clinic_people, clinic_plan, clinic_login,
        exporting,
    )  # fmt: skip
    work: Callable[..., Any] = next(getattr(module, name) for module in modules if hasattr(module, name))
    return work


def _date(text: str | None) -> date | None:
    return None if text is None else clinic.parse_date(text)


async def _invite(
    store: Store, config: Config, code: str, relink: bool, nameless: bool, *, now: datetime
) -> dict[str, str]:
    """Make an invite. `nameless`: also if nobody knows the bot's name, which the link then lacks."""
    name = await store.read(people.bot_name) or await _ask_name(store, config)
    if name is None and not nameless:
        raise Refused(NO_NAME)
    name = name or UNKNOWN_BOT
    given = (config, code, now, relink)
    invited = await store.write(_noted, "invite", (code,), now, clinic.invite, given)
    expires = invited.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"code": invited.code, "link": invited.link(name), "expires": expires}


async def _ask_name(store: Store, config: Config) -> str | None:
    """The bot's name from the Bot API: before its first run the database does not know it. None if nobody tells."""
    from telegram import Bot
    from telegram.error import TelegramError

    from bot.wire import AiohttpRequest

    token = read_token(config)
    if not isinstance(token, str):
        return None
    base = f"{config.telegram.base_url.rstrip('/')}/bot"
    bot = Bot(token, base_url=base, request=AiohttpRequest(NAME_WAIT_S, NAME_WAIT_S))
    try:
        async with asyncio.timeout(NAME_WAIT_S), bot:
            name = bot.username
    except (TelegramError, TimeoutError):
        return None
    await store.write(people.set_bot_name, name)
    return name


def qr_code(link: str) -> str:
    """The link as a QR code for a terminal."""
    import io

    import segno

    text = io.StringIO()
    segno.make(link, error="m").terminal(out=text, compact=True)
    return text.getvalue()
