"""kill -9 at any moment of the demo's fortnight: nothing that was confirmed is lost, doubled, or somebody else's."""

import os
import time
from pathlib import Path
from random import Random

from bot.demo.script import play
from bot.emulator import TOKEN
from tests.kill.chronicle import chronicle, copies, differences
from tests.kill.director import directed
from tests.kill.life import cradle
from tests.kill.plan import draw, moments


async def test_play(tmp_path: Path) -> None:
    seed = int(os.environ.get("ACCORD_KILL_SEED", "1"))
    async with cradle(TOKEN) as process:
        t0 = time.monotonic()
        async with directed(tmp_path / "calm", process, {}) as calm:
            t1 = time.monotonic()
            await play(calm)
            n = len(calm.work)
            print(n, t1 - t0, time.monotonic() - t1)
        print(len(chronicle(tmp_path / "calm" / "accord.db")))
        plan = draw(Random(seed), moments(calm.work), int(os.environ.get("ACCORD_KILLS", "30")))
        t0 = time.monotonic()
        async with directed(tmp_path / "killed", process, plan) as killed:
            await play(killed)
        print(killed.life.kills, time.monotonic() - t0, len(killed.work))
        d = differences(chronicle(tmp_path / "calm" / "accord.db"), chronicle(tmp_path / "killed" / "accord.db"))
        print(copies(tmp_path / "killed" / "accord.db"), calm.emulator.history.counts, killed.emulator.history.counts)
        print(killed.life.tail())
        import re
        from collections import Counter
        def seen(h): return Counter((e.chat, re.sub(r"\d\d:\d\d","",e.text or "")) for e in h.of("sent","edited"))
        a,b=seen(calm.emulator.history),seen(killed.emulator.history)
        print("UNSEEN"); [print(x) for x in sorted((a-b).items())]
        print("NEW"); [print(x) for x in sorted((b-a).items())]
        assert not d, "\n".join(d)
