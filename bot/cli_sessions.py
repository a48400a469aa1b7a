"""`accord clinic session …` and what else changes the schedule: series, weeks, closures, imports.

Each command carries out one verb of `bot.desk`, says what that does to check-ins to come, and has `--preview`.
"""

from pathlib import Path
from typing import Any

import click

from bot.cli_options import at, config_option, does, json_option, past_option, preview_option


@click.group()
def session() -> None:
    """Sessions, in the clinic's wall time."""


@session.command("add")
@click.argument("code")
@click.argument("starts")
@click.option("--minutes", type=int, help="Length; without it the plan's.")
@past_option
@preview_option
@config_option
@json_option
def session_add(config_file: Path, as_json: bool, code: str, starts: str, minutes: int | None, **more: bool) -> None:
    """Add a session: accord clinic session add P-014 2026-11-03T14:00"""
    does(config_file, as_json, "add_session", code, starts, minutes, line=_session, **more)


@session.command("move")
@click.argument("session_id", type=int)
@click.argument("starts")
@click.option("--all-following", "following", is_flag=True, help="Move the rest of its series, too.")
@past_option
@preview_option
@config_option
@json_option
def session_move(config_file: Path, as_json: bool, session_id: int, starts: str, following: bool, **more: bool) -> None:
    """Move a session to another time."""
    verb = "move_following" if following else "move_session"
    does(config_file, as_json, verb, session_id, starts, line=_session, ahead=True, **more)


def _marker(state: str, words: str) -> None:
    @session.command(state.removesuffix("led") if state == "cancelled" else state, help=words)
    @click.argument("session_id", type=int)
    @preview_option
    @config_option
    @json_option
    def mark(session_id: int, preview: bool, config_file: Path, as_json: bool) -> None:
        does(config_file, as_json, "mark_session", session_id, state, line=_session, preview=preview)


for _state, _words in {
    "cancelled": "Cancel a session: nothing is asked about it.",
    "held": "Say that a session was held.",
    "missed": "Say that the patient did not come.",
}.items():
    _marker(_state, _words)


def _session(shown: Any) -> str:
    line = f"Session {shown['id']}: {shown['patient']} {at(shown['starts'])} {shown['zone']}, {shown['state']}."
    if "moved" in shown:
        line += f" {len(shown['moved'])} of its series moved."
    return "\n".join([line, *_left_out(shown)])


def _left_out(shown: Any) -> list[str]:
    return [f"Left out {at(one['starts'])}: {one['why']}" for one in shown.get("left_out", ())]


# ------------------------------------------------------------------------------------------------ series


@session.command("weekly")
@click.argument("code")
@click.argument("rule")
@click.option("--from", "first", help="The first day; without it today.")
@click.option("--minutes", type=int, help="Length; without it the plan's.")
@click.option("--every", type=click.IntRange(1), default=None, help="Every so many weeks.")
@click.option("--until", help="The last day.")
@click.option("--count", type=click.IntRange(1), default=None, help="So many sessions in all.")
@click.option("--replace", "beside", flag_value="replace", help="End the patient's other series when this one begins.")
@click.option("--also", "beside", flag_value="also", help="Keep the patient's other series.")
@past_option
@preview_option
@config_option
@json_option
def session_weekly(
    config_file: Path, as_json: bool, code: str, rule: str, first: str | None, minutes: int | None, **more: Any
) -> None:
    """Set sessions that recur: accord clinic session weekly P-014 "Tue,Thu 14:00" """
    does(config_file, as_json, "set_weekly", code, rule, first, minutes, line=_weekly, **more)


def _weekly(shown: Any) -> str:
    from bot.render import part

    line = (
        f"{shown['patient']}: every {shown['weekly']} from {shown['from']}, {len(shown['sessions'])} sessions laid out."
    )
    return "\n".join([line, part("en", "changes.jinja", "series", shown), *_ended(shown), *_left_out(shown)])


def _ended(shown: Any) -> list[str]:
    return [
        f"{shown['patient']}: {one['weekly']} ends after {one['after']}, {len(one['removed'])} sessions removed."
        for one in shown["ended"]
    ]


@session.command("end")
@click.argument("code")
@click.option("--after", help="The last day; without it today.")
@preview_option
@config_option
@json_option
def session_end(config_file: Path, as_json: bool, code: str, **more: Any) -> None:
    """End a patient's series: sessions to come that hold nothing yet are removed, others cancelled."""
    does(config_file, as_json, "end_weekly", code, line=lambda shown: "\n".join(_ended(shown)), **more)


@click.group()
def week() -> None:
    """Whole weeks."""


@week.command("cancel")
@click.argument("day")
@click.option("--therapist", help="Only this therapist's sessions.")
@click.option("--patient", help="Only this patient's.")
@preview_option
@config_option
@json_option
def week_cancel(config_file: Path, as_json: bool, therapist: str | None, **more: Any) -> None:
    """Cancel the sessions to come of the week that a date is in: accord clinic week cancel 2026-12-21"""
    does(config_file, as_json, "cancel_week", therapist, line=_cancelled, **more)


