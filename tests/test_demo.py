"""The demo keeps its promises: played once, as `accord demo --out DIR --fast` does, and looked at from all sides."""

import contextlib
import io
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from bot.config import Config, load
from bot.demo import play_demo
from bot.demo import stage as staging
from bot.demo.folder import CannotPlay, folder_for
from bot.demo.passage import Passages
from bot.demo.script import ANNA, BEN, CAST, CLARA, TOMAS, VERA, Person
from bot.emulator import Emulator, Event, History, Phone
from bot.store import opening
from bot.store.tables import answer, check_in, digest, person
from tests.conftest import rows_of

READY = {"Ready when you are. It takes about two minutes.", "Still here. Ready when you are."}
BLAME = ("refus", "fail", "ignor", "silent", "engag", "resist", "poor", "should have", "low")


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that has ended: what it left on the terminal, in its folder and on the phones."""

    code: int
    out: str
    err: str
    folder: Path
    emulator: Emulator
    threads: int

    def phone(self, who: Person) -> Phone:
        """A person's phone, as it is at the end."""
        return self.emulator.phone(who.number)

    def rows(self, table: Table) -> list[Any]:
        """The rows of a table of the demo's database, opened."""
        with opening.engine(self.folder / "demo.db").connect() as conn:
            return rows_of(conn, table, {})


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The whole fortnight, once; the stage is let out to look at its phones."""
    folder, seen = tmp_path_factory.mktemp("demo"), list[Emulator]()
    real, threads = staging.stage, threading.active_count()

    @asynccontextmanager
    async def open_stage(config: Config, start: datetime) -> AsyncIterator[staging.Stage]:
        async with real(config, start) as clinic:
            seen.append(clinic.emulator)
            yield clinic

    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(staging, "stage", open_stage)
        patch.setenv("COLUMNS", "80")
        patch.delenv("FORCE_COLOR", raising=False)
        code = play_demo(folder, "fast")
    return Played(code, out.getvalue(), err.getvalue(), folder, seen[0], threading.active_count() - threads)


def test_it_ends_well_and_leaves_nothing_open(played: Played) -> None:
    assert (played.code, played.err, played.threads) == (0, "", 0)
    assert all(not played.phone(who).unanswered for who in CAST)


def test_piped_it_is_plain_and_fits_eighty_columns(played: Played) -> None:
    assert "\x1b" not in played.out
    assert max(map(len, played.out.splitlines())) <= 80
    assert "── Tuesday 17 November" in played.out
    assert "day 16 of 16" in played.out


BUTTONS = "[Discussed] [Plan changed] [Not yet] [Chart] [Why?] [Hide]"


def test_the_digest_names_both_disagreements_in_words(played: Played) -> None:
    text = (played.folder / "P-014-2026-11-17.txt").read_text("utf-8")
    assert "You rate agreement on tasks differently" in text
    assert "You put different goals first." in text
    assert '"Sleep through the night"' in text
    assert '"Drive on the highway again"' in text
    shown = played.phone(TOMAS).last
    assert shown.text == text.strip()
    assert shown.buttons == (("Discussed", "Plan changed", "Not yet"), ("Chart", "Why?"), ("Hide",))
    framed = " ".join(line.strip("│") for line in played.out.splitlines() if line.startswith("│"))
    assert framed.split() == [
        *text.split(),
        *["[Discussed]", "[Plan", "changed]", "[Not", "yet]", "[Chart]", "[Why?]", "[Hide]"],
    ]


def test_bens_silence_is_said_without_blame(played: Played) -> None:
    assert all(event.text is None or event.text.startswith("/start") for event in said_by(played, BEN))
    text = (played.folder / "P-015-2026-11-17.txt").read_text("utf-8")
    assert "No answer to the last 2 check-ins." in text
    assert "Does being asked still suit you? It is voluntary." in text
    assert not [word for word in BLAME if word in text.casefold()]


def said_by(played: Played, who: Person) -> list[Event]:
    """Everything this person typed."""
    return played.emulator.history.of("said", chat=who.number)


def test_claras_messages_are_in_spanish(played: Played) -> None:
    texts = [event.text or "" for event in played.emulator.history.of("sent", "edited", "answered", chat=CLARA.number)]
    words = {word.strip(".,:;?!¿¡()").casefold() for text in texts for word in text.split()}
    assert {"sesión", "terapeuta", "necesita", "gracias"} <= words
    assert not {"the", "you", "your", "and", "this", "need"} & words


def test_veras_digest_is_quiet(played: Played) -> None:
    text = (played.folder / "P-021-2026-11-12.txt").read_text("utf-8")
    assert text.startswith("Nothing stands out.")
    prompts = [e for e in played.emulator.history.of("sent", chat=VERA.number) if e.text == "Your 09:00 is ready."]
    assert [event.detail["silent"] for event in prompts] == [True]


def test_a_double_tap_and_an_old_button_change_nothing(played: Played) -> None:
    (anna,) = (row.id for row in played.rows(person) if row.code == "P-014")
    asked = [row for row in played.rows(check_in) if row.person_id == anna and row.kind == "alliance" and row.opened_at]
    (begun,) = (row.id for row in asked if row.opened_at == min(one.opened_at for one in asked))
    ratings = {"bond_1": 5, "bond_2": 4, "goals_1": 4, "goals_2": 4, "tasks_1": 3, "tasks_2": 4}
    answers = [row for row in played.rows(answer) if row.check_in_id == begun and row.questionnaire == "alliance"]
    first = {row.item: row.value for row in answers}
    assert len(first) == 8
    assert {item: first[item] for item in ratings} == ratings
    toasts = [toast.text for toast in played.phone(ANNA).toasts]
    assert toasts.count("That button is from an earlier screen. Here is where you are.") == 2
    assert "taps [Mostly] twice" in played.out
    assert "taps [Partly] on an old screen" in played.out


def test_nothing_private_is_on_a_lock_screen(played: Played) -> None:
    for who in (ANNA, BEN):
        assert set(played.phone(who).notifications) <= READY
    for who in CAST:
        for line in played.phone(who).notifications:
            assert not [word for word in ("therap", "terap", "P-0", "T-1", "goal", "meta") if word in line]
            assert not [other.name for other in CAST if other.name in line]


def test_the_files_are_there(played: Played) -> None:
    config, mistakes = load(played.folder / "config.toml")
    assert config is not None, mistakes
    kept = [(row.text, row.html) for row in played.rows(digest) if row.text is not None]
    texts = {path.read_text("utf-8").removesuffix("\n") for path in played.folder.glob("*.txt")}
    pages = {_without_picture(path.read_text("utf-8")) for path in played.folder.glob("*.html")}
    assert (texts, pages) == ({text for text, _ in kept}, {html for _, html in kept})
    assert all(page.startswith("<!doctype html>") for page in pages)


def _without_picture(html: str) -> str:
    return re.sub(r"<svg.*</svg>\n", "", html, flags=re.DOTALL)


def test_the_page_of_a_pair_has_its_picture(played: Played) -> None:
    drawn = {path.stem for path in played.folder.glob("*.html") if path.read_text("utf-8").count("<svg ") == 1}
    assert drawn == {path.stem for path in played.folder.glob("P-*.html")}
    page = (played.folder / "P-014-2026-11-17.html").read_text("utf-8")
    assert page.index("You rate agreement on tasks differently") < page.index("<desc>P-014") < page.index("<footer")


def test_an_earlier_demo_is_replaced_and_anything_else_refused(played: Played, tmp_path: Path) -> None:
    for path in played.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with folder_for(tmp_path):
        assert not list(tmp_path.iterdir())
    (tmp_path / "config.toml").write_text("[clinic]\n")
    with pytest.raises(CannotPlay, match="holds other files"), folder_for(tmp_path):
        pass
    assert (tmp_path / "config.toml").exists()


def test_a_temporary_folder_goes_if_the_demo_is_stopped() -> None:
    made: list[Path] = []
    with contextlib.suppress(KeyboardInterrupt), folder_for(None) as folder:
        made.append(folder)
        assert folder.is_dir()
        raise KeyboardInterrupt
    assert [path for path in made if not path.exists()]


def test_what_cannot_be_done_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def no_port(*_: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(Emulator, "start", no_port)
    assert play_demo(tmp_path, "fast") == 1
    assert capsys.readouterr().err == "The demo cannot be played: Address already in use.\n"


def test_what_is_shown_comes_from_the_recorded_events() -> None:
    history = History(now=lambda: 0.0)
    history.record("tapped", 1, 7, "Mostly", data="a")
    history.record("tapped", 1, 7, "Mostly", data="a")
    history.record("edited", 1, 7, "2 of 9\nStem\nOne", (("Fully",),))
    history.record("tapped", 1, 7, "Fully", data="b")
    history.record("edited", 1, 7, "3 of 9\nStem\nTwo", (("Fully", "Back"),))
    history.record("answered", 1, 7, "An earlier screen.", data="a")
    passages = Passages(history)
    act, message, toast = passages.next()
    assert act.lines == ("taps [Mostly] twice [Fully]",)
    assert (message.kind, message.lines, message.buttons) == ("edit", ("3 of 9 · Stem", "Two"), (("Fully", "Back"),))
    assert (toast.kind, toast.lines) == ("toast", ("An earlier screen.",))
    assert passages.next() == []
