"""An alert that does not arrive is itself shown: when, and for how long.

An alert speaks to the clinic's own people: somebody asks to be called, messages stand still. Five minutes are longer
than any wait of one that can go out; whatever keeps it, somebody must hear of it another way.
"""

from datetime import datetime, timedelta

AFTER = timedelta(minutes=5)
FIRST = timedelta(minutes=1)
"""What became due while the bot was off has so long to arrive by itself."""
AGAIN = timedelta(hours=1)
"""What is still not delivered is said again so seldom."""
SOON_AGAIN = timedelta(minutes=5)
"""When the second route did not work either."""
LASTS = timedelta(days=1)
"""A request to be called that could not be delivered at all, and that nobody has seen, counts for so long."""


def next_due(is_waiting: bool, went: bool, now: datetime) -> datetime | None:
    """When an alert goes by the second route once more; None: it cannot arrive any more, and was told."""
    if not went:
        return now + SOON_AGAIN
    return now + AGAIN if is_waiting else None
