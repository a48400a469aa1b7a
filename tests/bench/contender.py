"""One bot in a process of its own: the raw loop, stock python-telegram-bot, ours, or ours without a database.

It says "ready" on stdout, and answers each line on stdin with what it has used so far. SIGTERM ends it.
"""

import asyncio
import json
import resource
import sys
import threading
from pathlib import Path
from typing import Any

Screens = dict[str, dict[str, Any]]


def main() -> None:
    """Run one of them: KIND BASE_URL TOKEN IN_FLIGHT FOLDER."""
    kind, base_url, token, in_flight, folder = sys.argv[1:]
    threading.Thread(target=_tell_usage, daemon=True).start()
    contenders = {"raw": _raw, "stock": _stock, "bot": _bot, "bare": _bare_bot}
    contenders[kind](base_url, token, int(in_flight), Path(folder))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _tell_usage() -> None:
    for _ in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _say(used.ru_utime + used.ru_stime)


def _screens(folder: Path) -> Screens:
    screens: Screens = json.loads((folder / "screens.json").read_text())
    return screens


def _shown(screens: Screens, data: str) -> dict[str, Any]:
    return screens[data.split(":", 2)[2]]


# ------------------------------------------------------------------------------------------------ the raw loop


def _raw(base_url: str, token: str, in_flight: int, folder: Path) -> None:
    asyncio.run(_raw_loop(f"{base_url}/bot{token}", in_flight, _screens(folder)))


async def _raw_loop(url: str, in_flight: int, screens: Screens) -> None:
    """The floor: poll, answer and edit; nothing is checked, kept or decided."""
    import aiohttp

    slots, tasks, offset = asyncio.Semaphore(in_flight), set(), 0
    connector = aiohttp.TCPConnector(limit=in_flight + 1)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def call(method: str, **values: Any) -> Any:
            async with http.post(f"{url}/{method}", json=values) as reply:
                return (await reply.json())["result"]

        async def handle(query: dict[str, Any]) -> None:
            async with slots:
                place = {"chat_id": query["from"]["id"], "message_id": query["message"]["message_id"]}
                edit = call("editMessageText", **place, **_shown(screens, query["data"]))
                await asyncio.gather(call("answerCallbackQuery", callback_query_id=query["id"]), edit)

        _say("ready")
        while True:
            for update in await call("getUpdates", offset=offset, timeout=10, limit=100):
                offset = update["update_id"] + 1
                task = asyncio.create_task(handle(update["callback_query"]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)


# ------------------------------------------------------------------------------------------------ the stock library


def _stock(base_url: str, token: str, in_flight: int, folder: Path) -> None:
    """A handler as the library's examples write it, every setting at its default; more in flight only if asked for."""
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
    from telegram.ext import Application, CallbackQueryHandler, ContextTypes

    screens = _screens(folder)

    async def on_tap(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:  # noqa: ARG001
        query = update.callback_query
        assert query is not None
        shown = _shown(screens, query.data or "")
        await query.answer()
        rows = [
            [InlineKeyboardButton(b["text"], callback_data=b["callback_data"]) for b in row]
            for row in shown["reply_markup"]["inline_keyboard"]
        ]
        await query.edit_message_text(shown["text"], reply_markup=InlineKeyboardMarkup(rows))

    async def ready(_: Any) -> None:
        _say("ready")

    builder = Application.builder().token(token).base_url(f"{base_url}/bot").post_init(ready)
    application = (builder.concurrent_updates(in_flight) if in_flight > 1 else builder).build()
    application.add_handler(CallbackQueryHandler(on_tap))
    application.run_polling()


# ------------------------------------------------------------------------------------------------ ours


def _bot(base_url: str, token: str, in_flight: int, folder: Path) -> None:  # noqa: ARG001
    """The whole bot, as `accord run` runs it."""
    from bot import app, inbox
    from tests.bench import seed

    inbox.IN_FLIGHT = in_flight
    asyncio.run(app.serve(seed.read_config(folder / "config.toml"), token, ready=lambda: _say("ready")))


def _bare_bot(base_url: str, token: str, in_flight: int, folder: Path) -> None:
    """The same loop, handlers, screens and replies, with people and check-ins in dictionaries: no inbox rows, no SQL,
    no writing thread, nothing on the disk.
    """
    from tests.bench import unstored

    unstored.replace_store(folder)
    _bot(base_url, token, in_flight, folder)


if __name__ == "__main__":
    main()
