"""The command: `python -m tests.bench [NAME ...] [--quick] [--strict]`."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from tests.bench import broadcast, digests, drawn, encrypted, ledgers, planning, starting, taps, ticking, weekly_page
from tests.bench.figures import Figure, table

MEASURES: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "taps": taps.measure,
    "tick": ticking.measure,
    "broadcast": broadcast.measure,
    "start": starting.measure,
    "digests": digests.measure,
    "picture": drawn.measure,
    "plan": planning.measure,
    "ledger": ledgers.measure,
    "page": weekly_page.measure,
    "file": encrypted.measure,
}


def main() -> int:
    """Measure what was asked for, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only some of: {', '.join(MEASURES)}")
    parser.add_argument("--quick", action="store_true", help="smaller, and less sure")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a bound is not kept")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - MEASURES.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(MEASURES)}")
    begun, figures = time.monotonic(), []
    for name in chosen.names or MEASURES:
        sys.stderr.write(f"measuring: {name}\n")
        figures += list(MEASURES[name](chosen.quick))
    sys.stdout.write(f"{table(figures)}\n\ntook {time.monotonic() - begun:.0f} s\n")
    return int(chosen.strict and not all(figure.kept for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
