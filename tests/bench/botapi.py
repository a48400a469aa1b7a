"""The local Bot API in its own process, and its phones, moved over HTTP."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]

PATIENCE_S = 180.0
LOOK_S = 0.02
PHONES_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class BotApi:
    """A running emulator."""

    base_url: str
    token: str

    def ask(self, path: str, body: Any = None) -> Any:
        """A GET, or a POST of JSON; the decoded reply."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base_url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            return json.load(reply)

    def call(self, method: str, **values: Any) -> Any:
        """A method of the Bot API, called as the bot would."""
        return self.ask(f"/bot{self.token}/{method}", values)["result"]

    def act(self, steps: Sequence[dict[str, Any]]) -> None:
        """Let phones do things, in order."""
        for start in range(0, len(steps), PHONES_AT_ONCE):
            done = self.ask("/phones", list(steps[start : start + PHONES_AT_ONCE]))
            mistakes = [one["error"] for one in done if "error" in one]
            if mistakes:
                raise RuntimeError(f"a phone could not do what it was told: {mistakes[0]}")

    def started(self, chats: Sequence[int]) -> None:
        """These people press Start; their updates are taken away before any bot sees them."""
        self.act([{"user": chat, "do": "say", "text": "/start"} for chat in chats])
        self.forget_updates()

    def forget_updates(self) -> None:
        """Confirm every pending update unseen."""
        offset = 0
        while updates := self.call("getUpdates", offset=offset, limit=100):
            offset = updates[-1]["update_id"] + 1

    def counts(self, *kinds: str) -> int:
        """How often these kinds of events happened so far."""
        counters = self.ask("/counters")
        return sum(counters.get(kind, 0) for kind in kinds)

    def wait_for(self, number: int, *kinds: str, seconds: float = PATIENCE_S) -> float:
        """Wait until these kinds of events happened so often together; the moment."""
        until = time.monotonic() + seconds
        while (seen := self.counts(*kinds)) < number:
            if time.monotonic() > until:
                raise RuntimeError(f"only {seen} of {number} {'/'.join(kinds)} after {seconds:g} s")
            time.sleep(LOOK_S)
        return time.monotonic()


@contextmanager
def bot_api(*options: str) -> Iterator[BotApi]:
    """A fresh emulator until the block ends."""
    command = [sys.executable, "-m", "bot.emulator", "--port", "0", "--json", "--answer-within", "3600", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            where = json.loads(process.stdout.readline())
            yield BotApi(where["base_url"], where["token"])
        finally:
            process.terminate()


def tap_times(events: Sequence[Event]) -> Iterator[float]:
    """Seconds from each tap to the edit that answers it."""
    tapped: dict[int, float] = {}
    for event in events:
        if event["kind"] == "tapped":
            tapped[event["chat"]] = event["at"]
        elif event["kind"] == "edited" and event["chat"] in tapped:
            yield event["at"] - tapped.pop(event["chat"])
