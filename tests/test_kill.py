"""kill -9 at any moment of the demo's first days: nothing that was confirmed is lost, doubled, or somebody else's.

The story is played twice, by the real bot in a process of its own with its real database: once in peace, once with
SIGKILL at random moments and a new process after each. Both must end with the same answers and the same digests.
`accord prove R1` does so with the whole fortnight, and hundreds of kills.
"""

from pathlib import Path
from random import SystemRandom

import pytest

from bot.prove.kill.proof import compare, first_days
from bot.prove.proof import Tally

FEW = 3


@pytest.mark.deep
async def test_a_few_kills_in_the_first_days_change_nothing(tmp_path: Path) -> None:
    """What goes wrong says how to see it again: the kills are the same ones, to within the machine's own timing."""
    seed = SystemRandom().randrange(1_000_000)
    try:
        await compare(tmp_path, first_days, seed, FEW, Tally())
    except BaseException as error:
        error.add_note(f"Once more: accord prove R1 --seed {seed} --size {FEW}")
        raise
