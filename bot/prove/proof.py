"""What a proof is, what it counts, and what came of a piece of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

Run = Callable[[int, int, "Tally"], None]


class Broken(Exception):
    """Something did not hold; the text says what, in as many lines as it takes."""


class Skipped(Exception):
    """It cannot be proved on this machine; the sentence says why."""


@dataclass(slots=True)
class Tally:
    """What a proof counts: how much is done, which faults really struck, and figures for the page."""

    done: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    trace: str = ""  # equal seed, equal trace


@dataclass(frozen=True, slots=True)
class Proof:
    """One row. `default` and `quick` are amounts in `unit`; a piece of `piece` of them is one run with one seed.

    `strikes` are the kinds of faults that must really strike; a run of the default size in which a kind struck less
    than a hundred times proves nothing. `asked`: what the threat and fault model asks, where a run of the default size
    does less, and `why` it does. `tells`: a sentence with figures in it, by their names. `needs`: a library that not
    everybody has. `named`: runs only if it is named.
    """

    row: str
    title: str
    holds: str
    unit: str
    run: str
    quick: int
    default: int
    piece: int
    strikes: tuple[str, ...] = ()
    needs: str = ""
    asked: int = 0
    why: str = ""
    tells: str = ""
    named: bool = False

    def call(self, seed: int, amount: int, tally: Tally) -> None:
        """Run a piece. Raises Broken."""
        module, _, name = self.run.partition(":")
        run: Run = getattr(import_module(module), name)
        run(seed, amount, tally)


@dataclass(frozen=True, slots=True)
class Piece:
    """So much of a row, by one seed."""

    row: str
    seed: int
    amount: int

    @property
    def command(self) -> str:
        """What shows it again."""
        return f"accord prove {self.row} --seed {self.seed} --size {self.amount}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a piece. `broken` None: it held, or was `skipped` for that reason."""

    piece: Piece
    tally: Tally
    seconds: float
    broken: str | None = None
    skipped: str = ""


def check(holds: bool, words: str) -> None:
    """Raise Broken with these words unless it holds."""
    if not holds:
        raise Broken(words)
