"""What an address names: a patient, a therapist, an appointment. What is not this visitor's does not exist."""

from datetime import date

from sqlalchemy import Connection

from bot.config import Config
from bot.core.person import Pair, Person
from bot.core.walltime import local_date, zone_of
from bot.store import board, people
from bot.store.board import Slot
from bot.web.change import Option
from bot.web.visit import Missing, Visit

NAMES = {"en": "English", "es": "Español"}
"""A language is named in itself, whatever the page's is."""


def patient(conn: Connection, visit: Visit) -> Person:
    """The patient of the address; a therapist's own patients only."""
    who = _of_role(conn, visit, "patient")
    if visit.who.role == "therapist" and all(pair.therapist.id != visit.who.id for pair in people.own_pairs(conn, who)):
        raise Missing
    return who


def therapist(conn: Connection, visit: Visit) -> Person:
    """The therapist of the address."""
    return _of_role(conn, visit, "therapist")


def staff(conn: Connection, visit: Visit) -> Person:
    """Somebody of the staff, by the address."""
    return _of_role(conn, visit, "staff")


def _of_role(conn: Connection, visit: Visit, role: str) -> Person:
    who = people.find(conn, visit.at("code"))
    if who is None or who.role != role:
        raise Missing
    return who


def pair(conn: Connection, who: Person) -> Pair | None:
    """The patient's present pair."""
    pairs = people.own_pairs(conn, who)
    return pairs[0] if pairs else None


def slot(conn: Connection, visit: Visit) -> Slot:
    """The appointment of the address."""
    found = board.slot(conn, visit.request.path_params["number"])
    if found is None:
        raise Missing
    return found


# ------------------------------------------------------------------------------------------------ to choose from


def languages(config: Config) -> list[Option]:
    """The languages of the clinic."""
    return [(code, NAMES[code]) for code in config.clinic.languages]


def therapists(conn: Connection, but: int | None = None, reached: bool = False) -> list[Option]:
    """The therapists who are not discharged; only those who can be reached in the chat if that is needed."""
    found = [who for who in people.people(conn, "therapist") if who.state != "discharged" and who.id != but]
    return [(who.code, who.code) for who in found if who.can_be_asked or not reached]


def clinic_day(visit: Visit) -> date:
    """The date on the wall of the clinic."""
    return local_date(visit.now, zone_of(visit.config.clinic.zone))
