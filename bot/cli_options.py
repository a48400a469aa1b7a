"""What the command modules share: options, how a verb of the desk is carried out, how something is refused."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bot.config import Config

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


def do(config_file: Path, as_json: bool, verb: str, *values: object) -> Any:
    """Carry out a verb of `bot.desk` in one transaction, print what it gives with `as_json`, and return it."""
    from bot.desk import act

    shown, problem = act(config_or_exit(config_file), verb, *values)
    if problem is not None:
        raise Cannot(problem)
    if as_json:
        out(shown)
    return shown
