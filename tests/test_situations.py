"""Digests of named situations, in both languages, each read by eye for its tone: plain, respectful of both, no advice.

The texts are kept in tests/snapshots/situations; `pytest --update-snapshots` writes them anew: read the diff.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core import digest
from bot.core.digest import Digest
from bot.core.history import Goal, History, Homework
from bot.core.loop import Around, LastTime, Outage, Said, Snooze
from bot.core.questionnaire import LANGUAGES
from bot.core.thresholds import Thresholds
from bot.render import page
from tests.case_files import EXCUSED, MISSED, Json, case_file, history, met

FIRST, SECOND = "2026-03-03T14:00", "2026-03-10T14:00"
GOALS = {
    "en": (Goal(1, "sleep through the night"), Goal(2, "less anger at home")),
    "es": (Goal(1, "dormir toda la noche"), Goal(2, "menos enojo en casa")),
}
WORDS = {"en": "Fewer sheets, more talking.", "es": "Menos hojas, más hablar."}
HOMEWORK = {"en": "one walk a day", "es": "una caminata al día"}


def both(patient: dict[str, Any], **therapist: Any) -> Json:
    """A session that both rated."""
    return met(**patient, they=therapist)


ALIKE = both({"tasks": (4, 5), "goals": (4, 4), "bond": (5, 4)}, tasks=(4, 4), goals=(4, 4))
APART = both({"tasks": (3, 3), "goals": (4, 4), "bond": (4, 4)}, tasks=(4, 5), goals=(4, 4))
APART_GOALS = both({"tasks": (4, 4), "goals": (3, 2), "bond": (4, 4)}, tasks=(4, 4), goals=(5, 4))
LOWER = both({"tasks": (5, 4), "goals": (4, 4), "bond": (4, 4)}, tasks=(2, 2), goals=(4, 4))
BOTH_LOW = both({"tasks": (3, 3), "goals": (4, 4), "bond": (4, 4)}, tasks=(3, 2), goals=(4, 4))
FIRSTS = both(
    {"tasks": (4, 4), "goals": (4, 4), "bond": (4, 4), "ticks": [1], "top": 1},
    tasks=(4, 4), goals=(4, 4), ticks=[2], top=2,
)  # fmt: skip
UNFIT = {"given": "yes", "done": 1, "well": 1, "why": 2, "fits": 2, "difficulty": 1, "obstacles": ["no_point"]}
HARD = {"given": "yes", "done": 1, "well": 1, "why": 4, "fits": 4, "difficulty": 4, "obstacles": ["too_hard"]}
SINCE = LastTime(FIRST, "discussed", (Said("disagreement", "tasks", 3.0),))

SITUATIONS: dict[str, tuple[list[Json], Around]] = {
    "alike": ([ALIKE], Around()),
    "apart_on_tasks": ([APART], Around()),
    "apart_on_goals": ([APART_GOALS], Around()),
    "therapist_lower": ([LOWER], Around()),
    "apart_for_the_fourth_time": ([APART] * 4, Around()),
    "both_low": ([BOTH_LOW], Around()),
    "different_goals_first": ([FIRSTS], Around()),
    "only_the_patient_names_goals": (
        [both({"tasks": (4, 4), "goals": (4, 4), "bond": (4, 4), "ticks": [1, 2], "top": 2}, tasks=(4, 4))],
        Around(),
    ),
    "apart_and_homework_does_not_fit": ([APART | {"patient": APART["patient"] | {"homework": UNFIT}}], Around()),
    "homework_hard": ([ALIKE | {"patient": ALIKE["patient"] | {"homework": HARD}}], Around()),
    "a_drop": ([ALIKE, ALIKE, both({"tasks": (3, 2), "goals": (4, 4), "bond": (5, 4)}, tasks=(4, 3))], Around()),
    "not_back": ([ALIKE, ALIKE, *[both({"tasks": (3, 3), "bond": (5, 4)}, tasks=(3, 3))] * 4], Around()),
    "silent": ([ALIKE, MISSED, MISSED, MISSED], Around()),
    "never_answered": ([MISSED] * 3, Around()),
    "away": ([ALIKE, EXCUSED], Around(not_asked="away", away_until="2026-03-20")),
    "we_were_offline": ([ALIKE], Around(outages=(Outage("2026-03-05T09:00", 6),))),
    "form_skipped": ([met(tasks=(3, 3), goals=(4, 4), bond=(4, 4), they={"tasks": (None, None)})], Around()),
    "early_days": ([both({"tasks": (4, 4), "goals": (4, 4), "bond": (3, 2)}, tasks=(4, 4), goals=(4, 4))], Around()),
    "discussed_and_back": ([APART, ALIKE], Around(last=SINCE)),
    "left_out": ([APART], Around(snoozes=(Snooze("disagreement", "tasks", "patient lower", FIRST),))),
    "own_words": ([ALIKE], Around()),
    "brings_it_up_herself": ([ALIKE], Around()),
    "blind": ([APART], Around()),
    "nothing_yet": ([], Around()),
}
BLIND = {"blind": frozenset({FIRST})}


def built(name: str, lang: str) -> Digest:
    """The digest of a situation, with what people wrote in the reader's language."""
    sessions, around = SITUATIONS[name]
    data = case_file([dict(one) for one in sessions])
    data["goals"] = [{"id": goal.id, "words": goal.words} for goal in GOALS[lang]]
    if name in ("own_words", "brings_it_up_herself"):
        alliance = dict(data["sessions"][-1]["patient"]["alliance"])
        private = {"words_for": "self"} if name == "brings_it_up_herself" else {}
        data["sessions"][-1]["patient"] = {"alliance": alliance | {"own_words": WORDS[lang]} | private}
    past = history(data)
    last = [_with_homework(one, lang) for one in past.sessions]
    return digest.build(
        "P-014",
        "2026-04-07T14:00",
        History(tuple(last), past.goals),
        Thresholds(),
        BLIND.get(name, frozenset()),
        around,
    )


def _with_homework(session: Any, lang: str) -> Any:
    said = session.patient.homework
    return replace(session, homework=Homework(HOMEWORK[lang])) if isinstance(said, dict) else session


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_digest_reads_like_this(name: str, lang: str, snapshot: Callable[[str, str], None]) -> None:
    one = built(name, lang)
    snapshot(f"situations/{name}.{lang}", page(lang, "digest.txt", d=one, shown=one.first))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_with_nothing_to_say_it_is_two_lines_long(lang: str) -> None:
    one = built("alike", lang)
    assert len([line for line in page(lang, "digest.txt", d=one, shown=one.first).splitlines() if line]) == 2


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_digest_fits_one_screen(name: str, lang: str) -> None:
    """About thirty lines of forty characters."""
    one = built(name, lang)
    lines = page(lang, "digest.txt", d=one, shown=one.first).splitlines()
    assert sum(1 + len(line) // 40 for line in lines) <= 34
