"""`accord run`: the bot as a service. Logs to stderr, with ids and never with words, tokens or addresses."""

import asyncio

from telegram.error import InvalidToken

from bot.app import serve
from bot.config import Config, read_token
from bot.logs import no_words_at_the_end, of_loop, set_up_logging
from bot.store.errors import StoreError
from bot.store.lock import AlreadyHeld
from bot.web.errors import CannotListen

DONE, CANNOT, HELD = 0, 1, 3


def run_service(config: Config) -> tuple[int, str]:
    """Run until told to stop; the exit code, and the sentence that goes with it if it is not 0."""
    token = read_token(config)
    if not isinstance(token, str):
        return CANNOT, str(token)
    set_up_logging(config.log.level)
    no_words_at_the_end()
    try:
        asyncio.run(_served(config, token))
    except AlreadyHeld as error:
        return HELD, str(error)
    except (StoreError, CannotListen) as error:
        return CANNOT, str(error)
    except InvalidToken:
        return CANNOT, "The Bot API does not know this token: copy it again from where the bot was registered."
    return DONE, ""


async def _served(config: Config, token: str) -> None:
    asyncio.get_running_loop().set_exception_handler(of_loop)
    await serve(config, token)
