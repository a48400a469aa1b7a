"""Every page that people read, in both languages: digests, consent, help, the screens of a check-in."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest

from bot import render
from bot.chat.days import Hour
from bot.chat.screens import crisis, in_language
from bot.config import Config
from bot.core import digest
from bot.core.chart import for_patient, for_therapist
from bot.core.digest import Digest
from bot.core.goals import card
from bot.core.history import History, Homework, Side
from bot.core.loop import OUTCOMES, Around, LastTime, Outage, Said, Snooze
from bot.core.plan import Plan
from bot.core.record import sheets
from bot.core.retention import Span
from bot.core.thresholds import Thresholds
from bot.message import TEXT_LIMIT
from bot.render import page, phrase
from tests.case_files import EXCUSED, MISSED, Json, case_file, history, met
from tests.own_form import MARKS, answers, questionnaire
from tests.own_record import own_record
from tests.random_cases import random_case
from tests.test_locale import GOALS, TEMPLATES, check, lang

# ------------------------------------------------------------------------------------------------ samples


def read(sessions: list[Json], blind: bool = False, own_words: str | None = None) -> Digest:
    """The digest after these sessions."""
    return _read(case_file(sessions), blind, own_words)


AWAY = Around(
    snoozes=(Snooze("disagreement", "tasks", "patient lower", "2026-01-01T00:00"),),
    last=LastTime("2026-01-01T00:00", "discussed", (Said("low", "goals", 2.0), Said("drop", "total", 2.0))),
    outages=(Outage("2026-11-24T09:00", 1), Outage("2026-11-24T09:00", 6)),
    not_asked="away",
    away_until="2026-12-03",
)


def _read(data: Json, blind: bool = False, own_words: str | None = None, around: Around = Around()) -> Digest:  # noqa: B008
    data["goals"] = [{"id": goal.id, "words": goal.words} for goal in GOALS]
    if own_words:
        data["sessions"][-1]["patient"]["alliance"]["own_words"] = own_words
    hidden = frozenset(row["starts"] for row in data["sessions"][-1:]) if blind else frozenset[str]()
    return digest.build("P-014", "2026-12-01T14:00", history(data), Thresholds(), hidden, around)


LOW, HIGH = answers(*[2] * 12), answers(*[5] * 12)


def _with_own(forms: list[dict[str, int | None]], scores: str) -> Digest:
    """The digest after sessions about which both answered the clinic's own form, with these [[score]] entries."""
    past = history(case_file([ALIKE] * len(forms)))
    sides = [Side(own={"own": form}) for form in forms]
    sessions = [replace(s, patient=one, therapist=one) for s, one in zip(past.sessions, sides, strict=True)]
    return digest.build("P-014", "", History(tuple(sessions)), Thresholds(), own=[questionnaire(scores=scores)])


DONE = {"given": "yes", "done": 1, "well": 2, "obstacles": ["no_time", "unclear"]}
APART = met(
    tasks=(3, 3), goals=(3, 3), bond=(2, 2), ticks=[1], top=1, homework=DONE,
    they={"tasks": (5, 5), "goals": (3, 3), "ticks": [2], "top": 2, "homework": {"given": "yes", "done": 4}},
)  # fmt: skip
ALIKE = met(
    tasks=(4, 5), goals=(4, 4), ticks=[2], top=2,
    they={"tasks": (4, 4), "goals": (4, 4), "ticks": [2], "top": 2},
)  # fmt: skip


@cache
def digests() -> tuple[Digest, ...]:
    """Digests of every kind: apart, alike, silent, excused, blind, with nothing yet, and some at random."""
    some = [read([APART] * 2, own_words="<i>menos prisa</i>"), read([ALIKE]), read([MISSED] * 4), read([ALIKE, MISSED])]
    reasons = ("away", "every", "stopped", "unreachable", "not in yet", "too late", "outage", "paused")
    some += [_read(case_file([ALIKE, EXCUSED]), around=Around(not_asked=why)) for why in reasons]
    for outcome in (*OUTCOMES, None):
        last = replace(AWAY.last or LastTime(""), outcome=outcome)
        some.append(_read(case_file([APART]), around=replace(AWAY, last=last)))
        some.append(_read(case_file([ALIKE, EXCUSED]), around=replace(AWAY, last=last)))
    some += [_with_own([LOW, HIGH], MARKS), _with_own([HIGH, LOW], MARKS), _with_own([LOW], "")]
    some += [read([ALIKE, EXCUSED]), read([APART], blind=True), read([]), told()]
    return (*some, *(_read(random_case(Random(n))) for n in range(15)))


