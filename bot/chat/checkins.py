"""Taps and typed words about a check-in: look it up for this person, step, store, show. One transaction each."""

import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.chat import homework, pages
from bot.chat.goal_card import refused
from bot.chat.reply import Outcome, Page, Reply
from bot.chat.screens import VERBS, choice_words, in_chat, letter_of, show
from bot.config import Config
from bot.core.checkin import WORKING, CheckIn, is_over
from bot.core.form import Asks, Form, asked, compose
from bot.core.goals import LONGEST, MOST, tidy, wrong
from bot.core.history import Goal
from bot.core.person import Person
from bot.core.taps import Step, Tap, Verb, stands, step, text_question
from bot.message import TEXT_LIMIT, Button, Message
from bot.render import phrase
from bot.store import appointments, away, checkins, digests, goals, loops, outbox, people
from bot.store.checkins import Kept

VERB_OF: Mapping[str, Verb] = {short: verb for verb, short in VERBS.items()}
TOASTS = {word: f"toast_{word}" for word in ("stale", "sent", "hidden", "closed", "empty")}

TYPED_WORDS: Mapping[Verb, str] = {
    "back": "back atras volver",
    "skip": "skip omitir saltar",
    "later": "later despues",
    "hide": "hide ocultar",
    "send": "send enviar",
    "change": "change cambiar",
    "done": "done listo",
    "begin": "begin start continue open empezar comenzar continuar abrir",
}
TYPED: Mapping[str, Verb] = {word: verb for verb, words in TYPED_WORDS.items() for word in words.split()}


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A tap on a button of a check-in. An unknown one, somebody else's or a forged one looks the same to the sender."""
    tapped = read_button(data)
    kept = checkins.of_chat(conn, tapped[0], who) if tapped else None
    if tapped is None or kept is None or kept.asks is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    if message_id is not None:
        kept = replace(kept, message_id=message_id)
    return _stepped(conn, kept, tapped[1], config, now)


def on_tap_again(
    conn: Connection,
    who: Person,
    data: str,
    message_id: int | None,
    config: Config,
    now: datetime,
) -> Outcome:
    """A tap that was dealt with already, but whose reply may not have come: show where its check-in stands, and say so
    if an answer did not count (it came after the form was sent).
    """
    tapped = read_button(data)
    kept = checkins.of_chat(conn, tapped[0], who) if tapped else None
    if tapped is None or kept is None or kept.asks is None:
        return Outcome(toast=phrase(who.lang, "toast_not_yours"))
    form = compose(config.questionnaires.by_id, kept.asks, kept.check_in.voice)
    seen = kept.with_message(message_id)
    toast = None if stands(form, kept.check_in, tapped[1]) else phrase(who.lang, "toast_stale")
    if kept.check_in.state == "answered" and (after := pages.after_form(conn, seen, config, now)):
        return replace(after, toast=toast)
    return Outcome((Reply(show(kept, form, config, now), message_id, about=kept.check_in.id),), toast=toast)


def read_button(data: str) -> tuple[str, Tap] | None:
    """The check-in's id and the tap a button stands for; None if this is no button of ours."""
    parts = data.split(":")
    if len(parts) < 4 or parts[0] != "c" or parts[3] not in VERB_OF or not parts[2].isdecimal() or len(parts[2]) > 6:
        return None
    verb, more = VERB_OF[parts[3]], parts[4:]
    if verb == "again":
        return parts[1], Tap(verb, int(parts[2]), words=more[0] if more else "")
    mark = more.pop() if more and not more[-1].isdecimal() else ""
    if len(more) > 2 or not all(n.isdecimal() and len(n) <= 3 for n in more):
        return None
    item, choice = ([int(n) for n in more] + [0, 0])[:2]
    return parts[1], Tap(verb, int(parts[2]), item, choice, mark=mark)


