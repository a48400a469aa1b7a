"""config.toml: the example loads as it stands; every mistake is told with its line, its key and its remedy."""

import re
import shutil
from dataclasses import fields
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import config as configuration
from bot.config import Config, Mistake, check, default_config, load, read_token, shipped_questionnaires
from bot.config_keys import TABLES
from bot.core.plan import Plan
from bot.core.thresholds import Thresholds
from bot.toml.read import read
from tests.bad_files.config_rows import SYNTAX, TOKEN, VALUES, Row
from tests.laws import law

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Questionnaires that are read in no time, beside every test's own folder."""
    folder = tmp_path_factory.getbasetemp() / "small"
    folder.mkdir(exist_ok=True)
    for name in ("alliance", "goals", "homework", "start"):
        text = SMALL.format(name=name)
        (folder / f"{name}.toml").write_text(text if name == "start" else text + THERAPIST, "utf-8")


SMALL = """id = "{name}"
version = 1
source = "own"
licence = "MIT"
title = {{ en = "A", es = "B" }}
[[item]]
id = "a"
measures = "a"
kind = "text"
patient = {{ en = "A?", es = "B?" }}
"""
THERAPIST = 'therapist = { en = "A?", es = "B?" }\n'


def place(folder: Path, text: str) -> Path:
    """A clinic's folder with that configuration, which names the small questionnaires beside it."""
    path = folder / "config.toml"
    path.write_text(text.replace('folder = "questionnaires"', 'folder = "../small"'), "utf-8")
    return path


def changed(*changes: tuple[str, str]) -> str:
    """The example with the lines that begin so replaced."""
    text = EXAMPLE.read_text("utf-8")
    for begins, instead in changes:
        found = re.search(rf"^{re.escape(begins)}.*$", text, flags=re.MULTILINE)
        assert found, begins
        text = text[: found.start()] + instead + text[found.end() :]
    return text


def loaded(folder: Path, *changes: tuple[str, str]) -> Config:
    config, mistakes = load(place(folder, changed(*changes)))
    assert config is not None, mistakes
    return config


def test_the_example_loads_and_gives_the_defaults() -> None:
    config, mistakes = load(EXAMPLE)
    assert mistakes == []
    assert config is not None
    assert config.plan == Plan()
    assert config.thresholds == Thresholds()
    assert set(config.questionnaires.by_id) == {"alliance", "goals", "homework", "start"}
    assert config.database.path == EXAMPLE.parent / "accord.db"


def test_the_example_shows_every_key_and_its_default() -> None:
    shown = read(EXAMPLE.read_bytes()).data
    assert set(shown) == set(TABLES)
    for table, keys in TABLES.items():
        written = shown[table]
        assert isinstance(written, dict)
        assert set(written) == set(keys), table
        for name, key in keys.items():
            if not key.remedy:
                assert key.read(written[name]) == key.default, name


def test_every_key_of_the_example_has_a_remark_near_it() -> None:
    text = EXAMPLE.read_text("utf-8")
    for block in re.split(r"\n\n", text):
        assert "#" in block, block


def test_a_left_out_key_has_its_default(tmp_path: Path) -> None:
    text = '[clinic]\nname = "A"\nzone = "UTC"\nlanguages = ["en"]\ncontact = "call 1"\n'
    text += '[crisis]\nline = "dial 988"\noverseas = "ask us"\n'
    text += f"[questionnaires]\nfolder = '{shipped_questionnaires()}'\n"
    (tmp_path / "config.toml").write_text(text, "utf-8")
    config, mistakes = load(tmp_path / "config.toml")
    assert mistakes == []
    assert config is not None
    assert (config.plan, config.thresholds) == (Plan(), Thresholds())
    assert config.telegram.token_env == "ACCORD_TOKEN"
    assert config.clinic.contact == {"en": "call 1"}
    assert config.invite.valid == timedelta(days=7)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"60 min"', timedelta(minutes=60)),
        ('"90 minutes"', timedelta(minutes=90)),
        ('"24 h"', timedelta(hours=24)),
        ('"24h"', timedelta(hours=24)),
        ('"1 hour"', timedelta(hours=1)),
        ('"3 days"', timedelta(days=3)),
        ('"1 day"', timedelta(days=1)),
        ('"2 weeks"', timedelta(days=14)),
        ('"5 s"', timedelta(seconds=5)),
        ('"0 min"', timedelta(0)),
    ],
)
def test_durations(tmp_path: Path, written: str, meant: timedelta) -> None:
    config = loaded(tmp_path, ("patient_opens_after", f"patient_opens_after = {written}"))
    assert config.plan.patient_opens_after == meant


