"""A questionnaire of another program (a REDCap dictionary, a FHIR R4 Questionnaire) -> a draft of a file of ours.

A draft is for a person to read: what could not be taken over is a note, and nothing is guessed about source, licence,
or what an item measures. `questionnaire_file.parse` says what still has to be mended.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.questionnaire import Voice
from bot.core.questionnaire_part import INVISIBLE

SOURCE = "imported: write here where the words come from"
LICENCE = "not known: write here what you may do with it; published scales are under copyright"
MOST_ITEMS, DEEPEST = 200, 6

NAME, LABEL, TYPE = "Variable / Field Name", "Field Label", "Field Type"
CHOICES, LOGIC = "Choices, Calculations, OR Slider Labels", "Branching Logic (Show field only if...)"
VALIDATION = "Text Validation Type OR Show Slider Number"
REDCAP = (NAME, "Form Name", TYPE, LABEL, CHOICES)
"""The columns of a REDCap dictionary that are needed."""
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"

Option = tuple[str, str, int | None]
"""A choice: its code there, its label, its number if it has one."""
YES_NO: tuple[Option, ...] = (("1", "Yes", 1), ("0", "No", 0))


@dataclass(frozen=True, slots=True)
class Drafted:
    """One question of the draft. `on`: asked only if that question has this code as its answer."""

    id: str
    kind: str
    words: str
    options: tuple[Option, ...] = ()
    on: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole draft, with a note for everything that was left out or has to be looked at."""

    id: str
    title: str
    items: tuple[Drafted, ...]
    notes: list[str] = field(default_factory=list)


