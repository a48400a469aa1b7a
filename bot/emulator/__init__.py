"""A local Telegram Bot API with phones to tap, for tests, demos and benchmarks.

It speaks HTTP like Telegram, refuses in Telegram's words, expires by a clock it is given, and fails on request.
It imports nothing of the rest of `bot`, and listens on loopback only.
"""

from bot.emulator.faults import Fault, Faults
from bot.emulator.history import Event, History
from bot.emulator.phone import Phone, PhoneError, Shown
from bot.emulator.refuse import Refusal
from bot.emulator.server import TOKEN, Emulator
from bot.emulator.world import Query, StoredFile, Toast

__all__ = [
    "TOKEN",
    "Emulator",
    "Event",
    "Fault",
    "Faults",
    "History",
    "Phone",
    "PhoneError",
    "Query",
    "Refusal",
    "Shown",
    "StoredFile",
    "Toast",
]
