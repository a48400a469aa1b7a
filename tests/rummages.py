"""Looks through every file that a test leaves, before it goes: what the cast says is in none, unless it was asked for.

Each test's own folder is read while its clinic still stands, with the -wal; what the session shares, and the temporary
files of this process and of those it starts, at the end. A file that was deleted before is not seen.
"""

import os
import tempfile
from fnmatch import fnmatch
from pathlib import Path

SAID = tuple(
    words.encode()
    for words in (
        "the thing about the convoy", "sleep through the night", "one walk a day", "canary of the convoy",
        "canary sleeps again", "canary walks daily", "Canaryville", "Fewer sheets, more talking",
    )
)  # fmt: skip
"""What is said in stories; long enough that no encrypted file has it by chance."""
ASKED_FOR = {
    "*.csv": "an export, or a table of appointments",
    "*.json": "an export, a case, or what a phone of the local Bot API saw",
    "*.jsonl": "what a phone of the local Bot API saw",
    "*.html": "a digest or a record that somebody asked for",
    "*.txt": "a digest that the demo was asked to keep, or what a command printed",
    "*.toml": "a questionnaire: its questions are nobody's words",
    "README.md": "a copy of the program: its example",
    "*.py": "a copy of the program: the demo's story",
    "accord.db.backup-000[1-8]-*": "a database as it was before anything was sealed; the doctor names it",
}
"""Kinds of files that may hold words, by name, and why."""
FOUND: list[str] = []
"""Files that hold what they should not, each behind the test that left it."""
MOST = 64 * 2**20


def begin(folder: Path) -> None:
    """Temporary files of this process, and of those it starts, lie here from now on."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def look(folder: Path, whose: str) -> None:
    """Read every file below a folder."""
    for place, _, names in os.walk(folder):
        for name in names:
            if not any(fnmatch(name, kind) for kind in ASKED_FOR):
                _read(Path(place, name), whose)


def _read(file: Path, whose: str) -> None:
    try:
        found = file.read_bytes() if file.is_file() and file.stat().st_size < MOST else b""
    except OSError:  # gone meanwhile, or nobody's to read
        return
    FOUND.extend(f"{whose}: {file.name} says {words!r}" for words in SAID if words in found)
