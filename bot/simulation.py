"""`accord simulate`: how often each rule speaks. The real rules run over made-up pairs; what they say is counted.

What is made up about the pairs stands in `population`. Findings are counted for every session, digests for one session
in four, as each is worked out from the whole history before it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from bot.core.digest import FIRST_SCREEN, build
from bot.core.finding import Finding
from bot.core.findings import RULES, findings
from bot.core.history import History, Session, Side, answered
from bot.core.thresholds import Thresholds
from bot.population import Population, pair

ALLIANCE = frozenset({"disagreement", "agreed_low", "low", "drop", "slide"})
DIGEST_EVERY = 4
"""Of so many sessions of a pair one gets its digest built; which of them goes by the pair."""
WITH, WITHOUT = "with_goals_and_homework", "without_goals_and_homework"

Result = dict[str, Any]


@dataclass(slots=True)
class _Tally:
    """What was counted so far. `rules`: sessions by rule and level; `digests`: digests by number of flags."""

    sessions: int = 0
    rated_by_both: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    alliance: int = 0
    of_both: Counter[str] = field(default_factory=Counter)
    digests: dict[str, Counter[int]] = field(default_factory=lambda: {WITH: Counter(), WITHOUT: Counter()})
    flagged: Counter[str] = field(default_factory=Counter)


def simulate(sessions: int, seed: int, thresholds: Thresholds, population: Population | None = None) -> Result:
    """Rates over so many sessions, as plain values; shares are 0-1. The same seed gives the same result."""
    of, rng, tally = population or Population(), Random(seed), _Tally()
    for number, length in enumerate(_lengths(sessions, of.sessions)):
        history = pair(rng, replace(of, sessions=length))
        _count_findings(tally, history.sessions, findings(history, thresholds))
        for name, read in ((WITH, history), (WITHOUT, _ratings_only(history))):
            _count_digests(tally, name, read, number % DIGEST_EVERY, thresholds)
    return _result(tally, seed, of)


def _lengths(sessions: int, each: int) -> Iterator[int]:
    """How many sessions each pair has; the last one what is left."""
    yield from [each] * (sessions // each)
    if sessions % each:
        yield sessions % each


def _ratings_only(history: History) -> History:
    """The same pair where neither goals nor homework are asked about."""
    sessions = (replace(s, patient=_plain(s.patient), therapist=_plain(s.therapist)) for s in history.sessions)
    return History(tuple(sessions))


def _plain(side: Side) -> Side:
    return replace(side, goals=None, homework=None)


def _count_findings(tally: _Tally, sessions: Sequence[Session], found: Sequence[Sequence[Finding]]) -> None:
    for session, said in zip(sessions, found, strict=True):
        flags = {finding.rule for finding in said if finding.level == "flag"}
        notes = {finding.rule for finding in said} - flags
        tally.sessions += 1
        tally.rules.update([(rule, "flag") for rule in flags] + [(rule, "note") for rule in notes])
        tally.alliance += bool(flags & ALLIANCE)
        if answered(session.patient.alliance) is not None and answered(session.therapist.alliance) is not None:
            tally.rated_by_both += 1
            tally.of_both.update(disagreement="disagreement" in flags, alliance=bool(flags & ALLIANCE))


def _count_digests(tally: _Tally, name: str, history: History, first: int, thresholds: Thresholds) -> None:
    for n in range(first, len(history.sessions), DIGEST_EVERY):
        digest = build("P-1", "", History(history.sessions[: n + 1], history.goals), thresholds)
        tally.digests[name][sum(line.is_flag for line in digest.lines)] += 1
        tally.flagged[name] += digest.has_flag


def _result(tally: _Tally, seed: int, of: Population) -> Result:
    every, both = tally.sessions, max(tally.rated_by_both, 1)
    rates = {rule: {level: tally.rules[rule, level] / every for level in ("flag", "note")} for rule in RULES}
    return {
        "sessions": every,
        "seed": seed,
        "rated_by_both": tally.rated_by_both / every,
        "rules": rates,
        "alliance_flag": tally.alliance / every,
        "where_both_rated": {name: tally.of_both[name] / both for name in ("disagreement", "alliance")},
        "digests": {name: _digests(tally.digests[name], tally.flagged[name]) for name in (WITH, WITHOUT)},
        "population": asdict(of),
    }


def _digests(by_flags: Counter[int], flagged: int) -> Result:
    """How many digests have so many flags; those beyond the first screen are folded."""
    built = max(by_flags.total(), 1)
    few = {str(n): by_flags[n] / built for n in range(FIRST_SCREEN + 1)}
    more = sum(count for flags, count in by_flags.items() if flags > FIRST_SCREEN)
    return {"built": by_flags.total(), "with_a_flag": flagged / built, "flags": few | {"more": more / built}}


# ------------------------------------------------------------------------------------------------ to read


def table(result: Result) -> str:
    """The result to read."""
    rated = _percent(result["rated_by_both"])
    lines = [
        f"{result['sessions']:,} sessions, seed {result['seed']}, {rated} rated by both",
        "",
        "of all sessions               flag     note",
    ]
    lines += [f"  {rule:<24}{_cell(rate['flag'])}  {_cell(rate['note'])}" for rule, rate in result["rules"].items()]
    lines += [f"  {'some flag from ratings':<24}{_cell(result['alliance_flag'])}"]
    both = result["where_both_rated"]
    lines += ["", "of sessions that both rated   flag"]
    lines += [f"  {name:<24}{_cell(both[key])}" for key, name in BOTH.items()]
    lines += ["", "of digests                    some flag       0        1        2        3     more"]
    for name, words in READ.items():
        row = result["digests"][name]
        shares = "".join(_cell(share) + "  " for share in row["flags"].values())
        lines.append(f"  {words:<28}{_cell(row['with_a_flag'])}  {shares.rstrip()}")
    return "\n".join(lines)


BOTH = {"disagreement": "disagreement", "alliance": "some flag from ratings"}
READ = {WITH: "goals and homework asked", WITHOUT: "ratings only"}


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _cell(share: float) -> str:
    return f"{_percent(share) if share else '-':>7}"
