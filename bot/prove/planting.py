"""Plants each fault in a copy of the program and runs its row there, from piece to piece, until the first finding.

A proof that does not find the fault it is for is worth nothing; so all must be found.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bot import questionnaire_folder
from bot.prove.planted import PLANTED, Planted
from bot.prove.rows import BY_ROW
from bot.prove.watch import Watch

PACKAGE = Path(__file__).parents[1]
MOST_PIECES = 16
LONGEST_S = 900.0


@dataclass(frozen=True, slots=True)
class Hunt:
    """What came of one: by which piece it was found (0: not at all), how long it took, what was said."""

    planted: Planted
    found_by: int
    seconds: float
    said: str


def plant_all(names: Sequence[str], seed: int, jobs: int) -> bool:
    """Plant all, or those of these rows; whether each was found."""
    console, watch = Console(highlight=False, emoji=False), Watch()
    console.print(f"seed {seed}, {jobs} at a time", markup=False)
    chosen = [one for one in PLANTED if not names or one.row in {name.upper() for name in names}]
    found = 0
    with ThreadPoolExecutor(jobs) as pool:
        for number, hunt in enumerate(pool.map(lambda one: hunted(one, seed), chosen), start=1):
            found += hunt.found_by > 0
            how = f"found by piece {hunt.found_by}" if hunt.found_by else "NOT FOUND"
            line = f"{number:>2} {hunt.planted.row:<5}{how:<18}{hunt.seconds:>5.0f} s  {hunt.planted.name}: {hunt.said}"
            console.print(line, markup=False, soft_wrap=True)
    console.print(f"{found} of {len(chosen)} planted faults were found, in {watch.seconds:.0f} s.", markup=False)
    return found == len(chosen)


def hunted(planted: Planted, seed: int) -> Hunt:
    """Plant one and look for it."""
    watch, piece = Watch(), max(BY_ROW[planted.row].piece // 4, 1)
    with tempfile.TemporaryDirectory(prefix="accord-planted-") as folder:
        copied(planted, Path(folder))
        for number in range(MOST_PIECES):
            command = [sys.executable, "-m", "bot", "prove", planted.row, "--jobs", "1"]
            command += ["--seed", str(seed + 1000 * number), "--size", str(piece)]
            left = LONGEST_S - watch.seconds
            try:
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=left, check=False,
                                      env={**os.environ, "PYTHONPATH": folder})  # fmt: skip
            except subprocess.TimeoutExpired:
                return Hunt(planted, 0, watch.seconds, "it took too long")
            if done.returncode == 1:
                return Hunt(planted, number + 1, watch.seconds, _finding(done.stdout))
            if done.returncode:
                return Hunt(planted, 0, watch.seconds, done.stderr[-300:])
    return Hunt(planted, 0, watch.seconds, "nothing was found")


def copied(planted: Planted, folder: Path) -> None:
    """The program with the fault in it. ValueError if the words to change are not there exactly once."""
    shutil.copytree(PACKAGE, folder / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("questionnaires", "config.example.toml"):
        source = questionnaire_folder.ROOT / name
        if not (folder / "bot" / "shipped").exists():
            shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder / name)
    file = folder / planted.file
    text = file.read_text("utf-8")
    if text.count(planted.old) != 1:
        raise ValueError(f"{planted.name}: {planted.file} has these words {text.count(planted.old)} times")
    file.write_text(text.replace(planted.old, planted.new), "utf-8")


def _finding(said: str) -> str:
    """The first line of what was found."""
    lines = said.splitlines()
    at = next((n for n, line in enumerate(lines) if "DID NOT HOLD" in line), len(lines))
    return " ".join(lines[at + 1 : at + 2])[:150]
