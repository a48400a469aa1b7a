"""`accord play`: a questionnaire in the terminal, screen by screen, by the rules of the phone. Nothing is kept."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.chat.checkins import read_button, read_typed
from bot.chat.screens import show
from bot.config import Config, default_config, load
from bot.core.checkin import CheckIn, Place
from bot.core.form import Asks, Form, compose
from bot.core.history import Goal
from bot.core.person import Person
from bot.core.problem import did_you_mean
from bot.core.questionnaire import Voice
from bot.core.taps import Tap, step
from bot.store.checkins import Kept

WHEN = datetime(2026, 11, 3, 21, 0, tzinfo=UTC)
EXAMPLE = {
    "en": ("Sleep through the night", "Less anger at home"),
    "es": ("Dormir toda la noche", "Menos enojo en casa"),
}
HINT = {
    "en": "Type a number of the list, an answer's words, or back, skip, change, send. An empty line ends it.",
    "es": "Escriba un número de la lista, las palabras de una respuesta, o atrás, omitir, cambiar, enviar. "
    "Una línea vacía termina.",
}
ENDED = {"en": "Ended. Nothing was kept.", "es": "Terminado. No se guardó nada."}


def play_in_terminal(name: str, voice: Voice, lang: str, config_file: Path | None) -> list[str] | None:
    """Play it on this terminal; the mistakes that prevent it, or None."""
    config, mistakes = load(config_file or default_config())
    if config is None:
        return [str(mistake) for mistake in mistakes]
    known = config.questionnaires.by_id
    if name not in known:
        return [f'There is no questionnaire "{name}" (there are: {", ".join(known)}).{did_you_mean(name, known)}']
    if not known[name].items_for(voice):
        return [f'"{name}" has no wording for the {voice}: nothing would be asked.']
    for line in played(config, name, voice, lang, _typed):
        sys.stdout.write(line + "\n")
    return None


def _typed() -> str:
    sys.stdout.write("> ")
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def played(config: Config, name: str, voice: Voice, lang: str, typed: Callable[[], str]) -> Iterator[str]:
    """What the terminal shows, for what is typed, until it is sent or an empty line comes."""
    goals = tuple(Goal(n, words) for n, words in enumerate(EXAMPLE[lang], start=1))
    asks = Asks((name,), number=4, goals=goals, last_homework=1)
    kept = _kept(voice, lang, asks)
    form = compose(config.questionnaires.by_id, asks, voice)
    kept = _stepped(kept, form, Tap("begin"), config)
    yield HINT[lang]
    while True:
        message = show(kept, form, config, WHEN)
        buttons = [button for row in message.rows for button in row]
        yield "\n" + message.text
        yield "\n".join(f"  {n:>2}  {button.label}" for n, button in enumerate(buttons, start=1))
        if kept.check_in.state == "answered":
            return
        words = typed()
        if not words:
            yield ENDED[lang]
            return
        kept = _stepped(kept, form, _tap(words, form, kept, [button.data for button in buttons]), config)


def _kept(voice: Voice, lang: str, asks: Asks) -> Kept:
    who = Person(1, 1, voice, "P-001", "UTC", lang, "active", 1)
    check = CheckIn("play", voice, "alliance", "open", "UTC", WHEN + timedelta(days=3), place=Place())
    return Kept(check, who, 1, 1, WHEN.strftime("%Y-%m-%dT%H:%M"), WHEN, "UTC", WHEN, asks, None, None, WHEN, "P-001")


def _stepped(kept: Kept, form: Form, tap: Tap, config: Config) -> Kept:
    return replace(kept, check_in=step(form, kept.check_in, tap, WHEN, config.plan).check_in)


def _tap(words: str, form: Form, kept: Kept, buttons: list[str]) -> Tap:
    """A number means the button of the list, other words what they mean on the phone."""
    if words.isdecimal() and 1 <= int(words) <= len(buttons):
        tapped = read_button(buttons[int(words) - 1])
        assert tapped is not None
        return tapped[1]
    return read_typed(words, form, kept.check_in, kept.person.lang) or Tap("words", words=words)
