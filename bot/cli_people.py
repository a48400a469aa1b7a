"""The clinic's commands about people: away, leave, pauses, transfers, the end, invites, new phones."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bot.cli_options import at, config_option, does, json_option, preview_option

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class OrElse(click.Group):
    """A group whose first word need not be a command: then it is the one named `make`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, and what is left of the line."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["make", *args])


def _is_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty()


def _says(sentence: str) -> Callable[[Any], str]:
    """The line for what a verb gives: a sentence with its values."""
    return lambda shown: sentence.format(**shown)


# ------------------------------------------------------------------------------------------------ away, leave


@click.group(cls=OrElse)
def away() -> None:
    """Days on which a patient is away: accord clinic away P-014 2026-12-01..2026-12-10"""


def _away_line(shown: Any) -> str:
    return f"{shown['patient']}: {', '.join(shown['away']) or 'not away'}."


@away.command("make", hidden=True)
@click.argument("code")
@click.argument("days")
@preview_option
@config_option
@json_option
def away_make(code: str, days: str, preview: bool, config_file: Path, as_json: bool) -> None:
    """Say that a patient is away."""
    does(config_file, as_json, "set_away", code, days, line=_away_line, preview=preview)


@away.command("remove")
@click.argument("code")
@click.argument("days", required=False)
@preview_option
@config_option
@json_option
def away_remove(code: str, days: str | None, preview: bool, config_file: Path, as_json: bool) -> None:
    """Take days away back; without days all that are to come."""
    does(config_file, as_json, "remove_away", code, days, line=_away_line, preview=preview)


@away.command("list")
@click.argument("code", required=False)
@config_option
@json_option
def away_list(code: str | None, config_file: Path, as_json: bool) -> None:
    """List days away."""
    does(config_file, as_json, "list_away", code, line=lambda rows: "\n".join(map(_away_line, rows)))


@click.command()
@click.argument("code")
@click.argument("days")
@click.option("--cancel", is_flag=True, help="Cancel the sessions of these days.")
@click.option("--cover", metavar="CODE", help="The therapist who gets the digests and notices of these days.")
@click.option("--remove", is_flag=True, help="Take these days of leave back.")
@preview_option
@config_option
@json_option
def leave(
    code: str, days: str, cancel: bool, cover: str | None, preview: bool, remove: bool, config_file: Path, as_json: bool
) -> None:
    """A therapist's leave: accord clinic leave T-1 2026-12-01..2026-12-10 --cancel --cover T-2"""
    if not remove:
        values = (code, days, cancel, cover)
        does(config_file, as_json, "set_leave", *values, line=_leave_lines, preview=preview)
    elif cancel or cover:
        raise click.UsageError("--remove takes neither --cancel nor --cover.")
    else:
        does(config_file, as_json, "end_leave", code, days, line=_left_line, preview=preview)


def _left_line(shown: Any) -> str:
    return f"{shown['therapist']}: leave {', '.join(shown['leave']) or 'none'}."


def _leave_lines(shown: Any) -> str:
    cover = f", covered by {shown['cover']}" if shown["cover"] else ""
    becomes = "cancelled" if shown["cancels"] else "stays planned"
    named = [] if shown["cancels"] and shown.get("preview") else shown["sessions"]  # a preview has lines of its own
    rows = [f"Session {row['id']}: {row['patient']} {at(row['starts'])} {row['zone']}, {becomes}." for row in named]
    return "\n".join([f"{shown['therapist']} is on leave {shown['leave']}{cover}.", *rows])


# ------------------------------------------------------------------------------------------------ people


def _person_verb(group: click.Group, name: str, verb: str, words: str, sentence: str) -> None:
    """A command that takes a code and nothing else."""

    @group.command(name, help=words)
    @click.argument("code")
    @config_option
    @json_option
    def command(code: str, config_file: Path, as_json: bool) -> None:
        does(config_file, as_json, verb, code, line=_says(sentence))


def _parted(sentence: str) -> Callable[[Any], str]:
    """The line for the end of a pair: a sentence, and what was cancelled and left unread, if there is any."""
    words = {"cancelled": "Sessions cancelled", "unread": "Messages of the patient that nobody has read"}

    def line(shown: Any) -> str:
        counts = [f"{said}: {shown[name]}." for name, said in words.items() if shown[name]]
        return " ".join([sentence.format(**shown), *counts])

    return line


