"""How often a wrong login link may be tried from one address: counted in memory, and only so many addresses."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

MOST_TRIES, WITHIN = 10, timedelta(minutes=10)
MOST_ADDRESSES = 1000


class Tries:
    """Wrong tries by address."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[datetime]] = OrderedDict()

    def too_many(self, address: str, now: datetime) -> bool:
        """Whether this address has to wait."""
        times = self._wrong.get(address)
        return times is not None and len(times) == MOST_TRIES and now - times[0] < WITHIN

    def wrong(self, address: str, now: datetime) -> None:
        """Count a wrong try."""
        self._wrong.setdefault(address, deque(maxlen=MOST_TRIES)).append(now)
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
