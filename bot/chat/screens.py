"""A check-in and its place -> the message that shows it. Every screen of the wizard, and the therapist's one form."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.config import Config
from bot.core.checkin import Place, is_over, times_to_ask_again
from bot.core.form import STILL, Form, Question, asked, mark
from bot.core.goals import MOST as MOST_GOALS
from bot.core.history import Answer
from bot.core.questionnaire import Choice
from bot.core.taps import Verb, fitted
from bot.core.walltime import zone_of
from bot.message import OPENS, TEXT_LIMIT, Button, Message, Rows, one_a_line
from bot.render import local, page, phrase
from bot.store.checkins import Kept

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_TO_CHANGE = 96
"""A keyboard has room for a hundred buttons."""
SHORTER = ((1000, 1000), (300, 300), (60, 60), (30, 20))
"""How long a question and its answer may be on the summary, so that it stays one message."""
VERBS: dict[Verb, str] = {
    "begin": "b", "pick": "p", "on": "n", "off": "f", "done": "d", "back": "k", "skip": "s", "later": "l", "again": "a",
    "hide": "h", "change": "g", "goto": "o", "send": "x", "not_met": "m", "did_not_meet": "y", "pass": "z",
}  # fmt: skip


def show(kept: Kept, form: Form, config: Config, now: datetime) -> Message:
    """The message for where the person is now."""
    kept = replace(kept, check_in=fitted(form, kept.check_in))
    check, place, lang = kept.check_in, kept.check_in.place, kept.person.lang
    if check.state == "answered":
        return _sent(kept, config)
    if check.state in ("excused", "not_asked") or kept.ended:
        noted = "did_not_meet_noted" if kept.why == "not_met" else "not_needed"
        return Message(phrase(lang, noted))
    if is_over(check, now, config.plan):
        return Message(phrase(lang, "closed"))
    if not form.questions:  # its questionnaires are gone
        return Message(phrase(lang, "not_needed"))
    if place.hidden:
        return Message(phrase(lang, "ready_hidden"), _rows(kept, [["begin"]]))
    if place.screen == "ready":
        return ready(kept)
    screens = {
        "question": _question, "form": _form, "summary": _summary, "change": _change, "later": _later,
        "put_off": _put_off, "not_met": _not_met,
    }  # fmt: skip
    return screens[place.screen](kept, form, config, now)


def ready(kept: Kept, again: bool = False) -> Message:
    """The message that a check-in arrives with: nothing private, it may be read off a locked screen."""
    lang = kept.person.lang
    if kept.check_in.voice == "therapist":
        return Message(phrase(lang, "ready_form", local(lang, "clock", kept.local)), _rows(kept, [["begin"]]))
    words = phrase(lang, "ready_again" if again else "ready")
    return Message(words, _rows(kept, [["begin"], _later_if_open(kept)]))


def asking(kept: Kept, config: Config, again: bool = False) -> Message:
    """What a check-in is asked with in the chat."""
    return link(kept) if config.on_page(kept.person) else ready(kept, again)


def in_chat(kept: Kept, form: Form, config: Config, now: datetime) -> Message:
    """What the chat shows of a check-in: where the person is, or only that there is a page for it."""
    if not config.on_page(kept.person):
        return show(kept, form, config, now)
    lang = kept.person.lang
    if kept.check_in.state == "answered":
        return Message(phrase(lang, "thanks"))
    over = kept.ended or is_over(kept.check_in, now, kept.plan(config.plan))
    return Message(phrase(lang, "not_needed")) if over else link(kept)


def link(kept: Kept) -> Message:
    """The way to a check-in's page. What [New link] sends means "begin" where the chat asks, so that it stays good."""
    lang = kept.person.lang
    opens = Button(phrase(lang, "open"), f"{OPENS}{kept.check_in.id}")
    return Message(
        phrase(lang, "ready_link"), one_a_line((opens, Button(phrase(lang, "new_link"), data(kept, "begin"))))
    )


