"""`accord simulate`: the made-up pairs are who they are said to be, and what the rules say of them is counted."""

import json
import re
from dataclasses import asdict, replace
from functools import cache
from math import sqrt
from random import Random
from statistics import correlation, fmean, pstdev
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from bot.core.findings import RULES
from bot.core.thresholds import Thresholds
from bot.population import Levels, Population, both_levels, pair, rated
from bot.simulation import WITH, WITHOUT, simulate
from tests.conftest import ROOT

pytestmark = pytest.mark.deep

DEFAULTS = Thresholds()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["simulate", *words])


@cache
def some() -> dict[str, Any]:
    return simulate(1200, 3, DEFAULTS)


def at(result: dict[str, Any], path: str) -> float:
    """A figure of a result, by its path."""
    found: Any = result
    for step in path.split("."):
        found = found[step]
    return float(found)


# ------------------------------------------------------------------------------------------------ who they are


def test_ratings_are_spread_as_published() -> None:
    """Means, deviations, correlation; and the error of the difference, from rating everything twice."""
    of, rng = Population(), Random(5)

    def score(level: float, spread: float) -> float:
        return (rated(rng, of, level, spread) + rated(rng, of, level, spread)) / 2

    def twice(patient: Levels, therapist: Levels, k: str) -> list[tuple[float, float]]:
        pair_of_k = (patient[k], of.patient_spread), (therapist[k], of.therapist_spread)
        return [(score(*pair_of_k[0]), score(*pair_of_k[1])) for _ in range(2)]

    both = [twice(*levels, k) for _ in range(1500) for levels in both_levels(rng, of) for k in ("goals", "tasks")]
    patients, therapists = ([once[0][side] for once in both] for side in (0, 1))
    assert (fmean(patients), pstdev(patients)) == pytest.approx((4.09, 0.71), abs=0.05)
    assert (fmean(therapists), pstdev(therapists)) == pytest.approx((3.74, 0.64), abs=0.05)
    assert correlation(patients, therapists) == pytest.approx(0.27, abs=0.06)
    again = [(one[0] - one[1]) - (two[0] - two[1]) for one, two in both]
    assert pstdev(again) / sqrt(2) == pytest.approx(0.526, abs=0.02)


def test_without_misses_and_cancellations_everybody_answers() -> None:
    of = Population(not_met=0, excused=0, patient_misses=0, therapist_misses=0, homework_missed=0, skips=0)
    for session in pair(Random(1), of).sessions:
        assert session.state == "held"
        assert isinstance(session.patient.alliance, dict)
        assert len(session.patient.alliance) == 6
        assert isinstance(session.therapist.alliance, dict)
        assert len(session.therapist.alliance) == 4
        assert session.patient.homework is not None


def test_some_tap_one_option_throughout() -> None:
    flat = replace(Population(), flat=1.0, excused=0, patient_misses=0, not_met=0)
    forms = [session.patient.alliance for session in pair(Random(1), flat).sessions]
    assert all(isinstance(form, dict) and len(set(form.values())) == 1 for form in forms)


# ------------------------------------------------------------------------------------------------ what is counted

BANDS = {
    "sessions": (5000, 5000),
    "rated_by_both": (0.55, 0.70),
    "where_both_rated.disagreement": (0.06, 0.13),
    "where_both_rated.alliance": (0.29, 0.41),
    "alliance_flag": (0.18, 0.31),
    "rules.disagreement.note": (0.11, 0.20),
    "rules.named_goals.flag": (0.13, 0.22),
    "rules.low.flag": (0.13, 0.23),
    "rules.homework_fit.flag": (0.09, 0.16),
    "rules.no_response.flag": (0.01, 0.06),
    f"digests.{WITH}.built": (1245, 1255),
    f"digests.{WITH}.with_a_flag": (0.50, 0.68),
    f"digests.{WITHOUT}.with_a_flag": (0.24, 0.40),
}


def test_rates_are_about_what_readme_says() -> None:
    result = simulate(5000, 1, DEFAULTS)
    found = {path: at(result, path) for path in BANDS}
    assert {path: value for path, value in found.items() if not BANDS[path][0] <= value <= BANDS[path][1]} == {}


def test_every_rule_is_counted_and_every_digest_has_its_number_of_flags() -> None:
    assert list(some()["rules"]) == list(RULES)
    for name in (WITH, WITHOUT):
        shares = [at(some(), f"digests.{name}.flags.{few}") for few in ("0", "1", "2", "3", "more")]
        assert sum(shares) == pytest.approx(1)
        assert 1 - shares[0] == pytest.approx(at(some(), f"digests.{name}.with_a_flag"))


def test_the_same_seed_gives_the_same_result() -> None:
    first = run("--sessions", "130", "--seed", "7", "--json").output
    assert first == run("--sessions", "130", "--seed", "7", "--json").output
    assert first != run("--sessions", "130", "--seed", "8", "--json").output
    assert json.loads(first)["sessions"] == 130


# ------------------------------------------------------------------------------------------------ the command


def test_another_threshold_changes_its_own_rule_and_no_other() -> None:
    before, after = some(), simulate(1200, 3, replace(DEFAULTS, disagreement_flag=2.0))
    assert after["rules"]["disagreement"]["flag"] < before["rules"]["disagreement"]["flag"]
    assert after["rules"]["disagreement"]["note"] > before["rules"]["disagreement"]["note"]
    others = [rule for rule in RULES if rule != "disagreement"]
    assert {rule: after["rules"][rule] for rule in others} == {rule: before["rules"][rule] for rule in others}


def test_the_table_says_the_same_as_the_json() -> None:
    told = json.loads(run("--sessions", "120", "--set", "low=4.0", "--json").output)
    shown = run("--sessions", "120", "--set", "low=4.0").output
    assert shown.startswith("120 sessions, seed 1, ")
    figures = {words[: -len(rest)].strip(): rest for words in shown.splitlines() if (rest := words[24:].strip())}
    assert figures["low"].split()[0] == f"{100 * told['rules']['low']['flag']:.1f}%"
    assert figures["ratings only"].split()[0] == f"{100 * told['digests'][WITHOUT]['with_a_flag']:.1f}%"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("disagreement_flga=2", 'there is no threshold of that name. Did you mean "disagreement_flag"?'),
        ("low=high", "write a number after the =, such as low=3.0."),
    ],
)
def test_a_change_that_cannot_be_made_is_a_sentence(change: str, says: str) -> None:
    done = run("--sessions", "12", "--set", change)
    assert (done.exit_code, done.stdout) == (1, "")
    assert says in done.stderr


def test_no_sessions_are_a_wrong_command_line() -> None:
    assert run("--sessions", "0").exit_code == 2


def test_readme_names_every_threshold_with_its_number() -> None:
    told = (ROOT / "README.md").read_text("utf-8")
    known = dict(re.findall(r"`([a-z_]+)` (\d+(?:\.\d+)?)", told))
    assert {name: float(known.get(name, "nan")) for name in asdict(DEFAULTS)} == asdict(DEFAULTS)
