"""The commands. Exit codes: 0 done; 1 something that cannot be accepted; 2 a wrong command line; 3 database held.

Everything heavy is imported inside the command that needs it: `accord --help` stays quick.
"""

import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from bot.config import Config
    from bot.core.questionnaire import Voice
    from bot.core.thresholds import Thresholds

CANNOT, HELD = 1, 3

config_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path("config.toml"), show_default=True,
    help="The clinic's configuration.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


class Cannot(click.ClickException):
    """Something that cannot be accepted: each mistake on a line of its own on stderr, exit code 1."""

    exit_code = CANNOT

    def __init__(self, *mistakes: object) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))

    def show(self, file: Any = None) -> None:
        """Print the mistakes."""
        click.echo(self.message, err=True, file=file)


def main() -> NoReturn:
    """Run the command line."""
    cli(prog_name="accord")
    sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="accord-checkin")
def cli() -> None:
    """Two minutes after each session, from both sides; a digest of where they see goals or tasks differently."""


def config_or_exit(path: Path) -> "Config":
    """The configuration, or every mistake in it and exit code 1."""
    from bot.config import load

    config, mistakes = load(path)
    if config is None:
        raise Cannot(*mistakes)
    return config


def out(value: object) -> None:
    """Print a value as one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))


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


# ------------------------------------------------------------------------------------------------ check, play


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
@json_option
def rehearse(as_json: bool, **asked: Any) -> None:
    """Show what would be sent, and when, without sending anything."""
    from bot.rehearse import rehearse_asked, table

    if asked["code"] is None and (asked["weekly"] is None or asked["zone"] is None or asked["first"] is None):
        raise click.UsageError("Say --weekly, --zone and --from, or --patient.")
    if asked["code"] is not None and asked["config_file"] is None:
        asked["config_file"] = Path("config.toml")
    config = None if asked["config_file"] is None else config_or_exit(asked["config_file"])
    rows, mistakes = rehearse_asked(asked, config)
    if mistakes:
        raise Cannot(*mistakes)
    click.echo(json.dumps(rows) if as_json else table(rows))


# ------------------------------------------------------------------------------------------------ clinic


@cli.group()
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
