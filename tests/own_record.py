"""A made-up record of a patient, with something under every heading."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.core.export import Sent
from bot.core.form import Key
from bot.core.history import Answer, Goal, Homework
from bot.core.record import Consent, Pairing, Record

AT = datetime(2026, 11, 2, 17, tzinfo=UTC)


def own_record(lang: str) -> Record:
    """Two therapists, one after the other; a form that was answered late, one that was missed."""
    answers: dict[Key, Answer] = {
        ("alliance", "goals_1"): 4, ("alliance", "own_words"): "1 < 2", ("homework", "obstacles"): ("no_time",),
        ("goals", "chosen"): (1, "other"), ("alliance", "bond_1"): None, ("gone", "x"): ("a", "b"),
        ("goals", "progress.1"): 2,
    }  # fmt: skip
    asked = ("alliance", "goals", "homework")
    sent = Sent("P-014", "T-1", 1, 1, 1, "patient", "alliance", "answered", True, "2026-11-03T14:00", AT, asked,
                answers, dict.fromkeys(asked, 1))  # fmt: skip
    missed = replace(sent, session=2, visit=2, status="missed", late=False, starts="2026-11-10T14:00", answers={})
    goals = (Goal(1, "dormir <b>"), Goal(2, "dormir", retired=True))
    pairs = (
        Pairing("T-1", AT, AT, goals, (("2026-11-03T14:00", Homework("respirar", "dormir")),)),
        Pairing("T-2", AT, None, (), (("2026-11-03T14:00", Homework("respirar")),)),
    )
    consents = (Consent(1, lang, False, AT), Consent(1, lang, True, AT, "+"))
    away = ((date(2026, 12, 1), date(2026, 12, 3)),)
    return Record("P-014", "America/Denver", lang, "active", AT, consents, pairs, (sent, missed), away,
                  ((AT, None), (AT, AT)))  # fmt: skip
