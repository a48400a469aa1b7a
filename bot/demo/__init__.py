"""The demo: a small clinic on a local Bot API, by a clock that is moved by hand. Nothing is faked but the time."""

from pathlib import Path

PACES = {"fast": 0.0, "normal": 0.012, "slow": 0.4}
"""Seconds of real time that the reader is given for each line: the only thing that --fast and --slow change."""

DONE, CANNOT, INTERRUPTED = 0, 1, 130


def play_demo(out: Path | None, pace: str) -> int:
    """Play the fortnight in the terminal and keep its files in `out` (None: a temporary folder); the exit code."""
    try:
        import click

        from bot.demo.folder import CannotPlay
        from bot.demo.performance import perform

        try:
            perform(out, PACES[pace])
        except (CannotPlay, OSError) as error:
            click.echo(f"The demo cannot be played: {error}", err=True)
            return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE
