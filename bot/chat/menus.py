"""The menu of commands in each chat, by role and language. It goes through the outbox, as nobody waits for it."""

from datetime import datetime

from sqlalchemy import Connection

from bot.core.person import Person
from bot.render import phrase
from bot.store import outbox

MENUS = {
    "patient": (
        "checkin",
        "mine",
        "goals",
        "homework",
        "away",
        "settings",
        "privacy",
        "mydata",
        "help",
        "stop",
        "forget",
    ),
    "therapist": ("today", "digest", "rate", "goals", "homework", "patients", "settings", "help"),
    "staff": ("settings", "help"),
}


def offered(who: Person) -> list[list[str]]:
    """The commands of a role: name, and what it does in the person's language."""
    return [[name, phrase(who.lang, f"command_{name}")] for name in MENUS.get(who.role, ())]


def show(conn: Connection, who: Person, now: datetime) -> None:
    """Set the menu of this person's chat."""
    outbox.add(conn, who, f"menu:{who.id}:{now.isoformat()}", "menu", {"commands": offered(who)}, now)
