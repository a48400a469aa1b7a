"""R10: several processes start at once on one database; one may, and a killed one leaves nothing behind that blocks."""

import os
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.prove.proof import Tally, check
from bot.prove.world import memory
from bot.store.lock import AlreadyHeld, acquire


@dataclass(frozen=True, slots=True)
class Racer:
    """A process that waits for the shot, tries, says what came of it, and holds on until it is told to end."""

    pid: int
    shot: int
    said: int

    def result(self) -> tuple[str, int]:
        """ "won", or "lost" and whom it named."""
        word, _, number = os.read(self.said, 100).decode().partition(" ")
        return word, int(number or 0)

    def end(self, kill: bool) -> None:
        """Let it end, or kill it."""
        if kill:
            os.kill(self.pid, signal.SIGKILL)
        with suppress(BrokenPipeError):  # who lost has gone already
            os.write(self.shot, b"!")
        os.close(self.shot)
        os.waitpid(self.pid, 0)
        os.close(self.said)


def races(seed: int, amount: int, tally: Tally) -> None:
    """So many races of two to four processes."""
    random = Random(seed)
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        for _ in range(amount):
            _race(Path(folder) / "accord.db", random, tally)
            tally.done += 1


def _race(database: Path, random: Random, tally: Tally) -> None:
    racers = [_racer(database) for _ in range(random.randint(2, 4))]
    for racer in racers:
        os.write(racer.shot, b"!")
    results = [racer.result() for racer in racers]
    winners = [racer.pid for racer, (word, _) in zip(racers, results, strict=True) if word == "won"]
    named = {number for word, number in results if word == "lost"}
    killed = random.random() < 0.5
    for racer in racers:
        racer.end(killed)
    check(len(winners) == 1, f"{len(winners)} of {len(racers)} processes hold one database: {results}")
    # In the moment between locking and writing who it is, a loser may read nobody, or who held it last.
    tally.figures["named the holder"] += bool(named & set(winners))
    tally.struck["race"] += 1
    tally.struck["holder killed"] += killed


def _racer(database: Path) -> Racer:
    shot, said = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        os.close(shot[0])
        os.close(said[1])
        return Racer(pid, shot[1], said[0])
    os.close(shot[1])
    os.close(said[0])
    _run(database, shot[0], said[1])
    os._exit(0)


def _run(database: Path, shot: int, said: int) -> None:
    os.read(shot, 1)
    try:
        held = acquire(database)
    except AlreadyHeld as error:
        os.write(said, f"lost {error.pid}".encode())
        return
    os.write(said, b"won")
    os.read(shot, 1)  # until it is told to end
    held.close()
