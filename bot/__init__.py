"""Accord: a chat check-in bot that shows a therapist where patient and therapist see goals or tasks differently."""

import os
import zoneinfo

# The zones of the tzdata wheel, pinned, not those of the system, which may be years old.
zoneinfo.reset_tzpath(to=())
# python-telegram-bot then gives durations as timedelta, as its next version will.
os.environ.setdefault("PTB_TIMEDELTA", "1")
