"""What was sent -> FHIR R4: Questionnaire, QuestionnaireResponse, and an Observation for each score of a patient.

Observations follow US Core's Screening Assessment (category "survey", code, subject, value). Accord's items and scores
have no LOINC codes, so they stand in code systems of the clinic's own under `base`; none is made up. A subject is an
identifier, never a name. Without dates an instant is absent as "masked", which is what FHIR has for it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.export import Answered, Sent, answers_of
from bot.core.form import STILL
from bot.core.history import Answer
from bot.core.measures import ACCORDS, scores, value
from bot.core.questionnaire import LANGUAGES, Choice, Item, OnlyIf, Questionnaire, Voice, Words
from bot.core.scoring import SUBSCALES, alliance_scores

Json = dict[str, Any]
HL7 = "http://hl7.org/fhir/StructureDefinition"
ORDINAL, TRANSLATION, ABSENT = f"{HL7}/ordinalValue", f"{HL7}/translation", f"{HL7}/data-absent-reason"
SCREENING = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-screening-assessment"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
UCUM = "http://unitsofmeasure.org"
TYPES = {"scale": "choice", "choice": "choice", "many": "choice", "text": "text"}
TOTAL = "total"
SCORE_TITLES = {"goals": "Agreement on goals", "tasks": "Agreement on tasks", "bond": "Bond", TOTAL: "Alliance"}


@dataclass(frozen=True, slots=True)
class Style:
    """How it is written: under which address, in which language first, with dates and own words or without."""

    base: str
    lang: str
    identified: bool = False


def bundle(every: Iterable[Sent], questionnaires: Mapping[str, Questionnaire], style: Style) -> Json:
    """Everything as one collection: the questionnaires that were answered, the answers, the patient's scores."""
    answered = [sent for sent in every if sent.status == "answered"]
    used = {(name, sent.side) for sent in answered for name in sent.versions if name in questionnaires}
    asked = [questionnaire(questionnaires[name], voice, style) for name, voice in sorted(used)]
    told = [one for sent in answered for one in responses(sent, questionnaires, style)]
    entries = [{"fullUrl": f"{style.base}/{one['resourceType']}/{one['id']}", "resource": one} for one in asked + told]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


# ------------------------------------------------------------------------------------------------ what is asked


def canonical(form: str, voice: Voice, style: Style) -> str:
    """The address of one side's wording of a questionnaire."""
    return f"{style.base}/Questionnaire/{form.replace('_', '-')}-{voice}"


def questionnaire(form: Questionnaire, voice: Voice, style: Style) -> Json:
    """One side's wording of a questionnaire, in the languages it has."""
    return {
        "resourceType": "Questionnaire", "id": f"{form.id.replace('_', '-')}-{voice}",
        "url": canonical(form.id, voice, style), "version": str(form.version), "status": "active",
        "name": f"Accord_{form.id}_{voice}", **_words("title", form.title, style),
        "language": style.lang, "subjectType": ["Patient"], "copyright": f"{form.source}. Licence: {form.licence}",
        "item": [_item(form, item, voice, style) for item in (*_still(form, voice), *form.items_for(voice))],
    }  # fmt: skip


def _still(form: Questionnaire, voice: Voice) -> tuple[Item, ...]:
    """ "Still the same goals as last time?" is asked where goals are ticked."""
    return (STILL,) if any(item.choices_from == "goals" for item in form.items_for(voice)) else ()


def _words(key: str, words: Words, style: Style) -> Json:
    """A text in the first language, with its translations."""
    first = words.get(style.lang) or next(iter(words.values()), "")
    others = [(lang, said) for lang, said in words.items() if lang != style.lang and lang in LANGUAGES and said]
    translated = [
        {"url": TRANSLATION, "extension": [{"url": "lang", "valueCode": lang}, {"url": "content", "valueString": said}]}
        for lang, said in others
    ]
    return {key: first} | ({f"_{key}": {"extension": translated}} if translated else {})


def _item(form: Questionnaire, item: Item, voice: Voice, style: Style) -> Json:
    words = {"en": "Still the same?"} if item is STILL else item.wording[voice]
    if item.each is None:
        condition = item.condition(voice)
        when = {} if condition is None else _enabled(form, condition, style)
        return {"linkId": item.id, **_words("text", words, style), **_answers(form, item, style), **when}
    goal = {"linkId": f"{item.id}.goal", "text": "Goal, by number", "type": "integer"}
    answer = {"linkId": f"{item.id}.answer", **_words("text", words, style), **_answers(form, item, style)}
    return {"linkId": item.id, "type": "group", "repeats": True, "item": [goal, answer]}


def _answers(form: Questionnaire, item: Item, style: Style) -> Json:
    if item.kind == "text":
        return {"type": "text", "maxLength": item.longest}
    kind = {"type": "open-choice" if item.choices_from else "choice", "repeats": item.kind == "many"}
    options = [{"valueCoding": coding(form, item, choice, style)} for choice in item.choices]
    return kind | ({"answerOption": options} if options else {})


def coding(form: Questionnaire, item: Item, choice: Choice, style: Style) -> Json:
    """A choice in the clinic's own code system, with its number for whoever adds up."""
    number = {"extension": [{"url": ORDINAL, "valueDecimal": choice.id}]} if isinstance(choice.id, int) else {}
    label = _words("display", choice.label, style) if choice.label else {"display": str(choice.id)}
    return {**number, **_code(form, item, choice, style), **label}


def _code(form: Questionnaire, item: Item, choice: Choice, style: Style) -> Json:
    name = f"{form.id}-{item.id}".replace("_", "-")
    return {"system": f"{style.base}/CodeSystem/{name}", "code": str(choice.id)}


