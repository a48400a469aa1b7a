"""A tap or a typed text on a check-in: step(form, check-in, tap, now) -> what changed. Nothing here sends or stores.

A tap is accepted only from the screen it was shown on (`turn`): a double tap, an old button, or one from before a
restart changes nothing and gets the present screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.core.checkin import WORKING, CheckIn, Screen, is_over, last_moment, times_to_ask_again
from bot.core.form import STILL, Form, Key, asked, mark, next_open
from bot.core.history import Answer
from bot.core.plan import Plan
from bot.core.questionnaire import Choice

Verb = Literal[
    "begin", "pick", "on", "off", "done", "back", "skip", "later", "again", "hide",
    "change", "goto", "send", "pass", "not_met", "did_not_meet", "words",
]  # fmt: skip
Happened = Literal[
    "moved", "stale", "sent", "put_off", "did_not_meet", "hidden", "closed", "too_long", "not_understood", "too_many",
    "empty",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tap:
    """A button or a typed text. `turn` None: typed, so it speaks about the screen that is shown."""

    verb: Verb
    turn: int | None = None
    item: int = 0
    choice: int = 0
    words: str = ""
    mark: str = ""  # what its button names; "" if it is not said (typed)


@dataclass(frozen=True, slots=True)
class Step:
    """The check-in after a tap, what of its answers was written or dropped, and what happened, in one word."""

    check_in: CheckIn
    happened: Happened = "moved"
    wrote: Mapping[Key, Answer] = field(default_factory=dict)
    dropped: tuple[Key, ...] = ()


def fitted(form: Form, check_in: CheckIn) -> CheckIn:
    """The check-in on its form as it is now: the question it stands at may have gone with a changed questionnaire."""
    place = check_in.place
    if place.screen != "question" or place.at < len(form.questions):
        return check_in
    index = next_open(form, check_in.answers)
    moved = replace(place, screen="summary", at=0) if index is None else replace(place, at=index)
    return replace(check_in, place=moved)


def step(form: Form, check_in: CheckIn, tap: Tap, now: datetime, plan: Plan) -> Step:
    """The check-in after a tap.

    1. One that is over, or a tap from a screen no longer shown, changes nothing.
    2. The verb acts on the screen that is shown; one that has no meaning there is stale.
    3. Whatever was accepted counts as a new turn, so that its button cannot act twice.
    """
    if is_over(check_in, now, plan) or not form.questions:
        return Step(check_in, "closed")
    check_in = fitted(form, check_in)
    if tap.verb == "words":
        return _typed_words(form, check_in, tap, now)
    if not _fits(form, check_in, tap):
        return Step(_woken(check_in, now), "stale")
    if tap.verb in ("pick", "on", "off", "done", "skip"):
        return _answered(form, check_in, tap, now)
    if tap.verb in ("later", "again"):
        return _later(check_in, tap, now, plan)
    if tap.verb == "send" and form.voice == "therapist" and not check_in.answers:
        return Step(_woken(check_in, now), "empty")  # a slip: who means it taps [Skip this form]
    if tap.verb in ("send", "pass"):
        return _sent(form, check_in if tap.verb == "send" else replace(check_in, answers={}), now, plan)
    if tap.verb == "did_not_meet":
        return Step(replace(check_in, state="excused"), "did_not_meet")
    return _moved(form, check_in, tap, now)


def stands(form: Form, check_in: CheckIn, tap: Tap) -> bool:
    """Whether an answer that was tapped before is what stands now. Of a tap that gives none there is nothing to say."""
    if tap.verb != "pick":
        return True
    question = form.questions[tap.item] if tap.item < len(form.questions) else None
    known = question is not None and tap.choice < len(question.choices)
    return question is not None and known and check_in.answers.get(question.key) == question.choices[tap.choice].id


def _fits(form: Form, check_in: CheckIn, tap: Tap) -> bool:
    """Whether the tap belongs to the screen that is shown, and means something there."""
    place = check_in.place
    on_form = place.screen == "form" and tap.verb in ("pick", "on", "off")
    # In the one-message form a row may be tapped before the last tap's edit has arrived: each tap says all it means.
    if tap.turn is not None and tap.turn != place.turn and not (on_form and not place.hidden):
        return False
    if tap.verb in ("pick", "on", "off", "done", "skip"):
        return _names_a_choice(form, check_in, tap)
    if tap.verb == "goto":
        return place.screen == "change" and tap.item in asked(form, check_in.answers)
    allowed = {
        "begin": True,
        "hide": place.screen in WORKING,
        "back": place.screen in WORKING and place.screen != "form",
        "later": place.screen in ("ready", "question", "form") and check_in.state == "open",
        "again": place.screen == "later",
        "change": place.screen == "summary",
        "send": place.screen in ("summary", "form"),
        "pass": place.screen == "form",
        "not_met": place.screen in ("question", "form"),
        "did_not_meet": place.screen == "not_met",
    }
    return allowed[tap.verb]


def _names_a_choice(form: Form, check_in: CheckIn, tap: Tap) -> bool:
    place, shown = check_in.place, asked(form, check_in.answers)
    if place.screen not in ("question", "form") or tap.item not in shown:
        return False
    if place.screen == "question" and tap.item != place.at:
        return False
    kind = form.questions[tap.item].item.kind
    if tap.verb in ("done", "skip"):
        return _is_meant(form, tap) and (tap.verb == "skip" or kind == "many")
    known = {n for n, _ in form.choices(tap.item, check_in.answers)}
    fits = tap.choice in known and (kind == "many") == (tap.verb in ("on", "off"))
    return fits and _is_meant(form, tap)


def _is_meant(form: Form, tap: Tap) -> bool:
    """Whether question and choice are still those that the button was made for."""
    choice = None if tap.verb in ("skip", "done") else tap.choice
    return tap.mark in ("", mark(form.questions[tap.item], choice))


def _woken(check_in: CheckIn, now: datetime) -> CheckIn:
    """The same place, shown again: an old button brings the present screen back."""
    return replace(check_in, place=replace(check_in.place, touched=now))


def _at(check_in: CheckIn, screen: Screen, now: datetime, at: int | None = None) -> CheckIn:
    place = check_in.place
    where = replace(place, screen=screen, at=place.at if at is None else at, turn=place.turn + 1)
    started = place.started or screen not in ("later", "put_off")  # who only puts it off has not begun
    return replace(check_in, place=replace(where, hidden=False, started=started, touched=now, again=None))


def _onward(form: Form, check_in: CheckIn, now: datetime) -> CheckIn:
    """To the next question without an answer, else to the summary; the therapist's form is one screen."""
    if form.voice == "therapist":
        return _at(check_in, "form", now)
    index = next_open(form, check_in.answers)
    return _at(check_in, "summary", now) if index is None else _at(check_in, "question", now, index)