def offered_again(kept: Kept, config: Config) -> Message:
    """An open check-in after an outage: neutral, as it may be read off a locked screen."""
    if config.on_page(kept.person):
        return link(kept)
    return Message(phrase(kept.person.lang, "after_outage"), _rows(kept, [["begin"]]))


def _later_if_open(kept: Kept) -> list[Verb]:
    """[Later], as long as there is a later: what is answered after the closing is not asked again."""
    return ["later"] if kept.check_in.state == "open" else []


# ------------------------------------------------------------------------------------------------ buttons


def data(kept: Kept, verb: Verb, *more: int | str) -> str:
    """What a button of this check-in sends: ids and numbers only."""
    return ":".join(["c", kept.check_in.id, str(kept.check_in.place.turn), VERBS[verb], *map(str, more)])


def answer_data(kept: Kept, form: Form, verb: Verb, index: int, choice: int | None = None) -> str:
    """What a button sends that answers a question. The mark names question and choice themselves: should the
    questionnaires be changed under an open check-in, an old button answers nothing rather than another question.
    """
    more = (index,) if choice is None else (index, choice)
    return data(kept, verb, *more, mark(form.questions[index], choice))


def _button(kept: Kept, verb: Verb, *more: int | str) -> Button:
    resumed = verb == "begin" and kept.check_in.place.started
    names = {"begin": "resume" if resumed else "begin"}
    return Button(phrase(kept.person.lang, names.get(verb, verb)), data(kept, verb, *more))


def _rows(kept: Kept, rows: Sequence[Sequence[Verb]]) -> Rows:
    return tuple(tuple(_button(kept, verb) for verb in row) for row in rows if row)


# ------------------------------------------------------------------------------------------------ the patient's screens


