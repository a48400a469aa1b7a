"""Who may see and change what: one table, role by thing and verb. Every command, tap, page and desk verb asks it.

What a role may do is in the table; whose things these are is asked of the store, and whatever is not somebody's own
does not exist for them: "not yours" and "there is none" look the same. `operator` is whoever runs the server and with
it the command line; that person could read the database anyway, which is why every answer leaves it only by `export`.
"""

from typing import Literal

Who = Literal["patient", "therapist", "staff", "operator"]
WHO: tuple[Who, ...] = ("patient", "therapist", "staff", "operator")
Reach = Literal["own", "pair", "named", "clinic"]
"""own: one's own only. pair: of the pairs one is a side of (a therapist also of those covered, or taken over with their
history). named: if the configuration names this person. clinic: of the whole clinic.
"""
Right = tuple[str, str]
"""A thing and a verb."""

TABLE: dict[Right, dict[Who, Reach]] = {
    ("check-in", "answer"): {"patient": "own"},
    ("form", "answer"): {"therapist": "own"},
    ("own answers", "see"): {"patient": "own"},
    ("answers", "see"): {"therapist": "pair"},
    ("answers", "export"): {"operator": "clinic"},
    ("record", "see"): {"patient": "own"},
    ("record", "erase"): {"patient": "own", "operator": "clinic"},
    ("digest", "see"): {"therapist": "pair"},
    ("goals", "change"): {"patient": "pair", "therapist": "pair"},
    ("homework", "see"): {"patient": "pair", "therapist": "pair"},
    ("picture", "hide"): {"patient": "own", "therapist": "own"},
    ("consent", "see"): {"patient": "own"},
    ("consent", "change"): {"patient": "own"},
    ("away", "change"): {"patient": "own", "operator": "clinic"},
    ("call", "ask"): {"patient": "own", "therapist": "named", "staff": "named"},
    ("settings", "change"): {"patient": "own", "therapist": "own", "staff": "own"},
    ("new phone", "confirm"): {"therapist": "pair", "operator": "clinic"},
    ("page", "open"): {"therapist": "own", "staff": "own", "operator": "clinic"},
    ("second factor", "reset"): {"operator": "clinic"},
    ("schedule", "see"): {"therapist": "pair", "staff": "clinic", "operator": "clinic"},
    ("schedule", "change"): {"staff": "clinic", "operator": "clinic"},
    ("people", "see"): {"therapist": "pair", "staff": "clinic", "operator": "clinic"},
    ("people", "change"): {"staff": "clinic", "operator": "clinic"},
    ("deliveries", "see"): {"therapist": "pair", "staff": "clinic", "operator": "clinic"},
    ("numbers", "see"): {"staff": "clinic"},
    ("pilot", "change"): {"operator": "clinic"},
}

COMMANDS: dict[str, Right] = {
    "checkin": ("check-in", "answer"), "rate": ("form", "answer"), "mine": ("own answers", "see"),
    "goals": ("goals", "change"), "homework": ("homework", "see"), "away": ("away", "change"),
    "zone": ("settings", "change"), "settings": ("settings", "change"), "privacy": ("consent", "see"),
    "stop": ("consent", "change"), "forget": ("record", "erase"), "mydata": ("record", "see"),
    "digest": ("digest", "see"),
    "today": ("digest", "see"), "patients": ("people", "see"), "pair": ("answers", "see"), "login": ("page", "open"),
}  # fmt: skip
"""What somebody can send with a slash. /start and /help are everybody's."""

TAPS: dict[str, tuple[Right, ...]] = {
    "c": (("check-in", "answer"), ("form", "answer")), "d": (("digest", "see"),), "p": (("answers", "see"),),
    "e": (("settings", "change"),), "m": (("own answers", "see"),), "i": (("picture", "hide"),),
    "g": (("goals", "change"),), "h": (("homework", "see"),), "a": (("away", "change"),),
    "r": (("new phone", "confirm"),), "w": (("page", "open"),), "k": (("call", "ask"),), "y": (("record", "see"),),
    "f": (("record", "erase"),),
}  # fmt: skip
"""By the first letter of what a button sends; one of the rights is enough."""

VERBS: dict[str, Right] = {
    **dict.fromkeys(("add_therapist", "add_patient", "add_staff", "invite", "pause", "resume", "transfer", "discharge",
                     "discharge_staff", "discharge_therapist", "set_person", "revoke_invite"), ("people", "change")),
    **dict.fromkeys(("listed", "show"), ("people", "see")),
    **dict.fromkeys(("add_session", "move_session", "move_following", "cancel_week", "mark_session", "set_weekly",
                     "end_weekly", "add_closure", "remove_closure", "import_closures", "import_sessions", "set_leave",
                     "end_leave", "set_plan"), ("schedule", "change")),
    **dict.fromkeys(("list_closures", "show_plan", "list_away"), ("schedule", "see")),
    **dict.fromkeys(("set_away", "remove_away"), ("away", "change")),
    **dict.fromkeys(("ledger", "ledger_csv"), ("deliveries", "see")),
    **dict.fromkeys(("pilot_add", "pilot_remove", "pilot_list"), ("pilot", "change")),
    "reset_factor": ("second factor", "reset"),
    "login": ("page", "open"), "decide_relink": ("new phone", "confirm"), "export": ("answers", "export"),
}  # fmt: skip
"""The verbs of the command line."""


def reach(who: str, *rights: Right) -> Reach | None:
    """How far somebody of this role may go with one of these; None: for them it does not exist."""
    found = (TABLE[right].get(role) for right in rights for role in WHO if role == who)
    return next((one for one in found if one is not None), None)


def as_table() -> str:
    """The table for people to read, in Markdown: what is not said is not allowed."""
    head = ["| | " + " | ".join(WHO) + " |", "| --- |" + " --- |" * len(WHO)]
    rows = (
        f"| {verb} {thing} | " + " | ".join(row.get(who, "") for who in WHO) + " |"
        for (thing, verb), row in TABLE.items()
    )
    return "\n".join([*head, *rows])
