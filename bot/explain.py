"""`accord explain`: case files -> what the digest would say, session by session, with the numbers and the rule."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bot.core.case import parse
from bot.core.finding import Finding
from bot.core.findings import findings
from bot.core.history import History
from bot.core.problem import did_you_mean
from bot.core.thresholds import Thresholds
from bot.core.walltime import is_zone, zone_of
from bot.render import finding_words, local

MOST_BYTES = 4 * 1024 * 1024


def read_case(path: Path) -> tuple[History | None, list[str]]:
    """The history in a case file, or None and every mistake, each with the file's name and its JSON path."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return None, [f"{path.name}: cannot be read: {error.strerror}."]
    if len(raw) > MOST_BYTES:
        return None, [f"{path.name}: is larger than 4 MB: split it into several cases."]
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=str)
    except json.JSONDecodeError as error:
        return None, [f"{path.name}:{error.lineno}: this is no JSON ({error.msg}): mend the line."]
    except (UnicodeDecodeError, RecursionError, ValueError):
        return None, [f"{path.name}: this is no JSON text in UTF-8."]
    history, problems = parse(data, lambda name: zone_of(name) if is_zone(name) else None)
    return history, [f"{path.name}: {problem.where or 'the case'}: {problem.says}" for problem in problems]


def changed_thresholds(changes: tuple[str, ...]) -> tuple[Thresholds, list[str]]:
    """The default thresholds with some changed (NAME=NUMBER), and every mistake in the changes."""
    defaults = asdict(Thresholds())
    known: dict[str, type] = {name: type(value) for name, value in defaults.items()}
    values: dict[str, Any] = {}
    mistakes = []
    for change in changes:
        name, _, number = change.partition("=")
        if name not in known:
            mistakes.append(f"--set {change}: there is no threshold of that name.{did_you_mean(name, known)}")
            continue
        try:
            values[name] = known[name](number)
        except ValueError:
            mistakes.append(f"--set {change}: write a number after the =, such as {name}={defaults[name]}.")
    return replace(Thresholds(), **values), mistakes


def explain_case(history: History, thresholds: Thresholds, lang: str, as_json: bool) -> str:
    """One line of JSON as contracted, or the same to read."""
    found = findings(history, thresholds)
    pairs = list(zip(history.sessions, found, strict=True))
    if as_json:
        rows = [{"starts": s.local, "findings": [_row(f, history, lang) for f in of_it]} for s, of_it in pairs]
        return json.dumps({"sessions": rows}, ensure_ascii=False)
    return "\n".join(
        line for session, of_it in pairs for line in _lines(session.local, session.state, of_it, history, lang)
    )


def _row(finding: Finding, history: History, lang: str) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "about": finding.about,
        "level": finding.level,
        "direction": finding.direction,
        "patient": finding.patient,
        "therapist": finding.therapist,
        "sentence": finding_words(lang, "headline", finding, history.goals),
        "question": finding_words(lang, "question", finding),
    }


def _lines(starts: str, state: str, found: list[Finding], history: History, lang: str) -> list[str]:
    lines = [f"{local(lang, 'day_and_time', starts)} ({state})"]
    for finding in found:
        row = _row(finding, history, lang)
        lines.append(f"  {finding.level} {finding.rule}/{finding.about}: {row['sentence']}")
        lines.append(f"       → {row['question']}")
    return [*lines, *([] if found else ["  nothing stands out"])]
