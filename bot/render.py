"""Values -> words, through templates/ (Jinja2: strict undefined) and the catalogues in locale/ (gettext, es).

English is the language of the templates themselves; a catalogue is read and compiled in memory when its language is
first needed. Text messages are plain text; HTML pages are escaped.
"""

import gettext
import io
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from bot.core.plan import WEEKDAYS

HERE = Path(__file__).parent
FALLBACK = "en"
DAY = {"en": "EEE d MMM", "es": "EEEE d 'de' MMMM"}  # short in Spanish, 3 March on a Tuesday would be "mar 3 mar"

MONDAY = date(2024, 1, 1)
"""Any Monday: weekdays are named by their place after it."""
DATED = {"en": "d MMM y", "es": "d 'de' MMM 'de' y"}  # what is kept for years says the year


@lru_cache(maxsize=8)
def _catalogue(lang: str) -> gettext.NullTranslations:
    """The translations of a language; English needs none."""
    file = HERE / "locale" / f"{lang}.po"
    if lang == FALLBACK or not file.exists():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo  # only where a catalogue is needed
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with file.open("rb") as po:
        write_mo(compiled, read_po(po, locale=lang))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _when(lang: str, pattern: str, value: date | str) -> str:
    from babel.dates import format_datetime  # CLDR is large

    return str(format_datetime(_wall(value), pattern, locale=lang))


def _wall(value: date | str) -> datetime:
    """What a clock on the wall shows: stored wall time, a local datetime without its offset, or midnight of a date."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.fromisoformat(str(value))


def _ordinal(lang: str, n: int) -> str:
    if lang == "es":
        return f"{n}.ª"
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


@lru_cache(maxsize=8)
def _environment(lang: str, escaped: bool = False) -> jinja2.Environment:
    """Escaping goes by the page, not by the file: an HTML page's macros and parts escape what people wrote as well."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(_catalogue(lang), newstyle=True)  # type: ignore[attr-defined]
    day = DAY.get(lang, DAY[FALLBACK])
    environment.filters |= {
        "one": lambda number: f"{number:.1f}",
        "whole": lambda number: f"{number:.0f}",
        "ordinal": lambda n: _ordinal(lang, n),
        "clock": lambda at: _wall(at).strftime("%H:%M"),
        "weekday": lambda at: _when(lang, "EEEE", at),
        "short_day": lambda name: _when(lang, "EEE", MONDAY + timedelta(days=WEEKDAYS.index(name))),
        "day": lambda at: _when(lang, day, at),
        "said": lambda words: words.get(lang) or words.get(FALLBACK) or next(iter(words.values()), ""),
        "date": lambda at: _when(lang, "d MMM", at),
        "dated": lambda at: _when(lang, DATED[lang], at),
        "dated_time": lambda at: _when(lang, f"{DATED[lang]}, HH:mm", at),
        "day_and_time": lambda at: _when(lang, f"{day}, HH:mm", at),
    }
    return environment


@lru_cache(maxsize=64)
def _module(lang: str, name: str) -> Any:
    return _environment(lang).get_template(name).module


def phrase(lang: str, name: str, *values: object) -> str:
    """A short text: a macro of phrases.jinja by name, in this language."""
    return _phrase(lang, name, *values) if values else _fixed_phrase(lang, name)


def _phrase(lang: str, name: str, *values: object) -> str:
    return str(getattr(_module(lang, "phrases.jinja"), name)(*values))


_fixed_phrase = lru_cache(maxsize=1024)(_phrase)  # what holds nothing of anybody is made once


def finding_words(lang: str, name: str, *values: object) -> str:
    """The headline of a finding, or its question: a macro of finding.jinja by name."""
    return part(lang, "finding.jinja", name, *values)


def part(lang: str, template: str, name: str, *values: object) -> str:
    """A piece of a page by itself: a macro of a template by name."""
    return str(getattr(_module(lang, template), name)(*values)).strip()


def chart_words(lang: str, name: str, *values: object) -> str:
    """A word in a picture: a macro of chart.jinja by name."""
    return str(getattr(_module(lang, "chart.jinja"), name)(*values)).strip()


def page(lang: str, template: str, **values: object) -> str:
    """A whole message or HTML page. Blank lines never come in twos, and none stands at an end."""
    text = _environment(lang, template.endswith(".html")).get_template(template).render(**values)
    return re.sub(r"\n[ \t]*(\n[ \t]*)+\n?", "\n\n", text).strip()


def local(lang: str, filter_name: str, at: date | str) -> str:
    """A time in words: clock, weekday, date, day or day_and_time."""
    return str(_environment(lang).filters[filter_name](at))