def ident(text: str, taken: Iterable[str] = ()) -> str:
    """A name of ours from one of another program: at most 32 of a-z, 0-9 and _, not taken yet."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:28] or "item"
    every = set(taken)
    return next(made for n in range(1, MOST_ITEMS + 2) if (made := name if n == 1 else f"{name}_{n}") not in every)


def _said(text: object) -> str:
    """Words on one line, without markup and what a phone does not show."""
    return re.sub(r"\s+", " ", INVISIBLE.sub("", re.sub(r"<[^<>]*>", " ", str(text or "")))).strip()


# ------------------------------------------------------------------------------------------------ REDCap


def from_redcap(rows: Sequence[Mapping[str, str]], name: str) -> Draft:
    """The draft of a dictionary, row by row; its first field, record_id, is no question."""
    notes: list[str] = []
    items: list[Drafted] = []
    for row in rows[:MOST_ITEMS]:
        if (row.get(NAME) or "").strip() == "record_id":
            continue
        item = _of_redcap(row, [one.id for one in items], notes)
        items += [item] if item is not None else []
    form = next((said for row in rows if (said := _said(row.get("Form Name")))), name)
    return Draft(ident(form), form.replace("_", " ").capitalize(), tuple(items), notes)


def _of_redcap(row: Mapping[str, str], taken: list[str], notes: list[str]) -> Drafted | None:
    name, kind = _said(row.get(NAME)), (row.get(TYPE) or "").strip().lower()
    if _said(row.get("Section Header")):
        notes.append(f"{name}: the section header above it is left out: {_said(row['Section Header'])[:80]}")
    item = Drafted(ident(name, taken), "text", _said(row.get(LABEL)) or name)
    if kind in ("radio", "dropdown", "checkbox"):
        options = tuple(_options(row.get(CHOICES) or ""))
        item = replace(item, kind="many" if kind == "checkbox" else "choice", options=options)
    elif kind in ("yesno", "truefalse"):
        item = replace(item, kind="choice", options=YES_NO)
    elif kind not in ("text", "notes"):
        notes.append(f"{name}: left out, as nothing here is like {kind or 'a field without a type'}.")
        return None
    if kind == "text" and _said(row.get(VALIDATION)):
        notes.append(f"{name}: asked in free words; it was checked for {_said(row[VALIDATION])} there.")
    return _with_logic(item, _said(row.get(LOGIC)), name, notes)


_EQUALS = re.compile(r"""\[(\w+)(?:\((\w+)\))?\]\s*=\s*["']?(\w+)["']?""")


def _with_logic(item: Drafted, logic: str, name: str, notes: list[str]) -> Drafted:
    found = _EQUALS.fullmatch(logic)
    if found and not found[2]:
        return replace(item, on=(ident(found[1]), found[3]))
    if logic:
        notes.append(f"{name}: its condition is left out, write it as only_if: {logic[:120]}")
    return item


def _options(text: str) -> Iterator[Option]:
    for part in text.split("|"):
        code, comma, label = part.partition(",")
        if comma and code.strip():
            number = int(code) if re.fullmatch(r"\s*\d{1,3}\s*", code) else None
            yield code.strip(), _said(label), number


# ------------------------------------------------------------------------------------------------ FHIR


def from_fhir(data: Mapping[str, Any], name: str) -> Draft:
    """The draft of a Questionnaire (R4); groups are taken apart."""
    notes: list[str] = []
    items: list[Drafted] = []
    for depth, entry in _flat(data.get("item"), 1):
        if depth > DEEPEST or len(items) >= MOST_ITEMS:
            notes.append("what is nested deeper, or comes after so many items, is left out.")
            break
        item = _of_fhir(entry, [one.id for one in items], notes)
        items += [item] if item is not None else []
    title = _said(data.get("title")) or _said(data.get("name")) or name
    if data.get("copyright"):
        notes.append(f"its copyright says: {_said(data['copyright'])[:200]}")
    return Draft(ident(str(data.get("name") or data.get("id") or name)), title, tuple(items), notes)


def _flat(items: object, depth: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and depth <= DEEPEST + 1:
            yield depth, item
            yield from _flat(item.get("item"), depth + 1)


def _of_fhir(item: Mapping[str, Any], taken: list[str], notes: list[str]) -> Drafted | None:
    link, kind = str(item.get("linkId", "")), item.get("type")
    if kind in ("choice", "open-choice", "coding"):
        options = tuple(_option(one) for one in item.get("answerOption") or () if isinstance(one, dict))
        if not options:
            notes.append(f"{link}: its answers are in a value set ({item.get('answerValueSet')}): write them out.")
        made = Drafted("", "many" if item.get("repeats") else "choice", "", options)
    elif kind == "boolean":
        made = Drafted("", "choice", "", YES_NO)
    elif kind in ("string", "text"):
        made = Drafted("", "text", "")
    else:
        if kind not in ("group", "display") or _said(item.get("text")):
            notes.append(f"{link}: left out, as nothing here is like {kind}: {_said(item.get('text'))[:80]}")
        return None
    return _when(replace(made, id=ident(link, taken), words=_said(item.get("text")) or link), item, link, notes)


def _option(one: Mapping[str, Any]) -> Option:
    held = one.get("valueCoding")
    if not isinstance(held, dict):
        said = str(one.get("valueString", one.get("valueInteger", "")))
        return said, _said(said), int(said) if re.fullmatch(r"\d{1,3}", said) else None
    weights = [e.get("valueDecimal") for e in (*held.get("extension", ()), *one.get("extension", ())) if
               isinstance(e, dict) and e.get("url") == ORDINAL]  # fmt: skip
    code = str(held.get("code", ""))
    number = next((int(w) for w in weights if isinstance(w, int | float) and w == int(w)), None)
    return code, _said(held.get("display") or code), number if number is not None or weights else _whole(code)


def _whole(code: str) -> int | None:
    return int(code) if re.fullmatch(r"\d{1,3}", code) else None


def _when(made: Drafted, item: Mapping[str, Any], link: str, notes: list[str]) -> Drafted:
    conditions: list[Any] = item.get("enableWhen") or []
    if len(conditions) == 1 and isinstance(conditions[0], dict) and conditions[0].get("operator") == "=":
        answer = conditions[0].get("answerCoding") or {}
        if isinstance(answer, dict) and answer.get("code"):
            return replace(made, on=(ident(str(conditions[0].get("question"))), str(answer["code"])))
    if conditions:
        notes.append(f"{link}: its condition is left out, write it as only_if.")
    return made


# ------------------------------------------------------------------------------------------------ TOML


def is_scale(options: Sequence[Option]) -> bool:
    """Whether these are the points of a scale: numbers one after another, from 0 or 1 up."""
    numbers = [number for _, _, number in options]
    return len(numbers) > 2 and numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


def toml_text(draft: Draft, voice: Voice, lang: str) -> str:
    """The draft as a file of ours, with its notes as remarks at the top."""
    head = [
        "# A draft, made by `accord import`: read every line before you use it.",
        *(f"# {note}" for note in draft.notes),
        "", f"id = {_quoted(draft.id)}", "version = 1", f"source = {_quoted(SOURCE)}", f"licence = {_quoted(LICENCE)}",
        "", "[title]", f"{lang} = {_quoted(draft.title)}",
    ]  # fmt: skip
    names: dict[tuple[Option, ...], str] = {}
    for item in draft.items:
        if item.kind == "choice" and is_scale(item.options) and item.options not in names:
            names[item.options] = f"scale_{len(names) + 1}"
    return "\n".join([*head, *_scales(names, lang), *_items(draft, names, voice, lang)]) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _scales(names: Mapping[tuple[Option, ...], str], lang: str) -> Iterator[str]:
    for options, name in names.items():
        labels = ", ".join(_quoted(label) for _, label, _ in options)
        yield from ("", f"[scale.{name}]", f"first = {options[0][2]}", f"{lang} = [{labels}]")


def _items(draft: Draft, names: Mapping[tuple[Option, ...], str], voice: Voice, lang: str) -> Iterator[str]:
    by_id = {item.id: item for item in draft.items}
    for item in draft.items:
        kind = "scale" if item.options in names and item.kind == "choice" else item.kind
        yield from ("", "[[item]]", f"id = {_quoted(item.id)}", f"measures = {_quoted(draft.id)}", f'kind = "{kind}"')
        if kind == "scale":
            yield f"scale = {_quoted(names[item.options])}"
        elif item.options:
            yield from _choices(item, lang)
        if item.on is not None and item.on[0] in by_id:
            asked = by_id[item.on[0]]
            yield f"only_if = {{ item = {_quoted(asked.id)}, among = [{_answer(asked, item.on[1], names)}] }}"
        yield f"{voice}.{lang} = {_quoted(item.words)}"


def _choices(item: Drafted, lang: str) -> Iterator[str]:
    yield "choices = ["
    taken: list[str] = []
    for code, label, _ in item.options:
        taken.append(ident(code, taken))
        yield f"    {{ id = {_quoted(taken[-1])}, {lang} = {_quoted(label)} }},"
    yield "]"


def _answer(asked: Drafted, code: str, names: Mapping[tuple[Option, ...], str]) -> str:
    if asked.kind == "choice" and asked.options in names:
        return str(next((number for one, _, number in asked.options if one == code), 0))
    return _quoted(ident(code))
