"""Every word that people read, in both languages: nothing untranslated, nothing left over, nothing that hurts.

English stands in the templates and is the key of the Spanish catalogue; so whoever changes a sentence changes it here.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from bot import render
from bot.chat.checkins import TYPED_WORDS
from bot.config import Config
from bot.core.finding import Finding, Level
from bot.core.findings import RULES, Ticked, findings
from bot.core.history import Goal
from bot.core.homework import OBSTACLES
from bot.core.questionnaire import LANGUAGES
from bot.core.zones import REGIONS
from bot.render import finding_words, phrase
from tests.case_files import history
from tests.random_cases import random_case

HERE = Path(render.__file__).parent
TEMPLATES = sorted(path for path in (HERE / "templates").rglob("*") if path.is_file())
PHRASES = (HERE / "templates" / "phrases.jinja").read_text("utf-8")
BUTTON, TOAST, COMMAND = 40, 200, 256
BANNED = (
    "rupture", "resist", "complian", "failed", "failure", "refus", "unmotivated", "not engaged", "disengag", "reluctan",
    "denial", "should", "disorder", "prognos", "warning", "your fault", "the fault",
    "ruptura", "incumpl", "fracas", "se neg", "desmotivad", "debería", "trastorno", "pronóstico", "culpa",
)  # fmt: skip
CLINICAL = (
    "therap", "session", "patient", "clinic", "homework", "goal", "form", "digest", "answer", "question",
    "terap", "sesi", "pacient", "clínic", "tarea", "meta", "resumen", "respuesta", "pregunta", "cita",
)  # fmt: skip
GOALS = (Goal(1, "dormir toda la noche"), Goal(2, "menos enojo <en casa>"), Goal(3, "ver a mis amistades"))

lang = pytest.mark.parametrize("lang", LANGUAGES)


# ------------------------------------------------------------------------------------------------ the catalogue

Id = str | tuple[str, ...]


@cache
def used() -> frozenset[Id]:
    """The ids of all messages in the templates; one with a plural is a pair."""
    found: set[Id] = set()
    for file in TEMPLATES:
        with file.open("rb") as opened:
            found |= {message for _, message, _, _ in extract("jinja2.ext:babel_extract", opened)}
    return frozenset(found)


@cache
def spanish() -> Catalog:
    """The Spanish catalogue."""
    with (HERE / "locale" / "es.po").open("rb") as po:
        return read_po(po, abort_invalid=True)


def pairs() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each message with its translation, one form or two."""
    for message in spanish():
        if message.id:
            yield _forms(message.id), _forms(message.string)


def _forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(text: str) -> set[str]:
    """The names in %(name)s."""
    return set(re.findall(r"%\((\w+)\)s", text))


def test_every_message_is_translated_and_no_translation_is_left_over() -> None:
    translated = {message.id if isinstance(message.id, str) else tuple(message.id) for message in spanish()} - {""}
    assert sorted(map(str, used() - translated)) == []
    assert sorted(map(str, translated - used())) == []


def test_no_translation_is_empty_or_a_guess() -> None:
    assert [english for english, words in pairs() if not all(form.strip() for form in words)] == []
    assert [message.id for message in spanish() if message.id and message.fuzzy] == []
    assert [english for english, words in pairs() if len(english) != len(words)] == []


def test_placeholders_are_the_same_on_both_sides() -> None:
    for english, words in pairs():
        assert [placeholders(form) for form in words] == [placeholders(form) for form in english]
        assert not any("%" in re.sub(r"%\(\w+\)s", "", form) for form in (*english, *words))


def test_a_translation_begins_and_ends_like_its_original() -> None:
    def end(form: str) -> str:
        return form[-1] if form[-1] in ".:?" else ""

    for english, words in pairs():
        assert [end(form) for form in words] == [end(form) for form in english]
        assert all(("¿" in form) == ("?" in form) for form in words)
        assert all(form == form.strip() and "  " not in form for form in (*english, *words))


def test_the_header_says_what_the_file_is() -> None:
    catalogue = spanish()
    assert (str(catalogue.locale), catalogue.charset, catalogue.num_plurals) == ("es", "utf-8", 2)


def test_nobody_is_blamed_and_nothing_is_foretold() -> None:
    texts = {file.name: re.sub(r"{#.*?#}", "", file.read_text("utf-8"), flags=re.DOTALL).lower() for file in TEMPLATES}
    texts["es.po"] = (HERE / "locale" / "es.po").read_text("utf-8").lower()
    assert [(name, word) for name, text in texts.items() for word in BANNED if word in text] == []


# ------------------------------------------------------------------------------------------------ no English in Spanish


