"""Dates and times as programs of other countries write them: 11/3/2026 2:00 PM, where the whole file must say which of
the two numbers is the month.

The rule: the header says it, "starts (M/D/YYYY)", or one date of the file does whose day is past 12 (11/13/2026).
Otherwise nothing of the file is taken: 11/3 and 3/11 are both days on which people meet.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bot.calendars.entry import Bad, Entry

Order = Literal["month first", "day first"]
ORDERS: dict[str, Order] = {"m/d": "month first", "mm/": "month first", "d/m": "day first", "dd/": "day first"}
"""How a header begins to say it."""
REMEDY = 'write them as 2026-11-03, or the header as "starts (M/D/YYYY)"'
_STARTS = re.compile(
    r"(?:(?P<iso>\d{4}-\d{2}-\d{2})|(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<year>\d{4}))"
    r"(?:,? +|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})? ?(?P<half>[ap]\.?m\.?)?",
    re.IGNORECASE | re.ASCII,
)


def in_order(entries: Sequence[Entry], order: Order | None) -> list[Entry] | Bad:
    """The entries with their times as 2026-11-03T14:00; Bad if it cannot be told which number is the month.

    What is no date of these kinds stays as it was written.
    """
    read = [(one, _STARTS.fullmatch(one.starts)) for one in entries]
    slashed = [(one, found) for one, found in read if found is not None and found["one"]]
    if slashed and order is None:
        told = _told(slashed)
        if isinstance(told, Bad):
            return told
        order = told
    return [one if found is None else replace(one, starts=_plain(found, order)) for one, found in read]


def _told(slashed: Sequence[tuple[Entry, re.Match[str]]]) -> Order | Bad:
    """What the dates themselves say."""
    day_first = next((one for one, found in slashed if int(found["one"]) > 12), None)
    month_first = next((one for one, found in slashed if int(found["two"]) > 12), None)
    if day_first and month_first:
        typed = (day_first.starts, month_first.starts)
        says = f'"{typed[0]}" has the day first and "{typed[1]}" the month: {REMEDY}.'
        return Bad(day_first.line, says, "both_orders", typed)
    unsure = next((one for one, found in slashed if int(found["one"]) != int(found["two"])), None)
    if unsure and not (day_first or month_first):
        says = f'"{unsure.starts}" may be a month and a day or a day and a month: {REMEDY}.'
        return Bad(unsure.line, says, "which_first", (unsure.starts,))
    return "day first" if day_first else "month first"


def _plain(found: re.Match[str], order: Order | None) -> str:
    """A time as it is written here; what no clock shows stays as it was."""
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return found[0]
    hour = hour % 12 + (12 if half.startswith("p") else 0) if half else hour
    month, day = (found["two"], found["one"]) if order == "day first" else (found["one"], found["two"])
    date = found["iso"] or f"{found['year']}-{int(month):02}-{int(day):02}"
    return f"{date}T{hour:02}:{found['minute']}"
