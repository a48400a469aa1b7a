"""`accord export` and `accord import`: answers out, for other programs; questionnaires in, for review."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli_options import Cannot, config_option, does, json_option

if TYPE_CHECKING:
    from bot.core.questionnaire import Voice


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["long", "wide", "dictionary", "xlsx", "fhir"]))
@click.option("--out", "file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A new file.")
@click.option("--patient", metavar="CODE", help="Only this patient.")
@click.option("--therapist", metavar="CODE", help="Only this therapist's pairs.")
@click.option("--from", "first", metavar="DATE", help="Sessions from this day on.")
@click.option("--to", "last", metavar="DATE", help="Sessions up to this day.")
@click.option("--identified", is_flag=True, help="With dates, own words and the therapist's code.")
@click.option("--lang", type=click.Choice(["en", "es"]), help="Of labels; without it the clinic's first language.")
@click.option("--base", metavar="URL", help="fhir: the address under which your code systems stand.")
@config_option
@json_option
def export(form: str, file: Path, config_file: Path, as_json: bool, **wanted: Any) -> None:
    """Write what was answered into a file: long (CSV, a row an answer), wide (CSV for REDCap) and its dictionary,
    xlsx, or fhir (R4).

    Coded: codes and session numbers, no dates, no own words. That is no de-identification in the sense of HIPAA.
    """
    does(config_file, as_json, "export", form, file, line=_written, **wanted)


def _written(shown: Any) -> str:
    if shown["format"] == "dictionary":
        return f"{shown['file']}: the variables of the wide format, to import into REDCap first."
    kept = "with dates and own words" if shown["identified"] else "coded, which is no HIPAA de-identification"
    return f"{shown['file']}: {shown['check_ins']} check-ins of {shown['patients']} patients, {kept}."


@click.command("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", "file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A new .toml file.")
@click.option("--as", "voice", type=click.Choice(["patient", "therapist"]), default="patient", show_default=True)
@click.option("--lang", type=click.Choice(["en", "es"]), default="en", show_default=True)
def import_questionnaire(source: Path, file: Path, voice: "Voice", lang: str) -> None:
    """Make a draft of a questionnaire (.toml) from a REDCap dictionary (.csv) or a FHIR Questionnaire (.json)."""
    from bot.drafting import draft

    shown, problem = draft(source, file, voice, lang)
    if problem:
        raise Cannot(*problem)
    for note in shown:
        click.echo(note)