def _enabled(form: Questionnaire, on: OnlyIf, style: Style) -> Json:
    """The condition as FHIR has it: of a scale the points that meet it, one by one."""
    if on.answered:
        return {"enableWhen": [{"question": on.item, "operator": "exists", "answerBoolean": True}]}
    item = form.item(on.item)
    met = [c for c in item.choices if c.id in on.among or (not on.among and _within(c.id, on))]
    rows = [{"question": on.item, "operator": "=", "answerCoding": _code(form, item, c, style)} for c in met]
    return {"enableWhen": rows} | ({"enableBehavior": "any"} if len(rows) > 1 else {})


def _within(point: int | str, on: OnlyIf) -> bool:
    low, high = on.at_least, on.at_most
    return isinstance(point, int) and (low is None or point >= low) and (high is None or point <= high)


# ------------------------------------------------------------------------------------------------ what was answered


def responses(sent: Sent, questionnaires: Mapping[str, Questionnaire], style: Style) -> Iterator[Json]:
    """A response for each questionnaire of a check-in, and for a patient's an observation for each score."""
    by_form: dict[str, list[Answered]] = {}
    for one in answers_of(sent, questionnaires):
        by_form.setdefault(one.questionnaire, []).append(one)
    for name, given in by_form.items():
        if name not in questionnaires:
            continue
        made = _response(sent, name, given, questionnaires[name], style)
        yield made
        if sent.side == "patient":
            yield from _observations(sent, questionnaires[name], made, given, style)


def _ident(sent: Sent, *more: str) -> str:
    """An id of at most 64 letters, digits, dashes and dots: patient, visit, form."""
    return "-".join([sent.patient, str(sent.visit), *more]).replace("_", "-")[:64]


def _subject(sent: Sent, style: Style) -> Json:
    return {"type": "Patient", "identifier": {"system": f"{style.base}/patient", "value": sent.patient}}


def _at(key: str, sent: Sent, style: Style) -> Json:
    if style.identified and sent.answered is not None:
        return {key: sent.answered.isoformat(timespec="seconds")}
    return {f"_{key}": {"extension": [{"url": ABSENT, "valueCode": "masked"}]}}


def _response(sent: Sent, name: str, given: list[Answered], form: Questionnaire, style: Style) -> Json:
    version = given[0].version or form.version
    author = {"author": {"type": "Practitioner", "identifier": {"system": f"{style.base}/therapist",
              "value": sent.therapist}}} if sent.side == "therapist" and style.identified else {}  # fmt: skip
    items = [item for one in given if (item := _told(one, form, style)) is not None]
    return {
        "resourceType": "QuestionnaireResponse", "id": _ident(sent, sent.side, sent.form, name),
        "identifier": {"system": f"{style.base}/session", "value": f"{sent.patient}/{sent.pair}/{sent.session}"},
        "questionnaire": f"{canonical(name, sent.side, style)}|{version}", "status": "completed",
        "subject": _subject(sent, style), **_at("authored", sent, style), **author,
    } | ({"item": items} if items else {})  # fmt: skip


def _told(one: Answered, form: Questionnaire, style: Style) -> Json | None:
    """One answer; None for what was skipped, for own words that stay here, and for another wording's item."""
    if one.value is None or one.item is None or (one.is_words and not style.identified):
        return None
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    answer = [_value(one.item, form, tick, style) for tick in values]
    if one.goal is None:
        return {"linkId": one.item_id, "answer": answer}
    goal = {"linkId": f"{one.item_id}.goal", "answer": [{"valueInteger": one.goal}]}
    return {"linkId": one.item_id, "item": [goal, {"linkId": f"{one.item_id}.answer", "answer": answer}]}


def _value(item: Item, form: Questionnaire, tick: int | str, style: Style) -> Json:
    choice = next((choice for choice in item.choices if choice.id == tick), None)
    if choice is not None:
        return {"valueCoding": coding(form, item, choice, style)}
    return {"valueString": f"goal {tick}" if item.choices_from else str(tick)}


def _observations(
    sent: Sent, form: Questionnaire, response: Json, given: list[Answered], style: Style
) -> Iterator[Json]:
    part: dict[str, Answer] = {one.item_id: one.value for one in given}
    for name, title, number in _scores(form, part, style):
        yield {
            "resourceType": "Observation", "id": _ident(sent, form.id, name), "meta": {"profile": [SCREENING]},
            "status": "final", "category": [{"coding": [{"system": CATEGORY, "code": "survey"}]}],
            "code": {
                "coding": [{"system": f"{style.base}/CodeSystem/score", "code": f"{form.id}-{name}", "display": title}],
                "text": title,
            },
            "subject": _subject(sent, style), **_at("effectiveDateTime", sent, style),
            "valueQuantity": {"value": round(number, 4), "unit": "{score}", "system": UCUM, "code": "{score}"},
            "derivedFrom": [{"reference": f"QuestionnaireResponse/{response['id']}"}],
        }  # fmt: skip


def _scores(form: Questionnaire, part: Mapping[str, Answer], style: Style) -> Iterator[tuple[str, str, float]]:
    """The scores there are: name, title, number. Of Accord's own forms those of the alliance."""
    if form.id == "alliance":
        found = alliance_scores(part)
        every = [(name, SCORE_TITLES[name], found.of(name)) for name in (*SUBSCALES, TOTAL)]
    elif form.id in ACCORDS:
        every = []
    else:
        every = [(s.id, s.title.get(style.lang) or s.id, value(form, s, part)) for s in scores(form)]
    yield from ((name, title, number) for name, title, number in every if number is not None)
