"""What a FHIR library lets through and must not be: codes outside of their value sets, link ids twice or unknown.

fhir.resources takes any word for a code (status "activ"), so that is looked at here. Value sets: hl7.org/fhir/R4.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]

CODES = {
    "Questionnaire.status": {"draft", "active", "retired", "unknown"},
    "QuestionnaireResponse.status": {"in-progress", "completed", "amended", "entered-in-error", "stopped"},
    "Observation.status": {
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
    },
    "Bundle.type": {
        "document", "message", "transaction", "transaction-response", "batch", "batch-response", "history", "searchset",
        "collection",
    },
    "item.type": {
        "group", "display", "boolean", "decimal", "integer", "date", "dateTime", "time", "string", "text", "url",
        "choice", "open-choice", "attachment", "reference", "quantity",
    },
    "enableWhen.operator": {"exists", "=", "!=", ">", "<", ">=", "<="},
}  # fmt: skip
IDENT = re.compile(r"[A-Za-z0-9\-.]{1,64}")
NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")


def mistakes(bundle: Json) -> list[str]:
    """Everything that is wrong with a collection, each as a sentence with its place; empty if nothing is."""
    resources = [entry["resource"] for entry in bundle.get("entry", ())]
    urls = {f"{one['url']}|{one['version']}": one for one in resources if one["resourceType"] == "Questionnaire"}
    found = list(_code("Bundle.type", bundle.get("type"), "Bundle"))
    for name, times in Counter((one["resourceType"], one["id"]) for one in resources).items():
        found += [f"{name[0]}/{name[1]} is there {times} times."] if times > 1 else []
    for one in resources:
        found += _of_resource(one, urls)
    return found


def _of_resource(one: Json, urls: dict[str, Json]) -> Iterator[str]:
    kind, place = one["resourceType"], f"{one['resourceType']}/{one.get('id')}"
    if not IDENT.fullmatch(str(one.get("id"))):
        yield f"{place}: an id has at most 64 letters, digits, dashes and dots."
    yield from _code(f"{kind}.status", one.get("status"), place)
    if kind == "Questionnaire":
        yield from _of_questionnaire(one, place)
    elif kind == "QuestionnaireResponse":
        yield from _of_response(one, urls.get(one["questionnaire"]), place)
    elif kind == "Observation":
        yield from _of_observation(one, place)


def _code(where: str, code: object, place: str) -> Iterator[str]:
    if code not in CODES.get(where, {code}):
        yield f"{place}: {where} is {code!r}, which is none of its codes."


def _items(items: Iterable[Json]) -> Iterator[Json]:
    for item in items:
        yield item
        yield from _items(item.get("item", ()))


def _of_questionnaire(one: Json, place: str) -> Iterator[str]:
    if not NAME.fullmatch(one.get("name", "")):
        yield f"{place}: the name {one.get('name')!r} is not one for a machine."
    every = list(_items(one.get("item", ())))
    links = Counter(item.get("linkId") for item in every)
    yield from (f"{place}: the link id {link} is there {n} times." for link, n in links.items() if n > 1)
    for item in every:
        yield from _code("item.type", item.get("type"), f"{place} {item.get('linkId')}")
        if ("item" in item) != (item.get("type") == "group"):
            yield f"{place} {item['linkId']}: a group has items, and nothing else has."
        for when in item.get("enableWhen", ()):
            yield from _code("enableWhen.operator", when.get("operator"), f"{place} {item['linkId']}")
            if when.get("question") not in links:
                yield f"{place} {item['linkId']}: depends on {when.get('question')}, which is not asked."
        if len(item.get("enableWhen", ())) > 1 and item.get("enableBehavior") not in ("any", "all"):
            yield f"{place} {item['linkId']}: several conditions need enableBehavior."


def _of_response(one: Json, asked: Json | None, place: str) -> Iterator[str]:
    if asked is None:  # of an older wording, which is not in the collection
        return
    known = {item["linkId"]: item for item in _items(asked["item"])}
    for item in _items(one.get("item", ())):
        if item["linkId"] not in known:
            yield f"{place}: answers {item['linkId']}, which is not asked."
            continue
        question = known[item["linkId"]]
        if len(item.get("answer", ())) > 1 and not question.get("repeats"):
            yield f"{place} {item['linkId']}: has several answers, and may have one."
        offered = {option["valueCoding"]["code"] for option in question.get("answerOption", ())}
        given = {answer["valueCoding"]["code"] for answer in item.get("answer", ()) if "valueCoding" in answer}
        yield from (f"{place} {item['linkId']}: {code!r} was not offered." for code in sorted(given - offered))


def _of_observation(one: Json, place: str) -> Iterator[str]:
    codes = {coding.get("code") for category in one.get("category", ()) for coding in category.get("coding", ())}
    if "survey" not in codes:
        yield f'{place}: a screening assessment is of the category "survey".'
    if not isinstance(one.get("valueQuantity", {}).get("value"), int | float):
        yield f"{place}: has no value."
