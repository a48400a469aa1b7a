"""One `[[item]]` of a questionnaire file -> an Item, with every mistake noted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, cast

from bot.core.questionnaire import KINDS, VOICES, Choice, ChoiceId, Item, Kind, OnlyIf, Voice, Words
from bot.core.questionnaire_part import Part, kind_of, listed, shown, unknown

LABEL = 40
"""Code points that fit a button across a phone."""
WORDING = 300
MOST_CHOICES = 60
"""A button carries the choice's index in two digits."""
LONGEST_TEXT = 4000

Scales = Mapping[str, tuple[Choice, ...]]

KINDS_THAT_TAKE: dict[str, tuple[Kind, ...]] = {
    "scale": ("scale",),
    "reversed": ("scale",),
    "each": ("scale", "choice"),
    "choices": ("scale", "choice", "many"),
    "choices_from": ("choice", "many"),
    "least": ("many",),
    "most": ("many",),
    "longest": ("text",),
}
KEYS = ("id", "measures", "kind", "optional", "every", "only_if", *VOICES, *KINDS_THAT_TAKE)
CHOICES_REMEDY = 'choices = [{ id = "yes", en = "Yes" }, { id = "no", en = "No" }]'


def read_item(part: Part, scales: Scales, earlier: Sequence[Item]) -> Item:
    """The item as far as it can be read; what is wrong with it is among the part's problems."""
    part.only(KEYS)
    kind = cast(Kind | None, part.one_of("kind", KINDS, f"is missing: add kind = one of {listed(KINDS)}."))
    _only_for_its_kind(part, kind)
    choices = _choices(part, kind, scales)
    choices_from = part.one_of("choices_from", ("goals", "chosen"))
    least, most = _ticks(part, kind, choices, choices_from)
    wording, only_when = _wording(part)
    item = Item(
        id=part.identifier("id"),
        measures=part.identifier("measures"),
        kind=kind or "text",
        choices=choices,
        wording=wording,
        optional=part.flag("optional"),
        only_if=_only_if(part, earlier, wording, only_when),
        choices_from=cast(Literal["goals", "chosen"] | None, choices_from),
        each="goals" if part.one_of("each", ("goals",)) else None,
        every=part.whole("every", 1, 100, 1),
        only_when=only_when,
        least=least,
        most=most,
        longest=part.whole("longest", 1, LONGEST_TEXT, 1000),
        reversed=part.flag("reversed"),
    )
    _beside_earlier(part, item, earlier)
    return item


def _only_for_its_kind(part: Part, kind: Kind | None) -> None:
    for key, kinds in KINDS_THAT_TAKE.items():
        if kind is not None and key in part.data and kind not in kinds:
            part.wrong(f"goes only with kind = {' or '.join(kinds)}, not {kind}: take it out, or change kind.", key)


def _choices(part: Part, kind: Kind | None, scales: Scales) -> tuple[Choice, ...]:
    """The fixed choices: a scale's points first, then those the item names itself."""
    points: tuple[Choice, ...] = ()
    if kind == "scale":
        remedy = "is missing: add scale = the NAME of a [scale.NAME] table."
        points = scales.get(part.one_of("scale", tuple(scales), remedy) or "", ())
    own = tuple(_choice(entry) for entry in part.tables("choices", CHOICES_REMEDY))
    choices = points + own
    _count_choices(part, kind, choices)
    _no_doubles(part, choices)
    return choices


def _choice(part: Part) -> Choice:
    ident = part.identifier("id")
    return Choice(ident, labels(part, part.words(LABEL, also=("id",))))


def labels(part: Part, words: Words) -> Words:
    """The words, each of them noted if a button cannot show it on one line."""
    for language, label in words.items():
        if "\n" in label:
            part.wrong("a label has one line: take the line break out.", language)
    return words


def _count_choices(part: Part, kind: Kind | None, choices: Sequence[Choice]) -> None:
    if kind in ("choice", "many") and "choices_from" not in part.data and len(choices) < 2:
        part.wrong(f"too few choices ({len(choices)}): write at least two, {CHOICES_REMEDY}.", "choices")
    if len(choices) > MOST_CHOICES:
        part.wrong(f"too many choices ({len(choices)}): at most {MOST_CHOICES} fit, take some out.", "choices")


def _no_doubles(part: Part, choices: Sequence[Choice]) -> None:
    for twice in _doubles([choice.id for choice in choices if choice.id != ""]):
        part.wrong(f"the choice {shown(str(twice))} stands here twice: give one of them another id.", "choices")
    for language in part.languages:
        for twice in _doubles([label for choice in choices if (label := choice.label.get(language))]):
            part.wrong(f"two buttons read {shown(str(twice))} ({language}): change one of them.", "choices")


def _doubles(words: Sequence[ChoiceId]) -> list[ChoiceId]:
    return [word for word, times in Counter(words).items() if times > 1]


