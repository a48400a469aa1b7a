"""Questionnaire files: those that come with Accord, a clinic's own, and every mistake with its line and remedy."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.homework import OBSTACLES
from bot.core.questionnaire import LANGUAGES, VOICES, Item, OnlyIf, Questionnaire
from bot.core.questionnaire_file import parse
from bot.questionnaire_folder import load_questionnaires, read_questionnaire, shipped_questionnaires
from tests.bad_files.questionnaire_rows import BAD, OWN, Row
from tests.laws import law

SHIPPED = {path.stem: path for path in shipped_questionnaires().glob("*.toml")}


def shipped(name: str) -> Questionnaire:
    questionnaire, problems = parse(tomllib.loads(SHIPPED[name].read_text("utf-8")))
    assert questionnaire is not None, problems
    return questionnaire


def test_those_that_come_with_accord_load_without_a_mistake() -> None:
    found, mistakes = load_questionnaires(shipped_questionnaires())
    assert mistakes == []
    assert set(found) == set(SHIPPED) == {"alliance", "goals", "homework", "start"}


@pytest.mark.parametrize("name", SHIPPED)
def test_they_speak_every_language_and_say_whose_words_they_are(name: str) -> None:
    questionnaire = shipped(name)
    assert questionnaire.languages == LANGUAGES
    assert "Accord's own items" in questionnaire.source
    assert "no norms" in questionnaire.source
    assert questionnaire.licence == "MIT"


ITEMS = {
    "alliance": "goals_1 goals_2 tasks_1 tasks_2 bond_1 bond_2 own_words words_for",
    "goals": "chosen top progress",
    "homework": "given done well why fits difficulty obstacles",
    "start": "privacy hopes options say",
}
THERAPISTS = {
    "alliance": "goals_1 goals_2 tasks_1 tasks_2 bond_1 bond_2",
    "goals": "chosen top",
    "homework": "given done",
    "start": "",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_who_is_asked_what_in_which_order(name: str) -> None:
    questionnaire = shipped(name)
    assert " ".join(item.id for item in questionnaire.items) == ITEMS[name]
    assert " ".join(item.id for item in questionnaire.items_for("patient")) == ITEMS[name]
    assert " ".join(item.id for item in questionnaire.items_for("therapist")) == THERAPISTS[name]


def test_both_sides_of_the_alliance_are_asked_the_same_sentences() -> None:
    alliance = shipped("alliance")
    for item in alliance.items_for("therapist"):
        assert item.wording["patient"] == item.wording["therapist"]
    assert alliance.stem["patient"] == alliance.stem["therapist"]
    assert alliance.item("tasks_2").wording["patient"]["en"] == "We are both on board with how we work."
    assert [item.measures for item in alliance.items[:6]] == ["goals", "goals", "tasks", "tasks", "bond", "bond"]


def points(item: Item) -> list[int | str]:
    return [choice.id for choice in item.choices]


def labels(item: Item, language: str = "en") -> list[str]:
    return [choice.label[language] for choice in item.choices]


def test_the_scales_and_their_labels() -> None:
    agreement = ["Not at all", "A little", "Partly", "Mostly", "Fully"]
    for item in shipped("alliance").items[:6]:
        assert (points(item), labels(item)) == ([1, 2, 3, 4, 5], agreement)
    homework = shipped("homework")
    assert points(homework.item("done")) == points(homework.item("well")) == [0, 1, 2, 3, 4]
    assert labels(homework.item("done")) == ["None", "A little", "About half", "Most", "All"]
    assert (points(homework.item("why")), labels(homework.item("fits"))) == ([1, 2, 3, 4, 5], agreement)
    assert labels(homework.item("difficulty")) == ["Not hard", "A little hard", "Partly", "Hard", "Very hard"]
    assert points(shipped("start").item("options")) == [1, 2, 3, 4, 5, "not_yet"]
    assert points(shipped("start").item("privacy")) == [1, 2, 3, 4, 5]


def test_homework_asks_no_more_than_is_needed() -> None:
    homework = shipped("homework")
    done = homework.item("done")
    given = OnlyIf("given", among=("yes",))
    assert done.condition("patient") == given
    assert (done.condition("therapist"), done.needs("therapist")) == (None, "last_homework")
    assert done.needs("patient") is None
    assert homework.item("well").condition("patient") == OnlyIf("done", at_least=1)
    assert homework.item("obstacles").condition("patient") == OnlyIf("done", at_most=2)
    assert all(homework.item(one).condition("patient") == given for one in ("why", "fits", "difficulty"))
    assert points(homework.item("given")) == ["yes", "no", "not_sure"]
    assert points(homework.item("obstacles")) == [one for of_class in OBSTACLES.values() for one in of_class]


def test_goals_are_the_pairs_own() -> None:
    goals = shipped("goals")
    chosen, top, progress = goals.items
    assert (chosen.choices_from, chosen.least, chosen.most, points(chosen)) == ("goals", 1, 3, ["other"])
    assert (top.choices_from, top.kind) == ("chosen", "choice")
    assert (progress.each, progress.every, points(progress)) == ("goals", 4, [0, 1, 2, 3, 4])


def texts(questionnaire: Questionnaire) -> list[str]:
    return [
        *(text for item in questionnaire.items for words in item.wording.values() for text in words.values()),
        *(text for words in questionnaire.stem.values() for text in words.values()),
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_words_are_short_and_plain(name: str) -> None:
    questionnaire = shipped(name)
    for text in texts(questionnaire):
        for sentence in re.split(r"(?<=[.?!])\s+", text):
            assert len(sentence.split()) <= 12, sentence
        assert max(len(word) for word in re.findall(r"\w+", text)) <= 13, text
    for item in questionnaire.items_for("therapist"):
        for text in item.wording["therapist"].values():
            assert len(re.findall(r"[.?!](?:\s|$)", text)) <= 2, text
    assert all(
        len(label) <= 34 for item in questionnaire.items for language in LANGUAGES for label in labels(item, language)
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_spanish_is_spanish_and_says_usted(name: str) -> None:
    for item in shipped(name).items:
        for words in item.wording.values():
            assert words["es"] != words["en"]
            assert not re.search(r"\b(tú|te|ti|tu|tus|vos|vosotros|hiciste|quieres|esperas)\b", words["es"].lower())
            assert ("?" in words["es"]) == ("¿" in words["es"])


def test_a_clinics_own_questionnaire_needs_no_code() -> None:
    twelve = "".join(
        f'[[item]]\nid = "q{n}"\nmeasures = "{"calm" if n % 2 else "trust"}"\nkind = "scale"\nscale = "seven"\n'
        f'reversed = {"true" if n == 3 else "false"}\npatient.en = "Sentence {n}."\npatient.es = "Frase {n}."\n'
        f'therapist.en = "Sentence {n}."\ntherapist.es = "Frase {n}."\n'
        for n in range(12)
    )
    questionnaire, problems = parse(tomllib.loads(OWN + twelve))
    assert problems == []
    assert questionnaire is not None
    assert len(questionnaire.items_for("therapist")) == 12
    assert points(questionnaire.item("q1")) == [1, 2, 3, 4, 5, 6, 7]
    assert [item.id for item in questionnaire.items if item.reversed] == ["q3"]
    assert {item.measures for item in questionnaire.items_for("therapist")} == {"calm", "trust"}


def test_one_language_and_one_side_are_enough() -> None:
    text = re.sub(r"^(\w+\.)?es = .*\n", "", OWN, flags=re.MULTILINE)
    questionnaire, problems = parse(tomllib.loads(re.sub(r', es = "[^"]*"', "", text)))
    assert problems == []
    assert questionnaire is not None
    assert questionnaire.languages == ("en",)
    assert questionnaire.items_for("therapist") == ()


def test_an_unknown_item_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        shipped("start").item("xyz")


@pytest.mark.parametrize("row", BAD, ids=lambda row: re.sub(r"\W+", " ", f"{row[2]} {row[1]}")[:60])
def test_a_mistake_is_told_with_its_line_its_key_and_its_remedy(tmp_path: Path, row: Row) -> None:
    before, instead, key, remedy = row
    assert before in OWN
    text = (
        OWN.replace(before, instead)
        if before == "[[item]]" and "#!" not in instead
        else OWN.replace(before, instead, 1)
    )
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    file, questionnaire = read_questionnaire(path, "own.toml")
    assert questionnaire is None
    told = [mistake for mistake in file.mistakes if mistake.key == key]
    assert told, [str(mistake) for mistake in file.mistakes]
    assert remedy in told[0].says
    assert told[0].line == expected_line(text, key) or not instead, str(told[0])
    assert str(told[0]).startswith("own.toml")


ELSEWHERE = {
    "scale.seven": "[scale.seven]",
    "item.calm_1.choices": "[[item]]",
    "item.calm_1.scale": 'scale = "seven"',
    "item.reason.choices": "choices = [",
}
"""Where a mistake is told that two places make together."""


def expected_line(text: str, key: str) -> int:
    """The line of the mark, of the place the mistake is told at, or of the first change."""
    place = "#!" if "#!" in text else ELSEWHERE.get(key, "")
    at = text.find(place) if place else -1
    if at < 0:
        at = next(at for at, (old, new) in enumerate(zip(OWN, text, strict=False)) if old != new)
    return text[:at].count("\n") + 1


def test_a_part_that_could_not_be_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace("version = 2", "version 2").replace('licence = "CC0"', "licence = “CC0”"), "utf-8")
    file, _ = read_questionnaire(path, "own.toml")
    assert [(mistake.line, mistake.key) for mistake in file.mistakes] == [(2, "version"), (4, "licence")]


def test_every_mistake_is_found_at_once() -> None:
    text = OWN.replace("version = 2", "version = 0").replace('scale = "seven"', 'scale = "six"')
    text = text.replace("at_most = 3", "at_most = 33").replace('measures = "words"', "")
    _, problems = parse(tomllib.loads(text))
    places = [problem.path for problem in problems]
    assert ("version",) in places
    assert ("item", 0, "scale") in places
    assert ("item", 2, "measures") in places


def test_what_the_therapist_is_not_asked_is_no_condition_for_the_therapist() -> None:
    text = OWN.replace('patient.en = "What kept', 'therapist.en = "a"\ntherapist.es = "b"\npatient.en = "What kept')
    _, problems = parse(tomllib.loads(text))
    assert [problem.path for problem in problems] == [("item", 1, "only_if", "item")]
    text = text.replace('therapist.en = "a"', 'therapist.only_when = "last_homework"\ntherapist.en = "a"')
    questionnaire, problems = parse(tomllib.loads(text))
    assert problems == []
    assert questionnaire is not None
    assert questionnaire.item("reason").needs("therapist") == "last_homework"


def test_answered_is_the_only_test_of_a_text() -> None:
    more = '[[item]]\nid = "for"\nmeasures = "words"\nkind = "text"\npatient.en = "a"\npatient.es = "b"\n'
    questionnaire, problems = parse(tomllib.loads(f'{OWN}{more}only_if = {{ item = "note", answered = true }}\n'))
    assert problems == []
    assert questionnaire is not None
    assert questionnaire.item("for").condition("patient") == OnlyIf("note", answered=True)
    _, problems = parse(tomllib.loads(f'{OWN}{more}only_if = {{ item = "note", at_most = 1 }}\n'))
    assert ["answered = true" in problem.says for problem in problems] == [True]


@pytest.mark.parametrize("data", [{}, {"item": []}, {"item": 3}, {"title": 3, "scale": [], "stem": 1}, {"item": [3]}])
def test_data_of_the_wrong_shape_is_only_refused(data: dict[str, object]) -> None:
    questionnaire, problems = parse(data)
    assert questionnaire is None
    assert problems


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.times(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(("id", "en", "es", "item")), inside),
    max_leaves=6,
)


@law(25)
@given(st.sampled_from(sorted(SHIPPED)), st.lists(st.tuples(st.integers(0, 10_000), VALUES), min_size=1, max_size=4))
def test_any_value_anywhere_never_raises(name: str, changes: list[tuple[int, Any]]) -> None:
    data = tomllib.loads(SHIPPED[name].read_text("utf-8"))
    for where, value in changes:
        places = list(_places(data))
        table, key = places[where % len(places)]
        table[key] = value
    questionnaire, problems = parse(data)
    assert (questionnaire is None) == bool(problems)
    for problem in problems:
        assert problem.says.rstrip().endswith((".", "?", "]")), problem.says


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Every table or list with every key in it, at every depth."""
    keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    return [(data, key) for key in keys] + [place for key in keys for place in _places(data[key])]


@law(40)
@given(
    st.sampled_from(sorted(SHIPPED)), st.integers(0, 5000), st.integers(0, 30), st.text('"[]{}=\n,.# “ax1', max_size=4)
)
def test_a_mutated_file_never_raises(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, length: int, instead: str
) -> None:
    text = SHIPPED[name].read_text("utf-8")
    path = tmp_path_factory.getbasetemp() / "mutated.toml"
    path.write_text(text[:at] + instead + text[at + length :], "utf-8")
    file, questionnaire = read_questionnaire(path, "mutated.toml")
    assert (questionnaire is None) == bool(file.mistakes)
    assert all(str(mistake) for mistake in file.mistakes)


def test_both_voices_are_the_only_ones() -> None:
    assert VOICES == ("patient", "therapist")
