"""The commands. Exit codes: 0 done; 1 something that cannot be accepted; 2 a wrong command line; 3 database held.

Everything heavy is imported inside the command that needs it: `accord --help` stays quick.
"""

import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bot.cli_audit import audit
from bot.cli_clinic import clinic
from bot.cli_export import export, import_questionnaire
from bot.cli_keys import key
from bot.cli_options import Cannot, config_option, config_or_exit, json_option, out
from bot.cli_prove import prove
from bot.cli_upkeep import backup, doctor, restore, sbom

if TYPE_CHECKING:
    from bot.core.questionnaire import Voice
    from bot.core.thresholds import Thresholds

HELD = 3


def main() -> NoReturn:
    """Run the command line."""
    cli(prog_name="accord")
    sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="accord-checkin")
def cli() -> None:
    """Two minutes after each session, from both sides; a digest of where they see goals or tasks differently."""


cli.add_command(clinic)
for command in (audit, backup, doctor, export, import_questionnaire, key, prove, restore, sbom):
    cli.add_command(command)


# ------------------------------------------------------------------------------------------------ run, demo


@cli.command()
@config_option
def run(config_file: Path) -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    config = config_or_exit(config_file)
    _exit_if_held(config.database.path)
    gc.disable()  # of what a start loads nothing becomes garbage: looking for it took an eighth of the time
    from bot.service import run_service

    gc.freeze()
    gc.enable()
    code, sentence = run_service(config)
    if sentence:
        click.echo(sentence, err=True)
    sys.exit(code)


def _exit_if_held(database: Path) -> None:
    """A second bot on the same database ends at once, before it loads anything heavy."""
    from bot.store.errors import CannotOpen
    from bot.store.lock import AlreadyHeld, acquire

    try:
        acquire(database).close()
    except AlreadyHeld as error:
        click.echo(str(error), err=True)
        sys.exit(HELD)
    except CannotOpen:
        return  # the start says so, after what else may be wrong


@cli.command()
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), help="Keep the files here.")
@click.option("--fast", "pace", flag_value="fast", help="No pauses.")
@click.option("--slow", "pace", flag_value="slow", help="Slow enough to read along.")
@click.option("--serve", is_flag=True, help="Play by hand: a page with everybody's phones, on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), help="The page's port; without it one that is free.")
def demo(folder: Path | None, pace: str | None, serve: bool, port: int | None) -> None:
    """Play two weeks of a small clinic: no token, no account, no network."""
    from bot.demo import play_demo, serve_demo

    if serve and (folder or pace):
        raise click.UsageError("--serve keeps nothing and has no pace: leave out --out, --fast and --slow.")
    if port is not None and not serve:
        raise click.UsageError("--port belongs to --serve.")
    sys.exit(serve_demo(port or 0) if serve else play_demo(folder, pace or "normal"))


# ------------------------------------------------------------------------------------------------ init, check, play


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="On a server: where the database goes; the token is in a file, and there is a unit.")  # fmt: skip
def init(folder: Path, data: Path | None) -> None:
    """Write config.toml and the questionnaires into a folder. What is there already stays as it is."""
    from bot.setup import make_folder

    try:
        made = make_folder(folder, data)
    except OSError as error:
        raise Cannot(f"{error.filename} cannot be written: {error.strerror}.") from None
    for file in made.written:
        click.echo(f"written: {file}")
    for file in made.kept:
        click.echo(f"as it was: {file}")
    click.echo(f'Next: fill in what is marked "yours", then accord check --config {folder / "config.toml"}')


@cli.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="The configuration to check.")
def check(config_file: Path | None) -> None:
    """List every mistake in the configuration and the questionnaires."""
    from bot.config import check as check_files
    from bot.config import default_config

    path = config_file or default_config()
    mistakes, warnings = check_files(path)
    if mistakes:
        raise Cannot(*mistakes)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if config_file is None and path.name != "config.toml":
        click.echo(f"There is no config.toml here; I checked the example that comes with Accord: {path}", err=True)
    click.echo(f"{path.name} and its questionnaires are in order.")


