"""R16: a damaged database file, damaged one way at a time: is it found before it is used, and what is not found?

What must be found: a file cut short, a -wal taken away, an old copy in the file's place, and every change of a backup.
What is only counted: flipped bits, overwritten and swapped pages. SQLite has no checksum of a page, so a bit that flips
inside a value makes another valid value; the page says how many of these nobody noticed.

R16E: the same of an encrypted file. There each page has a checksum, and what is only counted above must be found, too,
if it changes anything that is stored; but for a page put back as it was a day ago, which has the checksum of its time.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bot.config import Config
from bot.core.backups import Backup
from bot.prove.clinicfile import DAYS_S, FEW_DAYS_S, Left, held_in, left_behind
from bot.prove.proof import Skipped, Tally, check
from bot.prove.world import configured, memory
from bot.store import backups, soundness
from bot.store.driver import CIPHER, sqlite3
from bot.store.errors import CannotRestore, Damaged, StoreError
from bot.upkeep import require_sound

PAGE, MANY = 4096, 100
Files = dict[str, bytes]
"""What lies there after the damage, by the end of its name: "" and perhaps "-wal"."""
MADE_AT = datetime(2026, 10, 22, 12, 0, tzinfo=UTC)


def flipped(data: bytes, random: Random) -> bytes:
    """One bit is another."""
    changed, at = bytearray(data), random.randrange(len(data))
    changed[at] ^= 1 << random.randrange(8)
    return bytes(changed)


def _page(data: bytes, random: Random, other: bytes) -> bytes:
    """One page is what `other` has there."""
    at = random.randrange(min(len(data), len(other)) // PAGE) * PAGE
    return data[:at] + other[at : at + PAGE] + data[at + PAGE :]


def _swapped(data: bytes, random: Random) -> bytes:
    """Two pages are in each other's place."""
    first, second = sorted(n * PAGE for n in random.sample(range(len(data) // PAGE), 2))
    pages = data[first : first + PAGE], data[second : second + PAGE]
    return data[:first] + pages[1] + data[first + PAGE : second] + pages[0] + data[second + PAGE :]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of damage. `weight`: how many of each hundred; `promised`: it must be found; `by_page`: in an encrypted
    file it must be.
    """

    name: str
    weight: int
    promised: bool
    of: Callable[[Left, Random], Files]
    by_page: bool = False


KINDS = (
    Kind("bit of the file", 80, False, lambda left, random: {"": flipped(left.whole, random)}, by_page=True),
    Kind("bit of the -wal", 2, False, lambda left, random: {"": left.base, "-wal": flipped(left.log, random)}),
    Kind("file cut short", 8, True, lambda left, random: {"": left.whole[: random.randrange(len(left.whole))]}),
    Kind("-wal cut short", 2, False, lambda left, random: {
        "": left.base, "-wal": left.log[: random.randrange(len(left.log))]}),
    Kind("-wal taken away", 2, True, lambda left, random: {"": left.base}),  # noqa: ARG005
    Kind("old copy put back", 2, True, lambda left, random: {"": left.old}),  # noqa: ARG005
    Kind("pages swapped", 2, False, lambda left, random: {"": _swapped(left.whole, random)}, by_page=True),
    Kind("page as it was a day ago", 2, False, lambda left, random: {"": _page(left.whole, random, left.old)}),
    Kind("page of noise", 2, False, lambda left, random: {
        "": _page(left.whole, random, random.randbytes(len(left.whole)))}, by_page=True),
)  # fmt: skip


def damages(seed: int, amount: int, tally: Tally) -> None:
    """So many damages of a plain file, and as many of a backup. Raises Broken."""
    _damaged(seed, amount, tally, encrypted=False)


def of_encrypted(seed: int, amount: int, tally: Tally) -> None:
    """So many damages of an encrypted file, and as many of a backup. Raises Broken; Skipped without SQLCipher."""
    if not CIPHER:
        raise Skipped("there is no sqlcipher3")
    _damaged(seed, amount, tally, encrypted=True)


def _damaged(seed: int, amount: int, tally: Tally, encrypted: bool) -> None:
    random, left = Random(seed), left_behind(seed, DAYS_S if amount >= MANY else FEW_DAYS_S, encrypted)
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        tried = _Tried(Path(folder), left, encrypted)
        for sound in ({"": left.whole}, {"": left.base, "-wal": left.log}):
            check(not (said := tried.found(sound)), f"it is sound, and refused: {said}")
        for kind in random.choices(KINDS, [kind.weight for kind in KINDS], k=amount):
            files = kind.of(left, random)
            tally.struck[kind.name] += 1
            tally.figures[f"struck {kind.name}"] += 1
            tally.figures[f"{kind.name} {tried.outcome(kind, files)}"] += 1
            tried.backup_damaged(random)
            tally.struck["bit of a backup"] += 1
            tally.done += 1


class _Tried:
    """A place in which one damaged clinic after the other lies."""

    def __init__(self, folder: Path, left: Left, encrypted: bool) -> None:
        self._left, self._place, self._encrypted = left, folder / "clinic", encrypted
        self._place.mkdir()
        kept = folder / "backups"
        config = configured(self._place, encrypted)
        self.config: Config = replace(config, backup=replace(config.backup, folder=kept))
        for end, content in left.keys.items():
            config.database.path.with_name(config.database.path.name + end).write_bytes(content)
        self._lay({"": left.whole})
        self._backup: Backup = backups.make(self.config.database.path, kept, MADE_AT)
        self._kept = kept / self._backup.name
        self._sound = self._kept.read_bytes()

    def _lay(self, files: Mapping[str, bytes]) -> None:
        """These files, and no others, with the note of the last sign of life."""
        path = self.config.database.path
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        for end, content in files.items():
            path.with_name(path.name + end).write_bytes(content)
        soundness.remember(path, alive_at=self._left.alive_at)

    def found(self, files: Mapping[str, bytes]) -> str:
        """What a start says, or "". What it says names the backup and the command that restores it."""
        self._lay(files)
        try:
            require_sound(self.config)
        except Damaged as error:
            remedy = f'accord restore "{self._kept}" --to'
            check(remedy in str(error), f"damage is told without the remedy: {error}")
            return str(error)
        except StoreError as error:
            check(False, f"damage is told without the remedy: {type(error).__name__}: {error}")
        return ""

    def outcome(self, kind: Kind, files: Mapping[str, bytes]) -> str:
        """ "found", "harmless" (every row is as it was), or "not found"."""
        if self.found(files):
            return "found"
        promised = kind.promised or (self._encrypted and kind.by_page)
        try:
            same = held_in(self.config.database.path) == self._left.holds
        except (sqlite3.Error, UnicodeDecodeError) as error:
            check(not promised, f"{kind.name}, and nobody noticed: {error}")
            return "not found"
        check(same or not promised, f"{kind.name}, and nobody noticed")
        return "harmless" if same else "not found"

    def backup_damaged(self, random: Random) -> None:
        """A bit of the backup flips: its checksum differs, and nobody can restore it."""
        self._kept.write_bytes(flipped(self._sound, random))
        said = backups.problem_of(self._kept.parent, self._backup)
        check(said != "", "a bit of a backup flipped, and nobody noticed")
        try:
            backups.restore(self._kept, self._place / "restored.db")
        except CannotRestore:
            self._kept.write_bytes(self._sound)
            return
        check(False, "a backup in which a bit had flipped was restored")
