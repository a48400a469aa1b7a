"""Laws of the digest's rules: two implementations agree on made-up pairs, and what must not matter does not.

The fast setting runs with the rarer stories; `-m proof` holds the two against each other over 20,000 histories.
"""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from bot.core.finding import Finding
from bot.core.findings import ABOUT_IN_ORDER, IN_ORDER, LAST, findings
from bot.core.thresholds import Thresholds
from tests.case_files import Json, case_file, found, gap, history, plain
from tests.findings_oracle import explain
from tests.laws import law
from tests.random_cases import random_case

pytestmark = pytest.mark.deep

CASES = st.builds(random_case, st.randoms(use_true_random=False))
FAST = law(60)
RATINGS = st.integers(1, 4)
PAIRS = st.tuples(RATINGS, RATINGS)

SAID = {
    "flag": [
        *((rule, k) for rule in ("disagreement", "agreed_low") for k in ("tasks", "goals")),
        *((rule, k) for rule in ("low", "slide", "drop") for k in ("tasks", "goals", "bond")), ("drop", "total"),
        *((rule, "homework") for rule in ("homework_little", "homework_fit", "homework_memory")),
        *(("start", item) for item in ("options", "say", "privacy")),
        ("named_goals", "goals"), ("no_response", "response"),
    ],
    "note": [
        *((rule, k) for rule in ("drop", "not_back") for k in ("tasks", "goals", "bond", "total")),
        *(("disagreement", k) for k in ("tasks", "goals")), ("named_goals", "goals"), ("low", "bond"), ("fit", "bond"),
        *((rule, "homework") for rule in ("homework_little", "homework_memory", "homework_hard")),
        ("flat", "alliance"), ("no_response", "response"), ("setup", "response"),
    ],
}  # fmt: skip
EVERYTHING = {(level, rule, about) for level, of_level in SAID.items() for rule, about in of_level}
"""Each thing the digest can ever say, as level, rule and subject."""


# ------------------------------------------------------------------------------------------------ two implementations


@FAST
@given(CASES)
def test_both_implementations_say_the_same(data: Json) -> None:
    ours = plain(found(data))
    for rule in {finding["rule"] for session in ours for finding in session}:
        event(rule)
    assert ours == explain(data)


def agree_on(seeds: range) -> Counter[tuple[str, str, str]]:
    """How often each thing was said over seeded histories, on all of which the two implementations agree."""
    times: Counter[tuple[str, str, str]] = Counter()
    for seed in seeds:
        data = random_case(Random(seed))
        ours = plain(found(data))
        assert ours == explain(data), f"they differ on random_case(Random({seed}))"
        times.update((f["level"], f["rule"], f["about"]) for session in ours for f in session)
    return times


def test_everything_the_digest_can_say_is_said_and_nothing_else() -> None:
    times = agree_on(range(400))
    assert set(times) == EVERYTHING
    assert {key: n for key, n in times.items() if n < 2} == {}


@pytest.mark.proof
def test_both_implementations_say_the_same_over_many_histories() -> None:
    times = agree_on(range(20_000))
    assert set(times) == EVERYTHING
    assert {key: n for key, n in times.items() if n < 100} == {}


# ------------------------------------------------------------------------------------------------ what does not matter


def shuffled(value: Any, rng: Random) -> Any:
    """The same JSON with the order of every object's keys, of ticks and of obstacles mixed; sessions keep theirs."""
    if isinstance(value, dict):
        keys = rng.sample(list(value), len(value))
        return {key: shuffled(value[key], rng) for key in keys}
    if isinstance(value, list) and not any(isinstance(one, dict) for one in value):
        return rng.sample(value, len(value))
    return [shuffled(one, rng) for one in value] if isinstance(value, list) else value


@FAST
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_answers_inside_a_session_does_not_matter(data: Json, rng: Random) -> None:
    assert plain(found(shuffled(data, rng))) == plain(found(data))


