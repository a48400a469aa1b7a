"""`accord demo --serve`: the bot, the local Bot API and the page with the phones, until it is told to stop.

The database lies in a temporary folder, which goes with it.
"""

import asyncio
import os
import signal
import sys
import tempfile
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from bot.clock import SystemClock
from bot.config import load, shipped_questionnaires
from bot.demo.folder import write_config
from bot.demo.game import Game
from bot.demo.player import instant
from bot.demo.script import CLINIC_ZONE, STARTS
from bot.demo.site import site
from bot.demo.stage import stage

WORDS = "Open that page. Everything in it is made up, and thrown away when you stop the demo with Ctrl-C."


def serve(port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError where there is no port or no room."""
    with tempfile.TemporaryDirectory(prefix="accord-demo-") as folder:
        asyncio.run(_serve(Path(folder), port))


async def _serve(folder: Path, port: int) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    config, mistakes = load(write_config(folder, CLINIC_ZONE, shipped_questionnaires()))
    assert config is not None, mistakes
    async with stage(config, instant(STARTS)) as clinic:
        game = Game(clinic, SystemClock())
        await game.begin()
        async with site(game, port) as address:
            click.echo(f"{address}\n{WORDS}")
            threading.Thread(target=_show, args=(address,), daemon=True).start()  # nobody waits for a browser
            await stopped.wait()
            await game.end()


def _show(address: str) -> None:
    """Open the page where there is a screen to show it on. A browser that cannot be opened is no mistake."""
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        with suppress(Exception):
            webbrowser.open(address)