def in_words(conn: Connection, kept: Kept, words: str, config: Config, now: datetime) -> Outcome | None:
    """Words that were written for the question that is shown, never read as a button; None if it asks for none."""
    assert kept.asks is not None
    form = compose(config.questionnaires.by_id, kept.asks, kept.check_in.voice)
    if text_question(form, kept.check_in) is not None:
        return _stepped(conn, kept, Tap("words", words=words), config, now, typed=True)
    return _new_goal(conn, kept, form, words, config, now)


def longest_words(kept: Kept, config: Config) -> tuple[int, bool] | None:
    """How many characters may be written where the person is, and whether they make a goal; None: no words fit."""
    form = compose(config.questionnaires.by_id, kept.asks or Asks(()), kept.check_in.voice)
    index = text_question(form, kept.check_in)
    if index is not None:
        return form.questions[index].item.longest, False
    index = _goal_question(form, kept.check_in)
    full = index is None or len((kept.asks or Asks(())).goals) >= MOST
    return None if full else (LONGEST, True)


def _stepped(conn: Connection, kept: Kept, tap: Tap, config: Config, now: datetime, typed: bool = False) -> Outcome:
    assert kept.asks is not None
    form = compose(config.questionnaires.by_id, kept.asks, kept.check_in.voice)
    if kept.ended:
        return Outcome((Reply(show(kept, form, config, now), kept.message_id, about=kept.check_in.id),))
    result = step(form, kept.check_in, tap, now, kept.plan(config.plan))
    versions = {name: q.version for name, q in config.questionnaires.by_id.items()}
    kept = checkins.save(conn, kept, result, versions, now, config.plan)
    return _shown(conn, kept, form, result, config, now, typed)


def _shown(
    conn: Connection, kept: Kept, form: Form, result: Step, config: Config, now: datetime, typed: bool
) -> Outcome:
    lang, happened = kept.person.lang, result.happened
    woke = False
    if happened == "did_not_meet":
        _not_met(conn, kept, config, now)
        woke = True
    if happened == "sent":
        _first_goal(conn, kept, now)
        woke = _own_words(conn, kept, now)
        after = pages.after_form(conn, kept, config, now)
        if after:
            made = partial(_page_with_hint, made=after.page, hint=_hint(conn, kept, now)) if after.page else None
            return replace(after, toast=phrase(lang, "toast_sent"), page=made)
    toast = phrase(lang, TOASTS[happened]) if happened in TOASTS else None
    if happened == "too_many":
        toast = phrase(lang, "toast_too_many", form.questions[_item_of(kept)].item.most)
    message = show(kept, form, config, now)
    if happened == "sent":
        message = _hinted(message, _hint(conn, kept, now))
    if typed:
        message = _explained(message, kept, form, happened)
        return Outcome((Reply(message, None, kept.message_id, kept.check_in.id),), woke=woke)
    return Outcome((Reply(message, kept.message_id, None, kept.check_in.id),), toast, woke=woke)


def _hint(conn: Connection, kept: Kept, now: datetime) -> str:
    """How to put in words what was agreed on, for a therapist who said that something was; else nothing."""
    if kept.check_in.voice != "therapist" or kept.check_in.answers.get(("homework", "given")) != "yes":
        return ""
    return homework.how_to_set(conn, kept.person, kept.pair_id, kept.session_id, now)


def _hinted(message: Message, hint: str) -> Message:
    text = f"{message.text}\n\n{hint}".strip()
    return message if len(text) > TEXT_LIMIT else replace(message, text=text)


def _page_with_hint(conn: Connection, made: Callable[[Connection], Page], hint: str) -> Page:
    page = made(conn)
    *others, last = page.replies
    return replace(page, replies=(*others, replace(last, message=_hinted(last.message, hint))))


def _item_of(kept: Kept) -> int:
    return kept.check_in.place.at


