"""A REDCap data dictionary for the wide export: every variable of it, with its choices, in one language."""

from collections.abc import Iterator, Mapping

from bot.core.draft import CHOICES, LABEL, NAME, TYPE, VALIDATION
from bot.core.export import INSTRUMENT, PREFIX, Row
from bot.core.form import STILL
from bot.core.questionnaire import Item, Questionnaire, Voice

FORM = "Form Name"
COLUMNS = (
    NAME, FORM, "Section Header", TYPE, LABEL, CHOICES, "Field Note", VALIDATION, "Text Validation Min",
    "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip
"""The eighteen columns of a dictionary, in REDCap's order."""
GOALS = range(1, 21)
"""Goals have numbers, and a pair rarely more than so many in its time."""
STATES = (("answered", "answered"), ("late", "answered late"), ("missed", "missed"))

Choices = tuple[tuple[object, str], ...]


def dictionary(questionnaires: Mapping[str, Questionnaire], lang: str) -> list[Row]:
    """A row for each variable; record_id is the first, as REDCap wants it."""
    rows = [_row("record_id", "text", "The patient's code")]
    rows += [
        _row(name, "text", f"Number of the {name} with this therapist", whole=True) for name in ("pair", "session")
    ]
    for voice, prefix in PREFIX.items():
        for form in questionnaires.values():
            if form.items_for(voice):
                rows += _of_form(form, voice, f"{prefix}_{form.id}", lang)
    return rows


def _row(name: str, kind: str, label: str, choices: Choices = (), whole: bool = False) -> Row:
    told = " | ".join(f"{code}, {words.replace('|', '/')}" for code, words in choices)
    row: Row = dict.fromkeys(COLUMNS)
    return row | {NAME: name, FORM: INSTRUMENT, TYPE: kind, LABEL: label, CHOICES: told or None,
                  VALIDATION: "integer" if whole else None}  # fmt: skip


def _of_form(form: Questionnaire, voice: Voice, begins: str, lang: str) -> Iterator[Row]:
    title = f"{form.title.get(lang) or form.id} ({voice})"
    yield _row(f"{begins}_status", "radio", f"{title}: what became of it", STATES)
    yield _row(f"{begins}_version", "text", f"{title}: version of the wording", whole=True)
    if any(item.choices_from == "goals" for item in form.items_for(voice)):
        yield _row(f"{begins}_{STILL.id}", "radio", f"{title}: still the same?", _choices(STILL, lang))
    for item in form.items_for(voice):
        yield from _of_item(item, voice, begins, lang)


def _of_item(item: Item, voice: Voice, begins: str, lang: str) -> Iterator[Row]:
    words = item.wording[voice].get(lang) or item.id
    kind = {"many": "checkbox", "text": "notes"}.get(item.kind, "radio")
    choices = _choices(item, lang)
    if item.each:
        yield from (_row(f"{begins}_{item.id}_{goal}", kind, f"{goal}. {words}", choices) for goal in GOALS)
    elif item.needs(voice):
        yield _row(f"{begins}_{item.id}_last", kind, words, choices)
        yield _row(f"{begins}_last_session", "text", "The session this speaks of, by number", whole=True)
    else:
        yield _row(f"{begins}_{item.id}", kind, words, choices)


def _choices(item: Item, lang: str) -> Choices:
    goals = tuple((goal, f"Goal {goal}") for goal in GOALS) if item.choices_from else ()
    other = (("other", "Something else"),) if item.choices_from == "chosen" else ()
    return (*goals, *((choice.id, choice.label.get(lang) or str(choice.id)) for choice in item.choices), *other)
