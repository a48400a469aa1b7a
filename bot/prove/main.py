"""What `accord prove` does: choose the rows, run them under a bar, print what came of each, write the page."""

import importlib.util
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.prove.page import write_pages
from bot.prove.proof import Piece, Proof, Result
from bot.prove.rows import BY_ROW, PROOFS
from bot.prove.running import Outcome, judge, pieces, run
from bot.prove.watch import Watch

HELD, BROKEN, INTERRUPTED = 0, 1, 130
SOAK_STEP = 100_003
"""How far apart the seeds of two rounds of a soak are."""


class CannotProve(Exception):
    """The sentence that says why not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line said."""

    rows: tuple[str, ...]
    quick: bool
    soak: float | None
    seed: int
    size: int | None
    jobs: int | None
    out: Path | None


def new_seed() -> int:
    """One that nobody has chosen; it is printed."""
    return SystemRandom().randrange(1_000_000)


def list_rows() -> None:
    """Every row, its title and its default amount."""
    console = Console(highlight=False, emoji=False)
    for proof in PROOFS:
        words = proof.title + (" (if named)" if proof.named else "")
        console.print(f"{proof.row:<5}{proof.default:>10,} {proof.unit:<20} {words}", markup=False)


def prove_rows(asked: Asked) -> int:
    """Run them; the exit code."""
    chosen = _chosen(asked)
    console = Console(highlight=False, emoji=False)
    cores = asked.jobs or os.cpu_count() or 1
    console.print(f"seed {asked.seed}, {cores} at a time", markup=False)
    watch, outcomes = Watch(), dict[str, Outcome]()
    for number in range(1_000_000 if asked.soak else 1):
        plan = _plan(chosen, asked, asked.seed + SOAK_STEP * number)
        done = _under_a_bar(plan, cores, console)
        _merge(outcomes, done)
        if asked.soak is None or watch.seconds > asked.soak * 3600 or any(o.broken for o in outcomes.values()):
            break
    whole = not asked.quick and asked.size is None and not asked.rows
    judge(list(outcomes.values()), 100 if whole else 0)
    _told(list(outcomes.values()), console, watch.seconds)
    if asked.out is not None:
        for file in write_pages(asked.out, list(outcomes.values()), asked.seed, watch.seconds):
            console.print(f"written: {file}", markup=False)
    return HELD if all(outcome.held for outcome in outcomes.values()) else BROKEN


def plant(asked: Asked) -> int:
    """Plant faults in copies and look whether each is found."""
    from bot.prove.planting import plant_all

    return HELD if plant_all(asked.rows, asked.seed, asked.jobs or os.cpu_count() or 1) else BROKEN


def _chosen(asked: Asked) -> list[Proof]:
    unknown = [row for row in asked.rows if row.upper() not in BY_ROW]
    if unknown:
        raise CannotProve(f"There is no row {unknown[0]}. There are: {', '.join(BY_ROW)}.")
    chosen = [BY_ROW[row.upper()] for row in asked.rows] or [proof for proof in PROOFS if not proof.named]
    lacking = [proof for proof in chosen if proof.needs and importlib.util.find_spec(proof.needs) is None]
    if lacking:
        which = ", ".join(f"{proof.row} needs {proof.needs}" for proof in lacking)
        raise CannotProve(f'{which}: pip install "accord-checkin[prove]"')
    return chosen


def _plan(chosen: Sequence[Proof], asked: Asked, seed: int) -> list[Piece]:
    plan: list[Piece] = []
    for proof in chosen:
        plan += pieces(proof, asked.size or (proof.quick if asked.quick else proof.default), seed)
    return plan


def _under_a_bar(plan: Sequence[Piece], cores: int, console: Console) -> dict[str, Outcome]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    left, watch = Counter(piece.row for piece in plan), Watch()
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("proving", total=len(plan))

        def told(result: Result) -> None:
            bar.update(task, advance=1, description=f"{result.piece.row} seed {result.piece.seed}")
            if result.broken is not None:
                console.print(f"{result.piece.row} DID NOT HOLD\n{result.broken}", markup=False)
                console.print(f"Once more: {result.piece.command}", markup=False)
            left[result.piece.row] -= 1
            if not left[result.piece.row]:
                console.print(f"{result.piece.row} is through after {watch.seconds:.0f} s", markup=False)

        return run(plan, cores, told)


def _merge(outcomes: dict[str, Outcome], more: dict[str, Outcome]) -> None:
    for row, outcome in more.items():
        if row not in outcomes:
            outcomes[row] = outcome
            continue
        kept = outcomes[row]
        kept.wanted, kept.done = kept.wanted + outcome.wanted, kept.done + outcome.done
        kept.seconds += outcome.seconds
        kept.seeds += outcome.seeds
        kept.struck += outcome.struck
        kept.figures += outcome.figures
        kept.broken += outcome.broken


def _told(outcomes: Sequence[Outcome], console: Console, seconds: float) -> None:
    for outcome in outcomes:
        verdict = "did not run" if outcome.skipped else "held" if outcome.held else "DID NOT HOLD"
        words = f"{outcome.proof.row:<5}{verdict:<13}{outcome.done:>8,} {outcome.proof.unit:<20} {outcome.proof.title}"
        console.print(words, markup=False)
        for words in (outcome.told, outcome.short):
            if words:
                console.print(f"     {words}", markup=False)
        if outcome.struck:
            struck = ", ".join(f"{kind} {times:,}" for kind, times in sorted(outcome.struck.items()))
            console.print(f"     struck: {struck}", markup=False)
        if outcome.vacuous:
            console.print(f"     proves nothing: too seldom struck: {', '.join(outcome.vacuous)}", markup=False)
    held = sum(outcome.held for outcome in outcomes)
    console.print(f"{held} of {len(outcomes)} held, in {seconds:.0f} s.", markup=False)
