"""Runs proofs in pieces over the cores, with a bar; judges whether enough faults really struck."""

import os
import signal
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context

from bot.prove.proof import Broken, Piece, Proof, Result, Skipped, Tally
from bot.prove.rows import BY_ROW
from bot.prove.watch import Watch

ENOUGH = 100
"""A kind of fault that struck less often in a whole default run proves nothing."""


@dataclass(slots=True)
class Outcome:
    """What came of one row: pieces done, faults struck, and the first finding."""

    proof: Proof
    wanted: int
    done: int = 0
    seconds: float = 0.0
    seeds: list[int] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[Result] = field(default_factory=list)
    vacuous: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def held(self) -> bool:
        """Whether all of it held, and enough was tried, or it cannot be tried here."""
        return bool(self.skipped) or (not self.broken and not self.vacuous and self.done >= self.wanted)

    @property
    def short(self) -> str:
        """What the model asks, where less was done; else nothing."""
        if self.skipped:
            return f"Did not run here: {self.skipped}"
        if self.done < self.wanted and not self.broken:
            return f"Only {self.done:,} of {self.wanted:,} could be tried: that proves nothing."
        if self.done >= self.proof.asked:
            return ""
        return f"Asked {self.proof.asked:,} {self.proof.unit}, done {self.done:,}: {self.proof.why}"

    @property
    def told(self) -> str:
        """The row's own sentence, with its figures."""
        return "" if self.skipped else self.proof.tells.format_map(defaultdict(int, self.figures))

    def add(self, result: Result) -> None:
        """Count a piece."""
        self.done += result.tally.done
        self.seconds += result.seconds
        self.seeds.append(result.piece.seed)
        self.struck += result.tally.struck
        self.figures += result.tally.figures
        self.skipped = self.skipped or result.skipped
        if result.broken is not None:
            self.broken.append(result)


def pieces(proof: Proof, amount: int, seed: int) -> Iterator[Piece]:
    """A row cut into pieces; their seeds lie a thousand apart, as a piece may count on from its own."""
    number = 0
    while amount > 0:
        now = min(amount, proof.piece)
        yield Piece(proof.row, seed + 1000 * number, now)
        amount, number = amount - now, number + 1


def run_piece(piece: Piece) -> Result:
    """One piece, in this process."""
    tally, watch = Tally(), Watch()
    try:
        BY_ROW[piece.row].call(piece.seed, piece.amount, tally)
    except Broken as broken:
        return Result(piece, tally, watch.seconds, str(broken))
    except Skipped as why:
        return Result(piece, tally, watch.seconds, skipped=str(why))
    except Exception as error:  # the proof itself fell over: that proves nothing
        import traceback

        return Result(piece, tally, watch.seconds, f"{type(error).__name__}\n{traceback.format_exc()}")
    return Result(piece, tally, watch.seconds)


def _begin() -> None:
    """A worker: Ctrl-C is the parent's, and logs go nowhere."""
    import logging

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    os.environ["PTB_TIMEDELTA"] = "1"
    tempfile.tempdir = None


def run(
    plan: Sequence[Piece], cores: int, told: Callable[[Result], None], stop_at_first: bool = False
) -> dict[str, Outcome]:
    """Run all pieces; `told` hears of each as it ends."""
    wanted = Counter({piece.row: 0 for piece in plan})
    for piece in plan:
        wanted[piece.row] += piece.amount
    outcomes = {row: Outcome(BY_ROW[row], amount) for row, amount in wanted.items()}
    if cores == 1 and len(plan) == 1:
        _begin()
        results: Iterator[Result] = map(run_piece, plan)
    else:
        results = _spread(plan, cores, stop_at_first)
    for result in results:
        outcomes[result.piece.row].add(result)
        told(result)
        if stop_at_first and result.broken is not None:
            break
    return outcomes


def _spread(plan: Sequence[Piece], cores: int, stop_at_first: bool) -> Iterator[Result]:
    """Over several processes; the long pieces first. One that dies is a finding, too."""
    with ProcessPoolExecutor(cores, get_context("spawn"), initializer=_begin) as pool:
        waiting: dict[Future[Result], Piece] = {pool.submit(run_piece, piece): piece for piece in plan}
        try:
            while waiting:
                ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield _result(future, waiting.pop(future))
        finally:
            pool.shutdown(wait=not stop_at_first, cancel_futures=True)


def _result(future: "Future[Result]", piece: Piece) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        return Result(piece, Tally(), 0.0, "the process that ran it died")


def judge(outcomes: Sequence[Outcome], enough: int = ENOUGH) -> None:
    """Note which kinds of faults did not strike often enough, over the whole run."""
    struck: Counter[str] = sum((outcome.struck for outcome in outcomes), Counter())
    for outcome in outcomes:
        if outcome.skipped:
            continue
        kinds = sorted({*outcome.proof.strikes, *outcome.struck})
        outcome.vacuous = [kind for kind in kinds if struck[kind] < enough]
