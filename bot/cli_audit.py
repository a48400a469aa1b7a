"""`accord audit`: who saw or changed what, and whether the log is whole."""

from pathlib import Path

import click

from bot.cli_options import config_option, config_or_exit, json_option, or_cannot, out


@click.group()
def audit() -> None:
    """The log of who saw or changed what."""


@audit.command()
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="N:HASH",
    help="A last entry that somebody wrote down, or a weekly page shows.",
)
@config_option
@json_option
def verify(heads: tuple[str, ...], config_file: Path, as_json: bool) -> None:
    """Go through the log, and compare it with what backups know of it; exit code 1 if it is not whole."""
    from bot.auditing import verified

    found = or_cannot(verified(config_or_exit(config_file), heads))
    out(found) if as_json else click.echo(
        f"The log is whole: {found['count']:,} entries, the last one {found['head']}."
    )


@audit.command()
@click.option("--patient", "code", required=True, metavar="CODE")
@config_option
@json_option
def show(code: str, config_file: Path, as_json: bool) -> None:
    """List what was seen and changed of a patient. The log itself holds no answers."""
    from bot.auditing import shown

    listed = or_cannot(shown(config_or_exit(config_file), code))
    if as_json:
        out(listed)
        return
    for one in listed:
        by, why = one["by"] or "the desk or Accord", f" ({one['why']})" if one["why"] else ""
        click.echo(f"{one['id']:>6}  {one['at'][:16]}  {one['did']:<15}{by:<20}{one['detail'] or ''}{why}")
    if not listed:
        click.echo("Nothing is logged.")
