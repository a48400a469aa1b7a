"""The bot of R18 in a process of its own: `python -m bot.prove.loaded CONFIG MESSAGES_A_SECOND`.

The bot keeps to Telegram's thirty a second, and has no setting for more: the pace of a paid broadcast is set here.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from bot import checkin_due, delivery
from bot.app import serve
from bot.config import load, read_token
from bot.logs import set_up_logging

USUAL = 30


def main() -> None:
    """Serve until SIGTERM."""
    config, mistakes = load(Path(sys.argv[1]))
    assert config is not None, mistakes
    token, pace = read_token(config), int(sys.argv[2])
    assert isinstance(token, str)
    if pace != USUAL:
        delivery.SLOT, delivery.AT_MOST = timedelta(seconds=1 / pace), pace
        checkin_due.AHEAD = 10 * pace
    set_up_logging("ERROR")
    asyncio.run(serve(config, token))


if __name__ == "__main__":
    main()
