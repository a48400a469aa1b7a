"""The delivery ledger: every planned check-in and digest once, what became of it, and who may know what."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clinic as desk
from bot import clinic_ledger
from bot.core import ledger as core
from bot.core.ledger import Fact, Rules, cell, state_of, view
from bot.render import part
from bot.store import checkins, people
from bot.store.people import Refused
from bot.store.tables import check_in, digest, outbox
from tests.conftest import FIRST, Clinic, Someone, denver

SECOND = "2026-11-10T14:00"
NOON = datetime(2026, 11, 3, 19, 0, tzinfo=UTC)  # in Denver
RULES = Rules(timedelta(minutes=10), time(21), time(8))
HER = Fact(
    "c:1", "check_in", NOON, "P-014", "America/Denver", True, False, "P-014", "T-1", 1, 7, "2026-11-03T11:00", "planned"
)
OPEN = replace(HER, state="open", settled=NOON)
BACK = replace(HER, can_be_asked=False)
DIGEST = replace(HER, id="d:1", what="digest", to="T-1")
MINUTE, LATE = timedelta(minutes=1), timedelta(minutes=10)
NIGHT = NOON + timedelta(hours=10)


@pytest.mark.parametrize(
    ("fact", "after", "says"),
    [
        (HER, -MINUTE, ("planned", None)),
        (HER, LATE - MINUTE, ("planned", None)),
        (HER, LATE, ("overdue", None)),
        (HER, NIGHT - NOON, ("planned", None)),  # it waits for the end of quiet hours
        (replace(OPEN, message="waiting"), NIGHT - NOON, ("overdue", None)),
        (BACK, -MINUTE, ("planned", None)),
        (BACK, LATE, ("planned", "not_in_yet")),
        (replace(BACK, unreachable=True), LATE, ("unreachable", None)),
        (OPEN, LATE, ("sent", None)),
        (replace(OPEN, message="sent"), LATE, ("sent", None)),
        (replace(OPEN, message="waiting"), LATE - MINUTE, ("planned", None)),
        (replace(OPEN, message="sending"), LATE, ("overdue", None)),
        (replace(OPEN, message="unknown"), LATE, ("not_delivered", "lost")),
        (replace(OPEN, message="aside"), LATE, ("not_delivered", "not_taken")),
        (replace(OPEN, message="gone"), LATE, ("unreachable", None)),
        (replace(OPEN, state="answered", message="sent"), LATE, ("sent", None)),
        (replace(OPEN, state="missed", message="sent"), LATE, ("sent", None)),
        (replace(HER, state="excused", why="away"), LATE, ("excused", "away")),
        (replace(HER, state="excused", why="withdrawn"), LATE, ("excused", "stopped")),
        (replace(OPEN, state="excused", why="not_met", message="sent"), LATE, ("excused", "not_met")),
        (replace(HER, state="excused", why="pilot"), LATE, ("held_back", "pilot")),
        (replace(OPEN, state="excused", why="pilot", message="sent"), LATE, ("excused", "pilot")),
        (replace(HER, state="not_asked", why="too late"), LATE, ("not_asked", "too_late")),
        (replace(HER, state="not_asked", why="not in yet"), LATE, ("not_asked", "not_in_yet")),
        (replace(HER, state="not_asked", why="unreachable"), LATE, ("unreachable", "unreachable")),
        (replace(HER, state="not_asked", why="outage"), LATE, ("not_asked", "other")),
        (DIGEST, LATE, ("overdue", None)),
        (replace(DIGEST, state="sent", settled=NOON, message="sent"), LATE, ("sent", None)),
        (replace(DIGEST, state="sent", settled=NOON), LATE, ("sent", None)),  # the morning's message stands for it
        (replace(DIGEST, state="not_sent", settled=NOON, why="pilot"), LATE, ("held_back", "pilot")),
        (replace(DIGEST, state="not_sent", settled=NOON, why="unreachable"), LATE, ("unreachable", "unreachable")),
        (replace(DIGEST, state="not_sent", settled=NOON, why="no session"), LATE, ("excused", "no_session")),
        (replace(DIGEST, state="not_sent", settled=NOON, why="too late"), LATE, ("not_asked", "too_late")),
        (replace(DIGEST, state="not_sent", settled=NOON), LATE, ("not_asked", None)),
        (replace(HER, id="o:1", what="notice", state="open", message="held"), LATE, ("held_back", "pilot")),
    ],
)
def test_what_became_of_it(fact: Fact, after: timedelta, says: tuple[str, str | None]) -> None:
    assert state_of(fact, RULES, NOON + after) == says


@pytest.mark.parametrize(
    ("fact", "progress"),
    [
        (OPEN, None),
        (replace(OPEN, begun=True), "opened"),
        (replace(OPEN, begun=True, state="answered"), "answered"),
        (replace(OPEN, begun=True, state="answered", late=True), "late"),
        (replace(OPEN, begun=True, state="missed"), "closed"),
        (replace(OPEN, begun=True, state="answered", blind=True), None),
        (replace(OPEN, begun=True, state="open", blind=True, to="T-1"), "opened"),
        (replace(DIGEST, state="sent", begun=True), "opened"),
    ],
)
def test_how_far_somebody_came_is_for_the_pairs_therapist_alone(fact: Fact, progress: str | None) -> None:
    seen = {reader: view(fact, reader, RULES, NOON) for reader in (None, 1, 2)}
    assert seen[1] is not None
    assert seen[1].progress == progress
    assert seen[2] is None, "another therapist's pair does not exist"
    assert seen[None] is not None
    assert seen[None].progress is None, "the desk never sees it"


def test_a_pair_that_has_ended_does_not_exist_any_more_for_its_therapist() -> None:
    assert view(replace(OPEN, ended=True), 1, RULES, NOON) is None
    assert view(replace(OPEN, ended=True), None, RULES, NOON) is not None


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_word_of_the_ledger_has_its_own_words(lang: str) -> None:
    whys = {*core.WHY.values(), *(why for _, why in core.BY_MESSAGE.values() if why), "other"}
    for name, every in (("state", core.STATES), ("progress", core.PROGRESS), ("why", sorted(whys))):
        assert len({part(lang, "ledger.jinja", name, word) for word in every}) == len(every)


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(value: str) -> None:
    assert cell(value) == f"'{value}"
    assert [cell(one) for one in ("P-014", "2026", 7, None)] == ["P-014", "2026", "7", ""]
