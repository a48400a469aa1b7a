"""A clinic's own questionnaire is scored by its file, and the digest shows the numbers of both sides."""

import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Config, load
from bot.core import digest
from bot.core.history import Answer, History, Part, Session, Side
from bot.core.measures import measured, own, scores, value
from bot.core.questionnaire_file import parse
from bot.core.thresholds import Thresholds
from bot.questionnaire_folder import load_questionnaires, read_questionnaire, shipped_questionnaires
from bot.render import page
from bot.store import wordings
from bot.store.tables import wording
from tests.conftest import FIRST, ROOT, Clinic, Someone
from tests.own_form import KEY, MARKS, answers, questionnaire, text

Form = Mapping[str, Answer]
COLORS = {1: "Red", 2: "Orange", 3: "Yellow", 4: "Green", 5: "Blue"}
AT = datetime(2026, 3, 3, 21, tzinfo=UTC)
WORDS = tuple(range(1, 6)) + tuple(range(1, 6)) + (3, 4)  # 1 2 3 4 5 1 2 3 4 5 3 4


def history(*both: tuple[Part, Part]) -> History:
    """Held sessions, a week apart, with what patient and therapist answered to the own form."""
    sessions = [
        Session(AT + timedelta(weeks=n), f"2026-03-{3 + 7 * n:02d}T14:00", "held", Side(own={"own": p}),
                Side(own={"own": t}))
        for n, (p, t) in enumerate(both)
    ]  # fmt: skip
    return History(tuple(sessions))


def told(past: History, form_text: str = MARKS, lang: str = "en", blind: frozenset[str] = frozenset()) -> str:
    """The digest after these sessions."""
    built = digest.build("P-014", "", past, Thresholds(), blind, own=[questionnaire(scores=form_text)])
    return page(lang, "digest.txt", d=built, shown=built.first)


# ------------------------------------------------------------------------------------------------ scores


def test_without_scores_there_is_one_mean_for_each_thing_measured() -> None:
    """By the key: tasks 1, 2, 10, 12; bond 3, 5, 7, 9; goals 4, 6, 8, 11."""
    form = questionnaire()
    found = {score.id: (score.items, value(form, score, answers(*WORDS))) for score in scores(form)}
    assert found == {
        name: (tuple(f"item_{n}" for n in KEY[name]), mean)
        for name, mean in (("tasks", 3.0), ("bond", 3.5), ("goals", 2.75))
    }


ALL = dict(enumerate(WORDS, 1))
ROWS = [
    ("a mean of all", 'measures = "tasks"', "", ALL, 3.0),
    ("one skipped, and all are needed", 'measures = "tasks"', "", ALL | {2: None}, None),
    ("one skipped, and three are enough", 'measures = "tasks"\nneeds = 3', "", ALL | {2: None}, 10 / 3),
    ("two skipped, and three are needed", 'measures = "tasks"\nneeds = 3', "", ALL | {2: None, 1: None}, None),
    ("a sum", 'measures = "tasks"\nmethod = "sum"', "", ALL, 12.0),
    ("items by name", 'of = ["item_5", "item_1"]', "", ALL, 3.0),
    ("items by name beside what they measure", 'measures = "x"\nof = ["item_5"]', "", ALL, 5.0),
    ("nothing answered", 'measures = "tasks"\nneeds = 1', "", {}, None),
    ("an item turned round", 'measures = "tasks"', "reversed", ALL, 4.0),
]


