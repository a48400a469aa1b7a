"""`accord clinic ledger` and `accord clinic pilot`: what was planned and what became of it; who gets messages yet."""

from pathlib import Path
from typing import Any

import click

from bot.cli_options import Cannot, config_option, does, json_option

WIDTHS = (("local", 16), ("what", 17), ("to", 8), ("state", 22))


@click.command()
@click.option("--from", "first", metavar="DATE", help="The first day; without it a week ago.")
@click.option("--to", "last", metavar="DATE", help="The last day; without it in a week.")
@click.option("--therapist", metavar="CODE", help="Only this therapist's pairs.")
@click.option("--patient", metavar="CODE", help="Only this patient.")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True)
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write all of it as a table.")
@config_option
@json_option
def ledger(file: Path | None, page: int, config_file: Path, as_json: bool, **wanted: Any) -> None:
    """Every planned check-in and digest, and what became of it: never an answer."""
    if file is None:
        does(config_file, as_json, "ledger", line=_table, page=page, **wanted)
        return
    text = does(config_file, False, "ledger_csv", **wanted)
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Cannot(f"{file} cannot be written: {error.strerror}.") from None


def _table(shown: Any) -> str:
    from bot.render import part

    lines = [part("en", "ledger.jinja", "head", shown["head"])]
    lines += [_line(row) for row in shown["rows"]] or [f"Nothing from {shown['first']} to {shown['last']}."]
    return "\n".join([*lines, *([f"More: --page {shown['page'] + 1}"] if shown["more"] else [])])


def _line(row: dict[str, Any]) -> str:
    from bot.clinic_ledger import words

    told = row | {name: words("en", name, row[name]) for name in ("what", "state")}
    why = "" if row["why"] is None or row["state"] == "held_back" else f"{words('en', 'why', row['why'])}  "
    pair = f"{row['patient']} with {row['therapist']}" if row["patient"] and row["therapist"] else ""
    return f"{'  '.join(f'{told[name]:<{width}}' for name, width in WIDTHS)}  {why}{pair}".rstrip()


@click.group()
def pilot() -> None:
    """Who gets messages while [pilot] until lasts; all others only stand in the ledger."""


@pilot.command("add")
@click.argument("code")
@config_option
@json_option
def pilot_add(code: str, config_file: Path, as_json: bool) -> None:
    """Somebody agreed to take part."""
    does(config_file, as_json, "pilot_add", code, line=lambda shown: f"{shown['code']} is in the pilot.")


@pilot.command("remove")
@click.argument("code")
@config_option
@json_option
def pilot_remove(code: str, config_file: Path, as_json: bool) -> None:
    """Somebody takes no part any more."""
    does(config_file, as_json, "pilot_remove", code, line=lambda shown: f"{shown['code']} is not in the pilot.")


@pilot.command("list")
@config_option
@json_option
def pilot_list(config_file: Path, as_json: bool) -> None:
    """List who takes part."""
    does(config_file, as_json, "pilot_list", line=_people)


def _people(shown: Any) -> str:
    lasts = (
        f"The pilot lasts until {shown['until']}." if shown["on"] else "There is no pilot now: everybody takes part."
    )
    return "\n".join([lasts, *(f"{who['role']}  {who['code']}-{who['check']}" for who in shown["people"])])
