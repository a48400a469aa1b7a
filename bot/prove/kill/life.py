"""The bot seen from outside: started in its cradle, killed by its number, and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

BORN_S = 60.0
"""How long a bot may take to come up, on a machine that is busy with other things."""


@asynccontextmanager
async def cradle(token: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process that bots are forked from; it ends with the block, and takes its bot along."""
    pipe = asyncio.subprocess.PIPE
    known = {**os.environ, "ACCORD_TOKEN": token, "PTB_TIMEDELTA": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.prove.kill.cradle", stdin=pipe, stdout=pipe, env=known
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), BORN_S)
        except TimeoutError:
            process.kill()
            await process.wait()


class Life:
    """One database's bot, through all its processes."""

    def __init__(self, process: asyncio.subprocess.Process, config: Path, clock: Path, log: Path) -> None:
        self._cradle = process
        self._start = "\t".join(["start", *map(str, (config, clock, log))])
        self._log = log
        self._pid = 0
        self._lives = False
        self.kills = 0

    async def start(self) -> None:
        """Let a new process begin; what it does from now on, a kill may hit."""
        self._order(self._start)
        self._pid = int(await self._said("started "))
        self._lives = True

    async def ready(self) -> None:
        """Wait until it polls."""
        await self._said(f"ready {self._pid}")

    def kill(self) -> None:
        """SIGKILL, at this very moment; one that is dead already stays so."""
        if self._lives:
            os.kill(self._pid, signal.SIGKILL)
            self._lives = False
            self.kills += 1

    async def bury(self) -> None:
        """Wait until it is gone, and with it its locks and connections."""
        if self._pid:
            self._order("end")
            code = int(await self._said("ended "))
            self._pid, self._lives = 0, False
            if code != -signal.SIGKILL:
                raise AssertionError(f"the bot ended by itself with code {code}:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines that the bot logged."""
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        return "\n".join(lines[-30:])

    def _order(self, line: str) -> None:
        assert self._cradle.stdin is not None
        self._cradle.stdin.write(f"{line}\n".encode())

    async def _said(self, begins: str) -> str:
        """What follows these words on the next line that begins with them; others are a dead bot's last words."""
        assert self._cradle.stdout is not None
        try:
            async with asyncio.timeout(BORN_S):
                while line := (await self._cradle.stdout.readline()).decode().rstrip("\n"):
                    if line.startswith(begins):
                        return line.removeprefix(begins)
        except TimeoutError:
            pass
        raise AssertionError(f'the cradle never said "{begins}"; the bot\'s log:\n{self.tail()}')
