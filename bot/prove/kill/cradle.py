"""Where bots are born: a process that has imported everything, and forks a bot whenever it is told to.

A bot is a process of its own, with its own loop, connections and locks; what it is spared is only the second or more
in which Python reads modules, so that many kills fit into a minute, and that those in its first moments hit the start
of the bot and not an import. Lines on stdin, answers on stdout:

    start CONFIG CLOCK LOG   ->  "started PID", and from the bot itself, once it runs, "ready PID"
    end                      ->  "ended CODE": kills the bot if it still lives; -9 if it died by SIGKILL

The end of stdin ends everything: no bot outlives the test, however that ended.
"""

import os
import signal
import sys
import traceback
from pathlib import Path

from bot.prove.kill import bot_process


def main() -> None:
    """Serve until stdin ends."""
    bot = 0
    for line in sys.stdin:
        order, *paths = line.rstrip("\n").split("\t")
        if order == "start":
            bot = _fork(*map(Path, paths))
            _say(f"started {bot}")
        else:
            _say(f"ended {_end(bot)}")
            bot = 0
    if bot:
        _end(bot)


def _end(bot: int) -> int:
    """How it ended. Until it is waited for, its number cannot become another's: killing by number is safe."""
    os.kill(bot, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(bot, 0)[1])


def _fork(config: Path, clock: Path, log: Path) -> int:
    """A new bot; only the cradle returns from here."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _leave(log)
        bot_process.run(config, clock, lambda: _say(f"ready {os.getpid()}"))
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def _leave(log: Path) -> None:
    """The bot neither reads the cradle's orders nor writes where the test does."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    lines = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(lines, 2)


def _say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


if __name__ == "__main__":
    main()
