"""The `[[score]]` entries of a questionnaire file -> scores, with every mistake noted."""

from collections.abc import Sequence
from math import isfinite
from typing import Literal, cast

from bot.core.questionnaire import VOICES, Item, Score
from bot.core.questionnaire_part import Part, kind_of, listed, shown, unknown

TITLE = 60
KEYS = ("id", "measures", "of", "title", "needs", "method", "low", "high", "level")
MARKS = ("low", "high")


def points(item: Item) -> list[int]:
    """The numbers an item can be answered with; none if it is no scale, or asked once for each goal."""
    numbers = [choice.id for choice in item.choices if isinstance(choice.id, int)]
    return numbers if item.kind == "scale" and item.each is None else []


def read_scores(top: Part, items: Sequence[Item]) -> tuple[Score, ...]:
    """The scores as far as they can be read; what is wrong with them is among the part's problems."""
    if isinstance(top.data.get("score"), dict):
        top.wrong("must be written [[score]], with two brackets on each side.", "score")
        return ()
    scores: list[Score] = []
    for part in top.tables("score", "[[score]] above each score's keys"):
        score = _score(part, items)
        if score.id and any(other.id == score.id for other in scores):
            part.wrong(f"{shown(score.id)} is the id of an earlier score too: give one of them another id.", "id")
        scores.append(score)
    return tuple(scores)


def _score(part: Part, items: Sequence[Item]) -> Score:
    part.only(KEYS)
    of = _of(part, items) if "of" in part.data else _measuring(part, items)
    method = cast(Literal["mean", "sum"], part.one_of("method", ("mean", "sum")) or "mean")
    title = part.table("title", 'title.en = "…"')
    if "title" not in part.data:
        part.wrong('is missing: add title.en = "…", what the digest calls this score.', "title")
    low, high = _marks(part, of, method)
    level = part.one_of("level", ("note", "flag"))
    if level is not None and low is None and high is None and not any(mark in part.data for mark in MARKS):
        part.wrong("goes only with low or high: add one of them, or take level out.", "level")
    return Score(
        id=part.identifier("id"),
        title={} if title is None else title.words(TITLE),
        items=tuple(item.id for item in of),
        needs=_needs(part, of, method),
        method=method,
        low=low,
        high=high,
        level=cast(Literal["note", "flag"], level or "note"),
    )


def _needs(part: Part, of: Sequence[Item], method: str) -> int:
    """How many of the items must be answered. A sum of fewer would only look smaller, so it needs all."""
    every = max(len(of), 1)
    needs = part.whole("needs", 1, every, every)
    if method == "sum" and needs < every:
        part.wrong('a sum needs every item: take needs out, or write method = "mean".', "needs")
    return needs


def _measuring(part: Part, items: Sequence[Item]) -> list[Item]:
    """The items that measure what the score names."""
    known = list(dict.fromkeys(item.measures for item in items if points(item)))
    named = part.one_of("measures", known, f"is missing: add measures = one of {listed(known)}, or of = [item ids].")
    found = [item for item in items if item.measures == named and points(item)]
    _asked_together(part, found, "measures")
    return found


def _of(part: Part, items: Sequence[Item]) -> list[Item]:
    """The items that the score lists itself."""
    named = part.data["of"]
    if not isinstance(named, list) or not named:
        got = "an empty list" if named == [] else kind_of(named)
        part.wrong(f"must be a list of item ids, not {got}: write of = [{_example(items)}].", "of")
        return []
    found: list[Item] = []
    for index, ident in enumerate(named):
        item = next((item for item in items if item.id == ident), None)
        if says := _unfit(ident, item, items, found):
            part.wrong(says, "of", index)
        elif item is not None:
            found.append(item)
    if len(found) == len(named):
        _asked_together(part, found, "of")
    return found


def _unfit(ident: object, item: Item | None, items: Sequence[Item], found: Sequence[Item]) -> str | None:
    """What keeps an entry of the list from being scored."""
    if not isinstance(ident, str):
        return f'must be an item\'s id in quotes, not {kind_of(ident)}: write "…".'
    if item is None:
        return f"no item is called {shown(ident)}.{unknown(ident, [one.id for one in items if points(one)])}"
    if not points(item):
        return f"{shown(ident)} is not answered with one number: take it out."
    return f"{shown(ident)} stands here twice: take one out." if item in found else None


def _example(items: Sequence[Item]) -> str:
    return ", ".join(f'"{item.id}"' for item in [item for item in items if points(item)][:2]) or '"…"'


def _asked_together(part: Part, found: Sequence[Item], key: str) -> None:
    """That one side at least is asked all of the items, and the patient where a mark is set: it is the patient's."""
    asked = [voice for voice in VOICES if all(item.asked_of(voice) for item in found)]
    if not asked:
        part.wrong("neither side is asked all of these items: make a score for each side.", key)
    elif "patient" not in asked and any(mark in part.data for mark in MARKS):
        part.wrong("low and high are about the patient's answers, who is not asked all of these: take them out.", key)


def _marks(part: Part, of: Sequence[Item], method: str) -> tuple[float | None, float | None]:
    low, high = (_mark(part, key, of, method) for key in MARKS)
    if low is not None and high is not None and low >= high:
        part.wrong(f"is {low:g}, and high = {high:g}: make low smaller than high.", "low")
    return low, high


def _mark(part: Part, key: str, of: Sequence[Item], method: str) -> float | None:
    """A mark that the score can reach."""
    value = part.data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        part.wrong(f"must be a number without quotes, not {kind_of(value)}: write {key} = 3.0.", key)
        return None
    ends = [(min(points(item)), max(points(item))) for item in of]
    if not ends:
        return None
    least, most = (sum(end) if method == "sum" else sum(end) / len(ends) for end in zip(*ends, strict=True))
    if not isfinite(value) or not least <= value <= most:
        part.wrong(f"must be from {least:g} to {most:g}, where this score lies: write a number in that range.", key)
        return None
    return float(value)
