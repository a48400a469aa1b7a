"""What a start costs beside the bare imports, and what a bot uses that has nothing to do."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import seed
from tests.bench.botapi import BotApi, bot_api
from tests.bench.figures import Figure, middle

ROUNDS, QUICK = 9, 5
QUIET_S = 12.0
NOT_AT_START = ("alembic", "segno", "babel", "bot.emulator", "bot.demo", "sqlalchemy.orm", "matplotlib", "numpy")
LIBRARIES = "import telegram.ext, aiohttp"
IMPORTS = "import bot.service"
WHAT_IS_LOADED = "import sys, bot.service; print(*(name for name in {names!r} if name in sys.modules))"
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """What a process used: seconds of CPU and of time."""

    cpu: float
    seconds: float


def measure(quick: bool) -> Iterator[Figure]:
    """Imports, the whole start until the bot polls, the help text, and a quiet bot."""
    rounds = QUICK if quick else ROUNDS
    with bot_api("--no-history") as api, tempfile.TemporaryDirectory() as folder:
        config = seed.write_config(Path(folder), api.base_url)
        _until_it_polls(api, config)  # makes the database
        works: dict[str, Callable[[], Used]] = {
            "libraries": lambda: _python("-c", LIBRARIES),
            "imports": lambda: _python("-c", IMPORTS),
            "start": lambda: _until_it_polls(api, config),
            "help": lambda: _python("-m", "bot", "--help"),
            "nothing": lambda: _python("-c", "pass"),
        }
        used = _in_turn(works, rounds)
        yield from _ratios(used)
        yield from _quiet(api, config)
    loaded = _loaded()
    yield Figure("modules loaded before they are used", len(loaded), bound=0, behind=", ".join(loaded))


def _in_turn(works: dict[str, Callable[[], Used]], rounds: int) -> dict[str, list[Used]]:
    """Each kind of work so many times, one after the other in every round."""
    used: dict[str, list[Used]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            used[name].append(work())
    return used


def _ratios(used: dict[str, list[Used]]) -> Iterator[Figure]:
    cpu = {name: middle([one.cpu for one in values]) for name, values in used.items()}
    wall = {name: middle([one.seconds for one in values]) for name, values in used.items()}

    def figure(name: str, what: str, over: str, bound: float | None) -> Figure:
        told = f"CPU {1000 * cpu[what]:.0f} over {1000 * cpu[over]:.0f} ms; took {1000 * wall[what]:.0f} ms"
        return Figure(name, cpu[what] / cpu[over], bound=bound, behind=told)

    yield figure("imports over the bare libraries'", "imports", "libraries", 2)
    yield figure("start until it polls, over these", "start", "libraries", 2)
    yield Figure("accord --help, ms", 1000 * wall["help"], bound=250, behind="on a quiet machine")
    yield figure("  over `python -c pass`", "help", "nothing", None)


def _python(*arguments: str) -> Used:
    """A fresh Python with these arguments, to its end."""
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, *arguments], cwd=seed.ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {process.returncode}")
    return Used(used.ru_utime + used.ru_stime, time.monotonic() - begun)


def _accord_run(api: BotApi, config: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    environ = os.environ | {"ACCORD_TOKEN": api.token}
    return subprocess.Popen(command, cwd=seed.ROOT, env=environ, stderr=subprocess.DEVNULL)


def _until_it_polls(api: BotApi, config: Path) -> Used:
    """`accord run` until it has confirmed an update that was waiting for it."""
    confirmed = api.counts("confirmed")
    api.ask("/updates", {})
    begun = time.monotonic()
    with _accord_run(api, config) as process:
        api.wait_for(confirmed + 1, "confirmed")
        used = Used(_cpu(process.pid), time.monotonic() - begun)
        process.terminate()
    return used


def _quiet(api: BotApi, config: Path) -> Iterator[Figure]:
    """A bot to whom nobody talks."""
    with _accord_run(api, config) as process:
        time.sleep(QUIET_S / 2)
        before = _cpu(process.pid)
        time.sleep(QUIET_S)
        share = (_cpu(process.pid) - before) / QUIET_S
        yield Figure("memory of a quiet bot, MiB", _memory(process.pid), bound=120)
        yield Figure("CPU of a quiet bot, % of a core", 100 * share, bound=1)
        process.terminate()


def _cpu(pid: int) -> float:
    """The CPU seconds of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _memory(pid: int) -> float:
    """The MiB of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def _loaded() -> list[str]:
    """What a bot has loaded that it may never use."""
    code = WHAT_IS_LOADED.format(names=NOT_AT_START)
    return subprocess.run([sys.executable, "-c", code], cwd=seed.ROOT, capture_output=True, text=True).stdout.split()
