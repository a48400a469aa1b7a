"""A contender under a load of taps: what it used, and how long it took."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import seed
from tests.bench.botapi import BotApi

ANSWERED = ("answered", "edited")


@dataclass(frozen=True, slots=True)
class Course:
    """The people, the template database, and the taps of one check-in of each."""

    api: BotApi
    folder: Path
    messages: Sequence[int]
    chats: Sequence[int]
    taps: Sequence[Sequence[str]]  # by person


@dataclass(frozen=True, slots=True)
class Run:
    """One run: CPU seconds of the process and seconds of time for so many taps."""

    taps: int
    cpu: float
    seconds: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for one tap."""
        return 1000 * self.cpu / self.taps

    @property
    def rate(self) -> float:
        """Taps a second."""
        return self.taps / self.seconds


def lay_out(api: BotApi, folder: Path, people: int) -> Course:
    """Make the people, their open check-ins and the taps."""
    chats, messages = seed.prepared_chats(api, people)
    config = seed.read_config(seed.write_config(folder, api.base_url))
    seed.filled(folder / "accord.db", seed.open_check_ins, chats, messages)
    taps = seed.filled(folder / "accord.db", lambda conn: seed.script(config, conn))
    (folder / "screens.json").write_text(json.dumps(seed.screens_json(taps)))
    return Course(api, folder, messages, chats, [seed.taps_of(taps, n) for n in range(2, 2 + people)])


def steps(course: Course, first: int, last: int) -> list[dict[str, object]]:
    """The taps of these people: everybody's first, then everybody's second, and so on."""
    people = list(zip(course.chats, course.messages, course.taps, strict=True))[first:last]
    return [
        {"user": chat, "do": "press", "data": taps[turn], "message_id": message}
        for turn in range(len(course.taps[0]))
        for chat, message, taps in people
    ]


@contextmanager
def contender(kind: str, course: Course, in_flight: int) -> Iterator["subprocess.Popen[str]"]:
    """A contender in its process, on a fresh copy of the database, once it is ready; then it is stopped."""
    with tempfile.TemporaryDirectory(dir=course.folder) as copy:
        for name in ("accord.db", "accord.db.key", "accord.db.keys", "screens.json", "config.toml"):
            shutil.copy(course.folder / name, copy)
        command = [sys.executable, "-m", "tests.bench.contender", kind, course.api.base_url, course.api.token]
        environ = os.environ | {"ACCORD_TOKEN": course.api.token}
        with subprocess.Popen(
            [*command, str(in_flight), copy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ,
            cwd=seed.ROOT, stderr=None,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                if json.loads(process.stdout.readline() or "0") != "ready":
                    raise RuntimeError(f"the contender {kind} did not start")
                yield process
            finally:
                process.send_signal(signal.SIGTERM)


def cpu_of(process: "subprocess.Popen[str]") -> float:
    """The CPU seconds it says it has used."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def burst(kind: str, course: Course, in_flight: int, warm: int) -> Run:
    """All taps of all people at once, after the first `warm` people's have been answered."""
    with contender(kind, course, in_flight) as process:
        _until_answered(course, steps(course, 0, warm))
        before = cpu_of(process)
        load = steps(course, warm, len(course.chats))
        seconds = _until_answered(course, load)
        return Run(len(load), cpu_of(process) - before, seconds)


def _until_answered(course: Course, load: Sequence[dict[str, object]]) -> float:
    wanted = course.api.counts(*ANSWERED) + 2 * len(load)
    course.api.act(load)
    begun = time.monotonic()
    return course.api.wait_for(wanted, *ANSWERED) - begun


def one_by_one(kind: str, course: Course, warm: int, people: int) -> Run:
    """Each tap only after the one before it is answered: a quiet clinic."""
    with contender(kind, course, 1 if kind == "stock" else 256) as process:
        _until_answered(course, steps(course, 0, warm))
        before, begun = cpu_of(process), time.monotonic()
        load = steps(course, warm, warm + people)
        for step in load:
            _until_answered(course, [step])
        return Run(len(load), cpu_of(process) - before, time.monotonic() - begun)
