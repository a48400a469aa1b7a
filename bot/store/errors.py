"""What can go wrong with the database itself, each as a sentence that tells a person what to do.

A mistake in a query stays what SQLAlchemy calls it (IntegrityError and so on); only what a person at the clinic could
mend becomes a StoreError.
"""

from pathlib import Path


class StoreError(Exception):
    """The database cannot do what was asked; the text is a sentence for the person who runs the program."""


class CannotOpen(StoreError):
    """The file cannot be opened, read or locked: no such folder, no permission, damage."""


class NotADatabase(StoreError):
    """The file is something else, or a database that another program made."""


class NewerDatabase(StoreError):
    """A newer program has written this database; an older one must not touch it."""

    def __init__(self, path: Path, found: str, newest: str) -> None:
        super().__init__(
            f"{path} is of version {found}, and this program knows versions up to {newest}: "
            f"install the newer program again, or restore a backup of version {newest}"
        )
        self.found, self.newest = found, newest


class OlderDatabase(StoreError):
    """The database must be migrated first, and the caller asked not to."""

    def __init__(self, path: Path, found: str | None, newest: str) -> None:
        what = "is not made yet" if found is None else f"is of version {found}"
        super().__init__(f"{path} {what}, and this program needs version {newest}: start the bot once, it sees to that")
        self.found, self.newest = found, newest


class ChangedWording(StoreError):
    """A questionnaire that was answered has other words under the same version."""


class BackupFailed(StoreError):
    """A copy of the database could not be made or is not whole; the original was not touched."""


class CannotRestore(StoreError):
    """A backup cannot be put there: it is damaged, of a newer program, or the place is taken."""


class Damaged(StoreError):
    """The file is not whole; `found` says what is wrong, in a clause."""

    def __init__(self, path: Path, found: str, remedy: str = "") -> None:
        super().__init__(f"{path} is damaged: {found}." + (f" {remedy}" if remedy else ""))
        self.path, self.found = path, found


class MigrationFailed(StoreError):
    """A migration raised; it was rolled back, so the database is as it was before."""


class NotStored(StoreError):
    """The transaction was rolled back for a reason outside the program: disk full, I/O error, locked for too long."""


class StoreClosed(StoreError):
    """The store was asked to write or read after it was closed."""


class NotDrained(StoreError):
    """Writes were still waiting when the time to close ran out; what was not acknowledged may be lost."""


class KeyMissing(StoreError):
    """A key is not there, or is another one; without it nothing that was answered can be read."""


class NeedsCipher(StoreError):
    """The file is encrypted, and this program's SQLite cannot read such files."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is encrypted, and sqlcipher3 is not installed. Install it into Accord's environment: "
            'pip install "sqlcipher3>=0.6.4"'
        )


class CannotRotate(StoreError):
    """The master key cannot be replaced by this program, as it is kept elsewhere."""


class KeyDestroyed(StoreError):
    """What should be opened was erased: its key does not exist any more."""


class Unreadable(StoreError):
    """What is sealed does not open: it was moved, swapped, put back from an earlier time, or changed."""