def _moved(form: Form, check_in: CheckIn, tap: Tap, now: datetime) -> Step:
    place = check_in.place
    if tap.verb == "hide":
        hidden = replace(place, hidden=True, turn=place.turn + 1, touched=None)
        return Step(replace(check_in, place=hidden), "hidden")
    if tap.verb == "begin":
        return Step(_begun(form, check_in, now))
    if tap.verb == "back":
        return Step(_back(form, check_in, now))
    if tap.verb == "goto":
        return Step(_at(check_in, "question", now, tap.item))
    return Step(_at(check_in, "change" if tap.verb == "change" else "not_met", now))


def _begun(form: Form, check_in: CheckIn, now: datetime) -> CheckIn:
    """Begin or continue: from a hidden screen back to the same one."""
    if check_in.place.hidden and check_in.place.screen in WORKING:
        return _at(check_in, check_in.place.screen, now)
    return _onward(form, check_in, now)


def _back(form: Form, check_in: CheckIn, now: datetime) -> CheckIn:
    place = check_in.place
    if place.screen == "change":
        return _at(check_in, "summary", now)
    if place.screen in ("later", "not_met"):
        return _onward(form, check_in, now)
    shown = asked(form, check_in.answers)
    before = [n for n in shown if n < place.at] if place.screen == "question" else shown
    return _at(check_in, "question", now, before[-1] if before else shown[0])


def _later(check_in: CheckIn, tap: Tap, now: datetime, plan: Plan) -> Step:
    if tap.verb == "later":
        return Step(_at(check_in, "later", now))
    offers = dict(times_to_ask_again(check_in, now, plan))
    if tap.words not in offers:
        return Step(_at(check_in, "later", now), "stale")
    put_off = _at(check_in, "put_off", now)
    return Step(replace(put_off, place=replace(put_off.place, again=offers[tap.words], touched=None)), "put_off")


def _sent(form: Form, check_in: CheckIn, now: datetime, plan: Plan) -> Step:
    """Everything asked and left open counts as skipped: a form sent with every item skipped is answered."""
    keys = (form.questions[n].key for n in asked(form, check_in.answers))
    skipped = {key: None for key in keys if key not in check_in.answers}
    late = check_in.state == "missed" or now > last_moment(check_in, plan)
    sent = replace(_at(check_in, "summary", now), state="answered", late=late, answers={**check_in.answers, **skipped})
    return Step(sent, "sent", skipped)


