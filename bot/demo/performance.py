"""One performance: the folder, the stage, the player, the screen, and at the end where the files are."""

import asyncio
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.demo.folder import CONFIG, DATABASE, folder_for, write_config
from bot.demo.passage import Passages
from bot.demo.screen import Screen, console_for_terminal
from bot.demo.script import CHAPTERS, CLINIC_ZONE, ENDS, STARTS

INTRODUCTION = """\
Two weeks of a small clinic that does not exist. The bot is the real one, with
poll loop and database; a Bot API on this machine takes Telegram's place, and
only the time is moved by hand. All you see comes from what that API recorded.

Left   the patients' phones: Anna (P-014) and Ben (P-015) see Tomas;
       Clara (P-021), in Spain at present, sees Vera
Right  the therapists' phones: Tomas (T-1), Vera (T-2)
Times are those on each phone.  › what a person does   ~ a line that fades
✎ a message edited in place: what is new in it\
"""


def perform(out: Path | None, pace: float) -> None:
    """Play the fortnight on the terminal."""
    console = console_for_terminal()
    with folder_for(out) as folder:
        for line in INTRODUCTION.splitlines():
            console.print(line, style="dim", markup=False)
        names = asyncio.run(_perform(folder, pace, console))
    _closing(console, folder, names, kept=out is not None)


async def _perform(folder: Path, pace: float, console: Console) -> list[str]:
    """Play it; the names of the digests that were written."""
    # What takes long to import comes after the first words on the screen.
    from bot.clock import SystemClock
    from bot.config import load, shipped_questionnaires
    from bot.demo import digests
    from bot.demo.player import StagePlayer, instant
    from bot.demo.stage import stage

    config, mistakes = load(write_config(folder, CLINIC_ZONE, shipped_questionnaires()))
    assert config is not None, mistakes
    starts, ends = instant(STARTS), instant(ENDS)
    async with stage(config, starts) as clinic:
        passages = Passages(clinic.emulator.history)
        with Screen(console, starts, ends, pace, SystemClock()) as screen:
            for chapter in CHAPTERS:
                watch = partial(_show, screen, passages, chapter is CHAPTERS[-1])
                await chapter(StagePlayer(clinic, watch))
        pages = await clinic.app.store.read(digests.kept, config.thresholds, clinic.clock.now())
        return await asyncio.to_thread(digests.write, folder, pages)


async def _show(screen: Screen, passages: Passages, last: bool) -> None:
    """What is new; in the last chapter exactly as on the phone."""
    await screen.show(passages.next(whole=last), framed=last)


def _closing(console: Console, folder: Path, names: list[str], kept: bool) -> None:
    """Where everything is."""
    where = "The files are in" if kept else "The files are in a temporary folder (--out DIR keeps them where you like):"
    console.print(f"\n{where}\n  {folder}", markup=False, soft_wrap=True)
    lines = [
        (f"{DATABASE}, {CONFIG}", "the clinic: accord clinic list --config FILE"),
        (f"{names[-1]}.txt", f"the digest above; as a page: {names[-1]}.html"),
        (f"{len(names) - 1} earlier digests", "each as .txt and .html"),
    ]
    for name, words in lines:
        console.print(f"  {name:<22}{words}", markup=False)
