"""The second route of an alert that does not arrive: a command of the clinic's own, which may call or mail somebody.

It gets an opaque number and nothing else: no code, no words. The doctor, the counts and the withheld heartbeat say that
there is something, too; which, `accord clinic` shows to whoever sits at the desk.
"""

import asyncio
import logging
import os
from collections.abc import Sequence

from bot.clock import Clock
from bot.store import alerts
from bot.store.engine import Store

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
PASSED_ON = ("PATH", "HOME", "LANG", "TZ")
"""Of the environment the command gets these alone: the rest may hold the token or a key."""


async def run(command: Sequence[str], number: int) -> bool:
    """Run the command, without a shell, with "alert-NUMBER" behind its own arguments; whether it ended well in time."""
    known = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    quiet = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, f"alert-{number}", env=known, stdin=quiet, stdout=quiet, stderr=quiet
        )
    except OSError as error:
        log.error("the command for alerts does not start: %s", type(error).__name__)
        return False
    try:
        code = await asyncio.wait_for(process.wait(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        log.error("the command for alerts took longer than %.0f s", PATIENCE_S)
        return False
    if code:
        log.error("the command for alerts ended with %d", code)
    return code == 0


class SecondRoute:
    """Sends what did not arrive another way. Without a command the log, the doctor and the heartbeat are that way."""

    def __init__(self, store: Store, clock: Clock, command: Sequence[str]) -> None:
        self._store, self._clock, self._command = store, clock, command
        self.stuck = 0
        """How many alerts do not arrive, when last looked."""
        self._went: dict[int, bool] = {}  # told, and not yet noted: a full disk rings nobody twice

    async def go(self) -> None:
        """Look at what is due to go there. Told before it is noted: after a crash it is told once more."""
        for number, stands in await self._store.write(alerts.undelivered, self._clock.now()):
            if number not in self._went:
                log.error("alert %d was not delivered", number)
                self._went[number] = not self._command or await run(self._command, number)
            await self._store.write(alerts.told, number, stands, self._went[number], self._clock.now())
            del self._went[number]
        self.stuck = await self._store.read(alerts.stuck, self._clock.now())