def test_every_delay_of_the_plan_may_be_zero(tmp_path: Path) -> None:
    delays = [field.name for field in fields(Plan) if isinstance(field.default, timedelta)]
    config = loaded(tmp_path, *((name, f'{name} = "0 min"') for name in delays))
    assert all(getattr(config.plan, name) == timedelta(0) for name in delays)


@pytest.mark.parametrize(("written", "day"), [("Mon", 0), ("sun", 6), ("Friday", 4), ("wednesday", 2)])
def test_weekdays(tmp_path: Path, written: str, day: int) -> None:
    assert loaded(tmp_path, ("weekly_day", f'weekly_day = "{written}"')).plan.weekly_day == day


def test_times_and_whole_numbers_for_ratings(tmp_path: Path) -> None:
    config = loaded(tmp_path, ("quiet_until", 'quiet_until = "7:30"'), ("low =", "low = 2"))
    assert config.plan.quiet_until == time(7, 30)
    assert config.thresholds.low == 2.0


@pytest.mark.parametrize("row", VALUES + SYNTAX, ids=lambda row: re.sub(r"\W+", " ", row[1])[:40])
def test_a_mistake_is_told_with_its_line_its_key_and_its_remedy(tmp_path: Path, row: Row) -> None:
    begins, instead, below, key, remedy = row
    line = [text.startswith(begins) for text in EXAMPLE.read_text("utf-8").split("\n")].index(True) + 1
    path = place(tmp_path, changed((begins, instead)))
    config, mistakes = load(path)
    assert config is None
    told = [mistake for mistake in mistakes if mistake.key == key]
    assert told, [str(mistake) for mistake in mistakes]
    expected = {-1: line - 1}.get(below, line + below)
    # What is missing is told at the heading of its table.
    assert told[0].line in (expected, 0) if instead else told[0].line > 0
    assert remedy in told[0].says
    assert told[0].file == "config.toml"
    assert TOKEN not in "".join(map(str, mistakes))


def test_a_single_mistake_is_told_once(tmp_path: Path) -> None:
    """Nothing else is said of a file with one mistake: what was blanked does not count as missing."""
    alone = [row for row in VALUES + SYNTAX if row[0] in ("name =", "quiet_from", "languages =", "contact =")]
    for begins, instead, _, key, _ in alone:
        if key.endswith(("nmae", "clinic.?", "f", "hello")) or "quiet_form" in key:
            continue
        _, mistakes = load(place(tmp_path, changed((begins, instead))))
        assert [mistake.key for mistake in mistakes] == [key], instead


def test_every_mistake_of_every_file_at_once(tmp_path: Path) -> None:
    shutil.copytree(shipped_questionnaires(), tmp_path / "questionnaires")
    alliance = tmp_path / "questionnaires" / "alliance.toml"
    alliance.write_text(alliance.read_text("utf-8").replace('kind = "text"', 'kind = "txt"'), "utf-8")
    changes = [("name =", "name = “A”"), ("zone =", 'zone = "Denver"'), ("quiet_from", "quiet_from = 21:00")]
    path = tmp_path / "config.toml"
    path.write_text(changed(*changes, ("low =", "low = 9")), "utf-8")
    _, mistakes = load(path)
    assert [(mistake.file, mistake.key) for mistake in mistakes] == [
        ("config.toml", "clinic.name"),
        ("config.toml", "clinic.zone"),
        ("config.toml", "plan.quiet_from"),
        ("config.toml", "findings.low"),
        ("questionnaires/alliance.toml", "item.own_words.kind"),
    ]


