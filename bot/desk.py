"""The clinic's verbs for the command line: one transaction beside a running bot; values or a sentence come out."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot import clinic, clinic_people
from bot.clock import SystemClock
from bot.config import Config, read_token
from bot.store import people
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.people import Refused

NAME_WAIT_S = 4.0
UNKNOWN_BOT = "YOUR_BOT"
"""Stands in a link for the bot's name as long as the bot has never run and nobody can be asked."""


def act(config: Config, verb: str, *values: Any) -> tuple[Any, str | None]:
    """Carry out a verb; what it gives, or None and the sentence that says why not."""
    try:
        return asyncio.run(_act(config, verb, values)), None
    except (Refused, StoreError) as error:
        return None, str(error)


async def _act(config: Config, verb: str, values: tuple[Any, ...]) -> Any:
    clock = SystemClock()
    async with await Store.open(config.database.path, now=clock.now) as store:
        await store.write(people.ensure_clinic, config.clinic.name, config.clinic.zone)
        if verb == "invite":
            return await _invite(store, config, values[0], values[1], clock.now())
        work, given = prepared(config, verb, values, clock.now())
        return await store.write(work, *given)


def prepared(
    config: Config, verb: str, values: tuple[Any, ...], now: datetime
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function of `clinic` or `clinic_people` for a verb, with what it needs."""
    if verb == "listed":
        return clinic.listed, ()
    if verb == "add_therapist":
        return clinic.add_therapist, (config, *values)
    if verb == "add_staff":
        return clinic_people.add_staff, (config, *values)
    if verb in ("set_away", "remove_away", "set_leave", "end_leave"):
        code, days, *more = values
        span = None if days is None else clinic_people.parse_span(days)
        return getattr(clinic_people, verb), (config, code, span, *more, now)
    if hasattr(clinic_people, verb):
        return getattr(clinic_people, verb), (config, *values, now)
    if verb in ("add_session", "move_session"):
        code, starts, *minutes = values
        return getattr(clinic, verb), (config, code, clinic.parse_wall(starts), *minutes, now)
    if verb == "set_weekly":
        code, rule, first, minutes = values
        begin = None if first is None else clinic.parse_date(first)
        return clinic.set_weekly, (config, code, rule, begin, minutes, now)
    return getattr(clinic, verb), (config, *values, now)


async def _invite(store: Store, config: Config, code: str, relink: bool, now: datetime) -> dict[str, str]:
    name = await store.read(people.bot_name) or await _ask_name(store, config) or UNKNOWN_BOT
    invited = await store.write(clinic.invite, config, code, now, relink)
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
