"""What people said with their taps, worked out from the words on their screens alone; part of the checker.

An answer is taken when the bot said so: the tap's spinner stopped without a refusal. Where nobody said anything (the
reply was lost) the turn of the screen decides: the first tap from a screen counts, later ones are stale.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]
Key = tuple[str, str, str]
"""Check-in, questionnaire, item."""
REFUSED = (
    "That button is from an earlier screen", "Ese botón es de una pantalla anterior",
    "This one is closed", "Esto ya se cerró",
    "This button does not work any more", "Este botón ya no funciona",
    "Nothing is ticked yet", "Aún no hay nada marcado",
)  # fmt: skip
LETTERED = re.compile(r"(?:✓ )?([A-Z]) \S")
"""A button of the therapist's one form: "B 4"."""
NOT_SAVED = ("That was not saved", "Eso no se guardó")


@dataclass(frozen=True, slots=True)
class Asked:
    """An item as people see it: where its answer is kept, and the value that each label stands for, as JSON."""

    questionnaire: str
    item: str
    conditional: bool
    values: Mapping[str, str]


@dataclass(slots=True)
class Answered:
    """The last answer given to an item. `certain`: nothing else can have been meant since."""

    label: str
    value: str
    conditional: bool
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap that came to the bot: on which screen, with what words."""

    number: int
    at: float
    chat: int
    data: str
    label: str
    screen: str
    query: str


@dataclass(slots=True)
class Heard:
    """All that was said: answers; who touched which check-in; who typed; when a form was sent; how often put off."""

    answers: dict[Key, Answered] = field(default_factory=dict)
    touched: set[tuple[int, str]] = field(default_factory=set)
    typed: set[int] = field(default_factory=set)
    sent: dict[str, float] = field(default_factory=dict)
    put_off: Counter[str] = field(default_factory=Counter)
    turns: dict[str, int] = field(default_factory=dict)


def hear(events: Sequence[Event], questionnaires: Path) -> Heard:
    """Go through the history once for what was on the screens, then through the taps in the order of the bot."""
    taps, toasts = _taps(events)
    asked, heard = _asked(questionnaires), Heard()
    said = sorted((e["at"], e["chat"]) for e in events if e["kind"] == "said")
    heard.typed = {chat for _, chat in said}
    for tap in taps:
        _take(tap, toasts.get(tap.query), asked, heard)
    _doubt(taps, said, heard)
    return heard


def _taps(events: Sequence[Event]) -> tuple[list[Tap], dict[str, str]]:
    """Every tap that came to the bot, with the screen it was made on; and what was answered to which. One that came may
    have been carried out though the bot died before it was confirmed, and it was too old to come again.
    """
    screens: dict[tuple[int, int], str] = {}
    labels: dict[str, str] = {}  # of an old button only what it sends is known; its words are those it was shown with
    taps, toasts, came = [], {}, set()
    for event in events:
        where, detail = (event["chat"], event["message_id"]), event["detail"]
        if event["kind"] in ("sent", "edited"):
            screens[where] = event["text"] or ""
            labels |= _labels(detail)
        elif event["kind"] == "answered":
            toasts[detail["query_id"]] = event["text"] or ""
        elif event["kind"] in ("delivered", "confirmed"):
            came.add(detail["update_id"])
        elif event["kind"] == "tapped" and detail["update_id"] is not None:
            shown = screens.get(where, "")
            words = (event["text"] or labels.get(event["data"] or "", ""), shown, detail["query_id"])
            taps.append(Tap(detail["update_id"], event["at"], event["chat"], event["data"] or "", *words))
    return sorted((tap for tap in taps if tap.number in came), key=lambda tap: tap.number), toasts


def _labels(detail: Mapping[str, Any]) -> dict[str, str]:
    """What each button of a message sends, with its words."""
    keyboard = detail["result"].get("reply_markup", {}).get("inline_keyboard", ())
    return {button["callback_data"]: button["text"] for row in keyboard for button in row if "callback_data" in button}


def _take(tap: Tap, toast: str | None, asked: Mapping[str, Asked], heard: Heard) -> None:
    """What one tap did."""
    parts = tap.data.split(":")
    if len(parts) < 4 or parts[0] != "c" or not parts[2].isdecimal():
        return
    check_in, turn, verb = parts[1], int(parts[2]), parts[3]
    heard.touched.add((tap.chat, check_in))
    counted = _counted(toast, turn > heard.turns.get(check_in, -1))
    if counted is False and LETTERED.match(tap.label) and not (toast or "").startswith(REFUSED):
        counted = None  # on the one form a row counts whatever the turn: nobody can know
    if counted is not False:
        heard.turns[check_in] = max(turn, heard.turns.get(check_in, -1))
    if verb == "a" and counted is not False:
        heard.put_off[check_in] += 1
    if verb == "x" and toast in ("Sent", "Enviado"):
        heard.sent.setdefault(check_in, tap.at)
    if verb == "p" and counted is not False:
        _answer(tap, check_in, counted is True, asked, heard)
    if verb in ("s", "z", "y", "g", "o") and counted is not False:
        _forget(tap, check_in, verb, asked, heard)


def _counted(toast: str | None, is_new_turn: bool) -> bool | None:
    """Whether a tap counted; None: nobody can know."""
    if toast is not None and toast.startswith(REFUSED):
        return False
    if toast is not None and not toast.startswith(NOT_SAVED):
        return True
    return None if is_new_turn else False


def _answer(tap: Tap, check_in: str, certain: bool, asked: Mapping[str, Asked], heard: Heard) -> None:
    item = _item_on(tap, asked)
    label = re.sub(r"^[A-Z] (?=\S)", "", tap.label).removeprefix("✓ ").strip() if tap.screen else ""
    if item is None or not tap.label:  # a button that was never shown
        _forget(tap, check_in, "z", asked, heard)
        return
    key = (check_in, item.questionnaire, item.item)
    value = item.values.get(label)
    known = certain and value is not None
    heard.answers[key] = Answered(label, value or "", item.conditional, known)


def _item_on(tap: Tap, asked: Mapping[str, Asked]) -> Asked | None:
    """The item that a tap answers: on the therapist's form the line of its letter, else what the screen asks."""
    letter = LETTERED.match(tap.label)
    line = letter and re.search(rf"^{letter[1]}\. (.*)$", tap.screen, re.MULTILINE)
    text = line[1] if line else tap.screen
    found = [words for words in asked if words in text]
    return asked[max(found, key=len)] if found else None