def test_a_mistake_reads_as_a_line() -> None:
    mistake = Mistake("config.toml", 12, "plan.quiet_from", 'a time needs quotes: write "21:00".')
    assert str(mistake) == 'config.toml:12: plan.quiet_from: a time needs quotes: write "21:00".'
    assert str(Mistake("config.toml", 0, "", "is empty.")) == "config.toml: is empty."


@pytest.mark.parametrize(
    ("raw", "line", "remedy"),
    [
        ('name = "a"'.encode("utf-16"), 0, "UTF-8"),
        ('name = "a"'.encode("utf-16-le"), 0, "UTF-8"),
        (b'a = 1\nname = "caf\xe9"', 2, "UTF-8"),
        (b"#" * (256 * 1024 + 1), 0, "256 KB"),
        (b"\n\na = 1 #" + b"x" * 2000, 3, "2000"),
        (b"\n" * 5001, 5001, "5000"),
        (b"'''" * 500, 0, "three quotes"),
    ],
    ids=["utf16", "utf16 bare", "latin1", "large", "long line", "many lines", "many quotes"],
)
def test_bytes_that_are_no_configuration(tmp_path: Path, raw: bytes, line: int, remedy: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(raw)
    _, mistakes = load(path)
    assert (mistakes[0].line, remedy in mistakes[0].says) == (line, True)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    text = place(tmp_path, changed()).read_text("utf-8")
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load(tmp_path / "config.toml")[1] == []


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    _, mistakes = load(tmp_path / "config.toml")
    assert "copy config.example.toml" in mistakes[0].says
    _, mistakes = load(tmp_path)
    assert "is no file" in mistakes[0].says
    (tmp_path / "config.toml").write_text(changed(), "utf-8")
    _, mistakes = load(tmp_path / "config.toml")
    assert any("no questionnaires" in mistake.says and "accord init" in mistake.says for mistake in mistakes)


def test_what_is_wrong_with_two_files_of_one_id(tmp_path: Path) -> None:
    shutil.copytree(shipped_questionnaires(), tmp_path / "questionnaires")
    shutil.copy(tmp_path / "questionnaires" / "goals.toml", tmp_path / "questionnaires" / "more.toml")
    path = tmp_path / "config.toml"
    path.write_text(changed(), "utf-8")
    _, mistakes = load(path)
    assert [(mistake.file, mistake.key) for mistake in mistakes] == [("questionnaires/more.toml", "id")]


def test_a_language_needs_questionnaires_in_it(tmp_path: Path) -> None:
    shutil.copytree(shipped_questionnaires(), tmp_path / "questionnaires")
    start = tmp_path / "questionnaires" / "start.toml"
    only_english = [line for line in start.read_text("utf-8").split("\n") if not re.match(r"(patient\.)?es =", line)]
    start.write_text(re.sub(r', es = "[^"]*"', "", "\n".join(only_english)), "utf-8")
    path = tmp_path / "config.toml"
    path.write_text(changed(), "utf-8")
    _, mistakes = load(path)
    assert [mistake.key for mistake in mistakes] == ["clinic.languages"]
    assert '"start" is not written in es' in mistakes[0].says


def test_the_token_is_read_from_where_the_file_says(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert read_token(config, {"ACCORD_TOKEN": f" {TOKEN}\n"}) == TOKEN
    absent = read_token(config, {})
    assert isinstance(absent, Mistake)
    assert "ACCORD_TOKEN is empty" in absent.says
    config = loaded(tmp_path, ("token_env", ""), ("token_file", 'token_file = "token"'))
    assert "cannot be read" in str(read_token(config))
    (tmp_path / "token").write_text(TOKEN + "\n", "utf-8")
    assert read_token(config) == TOKEN
    (tmp_path / "token").write_text(f"token = {TOKEN}", "utf-8")
    assert "more than a token" in str(read_token(config))
    assert TOKEN not in str(read_token(config))


def warned(folder: Path, *changes: tuple[str, str]) -> str:
    mistakes, told = check(place(folder, changed(*changes)))
    assert mistakes == []
    return "\n".join(told)


def test_warnings(tmp_path: Path) -> None:
    assert "clinic.approval" in warned(tmp_path)
    assert "clinic.contact still" in warned(tmp_path)
    fine = [("approval", 'approval = "Privacy office, 3 Feb"'), ("contact", 'contact = "call 555-0100"')]
    assert warned(tmp_path, *fine) == ""
    assert "unencrypted" in warned(tmp_path, *fine, ("base_url", 'base_url = "http://proxy.example"'))
    assert warned(tmp_path, *fine, ("base_url", 'base_url = "http://127.0.0.1:8081/"')) == ""
    never = ("patient_reminds_after", 'patient_reminds_after = "80 h"')
    assert "no reminder" in warned(tmp_path, *fine, never)


def test_a_token_file_that_others_can_read(tmp_path: Path) -> None:
    fine = [("approval", 'approval = "Privacy office, 3 Feb"'), ("contact", 'contact = "call 555-0100"')]
    fine += [("token_env", ""), ("token_file", 'token_file = "token"')]
    assert "no such file yet" in warned(tmp_path, *fine)
    (tmp_path / "token").write_text(TOKEN, "utf-8")
    (tmp_path / "token").chmod(0o644)
    assert "chmod 600" in warned(tmp_path, *fine)
    (tmp_path / "token").chmod(0o600)
    assert warned(tmp_path, *fine) == ""


def test_the_folders_own_configuration_comes_before_the_example(tmp_path: Path) -> None:
    assert default_config(tmp_path) == EXAMPLE
    (tmp_path / "config.toml").touch()
    assert default_config(tmp_path) == tmp_path / "config.toml"


def test_all_public_names_are_there() -> None:
    assert all(hasattr(configuration, name) for name in configuration.__all__)


@pytest.mark.parametrize(
    "text",
    [
        "x = {" + ".".join("a" * 900) + " = 1}\n",
        ".".join("a" * 900) + " = 1\n",
        "a = 1\n",
        "[a]\n",
        "a = [\n",
        "[" * 1900,
    ],
    ids=["dots inside", "dots", "twice", "headings", "brackets", "deep"],
)
def test_absurd_files_are_refused_without_delay(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text((text * 100)[: 100 * 1024], "utf-8")
    config, mistakes = load(path)
    assert config is None
    assert mistakes


PIECES = st.sampled_from(
    [
        '"',
        "'",
        '"""',
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        "\n",
        "#",
        ",",
        ".",
        "“",
        "\\",
        "[plan]\n",
        "x = ",
        "18:30",
        "\x00",
    ]
)


@law(40)
@given(st.lists(st.tuples(st.integers(0, 12_000), st.integers(0, 40), PIECES | st.text(max_size=3)), max_size=4))
def test_a_mutated_file_never_raises(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int, str]]
) -> None:
    text = changed()
    for at, length, instead in cuts:
        text = text[:at] + instead + text[at + length :]
    path = tmp_path_factory.getbasetemp() / "mutated" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    config, mistakes = load(path)
    assert config is None  # there are no questionnaires beside it
    assert all(mistake.says and str(mistake) for mistake in mistakes)


@law(100)
@given(st.lists(PIECES | st.sampled_from(["a", "b.c", "1", " ", "\r"]), max_size=30).map("".join))
def test_the_scanner_sees_no_flaw_in_what_tomllib_reads(text: str) -> None:
    found = read(text.encode())
    if not found.faults:
        assert not [statement for statement in found.scan.statements if statement.flaw]
    assert all(fault.line <= text.count("\n") + 1 for fault in found.faults)
