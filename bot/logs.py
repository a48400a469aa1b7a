"""What is logged: ids, kinds, places in the program. Never words, answers, names, tokens, keys or addresses.

An exception's text may quote what a person wrote, and a line of source may be a name, so that a traceback is only
where it was and what kind it is. That holds for whatever ends a program, a thread, a task or a finalizer too.
"""

import asyncio
import logging
import re
import resource
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

SECRETS = (
    (re.compile(r"\d{6,12}:[\w-]{30,}"), "[token]"),
    (re.compile(r"(?<=/login#)[\w-]{16,}|(?<=/in#)[\w-]{16,}|(?<=/answer/)[\w-]{16,}"), "[link]"),
    (re.compile(r"(?<=start=)[\w-]{16,}"), "[invite]"),
    (re.compile(r"\b[0-9a-fA-F]{64}\b"), "[key]"),
)
"""What a secret looks like, and what stands in its place: a bot's token, links that work once, 256 bits in hex."""
LOUD = (
    "alembic", "httpx", "httpcore", "aiohttp.access", "apscheduler", "telegram", "aiosqlite", "sqlalchemy", "uvicorn",
    "python_multipart",
)  # fmt: skip
DEEPEST = 30
BREAKS = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160), 0x2028, 0x2029)}

log = logging.getLogger(__name__)


class Redacting(logging.Formatter):
    """Takes secrets out of a line, and everything but places and kinds out of a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line without secrets. What another handler made of the exception is not taken over."""
        kept, record.exc_text = record.exc_text, None
        try:
            line = super().format(record)
        finally:
            record.exc_text = kept
        for pattern, instead in SECRETS:
            line = pattern.sub(instead, line)
        return line

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002
        """When, in UTC."""
        return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line as one line, so that nothing in it can look like another one."""
        return super().formatMessage(record).translate(BREAKS)

    def formatException(self, ei: Any) -> str:
        """Where it was, innermost last, and what kind it is; the same of what led to it."""
        kind, error, trace = ei
        lines = _places(trace)
        while error is not None and (led := error.__cause__ or error.__context__) is not None and len(lines) < DEEPEST:
            lines += [f"  from {type(led).__name__}", *_places(led.__traceback__)]
            error = led
        return "\n".join([*lines, getattr(kind, "__name__", "an exception")])

    def formatStack(self, stack_info: str) -> str:  # noqa: ARG002
        """Nothing of a stack: its lines are source."""
        return ""


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(
        trace,
        limit=-DEEPEST,
    )
    return [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]


def set_up_logging(level: str) -> None:
    """Log to stderr; libraries that log whole requests or updates are kept at warnings, also where DEBUG is asked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def no_words_at_the_end() -> None:
    """Whatever ends by a mistake of ours says where and what kind, on the same way; a crash leaves no memory behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.excepthook = lambda kind, error, trace: log.critical("ended by a mistake", exc_info=(kind, error, trace))
    sys.unraisablehook = lambda seen: log.error("in the background: %s", seen.exc_type.__name__)
    threading.excepthook = lambda seen: log.error("in a thread: %s", seen.exc_type.__name__)


def of_loop(loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:  # noqa: ARG001
    """An event loop's exception handler: its own would print the exception, and the task with it."""
    error = about.get("exception")
    log.error("in the event loop: %s", type(error).__name__ if error is not None else "trouble")