def words_of(text: str) -> set[str]:
    """The words of a text, without placeholders and commands."""
    return set(re.findall(r"[^\W\d_]+", re.sub(r"%\(\w+\)s|/\w+|<[^>]*>", " ", text).lower()))


@cache
def markers() -> frozenset[str]:
    """English words of the templates that no Spanish sentence has: one of them in Spanish output is a leak."""
    english = {word for forms, _ in pairs() for form in forms for word in words_of(form)}
    months = {"may", "ago"}  # in short
    return frozenset(english - months - {word for _, forms in pairs() for form in forms for word in words_of(form)})


def check(text: str, lang: str) -> None:
    """What every text must be: filled in, tidy, short enough, and in one language."""
    assert text.strip()
    assert not re.search(r"%\(|{{|{%|None|\S  |\.\.| [.,;:?]|\n\n\n", text), text
    if lang == "es":
        assert words_of(text) & markers() == set(), text


def test_the_markers_know_english_from_spanish() -> None:
    assert {"the", "you", "your", "patient", "session", "homework", "not", "what", "and"} <= markers()
    assert words_of(finding_words("en", "question", SAMPLES[0])) & markers()


# ------------------------------------------------------------------------------------------------ phrases


def phrases(section: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """The macros of phrases.jinja with their parameters; of one section, or all."""
    part = re.search(rf"{{# {section}.*?(?={{# |\Z)", PHRASES, re.DOTALL) if section else None
    for name, arguments in re.findall(r"{% macro (\w+)\((.*?)\) %}", part.group() if part else PHRASES):
        yield name, tuple(filter(None, arguments.split(", ")))


def said(lang: str, name: str, arguments: tuple[str, ...]) -> Iterator[str]:
    """The phrase with samples of its values."""
    samples: dict[str, tuple[object, ...]] = {
        "entry": ("214:5f0c9a3e77b1",),
        "n": (2,), "at": ("14:00",), "goal": ("2. dormir", ""), "label": ("Nada",), "most": (1, 120),
        "minutes": (30, 60, 120) if name == "lead" else (0, 1, 30, 60, 120), "clock": ("07:30",), "day": ("24",),
        "code": LANGUAGES if name == "language" else ("P-014",),
        "name": tuple(REGIONS) if name == "region" else ("A",),
    }  # fmt: skip
    if not arguments:
        yield phrase(lang, name)
        return
    (argument,) = arguments
    for value in samples[argument]:
        yield phrase(lang, name, value)


@lang
def test_every_phrase_is_said_in_both_languages(lang: str) -> None:
    every = [text for name, arguments in phrases() if name != "language" for text in said(lang, name, arguments)]
    assert len(every) > 80
    for text in every:
        check(text, lang)


@lang
def test_buttons_are_whole_words_that_fit_a_phone(lang: str, example: Config) -> None:
    labels = [text for name, arguments in phrases("Buttons") for text in said(lang, name, arguments)]
    for questionnaire in example.questionnaires.by_id.values():
        labels += [choice.label[lang] for item in questionnaire.items for choice in item.choices]
    assert {phrase(lang, "begin"), phrase(lang, "stop_no")} < set(labels)
    assert [label for label in labels if not 1 <= len(label) <= BUTTON or label.endswith(".")] == []


@lang
def test_toasts_and_commands_keep_to_the_limits(lang: str) -> None:
    for section, most in (("Toasts", TOAST), ("The command menu", COMMAND)):
        texts = [text for name, arguments in phrases(section) for text in said(lang, name, arguments)]
        assert texts
        assert [text for text in texts if len(text) > most] == []


@lang
def test_a_locked_screen_says_nothing_of_what_it_is_about(lang: str) -> None:
    arrives = ("ready", "words_", "was_read")
    ready = [text for name, a in phrases() if name.startswith(arrives) for text in said(lang, name, a)]
    assert len(ready) >= 9
    assert [(text, word) for text in ready for word in CLINICAL if word in text.lower()] == []
    assert [text for text in ready if len(text) > 60] == []


@lang
def test_the_words_on_a_button_can_be_typed_instead(lang: str) -> None:
    plain = str.maketrans("áéíóú", "aeiou")
    for verb, words in TYPED_WORDS.items():
        assert phrase(lang, verb).lower().translate(plain) in words.split()


# ------------------------------------------------------------------------------------------------ findings


def _finding(rule: str, about: str, level: Level, **more: Any) -> Finding:
    number = {key: more.pop(key) for key in ("patient", "therapist", "direction") if key in more}
    return Finding(rule, about, level, **number, more=more)


def _samples() -> Iterator[Finding]:
    """Every rule about everything it can be about, at each level and in each direction."""
    own, other, gone = Ticked((1,), 1), Ticked((2, "other"), None), Ticked((1, 9), 9)
    levels: tuple[Level, Level] = ("note", "flag")
    for level in levels:
        for k in ("tasks", "goals"):
            for way in ("patient lower", "therapist lower"):
                usual = {"usual": 0.35, "gap": -1.85, "again": True}
                yield _finding("disagreement", k, level, patient=3.0, therapist=4.5, direction=way, **usual)
        yield Finding("named_goals", "goals", level, more={"patient": own, "therapist": other})
        for k in ("tasks", "goals", "bond", "total"):
            yield _finding("drop", k, level, patient=3.0, base=4.5)
        for k in ("tasks", "goals", "bond"):
            for early in (True, False):
                yield _finding("low", k, level, patient=2.5, lowest=2, early=early)
            yield _finding("low", k, level, patient=None, lowest=1, early=False)
        for again in (True, False):
            yield _finding("homework_little", "homework", level, patient=1, again=again)
            yield _finding("no_response", "response", level, missed=2 if again else 1, not_met=again)
        for given in (("yes", "no"), ("no", "yes"), ("not_sure", "yes")):
            yield _finding("homework_memory", "homework", level, given=given)
    for k in ("tasks", "goals"):
        yield _finding("agreed_low", k, "flag", patient=2.5, therapist=3.0)
    yield Finding("named_goals", "goals", "flag", more={"patient": gone, "therapist": Ticked(("other",), "other")})
    for k in ("tasks", "goals", "bond"):
        yield Finding("slide", k, "flag", 3.0, more={"from": 4.5})
    for k in ("tasks", "goals", "bond", "total"):
        yield _finding("not_back", k, "note", patient=3.0, base=4.5, rated_since=3)
    for forms in (1, 3):
        yield _finding("flat", "alliance", "note", forms=forms)
        yield _finding("setup", "response", "note", missed=forms, not_met=False)
    for done in range(5):
        yield _finding("homework_memory", "homework", "note", patient=done, therapist=4 - done, given=("yes", "yes"))
    for word in ("why", "fits", *(obstacle for of_class in OBSTACLES.values() for obstacle in of_class)):
        yield _finding("homework_fit", "homework", "flag", patient=2, because=(word, "unclear"))
    yield _finding("homework_hard", "homework", "note", patient=3, done=1)
    for item in ("options", "say", "privacy"):
        yield _finding("start", item, "flag", patient=1)
    yield _finding("fit", "bond", "note", patient=2.5)


SAMPLES = tuple(_samples())


def test_the_samples_leave_no_rule_out() -> None:
    def kinds(found: list[Finding]) -> set[tuple[str, str, str, str | None]]:
        return {(finding.rule, finding.about, finding.level, finding.direction) for finding in found}

    assert {finding.rule for finding in SAMPLES} == set(RULES)
    found = [f for n in range(80) for session in findings(history(random_case(Random(n)))) for f in session]
    assert len(kinds(found)) > 30
    assert kinds(found) - kinds(list(SAMPLES)) == set()


@lang
@pytest.mark.parametrize("times", [1, 4])
def test_every_finding_is_a_sentence(lang: str, times: int) -> None:
    for finding in SAMPLES:
        sentence = finding_words(lang, "headline", finding, GOALS, times)
        check(sentence, lang)
        assert re.fullmatch(r"[A-Z][^\n]*[.?]", sentence), sentence
        if times > 1 and finding.rule not in ("no_response", "setup", "flat"):
            assert ("still (4th session)." if lang == "en" else "sigue así (4.ª sesión).") in sentence


@lang
def test_every_finding_has_one_open_question(lang: str) -> None:
    for finding in SAMPLES:
        question = finding_words(lang, "question", finding)
        check(question, lang)
        assert question.count("?") == 1, question
        assert re.match(r"What|Which|How|Does|Is|¿", question), question


def test_what_a_therapist_reads_first() -> None:
    """The first sentences, and those which say who is lower without a sum in them: the numbers are under [Why?]."""
    spoken = " ".join(finding_words("en", "headline", finding, GOALS) for finding in SAMPLES)
    for words in (
        "You rate agreement on tasks differently. Patient 3.0, you 4.5.",
        "The patient rates it lower; usually the therapist does.",
        "You rate it lower, by more than is usual.",
        "Both of you say the tasks are not yet shared. Patient 2.5, you 3.0.",
        'You put different goals first. Patient: "dormir toda la noche". You: "menos enojo <en casa>", something else.',
        "Early days; trust takes time.",
        "Slow decline",
        "set-up or consent problem?",
        "The homework does not fit, or is unclear.",
        "You remember different amounts of homework done. Patient: a little. You: most.",
    ):
        assert words in spoken
