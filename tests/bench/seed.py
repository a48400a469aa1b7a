"""Databases made beforehand: people with an open check-in each, many waiting check-ins, a full outbox."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from bot.chat.screens import data, show
from bot.config import Config, load
from bot.core.form import Asks, Form, compose
from bot.core.history import Goal
from bot.core.taps import Tap, step
from bot.message import Message
from bot.store import checkins, people
from bot.store.checkins import Kept
from bot.store.engine import Store
from bot.store.tables import check_in, goal, outbox, pair, person, session
from tests.bench.botapi import BotApi
from tests.plain_rows import put_plain

ROOT = Path(__file__).parents[2]
FIRST_CHAT = 9_000_000
GOALS = ("sleep through the night", "less anger at home", "go to the store alone")
ZONE = "America/Denver"
HOUR = timedelta(hours=1)
NUMBERED = "message "
BLOCK = 50


def now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def write_config(folder: Path, base_url: str) -> Path:
    """The example's settings, with a database of their own and another Bot API."""
    text = (ROOT / "config.example.toml").read_text()
    text = text.replace("https://api.telegram.org", base_url)
    text = text.replace('folder = "questionnaires"', f'folder = "{ROOT / "questionnaires"}"')
    file = folder / "config.toml"
    file.write_text(text)
    return file


def read_config(file: Path) -> Config:
    """The settings that were written."""
    config, mistakes = load(file)
    if config is None:
        raise RuntimeError(f"the settings of the benchmark are wrong: {mistakes[0]}")
    return config


def filled(path: Path, *work: Any) -> Any:
    """A database at `path`, made and given to a function of a connection; what that returns."""

    async def fill() -> Any:
        async with await Store.open(path, now=now) as store:
            await store.write(people.ensure_clinic, "Bench", ZONE)
            return await store.write(*work)

    return asyncio.run(fill())


def check_in_id(n: int) -> str:
    """The id of the n-th person's check-in."""
    return f"{n:022d}"


# ------------------------------------------------------------------------------------------------ people


def _patient(n: int, chat: int) -> dict[str, Any]:
    return _person(n, "patient", f"P-{n:05d}", chat)


def _person(n: int, role: str, code: str, chat: int | None) -> dict[str, Any]:
    return {
        "id": n, "clinic_id": 1, "role": role, "code": code, "zone": ZONE, "lang": "en", "state": "active",
        "chat_id": chat, "key_id": f"new{n}",
    }  # fmt: skip


def open_check_ins(conn: Connection, chats: Sequence[int], messages: Sequence[int]) -> None:
    """People in the middle of life: a session two hours ago, three goals, and a check-in that is open since an hour."""
    at = now()
    ids = range(2, 2 + len(chats))
    _insert(conn, person, [_person(1, "therapist", "T-1", None), *map(_patient, ids, chats)])
    _insert(conn, pair, [{"id": n, "clinic_id": 1, "patient_id": n, "therapist_id": 1, "started_at": at} for n in ids])
    _insert(conn, session, [_session_row(n, at - 2 * HOUR) for n in ids])
    _insert(conn, goal, [_goal_row(n, k, words, at) for n in ids for k, words in enumerate(GOALS, start=1)])
    _insert(conn, check_in, [_check_in_row(n, at, message) for n, message in zip(ids, messages, strict=True)])


