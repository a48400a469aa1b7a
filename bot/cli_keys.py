"""`accord key`: where the keys lie, and another master key."""

from pathlib import Path

import click

from bot.cli_options import config_option, config_or_exit, json_option, or_cannot, out


@click.group()
def key() -> None:
    """The keys with which everything is sealed that people answer and write."""


@key.command()
@config_option
@json_option
def show(config_file: Path, as_json: bool) -> None:
    """Say where the keys lie, never what they are."""
    from bot.keeping_keys import shown

    found = or_cannot(shown(config_or_exit(config_file)))
    out(found) if as_json else click.echo(
        f"Master key: {found['master']}, fingerprint {found['fingerprint']}. Keep a copy of it where no backup lies.\n"
        f"Data keys: {found['keys']}, {found['in_use']} in use, {found['destroyed']} destroyed."
    )


@key.command()
@config_option
@json_option
def rotate(config_file: Path, as_json: bool) -> None:
    """Replace the master key, also while the bot runs. One that was cut off is finished by the next."""
    from bot.keeping_keys import rotated

    done = or_cannot(rotated(config_or_exit(config_file)))
    out(done) if as_json else click.echo(
        f"{done['wrapped']} keys are wrapped by a new master key: {done['master']}, fingerprint "
        f"{done['fingerprint']}.\nKeep a copy of it where no backup lies, and destroy the copies of the old one."
    )