def _forget(tap: Tap, check_in: str, verb: str, asked: Mapping[str, Asked], heard: Heard) -> None:
    """Skipped or withdrawn: what was said before does not stand any more, and what stands is not judged."""
    item = _item_on(tap, asked) if verb == "s" else None
    for key, answer in heard.answers.items():
        if key[0] == check_in and (verb == "z" or (item is not None and key[1:] == (item.questionnaire, item.item))):
            answer.certain = False


def _doubt(taps: Sequence[Tap], said: Sequence[tuple[float, int]], heard: Heard) -> None:
    """Whoever typed may have answered with words what was on the screen: of these check-ins nothing is certain."""
    typed_in: set[str] = set()
    for at, chat in said:
        near = [tap for tap in taps if tap.chat == chat and abs(tap.at - at) < 3600 and tap.data.startswith("c:")]
        typed_in |= {tap.data.split(":")[1] for tap in near}
    for key, answer in heard.answers.items():
        if key[0] in typed_in:
            answer.certain = False


def _asked(folder: Path) -> dict[str, Asked]:
    """Every item of the questionnaires by its words, in each voice and language."""
    found: dict[str, Asked] = {}
    for file in sorted(folder.glob("*.toml")):
        read = tomllib.loads(file.read_text("utf-8"))
        for item in read["item"]:
            if item["kind"] in ("scale", "choice") and "each" not in item and "choices_from" not in item:
                known = Asked(read["id"], item["id"], "only_if" in item, _values(item, read))
                found |= {words: known for voice in ("patient", "therapist") for words in _wordings(item, voice)}
    return found


def _wordings(item: Mapping[str, Any], voice: str) -> list[str]:
    return [words for lang, words in item.get(voice, {}).items() if lang in ("en", "es")]


def _values(item: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, str]:
    """What is stored (as JSON) for each label; a number on a button stands for itself."""
    values: dict[str, str] = {}
    for choice in item.get("choices", []):
        values |= {choice[lang]: json.dumps(choice["id"]) for lang in ("en", "es") if lang in choice}
    if item["kind"] == "scale":
        scale = read["scale"][item["scale"]]
        for lang in ("en", "es"):
            for n, label in enumerate(scale[lang], start=scale["first"]):
                values |= {label: json.dumps(n), str(n): json.dumps(n)}
    return values