@FAST
@given(CASES, st.data())
def test_an_excused_session_changes_nothing_else(data: Json, draw: st.DataObject) -> None:
    """Only the count of early days is left out: a session that was held counts there, whoever was away."""
    late_days = Thresholds(early_sessions=0)
    sessions = data["sessions"]
    n = draw.draw(st.integers(0, len(sessions)))
    starts = datetime.fromisoformat(sessions[min(n, len(sessions) - 1)]["starts"])
    between = starts + timedelta(hours=12 if n == len(sessions) else -12)
    away = {"starts": between.isoformat(), "state": "held", "patient": "excused", "therapist": "excused"}
    longer = data | {"sessions": [*sessions[:n], away, *sessions[n:]]}
    said = found(longer, late_days)
    assert said[n] == []
    assert said[:n] + said[n + 1 :] == found(data, late_days)


@FAST
@given(CASES)
def test_a_skipped_item_may_be_null_or_left_out(data: Json) -> None:
    def without_nulls(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_nulls(one) for key, one in value.items() if one is not None}
        return [without_nulls(one) for one in value] if isinstance(value, list) else value

    assert found(without_nulls(data)) == found(data)


@FAST
@given(CASES)
def test_reading_twice_gives_the_same_and_leaves_the_file_as_it_was(data: Json) -> None:
    written = json.dumps(data)
    assert found(data) == found(data) == found(json.loads(written))
    assert json.dumps(data) == written


# ------------------------------------------------------------------------------------------------ what holds always


@FAST
@given(CASES)
def test_no_finding_looks_into_the_future(data: Json) -> None:
    read = history(data)
    whole = findings(read)
    for n in range(len(read.sessions)):
        assert findings(replace(read, sessions=read.sessions[:n])) == whole[:n]


@FAST
@given(CASES)
def test_each_rule_and_subject_is_said_once_a_session_and_in_order(data: Json) -> None:
    rules = IN_ORDER + LAST
    for session in found(data):
        said = [(f.rule, f.about) for f in session]
        assert len(set(said)) == len(said)
        place = [(f.level == "note", rules.index(f.rule), ABOUT_IN_ORDER.index(f.about)) for f in session]
        assert place == sorted(place)


@FAST
@given(CASES)
def test_a_direction_and_both_numbers_stand_where_two_sides_are_compared(data: Json) -> None:
    for finding in (finding for session in found(data) for finding in session):
        assert (finding.direction is not None) == (finding.rule == "disagreement")
        if finding.rule in ("disagreement", "agreed_low"):
            assert None not in (finding.patient, finding.therapist)
        elif finding.rule != "homework_memory":
            assert finding.therapist is None


EVERY_GAP = Thresholds(disagreement_note=0.0, disagreement_flag=1.5)


def raw_gap(patient: tuple[int, int], therapist: tuple[int, int]) -> tuple[Finding, float]:
    """The disagreement about tasks, however small, and the gap before the usual difference is taken off."""
    (finding,) = [f for f in found(case_file([gap(patient, therapist)]), EVERY_GAP)[0] if f.rule == "disagreement"]
    measured = finding.more["gap"]
    assert isinstance(measured, float)
    return finding, measured + 0.35


@FAST
@given(PAIRS, PAIRS)
def test_swapping_the_sides_flips_the_raw_gap(patient: tuple[int, int], therapist: tuple[int, int]) -> None:
    (one, there), (other, back) = raw_gap(patient, therapist), raw_gap(therapist, patient)
    assert there == pytest.approx(-back)
    assert (one.patient, one.therapist) == (other.therapist, other.patient)


MIRROR = Thresholds(usual_gap_goals=0.0, usual_gap_tasks=0.0)


@FAST
@given(st.lists(st.tuples(PAIRS, PAIRS), min_size=1, max_size=5))
def test_without_the_usual_difference_the_two_sides_mirror_each_other(
    rated: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    def told(sessions: list[Json]) -> list[list[tuple[str, str | None]]]:
        said = found(case_file(sessions), MIRROR)
        return [[(f.level, f.direction) for f in session if f.rule == "disagreement"] for session in said]

    other = {"patient lower": "therapist lower", "therapist lower": "patient lower"}
    swapped = told([gap(therapist, patient) for patient, therapist in rated])
    mirrored = [[(level, other[str(direction)]) for level, direction in session] for session in swapped]
    assert told([gap(patient, therapist) for patient, therapist in rated]) == mirrored