def _of_patients(patient: click.Group) -> None:
    _person_verb(patient, "pause", "pause", "Ask a patient nothing for a while.", "{code} is paused.")
    _person_verb(patient, "resume", "resume", "End a pause.", "{code} is asked again.")

    @patient.command("discharge")
    @click.argument("code")
    @preview_option
    @click.option("--yes", is_flag=True, help="Do not ask. Without a terminal, and with --json, nobody is asked.")
    @config_option
    @json_option
    def discharge(code: str, preview: bool, yes: bool, config_file: Path, as_json: bool) -> None:
        """End it: nothing is asked any more. What was answered stays."""
        line = _parted("{code} is discharged. What was answered stays.")
        if not (preview or yes or as_json) and _is_terminal():
            does(config_file, False, "discharge", code, line=line, preview=True)
            click.confirm(f"Discharge {code}?", abort=True)
        does(config_file, as_json, "discharge", code, line=line, preview=preview)

    @patient.command("transfer")
    @click.argument("code")
    @click.option("--to", required=True, metavar="CODE", help="The new therapist.")
    @click.option("--history", type=click.Choice(["yes", "no"]), default="no", show_default=True,
                  help="Whether the new therapist may read what was answered before.")  # fmt: skip
    @preview_option
    @config_option
    @json_option
    def transfer(code: str, to: str, history: str, preview: bool, config_file: Path, as_json: bool) -> None:
        """Bring a patient to another therapist. The numbers begin anew."""
        line = _parted("{code} is with {therapist} now.")
        does(config_file, as_json, "transfer", code, to, history == "yes", line=line, preview=preview)


@click.group()
def staff() -> None:
    """Staff with a chat of their own."""


@staff.command("add")
@click.option("--code", required=True, help="Such as S-1.")
@click.option("--zone", help="Such as America/Denver; without it the clinic's.")
@click.option("--lang", help="Without it the clinic's first.")
@config_option
@json_option
def staff_add(code: str, zone: str | None, lang: str | None, config_file: Path, as_json: bool) -> None:
    """Add somebody of the staff."""
    does(config_file, as_json, "add_staff", code, zone, lang, line=_says("{code} is added."))


_person_verb(staff, "discharge", "discharge_staff", "End somebody's part, log-ins included.", "{code} is discharged.")


@click.group()
def person() -> None:
    """What is known of a person."""


@person.command("set")
@click.argument("code")
@click.option("--zone", help="Such as America/Denver.")
@click.option("--lang", help="Such as es.")
@preview_option
@config_option
@json_option
def person_set(code: str, zone: str | None, lang: str | None, preview: bool, config_file: Path, as_json: bool) -> None:
    """Change a time zone or a language."""
    line = _says("{code}: {zone}, {lang}.")
    does(config_file, as_json, "set_person", code, zone, lang, line=line, preview=preview)


@click.command()
@click.argument("code")
@config_option
@json_option
def show(code: str, config_file: Path, as_json: bool) -> None:
    """Show somebody: never an answer, never a chat."""
    does(config_file, as_json, "show", code, line=_shown)


def _shown(shown: Any) -> str:
    return "\n".join(f"{name}: {_words(value)}" for name, value in shown.items() if value not in (None, [], {}))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(of)}" for name, of in value.items())
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return f"{at(value)[:16]} (UTC)"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------------------------------------ invites, phones


@click.group(cls=OrElse)
def invite() -> None:
    """A single-use link for somebody, and its QR code: accord clinic invite P-014"""


@invite.command("make", hidden=True)
@click.argument("code")
@click.option("--relink", is_flag=True, help="For somebody who is in already and has a new phone.")
@config_option
@json_option
def invite_make(code: str, relink: bool, config_file: Path, as_json: bool) -> None:
    """Make a single-use link, and its QR code."""
    from bot.desk import UNKNOWN_BOT, qr_code

    before = None if as_json else does(config_file, False, "show", code)["invite"]
    shown = does(config_file, as_json, "invite", code, relink, as_json)
    if before:
        click.echo("The invite that was made before does not work any more.", err=True)
    if UNKNOWN_BOT in shown["link"]:
        click.echo(f"The bot's name is not known before its first run: put it in place of {UNKNOWN_BOT}.", err=True)
    if not as_json:
        click.echo(f"{shown['link']}\n\n{qr_code(shown['link'])}\nFor {code}, once, until {_words(shown['expires'])}.")


_person_verb(invite, "revoke", "revoke_invite", "Make an invite stop working.", "{code} has no invite any more.")


@click.group()
def relink() -> None:
    """A new phone that waits to be confirmed; a patient's therapist can do that in the chat."""


def _decider(name: str, yes: bool, words: str, sentence: str) -> None:
    @relink.command(name, help=words)
    @click.argument("code")
    @config_option
    @json_option
    def decide(code: str, config_file: Path, as_json: bool) -> None:
        does(config_file, as_json, "decide_relink", code, yes, line=_says(sentence))


_decider("confirm", True, "Let the new phone in; the old one gets nothing any more.", "{code} is on the new phone.")
_decider("refuse", False, "Keep the new phone out.", "The new phone of {code} stays out.")


def add_to(clinic: click.Group, patient: click.Group, therapist: click.Group) -> None:
    """Hook all of these into the clinic's commands."""
    for command in (away, leave, staff, person, show, invite, relink):
        clinic.add_command(command)
    _of_patients(patient)
    words = "End a therapist's part; refused while there are patients."
    _person_verb(therapist, "discharge", "discharge_therapist", words, "{code} is discharged.")
