"""S7: files that are not as they should be: settings, questionnaires, calendars, tables. Sound ones are changed in one
to three places; whatever comes of it, the program reads it, or says in sentences what is wrong, by file and line.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bot.clinic_import import read_closures, read_sessions
from bot.config import Config, load, shipped_questionnaires
from bot.prove.proof import Tally, check
from bot.prove.watch import Watch
from bot.prove.world import configured, memory
from bot.store.people import Refused

WITHIN_S = 2.0
AT = datetime(2026, 11, 3, 14, 15, tzinfo=UTC)
ODD = (
    b"", b"\x00", b"\xff\xfe", b"\xe9", b"\xef\xbb\xbf", b'"', b"'''", b"[[", b"]", b"{" * 200, b"=", b"#", b";", b",",
    b"\r", b"\n\n", b"-1", b"1e999", b"9" * 400, b"true", b"inf", b"2026-02-30", b"25:61", b"99999-01-01", b"P-014",
    "\u202e".encode(), b"x" * 20_000, b"BEGIN:VEVENT", b"END:VCALENDAR", b"RRULE:FREQ=SECONDLY",
    b"[item]", b"a.b.c = 1",
)  # fmt: skip
_HEAD = b"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//accord//prove//EN\nBEGIN:VEVENT\nDTSTAMP:20261101T100000Z\n"
_FOOT = b"END:VEVENT\nEND:VCALENDAR\n"
_MEETING = b"""UID:one@clinic
DTSTART;TZID=America/Denver:20261110T140000
DTEND;TZID=America/Denver:20261110T150000
RRULE:FREQ=WEEKLY;COUNT=6
EXDATE;TZID=America/Denver:20261124T140000
SUMMARY:P-014
"""
_FEAST = b"""UID:two@clinic
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20261227
SUMMARY:Christmas
"""
APPOINTMENTS, CLOSED = _HEAD + _MEETING + _FOOT, _HEAD + _FEAST + _FOOT
TABLE = b"patient,starts,minutes\nP-014,2026-11-10T14:00,60\nP-015,2026-11-11T09:30,\nP-014,2026-11-17T14:00,45\n"


def mutated(seed: int, amount: int, tally: Tally) -> None:
    """So many files. Raises Broken."""
    random, kinds = Random(seed), list(KINDS)
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        place = _Place(Path(folder))
        for name, read in KINDS.items():
            said = "".join(read(place, one) for one in place.sound(name))
            check(not said, f"a sound {name} is refused: {said}")
        for number in range(amount):
            name = kinds[number % len(kinds)]
            sound = random.choice(place.sound(name))
            data = changed(sound, random)
            watch = Watch()
            try:
                said = KINDS[name](place, data)
            except Exception as error:
                check(False, f"{name} that ends in {type(error).__name__}: {error}\n{data[:3000]!r}")
            check(watch.seconds < WITHIN_S, f"{name} that took {watch.seconds:.1f} s:\n{data[:3000]!r}")
            tally.struck[name] += 1
            tally.figures[f"{name}: {'refused' if said else 'read'}"] += 1
            tally.done += 1


def changed(data: bytes, random: Random) -> bytes:
    """In one to three places something else."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        lines = data.splitlines(keepends=True) or [b""]
        at = random.randrange(len(lines))
        what = random.randrange(7)
        if what == 0:
            lines.pop(at)
        elif what == 1:
            lines.insert(at, lines[random.randrange(len(lines))])
        elif what == 2:
            lines[at] = _with(lines[at], random, random.choice(ODD))
        elif what == 3:
            lines[at] = lines[at].partition(b"=")[0] + b"= " + random.choice(ODD) + b"\n"
        elif what == 4:
            lines[at] = _with(lines[at], random, bytes([random.randrange(256)]))
        elif what == 5:
            return data[: random.randrange(len(data) + 1)]
        else:
            random.shuffle(lines)
        data = b"".join(lines)
    return data


def _with(line: bytes, random: Random, odd: bytes) -> bytes:
    at = random.randrange(len(line) + 1)
    return line[:at] + odd + line[at + random.randint(0, 2) :]


def _alike(one: bytes, other: bytes) -> int:
    """How many lines of one are in the other."""
    return len(set(one.splitlines()) & set(other.splitlines()))


class _Place:
    """A folder with sound settings and questionnaires, of which one is put in the place of a changed one."""

    def __init__(self, folder: Path) -> None:
        self.asked = folder / "questionnaires"
        self.asked.mkdir()
        self.config: Config = configured(folder)
        self._settings = self.config.file.read_bytes().replace(
            f'folder = "{shipped_questionnaires()}"'.encode(), b'folder = "questionnaires"'
        )
        self._items = {file.name: file.read_bytes() for file in sorted(shipped_questionnaires().glob("*.toml"))}

    def sound(self, name: str) -> list[bytes]:
        """What is changed."""
        return {
            "settings": [self._settings], "questionnaire": list(self._items.values()), "calendar": [APPOINTMENTS],
            "closed days": [CLOSED], "table": [TABLE],
        }[name]  # fmt: skip

    def settings(self, data: bytes) -> str:
        """What is said of these settings."""
        self._lay(data)
        return self._said("config.toml")

    def questionnaire(self, data: bytes) -> str:
        """What is said of this questionnaire, in the place of one that is asked."""
        self._lay(self._settings)
        name = max(self._items, key=lambda n: _alike(self._items[n], data))
        (self.asked / name).write_bytes(data)
        return self._said(name)

    def _lay(self, settings: bytes) -> None:
        self.config.file.write_bytes(settings)
        for name, content in self._items.items():
            (self.asked / name).write_bytes(content)

    def _said(self, name: str) -> str:
        """Every mistake names its file; those of the changed one its line, unless the whole file is meant."""
        config, mistakes = load(self.config.file)
        check((config is None) == bool(mistakes), f"{name} is refused without a word")
        for one in mistakes:
            words = str(one)
            check(one.file != "" and len(one.says) > 8, f"a mistake without a place or a sentence: {words}")
        return "\n".join(map(str, mistakes))

    def appointments(self, data: bytes, kind: str) -> str:
        """What is said of these appointments."""
        _, bad = read_sessions(self.config, kind, data, "summary", ("P-014", "P-015"), AT)
        check(all(one.line >= 1 and len(one.says) > 8 for one in bad), f"a mistake without a line: {bad}")
        return "\n".join(map(str, bad))

    @staticmethod
    def closed(data: bytes) -> str:
        """What is said of these closed days."""
        try:
            read_closures(data, AT)
        except Refused as error:
            check(str(error).startswith("line "), f"a mistake without a line: {error}")
            return str(error)
        return ""


KINDS: dict[str, Callable[[_Place, bytes], str]] = {
    "settings": _Place.settings,
    "questionnaire": _Place.questionnaire,
    "calendar": lambda place, data: place.appointments(data, ".ics"),
    "closed days": lambda place, data: place.closed(data),
    "table": lambda place, data: place.appointments(data, ".csv"),
}
