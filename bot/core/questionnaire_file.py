"""A questionnaire file (parsed TOML) -> a Questionnaire, or every mistake in it at once.

The format is a contract: README. A clinic writes its own file; nothing here knows what is asked.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.core.problem import Problem
from bot.core.questionnaire import LANGUAGES, VOICES, Choice, Item, Questionnaire, Voice, Words
from bot.core.questionnaire_item import LABEL, MOST_CHOICES, read_item
from bot.core.questionnaire_part import IDENTIFIER, Part, foreign, ill_text, kind_of, shown
from bot.core.questionnaire_score import TITLE, read_scores

__all__ = ["Problem", "parse"]

KEYS = ("id", "version", "source", "licence", "title", "stem", "scale", "item", "score")
STEM = 300
MOST_ITEMS = 60
PLACEHOLDER = re.compile(r"\{[^}]*\}?|\}")


def parse(data: Mapping[str, object]) -> tuple[Questionnaire | None, list[Problem]]:
    """The questionnaire, or None and every problem found, each with its place and its remedy."""
    top = Part(data, (), [])
    top.only(KEYS)
    ident = top.identifier("id")
    version = top.whole("version", 1, 9999)
    source = top.text("source", 500)
    licence = top.text("licence", 300)
    title = _title(top)
    top = replace(top, languages=tuple(title))
    stem = _stem(top)
    items = _items(top, _scales(top))
    scores = read_scores(top, items)
    if top.problems:
        return None, top.problems
    return Questionnaire(ident, version, source, licence, title, stem, items, scores), []


def _title(top: Part) -> Words:
    """The title by language; its languages are those that every text of the file needs."""
    title = top.table("title", '[title] and under it en = "…"')
    if title is None:
        if "title" not in top.data:
            top.wrong('is missing: add [title] and under it en = "…" (its languages are the file\'s).', "title")
        return {}
    title.only(LANGUAGES, foreign)
    spoken = [language for language in LANGUAGES if language in title.data]
    if not spoken:
        title.wrong('is empty: write en = "…" under it (its languages are the file\'s).')
    return {language: title.text(language, TITLE) for language in spoken}


def _stem(top: Part) -> dict[Voice, Words]:
    """What stands above the items of each side; the only placeholder is {day}."""
    stem = top.table("stem", '[stem] and under it patient.en = "…"')
    if stem is None:
        return {}
    stem.only(VOICES)
    found: dict[Voice, Words] = {}
    for voice in VOICES:
        spoken = stem.table(voice, f'{voice}.en = "…"')
        if spoken is not None:
            found[voice] = spoken.words(STEM)
            _placeholders(spoken, found[voice])
    return found


def _placeholders(part: Part, words: Words) -> None:
    for language, text in words.items():
        for placeholder in PLACEHOLDER.findall(text):
            if placeholder != "{day}":
                says = f"{shown(placeholder)} is no placeholder: only {{day}}, the session's weekday, is filled in."
                part.wrong(says, language)


def _scales(top: Part) -> dict[str, tuple[Choice, ...]]:
    """Every scale by name, as far as it can be read; one with mistakes has no points."""
    scales = top.table("scale", "[scale.NAME] with a name of your own")
    if scales is None:
        return {}
    found = {}
    for name in scales.data:
        if not IDENTIFIER.fullmatch(name):
            scales.wrong(f"a scale's name has at most 32 of a-z, 0-9 and _, not {shown(name)}: rename it.", name)
        scale = scales.table(name, f'[scale.{name}] and under it first = 1 and en = ["…", "…"]')
        found[name] = () if scale is None else _scale(scale)
    return found


def _scale(scale: Part) -> tuple[Choice, ...]:
    scale.only(("first", *(scale.languages or LANGUAGES)), scale.foreign)
    first = scale.whole("first", 0, 1, 1)
    labels = {language: _labels(scale, language) for language in scale.languages}
    counts = {language: len(found) for language, found in labels.items()}
    if 0 in counts.values() or not counts:
        return ()
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{language} {count}" for language, count in counts.items())
        scale.wrong(f"the languages have different numbers of labels ({told}): write as many in each.")
    points = range(min(counts.values()))
    return tuple(Choice(first + at, {one: found[at] for one, found in labels.items()}) for at in points)


def _labels(scale: Part, language: str) -> list[str]:
    """The labels of a scale in one language; none after a mistake in their list."""
    found = scale.data.get(language)
    if found is None:
        says = f'is missing (the title has {language}, so every text needs it): add {language} = ["…", "…"].'
        scale.wrong(says, language)
        return []
    if not isinstance(found, list):
        scale.wrong(f'must be a list of labels, not {kind_of(found)}: write {language} = ["…", "…"].', language)
        return []
    if not 2 <= len(found) <= MOST_CHOICES:
        remedy = "write at least two" if len(found) < 2 else f"at most {MOST_CHOICES} fit, take some out"
        scale.wrong(f"too {'few' if len(found) < 2 else 'many'} labels ({len(found)}): {remedy}.", language)
        return []
    return [_label(scale, language, at, label) for at, label in enumerate(found)]


def _label(scale: Part, language: str, at: int, label: object) -> str:
    if not isinstance(label, str):
        scale.wrong(f'a label must be text in quotes, not {kind_of(label)}: write "…".', language, at)
        return ""
    if says := ill_text(label, LABEL) or ("has a line break: write it on one line." if "\n" in label else None):
        scale.wrong(f"the label {says}", language, at)
    return label.strip()


def _items(top: Part, scales: Mapping[str, tuple[Choice, ...]]) -> tuple[Item, ...]:
    if isinstance(top.data.get("item"), dict):
        top.wrong("must be written [[item]], with two brackets on each side.", "item")
        return ()
    parts = top.tables("item", "[[item]] above each item's keys")
    if not parts and not top.data.get("item"):
        top.wrong("nothing is asked: add an [[item]].", "item")
    if len(parts) > MOST_ITEMS:
        top.wrong(f"too many items ({len(parts)}): at most {MOST_ITEMS} fit one form, take some out.", "item")
    items: list[Item] = []
    for part in parts:
        items.append(read_item(part, scales, items))
    return tuple(items)
