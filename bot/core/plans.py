"""Whose plan: the clinic's, with what the therapist's says differently, and then the patient's; field by field."""

from bot.core.person import Pair, Person
from bot.core.plan import Plan, changed, of_therapist


def wished_by(therapist: Person, plan: Plan) -> Plan:
    """The clinic's plan with the therapist's own, and with the therapist's wishes for digests."""
    own = changed(plan, therapist.plan)
    return of_therapist(own, therapist.digest_lead, therapist.digest_at, therapist.weekly_at)


def plan_of(pair: Pair, plan: Plan) -> Plan:
    """The plan of one pair: what the patient's says stands above all."""
    return changed(wished_by(pair.therapist, plan), pair.patient.plan)