def _insert(conn: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    put_plain(conn, table, *rows)


def _session_row(n: int, starts: datetime) -> dict[str, Any]:
    return {
        "id": n, "clinic_id": 1, "pair_id": n, "local": "2026-11-03T14:00", "zone": ZONE, "minutes": 60,
        "starts_at": starts, "ends_at": starts + HOUR, "state": "held",
    }  # fmt: skip


def _goal_row(n: int, number: int, words: str, at: datetime) -> dict[str, Any]:
    return {"clinic_id": 1, "pair_id": n, "number": number, "words": words, "added_by": "patient", "added_at": at}


def _check_in_row(n: int, at: datetime, message: int) -> dict[str, Any]:
    goals = tuple(Goal(number, words) for number, words in enumerate(GOALS, start=1))
    return {
        "id": check_in_id(n), "clinic_id": 1, "pair_id": n, "session_id": n, "person_id": n, "kind": "alliance",
        "state": "open", "opens_at": at - HOUR, "closes_at": at + 70 * HOUR, "opened_at": at - HOUR,
        "asks": Asks(("alliance", "goals"), 2, goals).to_json(), "message_id": message, "due_at": at + 70 * HOUR,
    }  # fmt: skip


def prepared_chats(api: BotApi, count: int) -> tuple[list[int], list[int]]:
    """People known to the Bot API, and in each chat the message that a check-in arrives with."""
    chats = list(range(FIRST_CHAT, FIRST_CHAT + count))
    api.started(chats)
    keyboard = {"inline_keyboard": [[{"text": "Begin", "callback_data": "c:0:0:b"}]]}
    sent = (api.call("sendMessage", chat_id=c, text="A check-in is ready.", reply_markup=keyboard) for c in chats)
    return chats, [message["message_id"] for message in sent]


# ------------------------------------------------------------------------------------------------ a whole check-in


def script(config: Config, conn: Connection) -> list[tuple[str, Message]]:
    """Every tap of the first person's whole check-in, and the screen each is answered with."""
    kept = checkins.by_check_in_id(conn, check_in_id(2))
    assert kept.asks is not None
    form = compose(config.questionnaires.by_id, kept.asks, "patient")
    taps = []
    while kept.check_in.state == "open":
        tap = _next_tap(kept, form)
        more = (tap.item, tap.choice) if tap.verb in ("pick", "on") else ()
        pressed = data(kept, tap.verb, *more)
        changed = step(form, kept.check_in, tap, now(), config.plan)
        kept = replace(kept, check_in=changed.check_in)
        taps.append((pressed, show(kept, form, config, now())))
    return taps


def _next_tap(kept: Kept, form: Form) -> Tap:
    """Begin; the last choice of each question, two ticks where many fit; then send."""
    place, answers = kept.check_in.place, kept.check_in.answers
    if place.screen in ("ready", "summary"):
        return Tap("begin" if place.screen == "ready" else "send")
    item = form.questions[place.at].item
    ticks = answers.get(form.questions[place.at].key)
    if item.kind == "text" or (isinstance(ticks, tuple) and len(ticks) > 1):
        return Tap("skip" if item.kind == "text" else "done", item=place.at)
    ticked = ticks if isinstance(ticks, tuple) else ()
    choices = [n for n, choice in form.choices(place.at, answers) if choice.id not in ticked]
    return Tap("on" if item.kind == "many" else "pick", None, place.at, choices[-1])


def taps_of(taps: Sequence[tuple[str, Message]], n: int) -> list[str]:
    """The same taps on the buttons of the n-th person."""
    return [pressed.replace(check_in_id(2), check_in_id(n)) for pressed, _ in taps]


def screens_json(taps: Sequence[tuple[str, Message]]) -> dict[str, Any]:
    """What is shown after each tap, by what follows the check-in's id in the button, as the Bot API takes it."""
    return {pressed.split(":", 2)[2]: _as_json(message) for pressed, message in taps}


def _as_json(message: Message) -> dict[str, Any]:
    rows = [[{"text": b.label, "callback_data": b.data} for b in row] for row in message.rows]
    return {"text": message.text, "reply_markup": {"inline_keyboard": rows}}


# ------------------------------------------------------------------------------------------------ a full outbox


def full_outbox(conn: Connection, chats: Sequence[int], first: int, count: int) -> None:
    """So many messages (a multiple of 100), two for each chat, 50 places apart; numbered in their words.

    The people's ids begin at `first`.
    """
    at = now()
    _insert(conn, person, [_patient(n, chat) for n, chat in enumerate(chats, start=first)])
    rows = [
        {
            "clinic_id": 1, "person_id": first + n // (2 * BLOCK) * BLOCK + n % BLOCK, "key": f"bench:{n}",
            "kind": "notice", "rank": 2, "body": Message(f"{NUMBERED}{n}").to_json(), "state": "waiting",
            "not_before": at,
        }
        for n in range(count)
    ]  # fmt: skip
    _insert(conn, outbox, rows)