@pytest.mark.parametrize(("key", "turned", "given", "is_"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_score_is_worked_out_as_the_file_says(
    key: str, turned: str, given: dict[int, int | None], is_: float | None
) -> None:
    form = questionnaire(scores=f'[[score]]\nid = "s"\n{key}\ntitle = {{ en = "S", es = "S" }}', turned=bool(turned))
    found = value(form, form.scores[0], {f"item_{n}": answer for n, answer in given.items()})
    assert found == (is_ if is_ is None else pytest.approx(is_))


@given(st.lists(st.integers(1, 5), min_size=12, max_size=12))
def test_a_form_answered_the_other_way_round_scores_the_other_way_round(ratings: list[int]) -> None:
    form = questionnaire()
    mirrored = replace(form, items=tuple(replace(item, reversed=True) for item in form.items))
    for score in scores(form):
        there, back = (value(one, score, answers(*ratings)) for one in (form, mirrored))
        assert there is not None
        assert back == pytest.approx(6 - there)


@pytest.mark.parametrize("part", ["missed", "excused", None, {}])
def test_no_answers_are_no_score(part: Part) -> None:
    form = questionnaire()
    assert [value(form, score, part) for score in scores(form)] == [None] * 3
    assert measured(history((part, part)), [form], 0) == ()


def test_items_on_different_scales_are_not_averaged_unasked() -> None:
    shipped, _ = load_questionnaires(shipped_questionnaires())
    assert [score.id for score in scores(shipped["homework"])] == []
    assert own(shipped | {"own": questionnaire()}) == (questionnaire(),)


# ------------------------------------------------------------------------------------------------ the file

HEADING = '[[score]]\nid = "s"\nmeasures = "tasks"\ntitle.en = "S"\ntitle.es = "S"\n'
BAD = [
    ("[score]", HEADING.replace("[[score]]", "[score]"), "score", "two brackets"),
    ("id", HEADING.replace('id = "s"', 'id = "S!"'), "score.S!.id", "an id has at most 32"),
    ("twice", HEADING + HEADING, "score.s.id", "another id"),
    ("measures", HEADING.replace('"tasks"', '"taks"'), "score.s.measures", 'Did you mean "tasks"?'),
    ("no measures", HEADING.replace('measures = "tasks"', ""), "score.s.measures", "or of = [item ids]"),
    ("title", HEADING.replace('title.en = "S"\ntitle.es = "S"', ""), "score.s.title", "add title.en"),
    ("a language", HEADING.replace('title.es = "S"', ""), "score.s.title.es", "every text needs it"),
    ("key", HEADING + "lwo = 3\n", "score.s.lwo", 'Did you mean "low"?'),
    ("of", HEADING + 'of = ["item_1", "itme_2"]\n', "score.s.of.2", 'Did you mean "item_2"?'),
    ("of nothing", HEADING + "of = []\n", "score.s.of", 'write of = ["item_1", "item_2"].'),
    ("of twice", HEADING + 'of = ["item_1", "item_1"]\n', "score.s.of.2", "take one out"),
    ("of a number", HEADING + "of = [1]\n", "score.s.of.1", "in quotes"),
    ("needs", HEADING + "needs = 5\n", "score.s.needs", "from 1 to 4"),
    ("a sum", HEADING + 'method = "sum"\nneeds = 2\n', "score.s.needs", "a sum needs every item"),
    ("method", HEADING + 'method = "median"\n', "score.s.method", '"median" is not known here'),
    ("low", HEADING + "low = 0.5\n", "score.s.low", "from 1 to 5"),
    ("low of a sum", HEADING + 'method = "sum"\nlow = 3\n', "score.s.low", "from 4 to 20"),
    ("low in quotes", HEADING + 'low = "3"\n', "score.s.low", "write low = 3.0"),
    ("low over high", HEADING + "low = 4\nhigh = 3\n", "score.s.low", "make low smaller than high"),
    ("level", HEADING + 'level = "flag"\n', "score.s.level", "add one of them"),
    ("level of another kind", HEADING + 'low = 3\nlevel = "red"\n', "score.s.level", "note, flag"),
]


@pytest.mark.parametrize(("added", "key", "remedy"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_mistake_in_a_score_is_told_with_its_line_its_key_and_its_remedy(
    tmp_path: Path, added: str, key: str, remedy: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text(scores=added), "utf-8")
    file, read = read_questionnaire(path, "own.toml")
    assert read is None
    (mistake,) = [mistake for mistake in file.mistakes if mistake.key == key]
    assert remedy in mistake.says
    assert mistake.line > text().count("\n")


def test_every_mistake_of_every_score_is_found_at_once() -> None:
    wrong = HEADING.replace("tasks", "taks") + "needs = 0\n" + HEADING.replace('"s"', '"t"') + "low = 9\n"
    _, problems = parse(tomllib.loads(text(scores=wrong)))
    assert [".".join(map(str, p.path)) for p in problems] == ["score.0.measures", "score.0.needs", "score.1.low"]


def test_the_entry_shown_in_readme_is_one() -> None:
    (shown,) = re.findall(r"```toml\n(\[\[score.*?)```", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
    read, problems = parse(tomllib.loads(re.sub(r"^.*\.es = .*\n|^es = .*\n", "", text(), flags=re.MULTILINE) + shown))
    assert problems == []
    assert read is not None
    (score,) = read.scores
    assert (score.items, score.needs, score.low, score.level) == (
        ("item_1", "item_2", "item_10", "item_12"),
        3,
        3.0,
        "flag",
    )


def test_a_score_that_no_side_can_have_is_refused() -> None:
    mixed = text(both=False).replace('patient.en = "The color of thing 2."', 'therapist.en = "The color of thing 2."')
    mixed = mixed.replace('patient.es = "El color de la cosa 2."', 'therapist.es = "El color de la cosa 2."')
    _, problems = parse(tomllib.loads(mixed + HEADING))
    assert ["neither side is asked all" in problem.says for problem in problems] == [True]


def test_a_mark_is_about_the_patient() -> None:
    theirs = text(both=False).replace("patient.", "therapist.")
    assert parse(tomllib.loads(theirs + HEADING))[1] == []
    _, problems = parse(tomllib.loads(theirs + HEADING + "low = 3.0\n"))
    assert ["the patient's answers" in problem.says for problem in problems] == [True]


# ------------------------------------------------------------------------------------------------ the digest

HIGH, LOW = answers(*[5] * 12), answers(*[2] * 12)


def test_the_digest_shows_both_sides_and_what_was_before() -> None:
    past = history((answers(*WORDS), None), (HIGH, LOW))
    in_words = "the way of work patient 5.0 (before 3.0), you 2.0; in all patient 15 (before 10), you 6."
    assert f"Twelve things: {in_words}" in told(past)
    in_spanish = "la forma de trabajar paciente 5.0 (antes 3.0), usted 2.0; en total paciente 15 (antes 10), usted 6."
    assert f"Doce cosas: {in_spanish}" in told(past, lang="es")


def test_a_score_without_a_title_is_called_by_what_it_measures() -> None:
    assert "Twelve things: tasks patient 5.0; the bond patient 5.0; goals patient 5.0." in told(
        history((HIGH, None)), ""
    )


def test_before_is_the_last_time_that_it_was_answered() -> None:
    past = history((LOW, None), ("missed", None), (HIGH, None))
    assert "patient 5.0 (before 2.0);" in told(past)


def test_what_only_the_therapist_answered_is_shown_as_theirs() -> None:
    assert "Twelve things: the way of work you 2.0; in all you 6.\n" in told(history((None, LOW))) + "\n"


def test_a_mark_of_the_clinic_is_said_and_can_be_a_flag() -> None:
    low, high = told(history((LOW, None))), told(history((HIGH, None)))
    assert "At or below 3, your clinic's own mark: the way of work." in low
    assert "At or above 14, your clinic's own mark: in all." in high
    assert "own mark" not in told(history((answers(*[4] * 12), LOW)))
    for said in (low, high):
        assert "Nothing stands out" not in said


@pytest.mark.parametrize(("form", "flag"), [(LOW, True), (HIGH, False), ({}, False), ("missed", False)])
def test_only_a_mark_of_level_flag_makes_the_digest_one_with_a_flag(form: Part, flag: bool) -> None:
    built = digest.build("P", "", history((form, None)), Thresholds(), own=[questionnaire(scores=MARKS)])
    assert built.has_flag is flag
    assert built.lines == ()


def test_while_the_therapists_form_is_open_nothing_of_it_is_shown() -> None:
    past = history((HIGH, None), (LOW, LOW))
    said = told(past, blind=frozenset({past.sessions[-1].local}))
    assert "Twelve things" not in said
    assert "own mark" not in said


def test_the_week_names_a_pair_for_its_mark_and_not_among_the_quiet() -> None:
    built = digest.build("P-014", "", history((LOW, None)), Thresholds(), own=[questionnaire(scores=MARKS)])
    week = page("en", "weekly.txt", digests=[built])
    assert "P-014\nTwelve things: the way of work patient 2.0; in all patient 6.\nAt or below 3," in week
    assert "Nothing" not in week


# ------------------------------------------------------------------------------------------------ from tap to digest


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The clinic asks its own form of both, beside Accord's of the patient."""
    shutil.copytree(ROOT / "questionnaires", tmp_path / "questionnaires")
    (tmp_path / "questionnaires" / "own.toml").write_text(text(scores=MARKS), "utf-8")
    written = (ROOT / "config.example.toml").read_text("utf-8")
    for old, new in (
        ('after_session = ["alliance", "goals"]', 'after_session = ["own"]'),
        ('after_first = ["start"]', "after_first = []"),
        ('therapist = ["alliance", "goals", "homework"]', 'therapist = ["own"]'),
    ):
        assert old in written
        written = written.replace(old, new)
    (tmp_path / "config.toml").write_text(written, "utf-8")
    read, mistakes = load(tmp_path / "config.toml")
    assert read is not None, mistakes
    return replace(read, plan=replace(read.plan, homework=False, therapist_bond=True))


async def test_a_licensed_form_goes_from_both_phones_into_the_digest(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T15:00")
    await tomas.taps("Begin", *(f"{row} 4" for row in "ABCDEFGHIJKL"), "Send")
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *(COLORS[n] for n in WORDS), "Send")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    assert "Twelve things: the way of work patient 3.0, you 4.0; in all patient 10, you 12.\n" in tomas.screen
    assert "At or below 3, your clinic's own mark: the way of work." in tomas.screen
    assert "Your form was not sent" not in tomas.screen


async def test_it_is_hidden_until_the_therapist_has_sent_or_skipped(
    clinic: Clinic, anna: Someone, tomas: Someone
) -> None:
    for wall in (FIRST, "2026-11-10T14:00"):
        await clinic.session("P-014", wall)
    await clinic.until("2026-11-03T16:00")
    await anna.taps("Begin", *["Red"] * 12, "Send")
    await clinic.until("2026-11-10T13:00")
    await tomas.taps("Open")
    assert "patient 1.0" not in tomas.screen
    await tomas.taps("Skip this form")
    assert "patient 1.0" in tomas.screen


async def test_other_scores_are_no_other_wording(clinic: Clinic) -> None:
    """A mark can be moved under forms that were answered; the version is of the words."""
    before = questionnaire(scores=MARKS)
    assert await clinic.desk(wordings.changed, [before], clinic.clock.now()) == []
    rows = await clinic.rows(wording, questionnaire="own")
    await clinic.desk(wordings.changed, [questionnaire()], clinic.clock.now())
    assert await clinic.rows(wording, questionnaire="own") == rows
