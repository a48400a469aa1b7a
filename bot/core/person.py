"""Who is known: patients, therapists and staff, by code only; and the pairs they form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.core.plan import Changes
from bot.core.schedule import AskAt

Role = Literal["patient", "therapist", "staff"]
PersonState = Literal[
    "invited", "consenting", "settling", "choosing", "active", "paused", "declined", "stopped", "discharged"
]
JOINING: tuple[PersonState, ...] = ("consenting", "settling", "choosing")
APART: tuple[PersonState, ...] = ("paused", "declined", "stopped", "discharged")
"""Whoever is not asked because that was decided, not because they cannot be reached."""

GIVEN_UP: tuple[PersonState, ...] = ("declined", "stopped")
"""Of a patient: nobody is asked about the work any more, and no digest comes."""


@dataclass(frozen=True, slots=True)
class Expects:
    """What somebody was asked to type: `what` names it, `pair` and `about` (a goal's number, a session) say of which.

    Words that come after `until` (UTC) are like any others again.
    """

    what: str
    pair: int
    about: int
    until: datetime

    def to_json(self) -> dict[str, Any]:
        """Plain values, as stored with the person."""
        return {"what": self.what, "pair": self.pair, "about": self.about, "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Expects":
        """The opposite of `to_json`."""
        return cls(data["what"], data["pair"], data["about"], datetime.fromisoformat(data["until"]))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with (perhaps) a chat. `code` is the only name the program knows: P-014, T-1.

    A therapist's wishes, None: as the clinic's plan has it. `digest_lead`: minutes before the session; `digest_at`:
    "lead" or "morning"; `weekly_at`: "Mon 07:00".
    """

    id: int
    clinic_id: int
    role: Role
    code: str
    zone: str
    lang: str
    state: PersonState
    chat_id: int | None = None
    unreachable_since: datetime | None = None
    ask_at: AskAt = "after"
    ask_every: int = 1
    message_id: int | None = None
    digest_lead: int | None = None
    digest_at: str | None = None
    weekly_at: str | None = None
    expects: Expects | None = None
    plan: Changes | None = None  # what the desk has changed of the plan for this person
    pilot: bool = False  # takes part in the pilot
    on_page: bool = False  # wants nothing but links in the own chat

    @property
    def can_be_asked(self) -> bool:
        """Whether a message can and may reach this person."""
        return self.state == "active" and self.chat_id is not None and self.unreachable_since is None


@dataclass(frozen=True, slots=True)
class Pair:
    """One patient with one therapist."""

    id: int
    clinic_id: int
    patient: Person
    therapist: Person

    def other(self, who: Person) -> Person:
        """The other side."""
        return self.therapist if who.id == self.patient.id else self.patient
