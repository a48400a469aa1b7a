"""The folder of a demo: which one may be used, and the configuration of the clinic that does not exist."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "# Written by accord demo."
CONFIG, DATABASE = "config.toml", "demo.db"
OURS = re.compile(r"config\.toml|demo\.db[\w.-]*|[PT]-\d+-[\w-]+\.(txt|html)")


class CannotPlay(Exception):
    """The demo has no place to play in; the text says why."""


@contextmanager
def folder_for(out: Path | None) -> Iterator[Path]:
    """The folder to play in: `out`, made or emptied of an earlier demo, or a temporary one, kept if all goes well."""
    if out is not None:
        _make_room(out)
        yield out
        return
    made = Path(tempfile.mkdtemp(prefix="accord-demo-"))
    try:
        yield made
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _make_room(out: Path) -> None:
    """Take away an earlier demo's files. Whatever else is there may be somebody's clinic: it is left, and refused."""
    out.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in out.iterdir())
    foreign = [name for name in names if not OURS.fullmatch(name)]
    config = out / CONFIG
    if names and (foreign or not config.is_file() or not config.read_text("utf-8", "replace").startswith(MARK)):
        there = (foreign or names)[0]
        raise CannotPlay(f'"{out}" holds other files ("{there}"). Name a new folder, or that of an earlier demo.')
    for name in names:
        (out / name).unlink()


def write_config(folder: Path, zone: str, questionnaires: Path) -> Path:
    """The demo clinic's configuration, with which `accord clinic list` and the others can look at its database."""
    path = folder / CONFIG
    path.write_text(_CONFIG.format(mark=MARK, zone=zone, questionnaires=json.dumps(str(questionnaires))), "utf-8")
    return path


_CONFIG = """\
{mark} A clinic that does not exist; all its numbers are examples.

[clinic]
name = "Demo Clinic"
zone = "{zone}"
approval = "none needed: nobody is treated here"
contact = {{ en = "call the front desk at 555-0100", es = "llame a la recepción al 555-0100" }}

[crisis]
line.en = "dial 988, then press 1"
line.es = "marque 988 y oprima 2"
overseas.en = "call the local emergency number"
overseas.es = "llame al número local de emergencias"

[database]
path = "demo.db"

[questionnaires]
folder = {questionnaires}
"""
