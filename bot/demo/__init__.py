"""The demo: a small clinic on a local Bot API, by a clock that is moved by hand. Nothing is faked but the time."""

from pathlib import Path

PACES = {"fast": 0.0, "normal": 0.012, "slow": 0.3}
"""Seconds of real time that the reader is given for each line: the only thing that --fast and --slow change."""

DONE, CANNOT, INTERRUPTED = 0, 1, 130


def play_demo(out: Path | None, pace: str) -> int:
    """Play the fortnight in the terminal and keep its files in `out` (None: a temporary folder); the exit code."""
    try:
        why = _played(out, PACES[pace])
    except KeyboardInterrupt:
        return INTERRUPTED
    if why is None:
        return DONE
    import click

    click.echo(f"The demo cannot be played: {why}", err=True)
    return CANNOT


def _played(out: Path | None, pace: float) -> str | None:
    """Play it; the sentence that says why it could not be played, None if it was."""
    from bot.demo.folder import CannotPlay
    from bot.demo.performance import perform
    from bot.store.errors import StoreError

    try:
        perform(out, pace)
    except (CannotPlay, StoreError) as error:
        return str(error)
    except OSError as error:  # no port, no room, no right to write
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or 'it took too long'}."
    return None
