"""The wheel is the same to the byte whoever builds it, when and where: it can be held against the source."""

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.proof

PARTS = ("bot", "questionnaires", "config.example.toml", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
BUILD = "from hatchling.build import build_sdist as s, build_wheel as w; w('out'); s('out')"


def built(folder: Path, mtime: int, umask: int, zone: str) -> dict[str, str]:
    """Copy the source, with other times and rights, and build it there: the checksum of each file that comes out."""
    folder.mkdir()
    for part in PARTS:
        whole = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        whole(ROOT / part, folder / part)
    for file in folder.rglob("*"):
        os.utime(file, (mtime, mtime))
        file.chmod((0o777 if file.is_dir() else 0o666) & ~umask)
    env = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"} | {"TZ": zone}
    run = [sys.executable, "-c", f"import os; os.umask({umask}); {BUILD}"]
    subprocess.run(run, cwd=folder, env=env, check=True, capture_output=True, timeout=120)
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in (folder / "out").iterdir()}


def test_two_builds_are_equal_to_the_byte(tmp_path: Path) -> None:
    here = built(tmp_path / "here", 1_700_000_000, 0o022, "UTC")
    there = built(tmp_path / "there", 1_800_000_000, 0o077, "Asia/Tokyo")
    assert here == there
    assert sorted(name.rpartition(".")[2] for name in here) == ["gz", "whl"]


def test_the_wheel_holds_the_program_and_nothing_else(tmp_path: Path) -> None:
    (wheel,) = (name for name in built(tmp_path / "here", 1_700_000_000, 0o022, "UTC") if name.endswith(".whl"))
    names = zipfile.ZipFile(tmp_path / "here" / "out" / wheel).namelist()
    sources = {f"bot/{file.relative_to(ROOT / 'bot')}" for file in (ROOT / "bot").rglob("*.py")}
    assert sources <= set(names)
    assert {name.partition("/")[0] for name in names} == {"bot", "accord_checkin-0.1.0.dist-info"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".db", ".key", ".keys"))]
