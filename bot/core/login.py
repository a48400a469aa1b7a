"""Who may log in to the clinic's page, and how long that lasts."""

from datetime import datetime, timedelta

from bot.core.person import Person

LINK_LASTS = timedelta(minutes=10)
"""A login link can be used once, within this time."""
IDLE = timedelta(minutes=15)
"""Whoever does nothing for so long is logged off."""
LONGEST = timedelta(hours=12)
"""After so long everybody is logged off."""
NOTICED = timedelta(minutes=1)
"""How exactly it is kept when somebody was last seen: a write for every page looked at would be many."""


def may_log_in(who: Person) -> bool:
    """Whether the page is for this person: staff until they leave, a therapist who takes part; never a patient."""
    return (who.role == "staff" and who.state != "discharged") or (who.role == "therapist" and who.state == "active")


def is_over(began: datetime, seen: datetime, now: datetime) -> bool:
    """Whether a session at the page has ended by itself."""
    return now - seen >= IDLE or now - began >= LONGEST


def is_new_sign(seen: datetime, now: datetime) -> bool:
    """Whether it should be kept that somebody is still there."""
    return now - seen >= NOTICED