def _explained(message: Message, kept: Kept, form: Form, happened: str) -> Message:
    """What was typed was no answer: say what would be, above the same question."""
    lang = kept.person.lang
    if happened == "too_long":
        index = text_question(form, kept.check_in) or 0
        return replace(
            message, text=phrase(lang, "too_long", form.questions[index].item.longest) + "\n\n" + message.text
        )
    if happened == "empty":
        return replace(message, text=phrase(lang, "toast_empty") + "\n\n" + message.text)
    if happened in ("not_understood", "stale"):
        return replace(message, text=phrase(lang, "not_understood") + "\n\n" + message.text)
    return message


def _not_met(conn: Connection, kept: Kept, config: Config, now: datetime) -> None:
    """Both sides' check-ins of the session are withdrawn, and the desk is asked to confirm."""
    checkins.withdraw(conn, kept.session_id, "not_met")
    appointments.mark_session(conn, kept.session_id, "missed", confirm=True)
    appointments.replan(conn, kept.pair_id, config.plan, now)


def _own_words(conn: Connection, kept: Kept, now: datetime) -> bool:
    """Own words are looked after until somebody has read them; after the digest came they are announced at once."""
    answers = kept.check_in.answers
    if not answers.get(("alliance", "own_words")) or answers.get(("alliance", "words_for")) == "self":
        return False
    loops.words_came(conn, kept.check_in.id, now)
    waiting = digests.waiting_for(conn, kept.pair_id, now)
    therapist = away.reader_for(conn, people.pair_of(conn, kept.pair_id).therapist, now)
    if waiting is None or waiting.local is None or not therapist.can_be_asked:
        return False
    opens = Button(phrase(therapist.lang, "open"), f"d:{waiting.id}:open")
    body = Message(phrase(therapist.lang, "words_new", waiting.local[-5:]), ((opens,),)).to_json()
    outbox.add(conn, therapist, f"words:{kept.check_in.id}", "notice", body, now)
    return True


def _first_goal(conn: Connection, kept: Kept, now: datetime) -> None:
    """What the patient hopes for makes the first goal of the pair."""
    hopes = kept.check_in.answers.get(("start", "hopes"))
    if isinstance(hopes, str):
        goals.add_first(conn, kept.pair_id, textwrap.shorten(hopes, LONGEST, placeholder="…"), now)


# ------------------------------------------------------------------------------------------------ typed


def on_words(conn: Connection, who: Person, words: str, config: Config, now: datetime) -> Outcome | None:
    """Typed words as an answer to what is shown: "4", "mostly", "back", own words. None if nothing asks for words."""
    waiting = _answerable(conn, who, config, now)
    shown = [kept for kept in waiting if kept.check_in.place.screen in WORKING and not kept.check_in.place.hidden]
    if shown:
        touched_last = max(shown, key=lambda kept: kept.check_in.place.touched or kept.opens)
        return _typed(conn, touched_last, words, config, now)
    verb = TYPED.get(_plain(words))
    if waiting and (verb == "begin" or verb == "later"):
        return _stepped(conn, waiting[-1], Tap(verb), config, now, typed=True)
    return None


def _answerable(conn: Connection, who: Person, config: Config, now: datetime) -> list[Kept]:
    """What this person may still answer, late ones too, the one opened last at the end."""
    since = now - config.plan.patient_late_for - config.plan.patient_finish_within
    found = (checkins.of_chat(conn, one, who) for one in checkins.answerable_of(conn, who.id, since))
    kept = [one for one in found if one and one.asks is not None and one.message_id is not None and not one.ended]
    return [one for one in kept if not is_over(one.check_in, now, config.plan)]


def _plain(words: str) -> str:
    """Without case, accents and surrounding marks."""
    bare = unicodedata.normalize("NFKD", words.casefold())
    return "".join(c for c in bare if not unicodedata.combining(c)).strip(" .!/")


