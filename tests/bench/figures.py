"""One line of the table: a ratio with its bound, and the absolute figures behind it."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, the bound it must keep (None: only told), the goal beyond it, and what stands behind it."""

    name: str
    value: float
    side: Side = "at most"
    bound: float | None = None
    goal: float | None = None
    behind: str = ""

    @property
    def kept(self) -> bool:
        """Whether the bound is kept."""
        return self.bound is None or self._within(self.bound)

    def _within(self, limit: float) -> bool:
        return self.value <= limit if self.side == "at most" else self.value >= limit

    @property
    def verdict(self) -> str:
        """ok, over the bound, or short of the goal."""
        if not self.kept:
            return "OVER" if self.side == "at most" else "UNDER"
        if self.goal is not None and not self._within(self.goal):
            return "ok, not the goal"
        return "" if self.bound is None and self.goal is None else "ok"

    def cells(self) -> tuple[str, ...]:
        """The line as words."""
        sign = "<=" if self.side == "at most" else ">="
        limits = (("", self.bound), ("goal ", self.goal))
        bounds = ", ".join(f"{word}{sign} {limit:g}" for word, limit in limits if limit is not None)
        return self.name, _short(self.value), bounds, self.verdict, f"[{self.behind}]" if self.behind else ""


def _short(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    """Plain text, a line each."""
    lines = [("name", "ratio", "bound", "", "")] + [figure.cells() for figure in figures]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    padded = ([cell.ljust(width) for cell, width in zip(line, [*widths, 0], strict=True)] for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in padded)


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of them does not pass."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