@cli.command()
@click.argument("questionnaire")
@click.option("--as", "voice", type=click.Choice(["patient", "therapist"]), default="patient", show_default=True)
@click.option("--lang", type=click.Choice(["en", "es"]), default="en", show_default=True)
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Take its questionnaires folder.")
def play(questionnaire: str, voice: "Voice", lang: str, config_file: Path | None) -> None:
    """Play a questionnaire in the terminal, as the phone would show it."""
    from bot.play import play_in_terminal

    problem = play_in_terminal(questionnaire, voice, lang, config_file)
    if problem is not None:
        raise Cannot(*problem)


# ------------------------------------------------------------------------------------------------ explain, rehearse


@cli.command()
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="NAME=NUMBER", help="Another threshold, as in [findings].")
@click.option("--lang", type=click.Choice(["en", "es"]), default="en", show_default=True)
@json_option
def explain(cases: tuple[Path, ...], changes: tuple[str, ...], lang: str, as_json: bool) -> None:
    """Say what the digest would say about the histories in these case files, and why."""
    from bot.explain import explain_case, read_case

    thresholds = _thresholds(changes)
    read = [read_case(path) for path in cases]
    mistakes = [mistake for _, found in read for mistake in found]
    if mistakes:
        raise Cannot(*mistakes)
    for history, _ in read:
        assert history is not None
        click.echo(explain_case(history, thresholds, lang, as_json))


def _thresholds(changes: tuple[str, ...]) -> "Thresholds":
    from bot.explain import changed_thresholds

    thresholds, mistakes = changed_thresholds(changes)
    if mistakes:
        raise Cannot(*mistakes)
    return thresholds


@cli.command()
@click.option("--sessions", type=click.IntRange(1, 10_000_000), default=72_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same pairs.")
@click.option("--set", "changes", multiple=True, metavar="NAME=NUMBER", help="Another threshold, as in [findings].")
@json_option
def simulate(sessions: int, seed: int, changes: tuple[str, ...], as_json: bool) -> None:
    """Count how often each rule of the digest would speak, over made-up pairs."""
    from bot.simulation import simulate as run_simulation
    from bot.simulation import table

    result = run_simulation(sessions, seed, _thresholds(changes))
    if as_json:
        out(result)
    else:
        click.echo(table(result))


@cli.command()
@click.option("--weekly", help='The weekly session, such as "Tue 14:00".')
@click.option("--zone", help="The zone of clinic and therapist.")
@click.option("--patient-zone", help="The patient's, if it is another one.")
@click.option("--from", "first", help="The first day, 2026-10-20.")
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True)
@click.option("--minutes", type=click.IntRange(1, 1440), help="Length of a session.")
@click.option("--except", "without", multiple=True, metavar="DATE", help="No session on this date.")
@click.option("--away", multiple=True, metavar="DATE..DATE", help="The patient is away, both days included.")
@click.option("--patient", "code", help="Rehearse a patient of the database instead.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Take its plan.")
@click.option("--ics", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a calendar into this file.")
@json_option
def rehearse(as_json: bool, ics: Path | None, **asked: Any) -> None:
    """Show what would be sent, and when, without sending anything."""
    from bot.rehearse import rehearse_asked, table, write_calendar

    if asked["code"] is None and (asked["weekly"] is None or asked["zone"] is None or asked["first"] is None):
        raise click.UsageError("Say --weekly, --zone and --from, or --patient.")
    if asked["code"] is not None and asked["config_file"] is None:
        asked["config_file"] = Path("config.toml")
    config = None if asked["config_file"] is None else config_or_exit(asked["config_file"])
    rows, mistakes = rehearse_asked(asked, config)
    if mistakes:
        raise Cannot(*mistakes)
    if ics is not None and (problem := write_calendar(ics, rows)):
        raise Cannot(problem)
    if as_json or ics is None:
        click.echo(json.dumps(rows) if as_json else table(rows))
