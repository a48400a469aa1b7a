"""R11: told to stop at any moment. In virtual time from a tenth of a millisecond after a start to some minutes later,
while people tap, calls hang and commits take long; and the real program by SIGTERM, over real connections.

It has ten seconds, always ends, and what it leaves the next start does.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from bot.config import Config
from bot.emulator import PhoneError
from bot.prove.proof import Tally, check
from bot.prove.storms import begun
from bot.prove.virtual import VirtualLoop, run_virtually
from bot.prove.watch import Watch
from bot.prove.world import PATIENTS, World, configured, memory, world
from bot.prove.worlds import calm, judged
from bot.service import DONE, run_service

WITHIN_S = 10.0
SOONEST_S, LATEST_S = 1e-4, 600.0
BLINK_S = 0.01
BORN_S = 3.0
ENVIRONMENT_TOKEN = "ACCORD_TOKEN"


def stops(seed: int, amount: int, tally: Tally) -> None:
    """So many stops in one clinic. Raises Broken."""
    run_virtually(partial(_stopped, seed=seed, amount=amount, tally=tally))


async def _stopped(loop: VirtualLoop, seed: int, amount: int, tally: Tally) -> None:
    async with world(seed, loop) as made:
        at_work = await begun(made)
        await made.stop()
        for _ in range(amount):
            await asyncio.sleep(made.random.random() * 3600)
            _trouble(made)
            await _start_and_stop(made, tally)
            tally.done += 1
        await calm(made, at_work)
        judged(made, tally)


def _trouble(made: World) -> None:
    """Some calls hang, or commits take long; or all is well."""
    made.emulator.faults.clear()
    made.line.down = made.random.random() < 0.1
    made.troubles.slow = made.random.choice((0.0, 0.0, 0.5, 2.0))
    if made.random.random() < 0.5:
        made.emulator.faults.add(made.random.choice(("hang", "lost", "flood")), share=0.5, retry_after=600)


async def _start_and_stop(made: World, tally: Tally) -> None:
    starting = asyncio.create_task(made.start())
    await asyncio.sleep(SOONEST_S * (LATEST_S / SOONEST_S) ** made.random.random())
    if made.random.random() < 0.5:  # somebody is being answered at that moment
        with suppress(PhoneError):
            made.phone(made.random.choice(list(PATIENTS))).say("/help")
        await asyncio.sleep(made.random.random() * 0.1)
    tally.struck["stopped at work" if starting.done() else "stopped while starting"] += 1
    begun_at = made.loop.time()
    stopping = asyncio.create_task(made.stop())
    await asyncio.wait({stopping}, timeout=10 * WITHIN_S)
    took = made.loop.time() - begun_at
    check(stopping.done() and took <= WITHIN_S, f"told to stop, it took {took:.1f} s ({made.troubles.slow} s a commit)")
    await asyncio.wait({starting})


# ------------------------------------------------------------------------------------------------ the real program


def terms(seed: int, amount: int, tally: Tally) -> None:
    """So many processes of the real program, each told to stop by SIGTERM after a while. Raises Broken."""
    random = Random(seed)
    with _bot_api() as (base_url, token), tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        made = configured(Path(folder))
        config = replace(made, telegram=replace(made.telegram, base_url=base_url))
        os.environ[ENVIRONMENT_TOKEN] = token
        for _ in range(amount):
            _terminated(config, BORN_S * random.random() ** 2, tally)
            tally.done += 1


def _terminated(config: Config, after: float, tally: Tally) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(_run(config))
    threading.Event().wait(after)
    os.kill(pid, signal.SIGTERM)
    watch = Watch()
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if watch.seconds > WITHIN_S:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            check(False, f"SIGTERM after {after:.3f} s: it had not ended after {WITHIN_S:.0f} s")
        threading.Event().wait(BLINK_S)
    code = os.waitstatus_to_exitcode(ended[1])
    # Before it listens to signals, the signal's own effect ends it: nothing is begun then.
    check(code in (DONE, -signal.SIGTERM), f"SIGTERM after {after:.3f} s: it ended with {code}")
    tally.struck["SIGTERM"] += 1
    tally.figures["before it listened"] += code != DONE
    tally.figures["ms to stop"] += round(1000 * watch.seconds)


def _run(config: Config) -> int:
    """In the forked process: the service, with nothing of the parent's."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        return run_service(config)[0]
    except BaseException:
        return 99


@contextmanager
def _bot_api() -> Iterator[tuple[str, str]]:
    """The local Bot API in a process of its own: where it is, and its token."""
    command = [sys.executable, "-m", "bot.emulator", "--port", "0", "--json", "--no-history"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        try:
            yield where["base_url"], where["token"]
        finally:
            process.terminate()
