"""How long something takes by the machine's own watch: the one place here that asks it."""

import time


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since then."""
        return time.monotonic() - self._begun
