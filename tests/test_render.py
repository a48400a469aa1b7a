"""Every screen of both sides, in both languages: what it says fits a message, what it offers fits a keyboard."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.checkins import read_button
from bot.chat.screens import show
from bot.config import Config
from bot.core.checkin import CheckIn, Place
from bot.core.form import Asks, Form, compose
from bot.core.history import Answer, Goal
from bot.core.person import Person
from bot.core.questionnaire import Choice, Item, Questionnaire, Voice
from bot.core.taps import Tap, step
from bot.message import TEXT_LIMIT, Button, Message, in_parts, split
from bot.outward import keyboard
from bot.store.checkins import Kept

NOW = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)
GOALS = tuple(Goal(n, f"goal {n} " + "x" * 113) for n in range(1, 6))
MOST_BUTTONS, MOST_LABEL = 100, 45
TRUE = tuple(Choice(n, {"en": f"{n} " + "e" * 38, "es": f"{n} " + "s" * 38}) for n in range(1, 8))
LONG = {"en": "w" * 300, "es": "p" * 300}
HUGE = Questionnaire(
    "huge", 1, "own", "MIT", {"en": "Huge", "es": "Enorme"}, {"patient": LONG},
    (
        *[Item(f"i{n}", "x", "scale", TRUE, {"patient": LONG}) for n in range(40)],
        Item("many", "x", "many", tuple(Choice(f"c{n}", TRUE[0].label) for n in range(60)), {"patient": LONG}, most=60),
        *[Item(f"t{n}", "x", "text", (), {"patient": LONG}, longest=4000) for n in range(19)],
    ),
)  # fmt: skip
"""As large as a questionnaire file may be."""


def kept_of(voice: Voice, lang: str, asks: Asks) -> Kept:
    """A check-in that has just been opened."""
    who = Person(1, 1, voice, "P-014", "America/Denver", lang, "active", 1)
    check = CheckIn("A" * 22, voice, "alliance", "open", "America/Denver", NOW + timedelta(days=3), place=Place())
    return Kept(check, who, 1, 1, "2026-11-03T14:00", NOW, "America/Denver", NOW, asks, 1, None, NOW, "P-014")


def walk(config: Config, voice: Voice, lang: str, seed: int, taps: int, asks: Asks) -> Iterator[tuple[Kept, Message]]:
    """The screens that somebody sees who taps at random, and types the longest words where words are asked."""
    form = compose(config.questionnaires.by_id, asks, voice)
    kept, random = kept_of(voice, lang, asks), Random(seed)
    for _ in range(taps):
        message = show(kept, form, config, NOW)
        yield kept, message
        buttons = [button for row in message.rows for button in row]
        if not buttons:
            return
        kept = replace(
            kept, check_in=step(form, kept.check_in, _tap(random, form, kept, buttons), NOW, config.plan).check_in
        )


def _tap(random: Random, form: Form, kept: Kept, buttons: list[Button]) -> Tap:
    place = kept.check_in.place
    if place.screen == "question" and form.questions[place.at].item.kind == "text" and random.random() < 0.9:
        return Tap("words", words="m" * form.questions[place.at].item.longest)
    tapped = read_button(random.choice(buttons).data)
    assert tapped is not None
    return tapped[1]


def check(message: Message) -> None:
    """What Telegram takes."""
    assert 1 <= len(message.text) <= TEXT_LIMIT
    assert message.text == message.text.strip()
    assert "\n\n\n" not in message.text
    buttons = [button for row in message.rows for button in row]
    assert len(buttons) <= MOST_BUTTONS
    assert all(button.label.strip() for button in buttons)
    assert len({button.data for button in buttons}) == len(buttons)
    assert keyboard(message) is None or message.rows
    assert Message.from_json(message.to_json()) == message


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("voice", ["patient", "therapist"])
def test_every_screen_fits_a_message(example: Config, voice: Voice, lang: str) -> None:
    names = ("alliance", "goals", "homework", "start")
    asks = Asks(names, 4, GOALS, ((1, 2), 1), last_homework=1)
    seen = set()
    for seed in range(12):
        for kept, message in walk(example, voice, lang, seed, 60, asks):
            check(message)
            seen.add((kept.check_in.state, kept.check_in.place.screen))
    assert len(seen) >= 6


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_largest_questionnaire_a_clinic_may_write_fits_too(example: Config, lang: str) -> None:
    by_id: Mapping[str, Questionnaire] = {**example.questionnaires.by_id, "huge": HUGE}
    config = replace(example, questionnaires=replace(example.questionnaires, by_id=by_id))
    kept = kept_of("patient", lang, Asks(("huge", "alliance"), 1))
    form = compose(by_id, Asks(("huge", "alliance"), 1), "patient")
    longest = {q.key: _longest(q.item) for q in form.questions}
    places = [Place("question", n, 5, started=True) for n in range(len(form.questions))]
    for place in (*places, Place("summary", turn=5), Place("change", turn=5)):
        check(show(replace(kept, check_in=replace(kept.check_in, place=place, answers=longest)), form, config, NOW))


def _longest(item: Item) -> Answer:
    if item.kind == "text":
        return "m" * item.longest
    return tuple(choice.id for choice in item.choices) if item.kind == "many" else item.choices[-1].id


@pytest.mark.parametrize("lang", ["en", "es"])
def test_buttons_for_a_patient_are_one_a_line_and_fit_the_width(example: Config, lang: str) -> None:
    goals = (Goal(1, "sleep through the night"),)
    for _, message in walk(example, "patient", lang, 1, 80, Asks(("alliance", "homework"), 1, goals)):
        assert all(len(button.label) <= MOST_LABEL for row in message.rows for button in row)
        answers = [row for row in message.rows if ":p:" in row[0].data]
        assert all(len(row) == 1 for row in answers)


# ------------------------------------------------------------------------------------------------ messages


@pytest.mark.parametrize("data", ["", "x" * 65, "я" * 33])
def test_a_button_that_carries_too_much_is_never_made(data: str) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        Button("Mostly", data)


@given(st.lists(st.text("ab\n", max_size=60), max_size=12).map("\n\n".join), st.integers(10, 80))
def test_law_a_text_in_parts_loses_no_letter(text: str, most: int) -> None:
    parts = split(text, most)
    assert all(len(part) <= most for part in parts)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")


def test_the_buttons_stand_under_the_last_part() -> None:
    rows = ((Button("Hide", "d:1:hide"),),)
    first, last = in_parts("x" * TEXT_LIMIT + "\n\nend", rows)
    assert (first.rows, last.rows) == ((), rows)