def _cancelled(shown: Any) -> str:
    n = len(shown["cancelled"])
    head = f"Week of {shown['week']}: {n or 'no'} session{'' if n == 1 else 's'} cancelled."
    rows = [] if shown.get("preview") else shown["cancelled"]  # a preview has lines of its own
    return "\n".join([head, *map(_session, rows)])


# ------------------------------------------------------------------------------------------------ closures


@click.group()
def closure() -> None:
    """Days on which the clinic is closed."""


@closure.command("add")
@click.argument("days")
@click.option("--name", help="Such as Christmas.")
@preview_option
@config_option
@json_option
def closure_add(config_file: Path, as_json: bool, days: str, **more: Any) -> None:
    """Close the clinic: accord clinic closure add 2026-12-24..2026-12-26"""
    does(config_file, as_json, "add_closure", days, line=_closure, **more)


@closure.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@preview_option
@config_option
@json_option
def closure_import(config_file: Path, as_json: bool, file: Path, preview: bool) -> None:
    """Close the clinic on the all-day events of a calendar file (.ics), for two years ahead."""
    does(config_file, as_json, "import_closures", file, line=_closures, preview=preview)


@closure.command("list")
@config_option
@json_option
def closure_list(config_file: Path, as_json: bool) -> None:
    """List the closures."""
    does(config_file, as_json, "list_closures", line=lambda rows: "\n".join(map(_days, rows)) or "There are none.")


@closure.command("remove")
@click.argument("closure_id", type=int)
@preview_option
@config_option
@json_option
def closure_remove(config_file: Path, as_json: bool, closure_id: int, preview: bool) -> None:
    """Forget a closure; the sessions to come that it cancelled or left out are planned again."""
    does(config_file, as_json, "remove_closure", closure_id, line=_closure, preview=preview)


def _days(shown: Any) -> str:
    name = f" {shown['name']}" if shown["name"] else ""
    return f"Closure {shown['id']}: {shown['first']}..{shown['last']}{name}"


def _closure(shown: Any) -> str:
    said = _counted((shown["cancelled"], "sessions cancelled"), (shown["planned"], "sessions planned again"))
    return "\n".join([f"{_days(shown)}: {said or 'no session changes'}.", *_left_out(shown)])


def _counted(*found: tuple[Any, str]) -> str:
    """How many of each, without those of which there are none: "2 added, 1 moved"."""
    counts = ((len(some) if isinstance(some, list) else some, words) for some, words in found)
    return ", ".join(f"{n} {words}" for n, words in counts if n)


def _closures(shown: Any) -> str:
    head = _counted((shown["closures"], "closures are new"), (shown["unchanged"], "known"))
    return "\n".join([f"{head or 'There is no closure in it'}.", *map(_closure, shown["closures"])])


# ------------------------------------------------------------------------------------------------ imports


@click.group()
def sessions() -> None:
    """Many sessions at once."""


@sessions.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--field", default="SUMMARY", show_default=True, help="Where an event of an .ics names the patient.")
@click.option("--skip-bad", is_flag=True, help="Take what is right, and say what is not.")
@preview_option
@config_option
@json_option
def sessions_import(config_file: Path, as_json: bool, file: Path, **more: Any) -> None:
    """Take appointments from a calendar (.ics) or a table (.csv: patient,starts,minutes)."""
    shown = does(config_file, as_json, "import_sessions", file, line=_imported, **more)
    for bad in (*shown["skipped"], *shown["left_alone"]):
        click.echo(bad, err=True)


def _imported(shown: Any) -> str:
    came = [(shown[name], name) for name in ("added", "moved", "cancelled")]
    said = _counted(
        *came,
        (shown["unchanged"], "as they were"),
        (shown["skipped"], "lines skipped"),
        (shown["left_alone"], "events left alone"),
    )
    return f"{said or 'There is no appointment in it'}."


# ------------------------------------------------------------------------------------------------ plan


@click.command()
@click.argument("code")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--reset", multiple=True, metavar="KEY", help="As the therapist's or the clinic's plan says again.")
@preview_option
@config_option
@json_option
def plan(
    code: str, values: tuple[str, ...], reset: tuple[str, ...], preview: bool, config_file: Path, as_json: bool
) -> None:
    """Show somebody's plan, or say what it says differently: accord clinic plan P-014 ask_every=2"""
    if values or reset:
        does(config_file, as_json, "set_plan", code, values, reset, line=_plan, preview=preview)
    else:
        does(config_file, as_json, "show_plan", code, line=_plan)


def _plan(shown: Any) -> str:
    own = [row for row in shown["plan"] if row["from"] != "clinic"]
    rest = [row for row in shown["plan"] if row["from"] == "clinic"]
    lines = [f"{row['key']} = {row['value']}  ({row['from']})" for row in (*own, *rest)]
    return "\n".join([f"{shown['code']}: whose plan says so stands in brackets.", *lines])
