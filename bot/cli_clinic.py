"""`accord clinic …`: therapists, patients, invites, the list; sessions are in a module of their own."""

from pathlib import Path
from typing import Any

import click

from bot.cli_ledger import ledger, pilot
from bot.cli_options import config_option, does, json_option
from bot.cli_people import add_to
from bot.cli_sessions import closure, plan, session, sessions, week


@click.group()
def clinic() -> None:
    """Therapists, patients, invites and sessions. Works beside a running bot."""


for _group in (session, sessions, week, closure, plan, ledger, pilot):
    clinic.add_command(_group)


@clinic.group()
def therapist() -> None:
    """Therapists."""


@clinic.group()
def patient() -> None:
    """Patients, by code only."""


@therapist.command("add")
@click.option("--code", required=True, help="Such as T-1.")
@click.option("--zone", required=True, help="Such as America/Denver.")
@click.option("--lang", default="en", show_default=True)
@config_option
@json_option
def therapist_add(code: str, zone: str, lang: str, config_file: Path, as_json: bool) -> None:
    """Add a therapist."""
    does(config_file, as_json, "add_therapist", code, zone, lang, line=_added)


@patient.command("add")
@click.option("--code", required=True, help="Such as P-014.")
@click.option("--therapist", required=True, help="The therapist's code.")
@click.option("--zone", required=True, help="Such as America/Denver.")
@click.option("--lang", default="en", show_default=True)
@config_option
@json_option
def patient_add(code: str, therapist: str, zone: str, lang: str, config_file: Path, as_json: bool) -> None:
    """Add a patient with a therapist."""
    does(config_file, as_json, "add_patient", code, therapist, zone, lang, line=_added)


def _added(shown: Any) -> str:
    return f"{shown['role'].title()} {shown['code']} is added. Next: accord clinic invite {shown['code']}"


@clinic.command()
@click.argument("code", required=False)
@config_option
@json_option
def login(code: str | None, config_file: Path, as_json: bool) -> None:
    """Make a link to the clinic's page: accord clinic login S-1. It works once, for ten minutes."""
    does(config_file, as_json, "login", code, line=lambda shown: f"{shown['link']}\nFor {shown['code']}, once.")


@clinic.command("reset-factor")
@click.argument("code")
@config_option
@json_option
def reset_factor(code: str, config_file: Path, as_json: bool) -> None:
    """Let somebody set up another authenticator app: accord clinic reset-factor S-1."""
    says = "{} sets up another authenticator app at the next log-in."
    does(config_file, as_json, "reset_factor", code, line=lambda shown: says.format(shown["code"]))


@clinic.command("list")
@config_option
@json_option
def list_all(config_file: Path, as_json: bool) -> None:
    """List everybody and every session."""
    does(config_file, as_json, "listed", line=_table)


def _table(rows: Any) -> str:
    names = ("id", "role", "code", "patient", "starts", "zone", "state")
    shown = [row | ({"code": f"{row['code']}-{row['check']}"} if "check" in row else {}) for row in rows]
    return "\n".join("  ".join(str(row[name]) for name in names if name in row) for row in shown)


add_to(clinic, patient, therapist)