def told() -> Digest:
    """A digest with homework in words, progress on a goal, one goal not touched lately and one never."""
    sessions = read([APART, *[ALIKE] * 3, APART | {"therapist": None}]).history.sessions
    *before, last = [replace(s, patient=replace(s.patient, goals={"chosen": (2,), "top": 2})) for s in sessions]
    asked = replace(last.patient, goals={"chosen": (2,), "top": 2, "progress.2": 2})
    first = replace(before[0], patient=replace(before[0].patient, goals={"chosen": (1,), "top": 1}))
    whole = (first, *before[1:], replace(last, patient=asked, homework=Homework("<b>respirar</b>", "dormir")))
    return digest.build("P-014", "2026-12-01T14:00", History(whole, GOALS), Thresholds())


def goal_pages(role: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The screens of goals and of homework, as one side sees them."""
    them = {"role": role, "code": "P-014"}
    seen = told().history
    for shown in (seen, History(seen.sessions[:1], GOALS), History((), (replace(GOALS[0], added_by="therapist"),))):
        listed = card(shown, "patient" if role == "patient" else "therapist")
        yield "goal_card.txt", them | {"card": listed, "most": len(listed.goals)}
    yield "goal_card.txt", them | {"card": card(History(()), "patient"), "most": 5}
    yield "goal_earlier.txt", {"goals": GOALS}
    for goal, problem in ((None, ""), (GOALS[0], "+")):
        yield "goal_ask.txt", them | {"goal": goal, "problem": problem, "most": 120}
    for what in ("change", "reworded", "kept", "gone"):
        yield "goal_change.txt", them | {"what": what, "goal": GOALS[0], "other_words": "dormir"}
    for homework in (None, Homework("respirar"), Homework("respirar", "dormir")):
        yield "homework_mine.txt", {"homework": homework, "when": "2026-03-03T14:00"}
        for stage in ("ask", "why", "done"):
            values = {"stage": stage, "homework": homework, "when": "14:00", "problem": "" if homework else "+"}
            yield "homework_set.txt", them | values


def pages(lang: str, config: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every template that is a page, with values for each of its branches."""
    reach: dict[str, Any] = {
        "crisis": crisis(config, lang),
        "contact": in_language(dict(config.clinic.contact), lang),
        "seen": in_language(dict(config.clinic.answers_seen), lang),
    }
    yield from joining_pages(lang, reach | {"forms": config.questionnaires.by_id})
    yield from check_in_pages(lang, reach)
    for role in ("patient", "therapist"):
        yield from goal_pages(role)
    yield from digest_pages(lang)
    for one in digests():
        yield "mine.txt", reach | {"c": for_patient(one.history)}


def joining_pages(lang: str, reach: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Coming in, settings, help, days away."""
    for asks, agreed in ((True, None), (False, None), (False, "2026-11-02T10:00")):
        more = {"asks": asks, "clinic": "Fort Test", "agreed": agreed, "keeps": agreed and Span(7, "years")}
        yield "consent.txt", reach | {"added": ["+"], **more}
    day, later = "2026-12-01T00:00", "2026-12-10T00:00"
    yield "away.txt", {"spans": [(day, day), (day, later)]}
    yield "fixed.txt", reach
    yield "login.txt", {"link": "https://checkin.test/login#abc"}
    for role in ("patient", "therapist", "staff", ""):
        yield "help.txt", reach | {"commands": [] if not role else [["help", phrase(lang, "command_help")]]}
        yield "welcome.txt", reach | {"role": role}
        for every in (1, 2):
            asking = phrase(lang, "ask_evening", "19:00")
            lead = Plan(digest="morning" if every == 1 else "lead", digest_before=timedelta(minutes=30 * every))
            mine = {
                "clock": "9:00",
                "zone": "Denver",
                "language": "Español",
                "role": role,
                "asks": asking,
                "every": every,
            }
            yield "settings.txt", mine | {"plan": lead, "where": True, "on_page": every == 1}
    for state in ("asked", "sent", "late", "seen", "nobody"):
        for until in (None, "Mon 9 Nov, 08:00"):
            seen = "14:05" if state == "seen" else None
            about = {"state": state, "until": until, "seen": seen, "minutes": 15, "has_second": until is None}
            yield "call.txt", {"crisis": reach["crisis"]} | about
            yield "call_for.txt", {"code": "P-014", "at": "Mon 9 Nov, 08:00", "seen": seen}
    yield "mydata.txt", {}
    own: dict[str, Any] = {"r": own_record(lang), "clinic": "Fort Test", "local": lambda at: at}
    yield "record.html", own | {"sheets": sheets(own_record(lang), reach["forms"])}
    yield "settle.txt", {"clock": "9:00", "language": "Español"}


def check_in_pages(lang: str, reach: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A check-in's screens."""
    yield "not_met.txt", {"day": render.local(lang, "day", "2026-03-03T14:00")}
    for late in (True, False):
        yield "sent.txt", reach | {"late": late}
    yield "summary.txt", reach | {"rows": [{"words": "A", "answer": "1"}, {"words": "B", "answer": ""}]}
    rows = [{"letter": "A", "words": "Va.", "answer": "4", "last": ""}]
    rows += [{"letter": "B", "words": "Va.", "answer": "", "last": "dormir"}]
    when = render.local(lang, "day_and_time", "2026-03-03T14:00")
    form = {"code": "P-014", "when": when, "stem": "A:", "rows": rows, "legend": "1 Nada", "can_add": True}
    yield "form.txt", form | {"on_page": False}
    yield "form.txt", form | {"on_page": True}
    plain = {"n": 1, "m": 6, "stem": "A:", "words": "Va.", "optional": False, "kind": "scale", "most": 1}
    plain |= reach | {"can_add": False, "first": True, "so_far": "", "homework": None, "on_page": False}
    yield "question.txt", plain
    yield "question.txt", plain | {"first": False, "kind": "text", "optional": True, "so_far": "No."}
    yield "question.txt", plain | {"first": False, "kind": "many", "most": 3, "can_add": True, "stem": ""}
    yield "question.txt", plain | {"homework": Homework("respirar", "dormir")}
    yield "question.txt", plain | {"first": False, "kind": "text", "can_add": True, "on_page": True}


def digest_pages(lang: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a therapist reads."""
    for one in digests():
        yield "digest.txt", {"d": one, "shown": one.first}
        yield "digest.txt", {"d": one, "shown": len(one.lines)}
        yield "digest.html", {"d": one, "spoken": lang}
        yield "why.txt", {"d": one, "lines": one.lines + one.snoozed, "t": Thresholds()}
    hours = [
        Hour("2026-12-01T14:00", "P-014", state, one, form, "p:1:open")
        for one, state, form in [(digests()[0], "missed", False), (digests()[0], "planned", True)]
        + [(one, "planned", False) for one in digests()]
    ]
    for some_hours in (hours, []):
        yield "today.txt", {"day": "2026-12-01", "hours": some_hours}
    for patients in ([{"code": "P-014", "next": "2026-12-01T14:00"}, {"code": "P-015", "next": None}], []):
        yield "patients.txt", {"rows": patients}
    for one in digests():
        yield "chart.txt", {"c": for_therapist("P-014", one.history)}
        yield "chart.txt", {"c": for_patient(one.history)}
    spans = [(datetime.fromisoformat("2026-12-01T09:00"), datetime.fromisoformat("2026-12-01T22:00"))]
    for alarm in ("overdue", "unreachable", "aside", "unread", "offline"):
        for said, n in (("began", 0), ("began", 1), ("lasts", 2), ("over", 0)):
            yield "alarm.txt", {"kind": alarm, "said": said, "n": n, "spans": spans}
    for some in (digests(), ()):
        yield "weekly.txt", {"digests": some}
        yield "weekly.html", {"digests": some, "spoken": lang}


# ------------------------------------------------------------------------------------------------ pages


@lang
def test_every_page_is_rendered_in_both_languages(lang: str, example: Config) -> None:
    rendered = set()
    for name, values in pages(lang, example):
        text = page(lang, name, **values)
        if name.endswith(".html"):
            check(html.unescape(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)), lang)
        else:
            check(text, lang)
            assert len(text) <= TEXT_LIMIT or name == "weekly.txt"
        rendered.add(name)
    of_the_browser = {file.name for file in TEMPLATES if file.parent.name == "web"}  # see tests/web
    parts = {"agrees.txt", "goals.txt", "homework.txt", "measures.txt", "own_words.txt"}
    pages_of_the_chat = {file.name for file in TEMPLATES if file.suffix in (".txt", ".html")} - of_the_browser
    assert rendered == pages_of_the_chat - parts


@lang
def test_what_people_wrote_is_never_markup(lang: str) -> None:
    for one in digests():
        shown = page(lang, "digest.html", d=one, spoken=lang) + page(lang, "weekly.html", digests=[one], spoken=lang)
        assert "<en casa>" not in shown
        assert "<i>" not in shown
    assert "&lt;en casa&gt;" in page(lang, "digest.html", d=digests()[1], spoken=lang)
    assert "&lt;i&gt;" in page(lang, "digest.html", d=digests()[0], spoken=lang)


def test_a_digest_begins_with_the_disagreement() -> None:
    first, second, third, *_ = page("en", "digest.txt", d=digests()[0], shown=3).splitlines()
    assert first.startswith("You rate agreement on tasks differently, still (2nd session). Patient 3.0, you 5.0.")
    assert second.startswith("In their own words: ")
    assert third == "→ What makes sense to you about how we work, and what does not?"


@lang
def test_a_digest_asks_each_question_once(lang: str) -> None:
    for one in digests():
        lines = page(lang, "digest.txt", d=one, shown=len(one.lines)).splitlines()
        asked = [line for line in lines if line.startswith("→ ")]
        assert len(asked) == len(set(asked))
        assert bool(asked) == bool(one.lines)
        assert page(lang, "digest.html", d=one, spoken=lang).count('class="question"') == len(asked)


def test_a_digest_says_how_far_along_and_what_nobody_touched() -> None:
    lines = page("en", "digest.txt", d=told(), shown=9).splitlines()
    assert "Progress: 2. menos enojo <en casa>: about half (Tue 31 Mar)" in lines
    assert "Not touched since Tue 3 Mar: dormir toda la noche" in lines
    assert "Not touched yet: ver a mis amistades" in lines
    assert 'Written down: "<b>respirar</b>"' in page("en", "digest.txt", d=told(), shown=9)
    assert "&lt;b&gt;respirar" in page("en", "digest.html", d=told(), spoken="en")


def test_of_silence_nobody_says_that_nothing_stands_out() -> None:
    calm = read([met(tasks=(4, 4))])
    assert page("en", "digest.txt", d=calm, shown=0).startswith("Nothing stands out.")
    for sessions in ([ALIKE, MISSED], [ALIKE, EXCUSED], []):
        assert "Nothing stands out" not in page("en", "digest.txt", d=read(sessions), shown=9)
    week = page("en", "weekly.txt", digests=[calm, read([ALIKE, MISSED])])
    assert "Nothing stands out: P-014\nNothing to show yet: P-014" in week


def test_days_are_told_apart_from_months() -> None:
    """In Spanish the short forms of Tuesday and March are one word."""
    assert render.local("en", "day_and_time", "2026-03-03T14:00") == "Tue 3 Mar, 14:00"
    assert render.local("es", "day_and_time", "2026-03-03T14:00") == "martes 3 de marzo, 14:00"


# ------------------------------------------------------------------------------------------------ consent and crisis

CONSENT = [
    ("do not rely on it", "Do not rely on this to keep you safe.", "No cuente con esto para su seguridad."),
    ("the command", "Accord gives your command no access and sends it nothing.", "su mando no tiene ningún acceso"),
    ("duties", "risk of harm to you, to others or to a mission may have to be reported.", "o para una misión."),
    ("the law", "The law can oblige a clinic to release records.", "La ley puede obligar a una clínica"),
    ("the record", "Your therapist may put parts into your medical record; that cannot be undone here.", "expediente"),
    ("the desk", "The front desk sees appointments, never answers.", "La recepción ve las citas, nunca las"),
    ("the server", "Whoever runs the server could technically read them.", "Quien administra el servidor"),
    ("the platform", "Telegram's servers and are not end-to-end encrypted.", "no están cifrados de extremo a extremo."),
    ("how often", "usually looks at your answers in the hour before your next session", "en la hora previa a su"),
    ("a crisis", "dial 988, then press 1, or text 838255", "marque 988"),
    ("overseas", "Overseas: ", "En el extranjero: "),
    ("it can fail", "Technology can fail", "La tecnología puede fallar"),
    ("voluntary", "It is voluntary.", "Es voluntario."),
    ("stop", "stop at any time with /stop. It has no effect on your care.", "con /stop. Esto no afecta su atención."),
    ("another therapist", "You can ask for a different therapist at any time.", "Puede pedir un cambio de terapeuta"),
    ("no mark", "It does not count against you.", "No cuenta en su contra."),
    ("how long", "kept for as long as your clinic keeps your record.", "se conservan mientras la clínica"),
    ("what must be kept", "a clinic must keep by law.", "debe conservarla por ley."),
    ("deletion", "To have the rest deleted: call the front desk", "Para que se borre lo demás: llame a la recepción"),
]


def _consent(lang: str, example: Config) -> str:
    name, values = next(pages(lang, example))
    return page(lang, name, **values)


@pytest.mark.parametrize(("english", "spanish"), [row[1:] for row in CONSENT], ids=[row[0] for row in CONSENT])
def test_the_consent_says_it(english: str, spanish: str, example: Config) -> None:
    assert english in _consent("en", example)
    assert spanish in _consent("es", example)


@lang
def test_the_consent_is_one_message_of_short_paragraphs(lang: str, example: Config) -> None:
    text = _consent(lang, example)
    assert len(text) <= 2500
    assert all(len(paragraph) <= 400 for paragraph in text.split("\n\n"))
    assert text.count("\n\n• ") == 11


@lang
@pytest.mark.parametrize("name", ["consent", "fixed", "help", "mine", "sent", "summary", "question"])
def test_the_crisis_line_stands_word_for_word(lang: str, name: str, example: Config) -> None:
    text = next(page(lang, file, **values) for file, values in pages(lang, example) if file == f"{name}.txt")
    line = crisis(example, lang)["line"]
    assert (f"Need a person now: {line}." if lang == "en" else f"alguien ahora: {line}.") in text