def _ticks(part: Part, kind: Kind | None, choices: Sequence[Choice], choices_from: str | None) -> tuple[int, int]:
    """How few and how many of a "many" item may be ticked."""
    if kind != "many":
        return 1, 1
    at_hand = MOST_CHOICES if choices_from else max(len(choices), 1)
    least = part.whole("least", 0, at_hand, 1)
    most = part.whole("most", 1, at_hand, at_hand)
    if least > most:
        part.wrong(f"is {least}, more than most = {most}: make least smaller or most larger.", "least")
    return least, most


def _wording(part: Part) -> tuple[dict[Voice, Words], Literal["last_homework"] | None]:
    """What each side is asked, and what the pair must have for the therapist to be asked it."""
    wording: dict[Voice, Words] = {}
    only_when: Literal["last_homework"] | None = None
    for voice in VOICES:
        spoken = part.table(voice, f'{voice}.en = "…"')
        if spoken is None:
            continue
        if voice == "therapist" and spoken.one_of("only_when", ("last_homework",)):
            only_when = "last_homework"
        wording[voice] = spoken.words(WORDING, also=("only_when",) if voice == "therapist" else ())
    if not any(voice in part.data for voice in VOICES):
        part.wrong('nobody is asked this: add patient.en = "…", therapist.en = "…", or both.')
    return wording, only_when


def _beside_earlier(part: Part, item: Item, earlier: Sequence[Item]) -> None:
    """What only the items before this one can show: a double id, goals to choose from that nobody ticked."""
    if item.id and any(other.id == item.id for other in earlier):
        part.wrong(f"{shown(item.id)} is the id of an earlier item too: give one of them another id.", "id")
    if item.choices_from != "chosen":
        return
    for voice in item.wording:
        if not any(other.choices_from == "goals" and other.asked_of(voice) for other in earlier):
            says = f'no earlier item lets the {voice} tick goals: add one with choices_from = "goals" before this.'
            part.wrong(says, "choices_from")


def _only_if(
    part: Part, earlier: Sequence[Item], wording: Mapping[Voice, Words], only_when: str | None
) -> OnlyIf | None:
    """The condition, held against the earlier item that it names."""
    condition = part.table("only_if", 'only_if = { item = "…", among = ["…"] }')
    if condition is None:
        return None
    condition.only(("item", *TESTS))
    given = [test for test in TESTS if test in condition.data]
    if len(given) != 1:
        condition.wrong(f"needs exactly one of {listed(TESTS)}, and has {len(given)}: write one of them.")
    target = _target(condition, earlier)
    if target is None or len(given) != 1:
        return None
    if target.kind == "text" and given[0] != "answered":
        condition.wrong(f"{shown(target.id)} is answered in own words: write answered = true instead.", given[0])
        return None
    for voice in wording:
        if not target.asked_of(voice) and not (voice == "therapist" and only_when):
            says = f"the {voice} is not asked {shown(target.id)}, so would never be asked this: name another item."
            condition.wrong(says, "item")
    return _test(condition, given[0], target)


TESTS = ("among", "at_most", "at_least", "answered")


def _target(condition: Part, earlier: Sequence[Item]) -> Item | None:
    """The earlier item that the condition names; one that is asked for each goal cannot serve."""
    known = [item.id for item in earlier]
    named = condition.text("item", 200)
    if not named:
        return None
    if named not in known:
        hint = unknown(named, known) or " This is the first item: take only_if out."
        condition.wrong(f"no earlier item is called {shown(named)}.{hint}", "item")
        return None
    target = earlier[known.index(named)]
    if target.each is not None:
        condition.wrong(f"{shown(named)} is asked once for each goal: name another item instead.", "item")
        return None
    return target


def _test(condition: Part, test: str, target: Item) -> OnlyIf | None:
    """The condition's test, if the named item can meet it."""
    if test == "answered":
        if condition.data[test] is not True:
            condition.wrong("can only be true: write answered = true, or one of the other tests.", test)
        return OnlyIf(target.id, answered=True)
    if test == "among":
        return _among(condition, target)
    points = [choice.id for choice in target.choices if isinstance(choice.id, int)]
    if not points:
        says = f'{shown(target.id)} is no scale: write among = ["…"] with ids of its choices instead.'
        condition.wrong(says, test)
        return None
    # A bound at the end of the scale that every point meets says nothing, one that none meets hides the item.
    bound = condition.whole(test, min(points), max(points))
    return OnlyIf(target.id, at_most=bound) if test == "at_most" else OnlyIf(target.id, at_least=bound)


def _among(condition: Part, target: Item) -> OnlyIf | None:
    known = [choice.id for choice in target.choices]
    named = condition.data["among"]
    if not isinstance(named, list) or not named:
        got = "an empty list" if named == [] else kind_of(named)
        condition.wrong(f"must be a list of choices, not {got}: write among = [{_as_toml(known[:1])}].", "among")
        return None
    for index, one in enumerate(named):
        if isinstance(one, bool) or one not in known:
            hint = unknown(one, [str(k) for k in known]) if isinstance(one, str) else f" There is: {listed(known)}."
            condition.wrong(f"{shown(str(one))} is no choice of {shown(target.id)}.{hint}", "among", index)
    return OnlyIf(target.id, among=tuple(named))


def _as_toml(ids: Sequence[ChoiceId]) -> str:
    return ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in ids)
