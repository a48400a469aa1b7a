"""The plan: what is asked of whom, when, relative to a session. Every number is a default a clinic can change."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import time, timedelta
from typing import Any, Literal

DigestAt = Literal["lead", "morning"]
"""lead: each digest some time before its session; morning: one message with a line for each of the day's pairs."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Plan:
    """When check-ins open, remind and close, and when digests come.

    Durations are elapsed time; times of day are the receiver's own. `quiet_from == quiet_until` means no quiet hours.
    """

    session_length: timedelta = timedelta(minutes=60)

    ask_patient: bool = True
    ask_therapist: bool = True

    patient_opens_after: timedelta = timedelta(minutes=60)
    patient_reminds_after: timedelta = timedelta(hours=24)
    patient_closes_after: timedelta = timedelta(hours=72)
    patient_closes_before_next: timedelta = timedelta(hours=2)
    patient_finish_within: timedelta = timedelta(minutes=30)
    patient_late_for: timedelta = timedelta(days=7)
    ask_every: int = 1

    therapist_opens_after: timedelta = timedelta(0)
    therapist_reminds_after: timedelta = timedelta(hours=24)
    therapist_closes_after: timedelta = timedelta(days=7)
    therapist_bond: bool = False

    homework: bool = True
    homework_time: time = time(18, 0)
    homework_next_within: timedelta = timedelta(days=10)
    homework_days_before: int = 1
    homework_days_after: int = 6
    homework_opens_after: timedelta = timedelta(minutes=60)
    homework_closes_before_next: timedelta = timedelta(hours=2)
    homework_closes_after: timedelta = timedelta(hours=48)

    digest: DigestAt = "lead"
    digest_before: timedelta = timedelta(minutes=60)
    digest_morning: time = time(7, 30)
    weekly_day: int = 0
    weekly_time: time = time(7, 0)

    quiet_from: time = time(21, 0)
    quiet_until: time = time(8, 0)

    hide_after: timedelta = timedelta(minutes=5)
    evening: time = time(19, 0)
    morning: time = time(8, 0)


OF_THE_CLINIC = frozenset({"patient_finish_within", "patient_late_for", "hide_after", "evening", "morning"})
"""How a form behaves in the chat, and what the words on its buttons mean: the same for everybody in a clinic."""
OF_A_THERAPIST = frozenset({"digest", "digest_morning", "weekly_day", "weekly_time"})
"""What concerns all pairs of a therapist at once: no plan of a single patient says it."""

Changes = Mapping[str, Any]
"""What a therapist's or a patient's plan changes, as plain values: seconds, "HH:MM", numbers, true and false."""


def changed(plan: Plan, changes: Changes | None) -> Plan:
    """A plan with what another, closer one says differently. Keys that are no fields are left alone."""
    known = {field.name for field in fields(Plan)} & (changes or {}).keys()
    return replace(plan, **{key: _like(getattr(plan, key), (changes or {})[key]) for key in known}) if known else plan


def _like(old: object, value: Any) -> Any:
    if isinstance(old, timedelta):
        return timedelta(seconds=value)
    return time.fromisoformat(value) if isinstance(old, time) else value


def plain(value: Any) -> Any:
    """A value of a plan as it is kept: the opposite of what `changed` does with it."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value.isoformat(timespec="minutes") if isinstance(value, time) else value


def of_therapist(plan: Plan, lead: int | None, digest: str | None, weekly_at: str | None) -> Plan:
    """The clinic's plan with what a therapist wishes: minutes before the session, lead or morning, "Mon 07:00"."""
    if lead is not None:
        plan = replace(plan, digest_before=timedelta(minutes=lead))
    if digest is not None:
        plan = replace(plan, digest="morning" if digest == "morning" else "lead")
    if weekly_at is not None:
        day, _, clock = weekly_at.partition(" ")
        plan = replace(plan, weekly_day=WEEKDAYS.index(day), weekly_time=time.fromisoformat(clock))
    return plan
