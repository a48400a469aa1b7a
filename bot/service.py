"""`accord run`: the bot as a service. Logs to stderr, with ids and never with words, tokens or addresses."""

import asyncio
import logging
import re
import sys

from telegram.error import InvalidToken

from bot.app import serve
from bot.config import Config, read_token
from bot.store.errors import StoreError
from bot.store.lock import AlreadyHeld
from bot.web.errors import CannotListen

DONE, CANNOT, HELD = 0, 1, 3
TOKEN = re.compile(r"\d{6,12}:[\w-]{30,}")
LOUD = (
    "alembic", "httpx", "httpcore", "aiohttp.access", "apscheduler", "telegram", "aiosqlite", "sqlalchemy", "uvicorn",
    "python_multipart",
)  # fmt: skip


class Redacting(logging.Formatter):
    """Takes anything that looks like a token out of a line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line without tokens."""
        return TOKEN.sub("[token]", super().format(record))


def set_up_logging(level: str) -> None:
    """Log to stderr; libraries that log whole requests or updates are kept at warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def run_service(config: Config) -> tuple[int, str]:
    """Run until told to stop; the exit code, and the sentence that goes with it if it is not 0."""
    token = read_token(config)
    if not isinstance(token, str):
        return CANNOT, str(token)
    set_up_logging(config.log.level)
    try:
        asyncio.run(serve(config, token))
    except AlreadyHeld as error:
        return HELD, str(error)
    except (StoreError, CannotListen) as error:
        return CANNOT, str(error)
    except InvalidToken:
        return CANNOT, "The Bot API does not know this token: copy it again from where the bot was registered."
    return DONE, ""
