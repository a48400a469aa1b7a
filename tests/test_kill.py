"""kill -9 at any moment of the demo's fortnight: nothing that was confirmed is lost, doubled, or somebody else's.

The story is played twice, by the real bot in a process of its own with its real database: once in peace, once with
SIGKILL at random moments and a new process after each. Both must end with the same answers and the same digests.
The seed is printed; ACCORD_KILL_SEED and ACCORD_KILLS choose another one, and more.
"""

import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random, SystemRandom

import pytest

from bot.demo.script import CHAPTERS, Player, play
from bot.emulator import TOKEN
from tests.kill.chronicle import chronicle, differences
from tests.kill.director import Director, directed
from tests.kill.life import cradle
from tests.kill.phones import astray, copies, outgoing, standing, unsaid
from tests.kill.plan import draw, moments

Story = Callable[[Player], Awaitable[None]]
MANY, FEW = 30, 3


async def first_days(player: Player) -> None:
    """Everybody comes in, and the first sessions are asked about."""
    for chapter in CHAPTERS[:3]:
        await chapter(player)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for each of the two performances."""
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.proof
async def test_a_fortnight_of_kills_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():  # the seed and the figures are shown, also when all is well
        await _prove(folder, play, MANY)


async def test_a_few_kills_in_the_first_days_change_nothing(folder: Path) -> None:
    await _prove(folder, first_days, FEW)


async def _prove(folder: Path, story: Story, kills: int) -> None:
    seed = int(os.environ.get("ACCORD_KILL_SEED") or SystemRandom().randrange(1_000_000))
    kills = int(os.environ.get("ACCORD_KILLS") or kills)
    with _replayable(seed, kills):
        async with cradle(TOKEN) as process:
            async with directed(folder / "calm", process, {}) as calm:
                await story(calm)
            plan = draw(Random(seed), moments(calm.work), kills)
            async with directed(folder / "killed", process, plan) as killed:
                await story(killed)
                deaths = killed.life.kills
        _report(killed, deaths)
        _compare(folder, calm, killed, deaths)


def _tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")


@contextmanager
def _replayable(seed: int, kills: int) -> Iterator[None]:
    """What goes wrong says how to see it again: the kills are the same ones, to within the machine's own timing."""
    command = f'ACCORD_KILL_SEED={seed} ACCORD_KILLS={kills} python -m pytest -s -m "proof or not proof" {__file__}'
    _tell(command)
    try:
        yield
    except BaseException as error:
        error.add_note(f"Once more: {command}")
        raise


def _report(killed: Director, deaths: int) -> None:
    """How much there was to lose: a row of kills that hit nothing would prove nothing."""
    left = Counter[str]()
    for one in killed.left_behind:
        left += Counter(name for name in ("new", "unmarked", "due", "to_send") if getattr(one, name))
        left["nothing"] += one.nothing
    _tell(f"{deaths} kills; left behind: " + ", ".join(f"{name} {times}" for name, times in sorted(left.items())))
    assert left["nothing"] <= deaths / 2 or deaths < MANY


def _compare(folder: Path, calm: Director, killed: Director, deaths: int) -> None:
    """The same database, the same words, to the same people; a message may have a copy if a process died over it."""
    histories = calm.emulator.history, killed.emulator.history
    database = folder / "killed" / "accord.db"
    wrong = differences(chronicle(folder / "calm" / "accord.db"), chronicle(database))
    wrong += unsaid(*histories) + astray(histories[1], database)
    twice, (texts, counted) = copies(*histories), outgoing(database)
    of_outbox = sum(n for (_, words), n in twice.items() if words in texts)
    over = standing(killed.phones) - standing(calm.phones)
    _tell(f"{twice.total()} copies, {of_outbox} from the outbox, which counts {counted}; {over.total()} left standing")
    assert not wrong, "\n".join(["with kills it ended otherwise:", *wrong])
    assert of_outbox <= counted
    assert twice.total() <= deaths, twice
    assert over.total() <= deaths, over
