"""`accord backup`, `accord restore` and `accord doctor`: what keeps the clinic's database well."""

from pathlib import Path

import click

from bot.cli_options import config_option, config_or_exit, json_option, or_cannot, out

folder_option = click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Another folder than the one of [backup].",
)  # fmt: skip


@click.command()
@folder_option
@config_option
@json_option
def backup(folder: Path | None, config_file: Path, as_json: bool) -> None:
    """Copy the database, also while the bot runs, check the copy, and restore it once for practice."""
    from bot.backing_up import back_up_now

    shown = or_cannot(back_up_now(config_or_exit(config_file), folder))
    out(shown) if as_json else click.echo(
        f"{shown['file']}: {shown['bytes']:,} bytes, {shown['rows']:,} rows, SHA-256 {shown['sha256'][:16]}…\n"
        f"Checked, and restored for practice: {shown['seconds']:.1f} s."
    )


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The database to make: [database] path of the configuration.")  # fmt: skip
@click.option("--set-aside", is_flag=True, help="Keep a database that is there already beside it, by another name.")
@json_option
def restore(source: Path, target: Path, set_aside: bool, as_json: bool) -> None:
    """Make a database from a backup, in a place where there is none."""
    from bot.backing_up import restore_now

    shown = or_cannot(restore_now(source, target, set_aside))
    if as_json:
        out(shown)
        return
    click.echo(f"{shown['file']} is there again: {shown['rows']:,} rows, version {shown['version']}.")
    if not shown["checked"]:
        click.echo("No checksum stood beside the backup: only its structure could be checked.", err=True)
    click.echo("What came in after the backup is lost, and what was asked since may be asked once more.")


# ------------------------------------------------------------------------------------------------ doctor

MARKS = {"ok": "ok  ", "note": "note", "act": "ACT "}


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def doctor(context: click.Context, config_file: Path, as_json: bool) -> None:
    """Say how Accord is, a line for each thing; exit code 1 if somebody must do something."""
    if context.invoked_subcommand is not None:
        return
    from bot.core.health import needs_somebody
    from bot.doctor import found

    lines = found(config_or_exit(config_file))
    if as_json:
        every = [{"name": line.name, "state": line.state, "says": line.says} for line in lines]
        out({"ok": not needs_somebody(lines), "lines": every})
    else:
        for line in lines:
            click.echo(f"{MARKS[line.state]} {line.name:<11}{line.says}")
    context.exit(1 if needs_somebody(lines) else 0)


@doctor.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def letters(context: click.Context, config_file: Path, as_json: bool) -> None:
    """List what was set aside: messages that Telegram refused, or may have lost; updates that could not be read."""
    if context.invoked_subcommand is not None:
        return
    from bot.doctor import shown_letters

    listed = or_cannot(shown_letters(config_or_exit(config_file)))
    if as_json:
        out(listed)
        return
    for one in listed:
        click.echo(f"{one['id']:<12}{one['what']:<10}{one['whose'] or '':<8}{one['state']:<9}{one['why'] or ''}")
    if not listed:
        click.echo("Nothing is set aside.")


@letters.command("retry")
@click.argument("ids", metavar="ID", nargs=-1, required=True)
@config_option
def retry_letters(ids: tuple[str, ...], config_file: Path) -> None:
    """Try letters again: messages at once, updates when the bot starts the next time."""
    from bot.doctor import retry

    when = or_cannot(retry(config_or_exit(config_file), ids))
    for one, at in zip(ids, when, strict=True):
        click.echo(f"{one} is tried again {at}.")


@letters.command("drop")
@click.argument("ids", metavar="ID", nargs=-1, required=True)
@config_option
def drop_letters(ids: tuple[str, ...], config_file: Path) -> None:
    """Do without letters: they are not tried again."""
    from bot.doctor import drop

    or_cannot(drop(config_or_exit(config_file), ids))
    click.echo(f"Dropped: {', '.join(ids)}.")


@click.command()
def sbom() -> None:
    """List the libraries Accord runs with, with versions and checksums (CycloneDX, JSON)."""
    from bot.sbom import bill

    out(bill())
