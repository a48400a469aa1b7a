"""The look through the files that tests leave finds what it is for."""

from pathlib import Path

import pytest

from tests import rummages


@pytest.mark.parametrize(("name", "is_found"), [("accord.db-wal", True), ("x.tmp", True), ("digests.html", False)])
def test_words_are_found_in_any_file_that_nobody_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_found: bool
) -> None:
    found = list[str]()
    monkeypatch.setattr(rummages, "FOUND", found)
    file = tmp_path / "deeper" / name
    file.parent.mkdir()
    file.write_bytes(b"\x00\xff" * 999 + b"the thing about the convoy")
    rummages.look(tmp_path, "this test")
    assert bool(found) is is_found
    file.unlink()
