"""What a clinic or a person wrote is never a template: five hundred escapes and bombs come out as they were typed.

The seeds are the known ways out of Jinja2's and other sandboxes (PortSwigger's and HackTricks' lists of server-side
template injection); each is written the way seven template languages would evaluate it.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from html import escape
from time import thread_time
from typing import Any

import pytest

from bot.config import Config
from bot.core.questionnaire_file import parse
from bot.render import page, phrase
from tests.own_form import HEAD, ITEM
from tests.test_locale import lang
from tests.test_pages import pages

SEEDS = """7*7|''.__class__.__mro__[1].__subclasses__()
self.__init__.__globals__.__builtins__|cycler.__init__.__globals__
lipsum.__globals__['os'].popen('id').read()|joiner.__init__.__globals__.os|namespace.__init__.__globals__|config.items()
request.application.__globals__|get_flashed_messages.__globals__|url_for.__globals__['os']|'a'*200000000|9**9**9
range(1000000000)|list|dict.mro()[-1].__subclasses__()|x.__class__|_('a').__class__|gettext.__globals__|[].__class__.__base__
(1).__class__.__bases__|''['__cla'~'ss__']|()|attr('__class__')|self._TemplateReference__context|foo.__init__.__code__
caller()|loop.index|varargs|super()|environment.from_string('x')|text.__format__|token.__doc__|store.__dict__""".replace(
    "\n", "|"
).split("|")
WRITTEN = (
    "{{%s}}", "{{ %s }}", "{%% if %s %%}x{%% endif %%}", "{%% for a in %s %%}{{a}}{%% endfor %%}", "${%s}", "#{%s}",
    "<%%= %s %%>", "%%(%s)s", "{%s}", "{0.%s}", "{{{%s}}}", "{%%- set a = %s -%%}", "{# %s #}", "{{%s|safe}}",
    "{%% include %s %%}", "{{%s}", "$%s",
)  # fmt: skip
ATTACKS = [written % seed for seed in SEEDS for written in WRITTEN][:500]
FREE = (
    "clinic",
    "contact",
    "crisis",
    "seen",
    "stem",
    "words",
    "answer",
    "legend",
    "last",
    "so_far",
    "other_words",
    "why",
)
"""The names of sample values that stand for what somebody wrote freely."""
MARK = "Qq0qQ"


def written(value: Any, words: str) -> Any:
    """The same values, with these words wherever somebody may write what they like."""
    if isinstance(value, Mapping):
        return {k: words if k in FREE and isinstance(v, str) and v else written(v, words) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(written(one, words) for one in value) if not hasattr(value, "_fields") else value
    if is_dataclass(value) and isinstance(getattr(value, "words", None), str):
        return replace(value, words=words)  # type: ignore[type-var]
    return value


def test_there_are_five_hundred() -> None:
    assert len(set(ATTACKS)) == len(ATTACKS) == 500


def test_every_page_shows_them_as_typed(example: Config) -> None:
    assert _shown("en", dict(pages("en", example))) > 10


@pytest.mark.deep
@lang
def test_every_branch_of_every_page_does(lang: str, example: Config) -> None:
    assert _shown(lang, pages(lang, example)) > 30


def _shown(lang: str, samples: Any) -> int:
    """On how many of these pages such words stand at all; on each they stand as typed."""
    glued, shown = " ¦ ".join(ATTACKS), 0
    for name, values in samples.items() if isinstance(samples, dict) else samples:
        marked = page(lang, name, **written(values, MARK))
        typed = escape(glued).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") if name.endswith("html") else glued
        assert page(lang, name, **written(values, glued)) == marked.replace(MARK, typed), name
        shown += MARK in marked
    return shown


def test_each_takes_no_time() -> None:
    begun = thread_time()
    for attack in ATTACKS:
        assert attack in phrase("en", "ask_evening", attack)
    assert thread_time() - begun <= 0.01 * len(ATTACKS)


@pytest.mark.parametrize("attack", ["{{7*7}}", "{%s}", "%(x)s", "{{'a'*200000000}}"])
def test_a_questionnaire_is_words(attack: str) -> None:
    import tomllib

    read = tomllib.loads(HEAD + ITEM.format(n=1, measures="goals"))
    read["item"][0]["patient"]["en"] = attack
    made, problems = parse(read)
    assert made is not None, problems
    assert made.items[0].wording["patient"]["en"] == attack
