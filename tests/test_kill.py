"""kill -9 at any moment of the demo's fortnight: nothing that was confirmed is lost, doubled, or somebody else's.

The story is played twice, by the real bot in a process of its own with its real database: once in peace, once with
SIGKILL at random moments and a new process after each. Both must end with the same answers and the same digests.
"""

from pathlib import Path
from random import SystemRandom

import pytest

from bot.demo.script import play
from bot.prove.kill.proof import Story, compare, first_days
from bot.prove.proof import Tally

MANY, FEW = 30, 3


@pytest.mark.proof
async def test_a_fortnight_of_kills_changes_nothing(tmp_path: Path) -> None:
    await _prove(tmp_path, play, MANY)


@pytest.mark.deep
async def test_a_few_kills_in_the_first_days_change_nothing(tmp_path: Path) -> None:
    await _prove(tmp_path, first_days, FEW)


async def _prove(folder: Path, story: Story, kills: int) -> None:
    """What goes wrong says how to see it again: the kills are the same ones, to within the machine's own timing."""
    seed = SystemRandom().randrange(1_000_000)
    try:
        await compare(folder, story, seed, kills, Tally())
    except BaseException as error:
        error.add_note(f"Once more: accord prove R1 --seed {seed} --size {kills}")
        raise
