"""The page of what held under how many faults: as text and as HTML, for whoever answers for the clinic's computers."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from bot.prove.rows import PROOFS
from bot.prove.running import Outcome

INTRODUCTION = (
    "Each row ran on this machine against the real program, over copies made for it; no clinic's data was touched. "
    "A row held if not one finding came up, and each kind of fault it names really struck."
)
NOT_PROMISED = (
    "Not promised: exactly one message (a send whose reply is lost may come twice, and is counted), what Telegram "
    "itself drops after a day, and anything against a machine whose owner wants to cheat."
)
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8886;padding:.4rem;text-align:left;"
    "vertical-align:top}.no{font-weight:bold}small{opacity:.75}"
)


def write_pages(folder: Path, outcomes: Sequence[Outcome], seed: int, seconds: float) -> list[Path]:
    """Write proof.txt and proof.html; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    text, html = folder / "proof.txt", folder / "proof.html"
    text.write_text(as_text(outcomes, seed, seconds), "utf-8")
    html.write_text(as_html(outcomes, seed, seconds), "utf-8")
    return [text, html]


def headline(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    """One line for all of it."""
    held = sum(outcome.held for outcome in outcomes)
    return f"{held} of {len(outcomes)} rows held. First seed {seed}; {seconds / 60:.1f} minutes."


def verdict(outcome: Outcome) -> str:
    """One word or two."""
    return "did not run" if outcome.skipped else "held" if outcome.held else "did not hold"


def struck(outcome: Outcome) -> str:
    """How often each fault really struck."""
    return ", ".join(f"{kind} {times:,}" for kind, times in sorted(outcome.struck.items()))


def left_out(outcomes: Sequence[Outcome]) -> list[str]:
    """Which rows did not run."""
    missing = [proof for proof in PROOFS if proof.row not in {outcome.proof.row for outcome in outcomes}]
    return [f"Did not run: {proof.row}, {proof.title}. {proof.why if proof.named else ''}".strip() for proof in missing]


def as_text(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    """The page as text."""
    lines = ["What Accord held on this machine", "", headline(outcomes, seed, seconds), INTRODUCTION, ""]
    for outcome in outcomes:
        proof = outcome.proof
        lines.append(f"{proof.row}  {verdict(outcome)}: {proof.title}. {outcome.done:,} {proof.unit}.")
        lines.append(f"    {proof.holds}")
        lines += [f"    {words}" for words in (outcome.told, outcome.short) if words]
        lines += [f"    Struck: {struck(outcome)}"] if outcome.struck else []
        lines += [f"    Too seldom struck to prove anything: {', '.join(outcome.vacuous)}"] if outcome.vacuous else []
        lines += [f"    Once more: {result.piece.command}\n{result.broken}" for result in outcome.broken[:3]]
    return "\n".join([*lines, "", *left_out(outcomes), NOT_PROMISED, ""])


def as_html(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    """The page as HTML; everything in it is text."""
    rows = "".join(_row(outcome) for outcome in outcomes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>What Accord held</title><style>{STYLE}</style>'
        f"<h1>What Accord held on this machine</h1><p>{escape(headline(outcomes, seed, seconds))}</p>"
        f"<p>{escape(INTRODUCTION)}</p><table><tr><th>Row<th>What must hold<th>Tried<th>Came of it</tr>{rows}</table>"
        f"<p>{escape(' '.join([*left_out(outcomes), NOT_PROMISED]))}</p></html>"
    )


def _row(outcome: Outcome) -> str:
    proof, mark = outcome.proof, "" if outcome.held else ' class="no"'
    found = "".join(f"<pre>{escape(f'{r.piece.command}')}\n{escape(r.broken or '')}</pre>" for r in outcome.broken[:3])
    few = f"<br>too seldom struck: {escape(', '.join(outcome.vacuous))}" if outcome.vacuous else ""
    more = "".join(f"<br>{escape(words)}" for words in (outcome.told, outcome.short) if words)
    return (
        f"<tr><td>{proof.row}<td>{escape(proof.title)}<br><small>{escape(proof.holds)}{more}</small>"
        f"<td>{outcome.done:,} {escape(proof.unit)}<br><small>{escape(struck(outcome))}</small>"
        f"<td{mark}>{verdict(outcome)}{few}{found}</tr>"
    )