def _question(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    check, at = kept.check_in, kept.check_in.place.at
    lang, shown, question = kept.person.lang, asked(form, kept.check_in.answers), form.questions[kept.check_in.place.at]
    value = check.answers.get(question.key)
    n = shown.index(at) + 1 if at in shown else 1
    text = page(
        lang, "question.txt",
        n=n, m=len(shown), stem=stem(question, kept, config) if question.item.measures != "own_words" else "",
        words=wording(question, form, lang, config),
        optional=question.item.optional, kind=question.item.kind, most=question.item.most,
        can_add=_can_add(question, form), first=n == 1, crisis=crisis(config, lang),
        on_page=config.on_page(kept.person),
        homework=form.asks.homework if question.questionnaire == "homework" else None,
        so_far="" if question.item.kind == "many" else _short(answer_words(question, value, lang), 1000),
    )  # fmt: skip
    first = n == 1
    skip = Button(phrase(lang, "skip"), answer_data(kept, form, "skip", at))
    back = () if first else (_button(kept, "back"),)
    below: list[list[Verb]] = [[*_later_if_open(kept), "hide"], ["not_met"] if first else []]
    return Message(text, (*_choices(kept, form, at, value), (*back, skip), *_rows(kept, below)))


def _can_add(question: Question, form: Form) -> bool:
    return question.item.choices_from == "goals" and len(form.asks.goals) < MOST_GOALS


def _choices(kept: Kept, form: Form, index: int, value: Answer) -> Rows:
    """One button a line, whole words; ticks are set and taken back, and [Done] ends them."""
    question, lang = form.questions[index], kept.person.lang
    buttons = []
    for n, choice in form.choices(index, kept.check_in.answers):
        label, chosen = choice_words(question, choice, lang), _is_chosen(choice, value)
        verb: Verb = ("off" if chosen else "on") if question.item.kind == "many" else "pick"
        label = phrase(lang, "ticked", label) if chosen else label
        buttons.append(Button(label, answer_data(kept, form, verb, index, n)))
    if question.item.kind == "many" and isinstance(value, tuple) and len(value) >= question.item.least:
        buttons.append(Button(phrase(lang, "done"), answer_data(kept, form, "done", index)))
    return one_a_line(buttons)


def _is_chosen(choice: Choice, value: Answer) -> bool:
    return choice.id in value if isinstance(value, tuple) else choice.id == value


def _summary(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    lang, answers = kept.person.lang, kept.check_in.answers
    shown = [form.questions[n] for n in asked(form, answers)]
    shown = [q for q in shown if q.item.id != STILL.id or answers.get(q.key) == "yes"]
    rows = [(wording(q, form, lang, config), answer_words(q, answers.get(q.key), lang)) for q in shown]
    text = ""
    for most_words, most_answer in SHORTER:
        short = [{"words": _short(w, most_words), "answer": _short(a, most_answer)} for w, a in rows]
        text = page(lang, "summary.txt", rows=short, crisis=crisis(config, lang))
        if len(text) <= TEXT_LIMIT:
            break
    return Message(text[:TEXT_LIMIT], _rows(kept, [["send"], ["change"], ["back", "hide"]]))


def _change(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    lang = kept.person.lang
    buttons = [
        Button(_short(wording(form.questions[n], form, lang, config)), data(kept, "goto", n))
        for n in asked(form, kept.check_in.answers)[:MOST_TO_CHANGE]
    ]
    return Message(phrase(lang, "which_change"), one_a_line(buttons) + _rows(kept, [["back", "hide"]]))


def _short(words: str, most: int = 40) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _later(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    lang, zone = kept.person.lang, zone_of(kept.person.zone)
    offers = times_to_ask_again(kept.check_in, now, kept.plan(config.plan))
    buttons = [
        Button(phrase(lang, f"again_{word}", _clock(lang, at, zone)), data(kept, "again", word)) for word, at in offers
    ]
    words = phrase(lang, "which_later" if offers else "no_later")
    return Message(words, one_a_line(buttons) + _rows(kept, [["back", "hide"]]))


def _put_off(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    lang, again = kept.person.lang, kept.check_in.place.again or now
    words = phrase(lang, "put_off", _clock(lang, again, zone_of(kept.person.zone)))
    return Message(words, _rows(kept, [["begin"]]))


def _clock(lang: str, at: datetime, zone: object) -> str:
    return local(lang, "clock", (at + timedelta(seconds=30)).astimezone(zone))  # type: ignore[arg-type]


def _not_met(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    lang = kept.person.lang
    text = page(lang, "not_met.txt", day=local(lang, "day", kept.local))
    return Message(text, _rows(kept, [["did_not_meet"], ["back", "hide"]]))


def _sent(kept: Kept, config: Config) -> Message:
    lang = kept.person.lang
    if kept.check_in.voice == "therapist":
        return Message(phrase(lang, "form_sent"))
    seen = in_language(dict(config.clinic.answers_seen), lang)
    return Message(page(lang, "sent.txt", late=kept.check_in.late, seen=seen, crisis=crisis(config, lang)))


# ------------------------------------------------------------------------------------------------ the therapist's form


def _form(kept: Kept, form: Form, config: Config, now: datetime) -> Message:  # noqa: ARG001
    lang, answers = kept.person.lang, kept.check_in.answers
    shown = [n for n in asked(form, answers) if form.questions[n].item.kind == "text" or form.choices(n, answers)]
    questions = [form.questions[n] for n in shown]
    lines = [
        {
            "letter": letter_of(form, n),
            "words": wording(form.questions[n], form, lang, config),
            "answer": answer_words(form.questions[n], answers.get(form.questions[n].key), lang),
            "last": _last_homework(form.questions[n], form),
        }
        for n in shown
    ]
    text = page(
        lang, "form.txt",
        code=kept.code, when=local(lang, "day_and_time", kept.local),
        stem=stem(questions[0], kept, config) if questions else "",
        rows=lines, legend=_legend(questions, lang), can_add=any(_can_add(q, form) for q in questions),
        on_page=config.on_page(kept.person),
    )  # fmt: skip
    rows = tuple(row for n in shown for row in _form_rows(kept, form, n, letter_of(form, n)))
    last = _rows(kept, [["send", "pass"], ["later", "hide"], ["not_met"]])
    return Message(text, rows + last)


def _last_homework(question: Question, form: Form) -> str:
    """The words of last time's homework, beside the question how much of it was done."""
    given = form.asks.homework
    return given.words if given is not None and question.item.needs(form.voice) == "last_homework" else ""


def letter_of(form: Form, index: int) -> str:
    """The letter of a question on the one-message form: the same all along, also when a question above it goes."""
    return LETTERS[min(asked(form, {}).index(index), len(LETTERS) - 1)]


def _legend(questions: Sequence[Question], lang: str) -> str:
    """The words of the numbers, once: every scale on the form that has numbers on its buttons."""
    scales = [", ".join(f"{c.id} {_label(c, lang)}" for c in q.choices) for q in questions if q.item.kind == "scale"]
    return "\n".join(dict.fromkeys(scales))


def _form_rows(kept: Kept, form: Form, index: int, letter: str) -> list[tuple[Button, ...]]:
    """A row of numbers under a rated sentence; words, two in a row, under everything else."""
    question, lang = form.questions[index], kept.person.lang
    value = kept.check_in.answers.get(question.key)
    rated = question.item.kind == "scale"
    buttons = []
    for n, choice in form.choices(index, kept.check_in.answers):
        chosen = _is_chosen(choice, value)
        label = f"{letter} {choice.id}" if rated else f"{letter} {_short(choice_words(question, choice, lang), 30)}"
        verb: Verb = ("off" if chosen else "on") if question.item.kind == "many" else "pick"
        label = phrase(lang, "ticked", label) if chosen else label
        buttons.append(Button(label, answer_data(kept, form, verb, index, n)))
    width = 8 if rated else 1 if question.item.choices_from else 3
    return [tuple(buttons[i : i + width]) for i in range(0, len(buttons), width)]


# ------------------------------------------------------------------------------------------------ words


def stem(question: Question, kept: Kept, config: Config) -> str:
    """What stands above a questionnaire's sentences, with the weekday of the session."""
    lang = kept.person.lang
    words = config.questionnaires.by_id[question.questionnaire].stem.get(kept.check_in.voice, {})
    return in_language(words, lang).replace("{day}", local(lang, "weekday", kept.local))


def in_language(words: object, lang: str) -> str:
    """The text in this language, or in the first one there is: a clinic's own file may have one only."""
    if not isinstance(words, dict) or not words:
        return ""
    return str(words.get(lang) or next(iter(words.values())))


def wording(question: Question, form: Form, lang: str, config: Config) -> str:  # noqa: ARG001
    """The question's sentence; one that is asked of each goal names the goal."""
    if question.item.id == STILL.id:
        before = form.asks.before
        top = next((g for g in form.asks.goals if before and g.id == before[1]), None)
        return phrase(lang, "still", f"{top.id}. {top.words}" if top else "")
    words = in_language(dict(question.item.wording[form.voice]), lang)
    return words if question.goal is None else f"{question.goal.id}. {question.goal.words}\n{words}"


def choice_words(question: Question, choice: Choice, lang: str) -> str:
    """A choice's label."""
    if question.item.id == STILL.id:
        return phrase(lang, f"still_{choice.id}")
    return _label(choice, lang)


def _label(choice: Choice, lang: str) -> str:
    return in_language(dict(choice.label), lang)


def answer_words(question: Question, value: Answer, lang: str) -> str:
    """An answer as its words; empty for one skipped."""
    if value is None:
        return ""
    if question.item.kind == "text":
        return str(value)
    chosen = value if isinstance(value, tuple) else (value,)
    return ", ".join(choice_words(question, c, lang) for c in question.choices if c.id in chosen)


def crisis(config: Config, lang: str) -> dict[str, str]:
    """The crisis line and the words for overseas."""
    return {
        "line": in_language(dict(config.crisis.line), lang),
        "overseas": in_language(dict(config.crisis.overseas), lang),
    }


def fixed(lang: str, config: Config) -> str:
    """The one reply to any free text outside a question. Nothing is searched for in it: a miss would read as safety."""
    return page(lang, "fixed.txt", crisis=crisis(config, lang), contact=in_language(dict(config.clinic.contact), lang))


def place_of(kept: Kept) -> Place:
    """Where the person is."""
    return kept.check_in.place
