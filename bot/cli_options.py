"""What every command shares: its options, how it prints, and how it says what cannot be accepted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bot.config import Config

T = TypeVar("T")
CANNOT = 1
MOST_LINES = 12
"""So many lines a preview has; the rest is counted."""

config_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path("config.toml"), show_default=True,
    help="The clinic's configuration.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


preview_option = click.option("--preview", is_flag=True, help="Say what would change, and save nothing.")
past_option = click.option("--past", is_flag=True, help="A date more than 30 days ago is meant, or a move back.")


class Cannot(click.ClickException):
    """Something that cannot be accepted: each mistake on a line of its own on stderr, exit code 1."""

    exit_code = CANNOT

    def __init__(self, *mistakes: object) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))

    def show(self, file: Any = None) -> None:
        """Print the mistakes."""
        click.echo(self.message, err=True, file=file)


def or_cannot(found: tuple[T, str]) -> T:
    """What was found. Raises Cannot with the sentence that says why there is nothing."""
    value, problem = found
    if problem:
        raise Cannot(problem)
    return value


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


def does(
    config_file: Path,
    as_json: bool,
    verb: str,
    *values: Any,
    line: Callable[[Any], str] | None = None,
    **more: Any,
) -> Any:
    """Carry out a verb of `bot.desk` in one transaction and return what it gives; print it as JSON, or as the line
    made of it, with what it does to check-ins to come.
    """
    from bot.desk import act

    shown, problem = act(config_or_exit(config_file), verb, *values, **more)
    if problem is not None:
        raise Cannot(problem)
    if as_json:
        out(shown)
    elif line is not None:
        click.echo(line(shown))
        if isinstance(shown, dict) and "effect" in shown:
            click.echo(effect_line(shown["effect"]))
        if isinstance(shown, dict) and shown.get("preview"):
            click.echo("\n".join([*change_lines(shown), "This was a preview: nothing is saved."]))
    return shown


def change_lines(shown: dict[str, Any]) -> list[str]:
    """What a change does, to whom and when: a line for each session that comes, moves or goes, the first of them."""
    from bot.render import part

    named = shown.get("changes", ())
    lines = [part("en", "changes.jinja", "line", one) for one in named[:MOST_LINES]]
    rest = len(named) - len(lines)
    return lines + ([part("en", "changes.jinja", "rest", rest)] if rest else [])


def at(wall: str) -> str:
    """A wall time as it is read: "2026-11-03 14:00"; every command takes it like this, too."""
    return wall.replace("T", " ")


def effect_line(effect: dict[str, int]) -> str:
    """What a change does: "3 check-ins move, 1 is dropped, 2 are new." """
    said = [("moved", "moves", "move"), ("dropped", "is dropped", "are dropped"), ("new", "is new", "are new")]
    parts = [(n, one if n == 1 else many) for name, one, many in said if (n := effect[name])]
    if not parts:
        return "No check-in changes."
    (first, verb), *rest = parts
    begins = f"{first} check-in{'' if first == 1 else 's'} {verb}"
    return ", ".join([begins, *(f"{n} {verb}" for n, verb in rest)]) + "."
