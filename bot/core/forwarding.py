"""Whether the log of who saw what is kept a second time elsewhere, as the clinic wants it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

PATIENCE = timedelta(minutes=10)
"""So long a syslog that restarts may take nothing."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """How many entries wait to be sent on, and since when."""

    waiting: int
    since: datetime | None


def said(found: Forwarding, now: datetime) -> tuple[bool, str]:
    """Whether somebody must do something, and the sentence for it."""
    if found.since is None or not found.waiting:
        return False, "Each entry of the log of who saw what was sent on; none waits."
    minutes = int((now - found.since).total_seconds() // 60)
    entries, verb = ("1 entry", "waits") if found.waiting == 1 else (f"{found.waiting:,} entries", "wait")
    says = f"{entries} of the log of who saw what {verb} to be sent on, the oldest for {minutes:,} min"
    if now - found.since < PATIENCE:
        return False, f"{says}."
    return True, f"{says}: look at [log] forward, and at what listens there."
