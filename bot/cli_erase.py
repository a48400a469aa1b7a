"""`accord erase`: everything of a patient goes."""

from pathlib import Path

import click

from bot.cli_options import config_option, config_or_exit, json_option, or_cannot, out


@click.command()
@click.argument("code")
@click.option("--why", metavar="WORDS", help="The reason, kept in the log: no names.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def erase(code: str, why: str | None, yes: bool, config_file: Path, as_json: bool) -> None:
    """Delete everything about a patient, and destroy the keys: what is in old backups cannot be read any more."""
    from bot.erasing_now import erase_now

    config = config_or_exit(config_file)
    if not yes:
        click.confirm(f'Delete everything about "{code}"? This cannot be undone', abort=True)
    done = or_cannot(erase_now(config, code, why))
    if as_json:
        out(done)
    elif done["erased"]:
        click.echo(
            f"Everything about {done['code']} is deleted, and its keys are destroyed. The log keeps that it was."
        )
        click.echo("The bot does not run: what stands in the chat was not deleted. The patient can delete the chat.")
    else:
        click.echo(
            f"{done['code']} is not asked anything more. The bot takes {done['messages']} messages of the last two "
            "days back; then everything is deleted, in 24 hours at the latest. What is older in the chat only the "
            "patient can delete."
        )
