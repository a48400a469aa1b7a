"""The demo: a small clinic on a local Bot API, by a clock that is moved by hand. Nothing is faked but the time."""

from collections.abc import Callable
from pathlib import Path

PACES = {"fast": 0.0, "normal": 0.012, "slow": 0.3}
"""Seconds of real time that the reader is given for each line: the only thing that --fast and --slow change."""

DONE, CANNOT, INTERRUPTED = 0, 1, 130


def play_demo(out: Path | None, pace: str) -> int:
    """Play the fortnight in the terminal and keep its files in `out` (None: a temporary folder); the exit code."""

    def play() -> None:
        from bot.demo.performance import perform

        perform(out, PACES[pace])

    return _ended(play)


def serve_demo(port: int) -> int:
    """Serve the page on which the fortnight is played by hand, until it is stopped; the exit code."""

    def serve() -> None:
        from bot.demo import serving

        serving.serve(port)

    return _ended(serve)


def _ended(work: Callable[[], None]) -> int:
    """The exit code; what cannot be done is a sentence."""
    try:
        why = _why_not(work)
    except KeyboardInterrupt:
        return INTERRUPTED
    if why is None:
        return DONE
    import click

    click.echo(f"The demo cannot be played: {why}", err=True)
    return CANNOT


def _why_not(work: Callable[[], None]) -> str | None:
    """Do it; the sentence that says why it could not be done, None if it was."""
    from bot.demo.folder import CannotPlay
    from bot.store.errors import StoreError

    try:
        work()
    except (CannotPlay, StoreError) as error:
        return str(error)
    except OSError as error:  # no port, no room, no right to write
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or 'it took too long'}."
    return None