def _typed(conn: Connection, kept: Kept, words: str, config: Config, now: datetime) -> Outcome | None:
    assert kept.asks is not None
    form = compose(config.questionnaires.by_id, kept.asks, kept.check_in.voice)
    tap = read_typed(words, form, kept.check_in, kept.person.lang)
    if tap is not None:
        return _stepped(conn, kept, tap, config, now, typed=True)
    if text_question(form, kept.check_in) is not None:
        return _stepped(conn, kept, Tap("words", words=words), config, now, typed=True)
    return _new_goal(conn, kept, form, words, config, now)


def read_typed(words: str, form: Form, check_in: CheckIn, lang: str) -> Tap | None:
    """The button that typed words stand for: its words, a scale's number, a choice's place, "A4" on the form."""
    plain, place = _plain(words), check_in.place
    if plain in TYPED:
        return Tap(TYPED[plain], item=place.at)
    if place.screen == "form":
        letter, rest = plain[:1].upper(), plain[1:].strip()
        where = next((n for n in asked(form, check_in.answers) if letter_of(form, n) == letter), None)
        return None if where is None else _choice(rest, form, check_in, where, lang)
    return _choice(plain, form, check_in, place.at, lang) if place.screen == "question" else None


def _choice(plain: str, form: Form, check_in: CheckIn, index: int, lang: str) -> Tap | None:
    question = form.questions[index]
    value = check_in.answers.get(question.key)
    choices = form.choices(index, check_in.answers)
    numbered = question.item.kind == "scale"
    for place, (n, choice) in enumerate(choices, start=1):
        number = str(choice.id) if numbered else str(place)
        if plain in (number, _plain(choice_words(question, choice, lang))):
            ticked = isinstance(value, tuple) and choice.id in value
            verb: Verb = "pick" if question.item.kind != "many" else "off" if ticked else "on"
            return Tap(verb, None, index, n)
    return None


def _new_goal(conn: Connection, kept: Kept, form: Form, words: str, config: Config, now: datetime) -> Outcome | None:
    """Words typed where goals are ticked are a new goal: it joins the list and this form, and is ticked."""
    index = _goal_question(form, kept.check_in)
    if index is None or kept.asks is None:
        return None
    text, listed = tidy(words), goals.goals_of(conn, kept.pair_id)
    if (why := wrong(text, listed)) is not None:
        message = show(kept, form, config, now)
        again = replace(message, text=f"{refused(kept.person.lang, why, text, listed)}\n\n{message.text}")
        return Outcome((Reply(again, None, kept.message_id, kept.check_in.id),))
    number = goals.add(conn, kept.pair_id, text, kept.check_in.voice, now)
    asks = replace(kept.asks, goals=(*kept.asks.goals, Goal(number, text, kept.check_in.voice)))
    kept = replace(kept, asks=asks)
    checkins.set_asks(conn, kept, asks)
    grown = compose(config.questionnaires.by_id, asks, kept.check_in.voice)
    at = next(n for n, c in enumerate(grown.questions[index].choices) if c.id == number)
    return _stepped(conn, kept, Tap("on", None, index, at), config, now, typed=True)


def _goal_question(form: Form, check_in: CheckIn) -> int | None:
    """The question at which goals are ticked, if it is shown now."""
    shown = asked(form, check_in.answers) if check_in.place.screen == "form" else [check_in.place.at]
    if check_in.place.screen not in ("question", "form"):
        return None
    return next((n for n in shown if form.questions[n].item.choices_from == "goals"), None)


def reshow(conn: Connection, who: Person, config: Config, now: datetime) -> Outcome | None:
    """What is open for this person, shown again; None if nothing is."""
    for check_in_id in reversed(checkins.open_of(conn, who.id)):
        kept = checkins.of_chat(conn, check_in_id, who)
        if kept is not None and kept.asks is not None:
            form = compose(config.questionnaires.by_id, _asks(kept), kept.check_in.voice)
            return Outcome((Reply(in_chat(kept, form, config, now), None, kept.message_id, kept.check_in.id),))
    return None


def _asks(kept: Kept) -> Asks:
    assert kept.asks is not None
    return kept.asks
