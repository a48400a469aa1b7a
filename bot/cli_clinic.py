"""`accord clinic …`: therapists, patients, invites, sessions. Each command carries out one verb of `bot.desk`."""

from pathlib import Path
from typing import Any

import click

from bot.cli_options import Cannot, config_option, config_or_exit, json_option, out


@click.group()
def clinic() -> None:
    """Therapists, patients, invites and sessions. Works beside a running bot."""


def _do(config_file: Path, as_json: bool, verb: str, *values: object) -> Any:
    """Carry out a verb of `bot.desk` in one transaction, print what it gives, and return it."""
    from bot.desk import act

    shown, problem = act(config_or_exit(config_file), verb, *values)
    if problem is not None:
        raise Cannot(problem)
    if as_json:
        out(shown)
    return shown


@clinic.group()
def therapist() -> None:
    """Therapists."""


@clinic.group()
def patient() -> None:
    """Patients, by code only."""


@clinic.group()
def session() -> None:
    """Sessions, in the clinic's wall time."""


@therapist.command("add")
@click.option("--code", required=True, help="Such as T-1.")
@click.option("--zone", required=True, help="Such as America/Denver.")
@click.option("--lang", default="en", show_default=True)
@config_option
@json_option
def therapist_add(code: str, zone: str, lang: str, config_file: Path, as_json: bool) -> None:
    """Add a therapist."""
    if _do(config_file, as_json, "add_therapist", code, zone, lang) and not as_json:
        click.echo(f"Therapist {code} is added. Next: accord clinic invite {code}")


@patient.command("add")
@click.option("--code", required=True, help="Such as P-014.")
@click.option("--therapist", required=True, help="The therapist's code.")
@click.option("--zone", required=True, help="Such as America/Denver.")
@click.option("--lang", default="en", show_default=True)
@config_option
@json_option
def patient_add(code: str, therapist: str, zone: str, lang: str, config_file: Path, as_json: bool) -> None:
    """Add a patient with a therapist."""
    if _do(config_file, as_json, "add_patient", code, therapist, zone, lang) and not as_json:
        click.echo(f"Patient {code} is added. Next: accord clinic invite {code}")


@clinic.command()
@click.argument("code")
@config_option
@json_option
def invite(code: str, config_file: Path, as_json: bool) -> None:
    """Make a single-use link for a therapist or a patient, and its QR code."""
    from bot.desk import UNKNOWN_BOT, qr_code

    shown = _do(config_file, as_json, "invite", code)
    if UNKNOWN_BOT in shown["link"]:
        click.echo(f"The bot's name is not known before its first run: put it in place of {UNKNOWN_BOT}.", err=True)
    if not as_json:
        click.echo(f"{shown['link']}\n\n{qr_code(shown['link'])}\nFor {code}, once, until {shown['expires']}.")


@session.command("add")
@click.argument("code")
@click.argument("starts")
@click.option("--minutes", type=int, help="Length; without it the plan's.")
@config_option
@json_option
def session_add(code: str, starts: str, minutes: int | None, config_file: Path, as_json: bool) -> None:
    """Add a session: accord clinic session add P-014 2026-11-03T14:00"""
    _session_line(_do(config_file, as_json, "add_session", code, starts, minutes), as_json)


@session.command("move")
@click.argument("session_id", type=int)
@click.argument("starts")
@config_option
@json_option
def session_move(session_id: int, starts: str, config_file: Path, as_json: bool) -> None:
    """Move a session to another time."""
    _session_line(_do(config_file, as_json, "move_session", session_id, starts), as_json)


def _marker(state: str, words: str) -> None:
    @session.command(state.removesuffix("led") if state == "cancelled" else state, help=words)
    @click.argument("session_id", type=int)
    @config_option
    @json_option
    def mark(session_id: int, config_file: Path, as_json: bool) -> None:
        _session_line(_do(config_file, as_json, "mark_session", session_id, state), as_json)


for _state, _words in {
    "cancelled": "Cancel a session: nothing is asked about it.",
    "held": "Say that a session was held.",
    "missed": "Say that the patient did not come.",
}.items():
    _marker(_state, _words)


@session.command("weekly")
@click.argument("code")
@click.argument("rule")
@click.option("--from", "first", help="The first day; without it today.")
@click.option("--minutes", type=int, help="Length; without it the plan's.")
@config_option
@json_option
def session_weekly(
    code: str, rule: str, first: str | None, minutes: int | None, config_file: Path, as_json: bool
) -> None:
    """Set a weekly session: accord clinic session weekly P-014 "Tue 14:00" """
    shown = _do(config_file, as_json, "set_weekly", code, rule, first, minutes)
    if not as_json:
        click.echo(f"{code}: every {shown['weekly']} from {shown['from']}, {len(shown['sessions'])} sessions laid out.")


def _session_line(shown: Any, as_json: bool) -> None:
    if not as_json:
        click.echo(f"Session {shown['id']}: {shown['patient']} {shown['starts']} {shown['zone']}, {shown['state']}.")


@clinic.command("list")
@config_option
@json_option
def list_all(config_file: Path, as_json: bool) -> None:
    """List everybody and every session."""
    rows = _do(config_file, as_json, "listed")
    if not as_json:
        for row in rows:
            words = [
                str(row[name]) for name in ("id", "role", "code", "patient", "starts", "zone", "state") if name in row
            ]
            click.echo("  ".join(words))
