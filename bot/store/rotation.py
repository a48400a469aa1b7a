"""Another master key: every data key is wrapped anew. Whatever step it is cut off at, everything stays readable.

The next master key is on the disk before anything is wrapped with it; the file of wrapped keys changes from one to the
other in one step and says which it needs; then the next one takes the name of the old one. Started again after a stop,
it finishes what was begun. What is sealed is not touched, so it takes as long for a year of answers as for a day.
"""

from pathlib import Path

from bot.store import keys
from bot.store.errors import CannotRotate
from bot.store.keys import Line


def rotate(database: Path) -> int:
    """Replace the master key; how many keys are wrapped by the new one. Raises CannotRotate or KeyMissing."""
    keys.require(database)
    if not keys.whence(database).startswith(str(database)):
        raise CannotRotate(
            f"the master key comes from {keys.whence(database)}, where only you can change it: put it into "
            f"{keys.master_file(database)}, readable by its owner only, take it out there, and rotate then"
        )
    following = keys.next_master_file(database)
    if not following.exists():
        keys.write_master(following, database)
    new = keys.read_master(following)
    if keys.wanted(database) != keys.fingerprint(new):
        old = keys.fitting(database)
        keys.write_anew(database, lambda there: [_rewrapped(line, old, new) for line in there], new)
    following.replace(keys.master_file(database))
    keys.sync_folder(database.parent)
    return sum(line.wrapped is not None for line in keys.all_lines(database))


def _rewrapped(line: Line, old: bytes, new: bytes) -> Line:
    if line.wrapped is None:
        return line
    return Line(line.number, line.owner, keys.wrap(new, keys.unwrap(old, line), line.owner), line.at)
