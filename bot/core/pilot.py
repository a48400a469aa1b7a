"""A pilot: everything is planned as always, but until it ends only those who joined get what comes by itself."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.person import Person
from bot.core.walltime import at_local

WHY = "pilot"
"""Why a check-in or a digest was not sent, as it is kept."""


def ends(until: date | None, zone: ZoneInfo) -> datetime | None:
    """The instant from which on everything goes to everybody: the end of the last day, in the clinic's zone."""
    return None if until is None else at_local(until + timedelta(days=1), time(0), zone)


def holds_back(who: Person, planned: datetime, end: datetime | None) -> bool:
    """Whether what was planned for this instant is kept from this person, and then for good.

    It goes by the plan, not by the moment of sending: nothing of the pilot's time is sent once it is over.
    """
    return end is not None and planned < end and not who.pilot and who.role != "staff"