def _answered(form: Form, check_in: CheckIn, tap: Tap, now: datetime) -> Step:
    question = form.questions[tap.item]
    key, before = question.key, check_in.answers
    if tap.verb in ("on", "off"):
        return _ticked(check_in, tap, key, question.choices[tap.choice], question.item.most, now)
    if tap.verb == "pick":
        return _written(form, check_in, key, question.choices[tap.choice].id, now)
    return _written(form, check_in, key, before.get(key) if tap.verb == "done" else None, now)


def _written(form: Form, check_in: CheckIn, key: Key, value: Answer, now: datetime) -> Step:
    wrote = {key: value, **_implied(form, key, value)}
    answers = {**check_in.answers, **wrote}
    answers, dropped = _without_orphans(form, answers)
    if key[1] == STILL.id and value == "change":  # what a "yes" before filled in is asked after all
        again = tuple(k for k in ((key[0], "chosen"), (key[0], "top")) if answers.pop(k, None) is not None)
        dropped += again
    stays = check_in.place.screen == "form"
    changed = replace(check_in, answers=answers)
    after = _at(changed, "form", now) if stays else _onward(form, changed, now)
    return Step(after, "moved", {k: v for k, v in wrote.items() if k in answers}, dropped)


def _implied(form: Form, key: Key, value: Answer) -> dict[Key, Answer]:
    """Yes to "still the same?" repeats last time's ticks."""
    of, item = key
    if item == STILL.id and value == "yes" and form.asks.before is not None:
        chosen, top = form.asks.before
        return {(of, "chosen"): chosen, (of, "top"): top}
    return {}


def _without_orphans(form: Form, answers: Mapping[Key, Answer]) -> tuple[dict[Key, Answer], tuple[Key, ...]]:
    """Without answers to questions that an earlier answer now rules out, and a first goal no longer ticked."""
    keep = {form.questions[n].key for n in asked(form, answers)}
    kept: dict[Key, Answer] = {}
    for key, value in answers.items():
        of, item = key
        ticks = answers.get((of, "chosen"))
        if item in ("chosen", "top"):
            stays = item == "chosen" or (isinstance(ticks, tuple) and value in ticks)
        else:
            stays = key in keep
        if stays:
            kept[key] = value
    return kept, tuple(key for key in answers if key not in kept)


def _ticked(check_in: CheckIn, tap: Tap, key: Key, choice: Choice, most: int, now: datetime) -> Step:
    """A tick set or taken back; the screen stays until [Done]. The button names the wish, so twice is once."""
    before = check_in.answers.get(key)
    ticks = before if isinstance(before, tuple) else ()
    after = tuple(t for t in ticks if t != choice.id) + ((choice.id,) if tap.verb == "on" else ())
    if len(after) > most:
        return Step(check_in, "too_many")
    wrote, dropped = _first_of(key, ticks, after, check_in.answers)
    answers = {k: v for k, v in {**check_in.answers, key: after, **wrote}.items() if k not in dropped}
    shown = replace(_at(check_in, check_in.place.screen, now), answers=answers)
    return Step(shown, "moved", {key: after, **wrote}, dropped)


def _first_of(
    key: Key, before: tuple[int | str, ...], after: tuple[int | str, ...], answers: Mapping[Key, Answer]
) -> tuple[dict[Key, Answer], tuple[Key, ...]]:
    """The goal put first follows the ticks: a single tick is it; with a second one the person is asked."""
    top = (key[0], "top")
    if key[1] != "chosen":
        return {}, ()
    if len(after) == 1:
        return {top: after[0]}, ()
    stands = len(before) > 1 and answers.get(top) in after
    return {}, () if stands or top not in answers else (top,)


def _typed_words(form: Form, check_in: CheckIn, tap: Tap, now: datetime) -> Step:
    """Typed words answer the text question that is shown (or the first open one of the one-message form)."""
    index = text_question(form, check_in)
    words = tap.words.strip()
    if index is None or not words:
        return Step(_woken(check_in, now), "not_understood")
    question = form.questions[index]
    if len(words) > question.item.longest:
        return Step(_woken(check_in, now), "too_long")
    return _written(form, check_in, question.key, words, now)


def text_question(form: Form, check_in: CheckIn) -> int | None:
    """The number of the text question that typed words would answer now; None if there is none."""
    place = check_in.place
    if place.hidden or check_in.state not in ("open", "missed"):
        return None
    if place.screen == "question":
        return place.at if form.questions[place.at].item.kind == "text" else None
    if place.screen != "form":
        return None
    texts = [n for n in asked(form, check_in.answers) if form.questions[n].item.kind == "text"]
    return next((n for n in texts if form.questions[n].key not in check_in.answers), texts[0] if texts else None)
