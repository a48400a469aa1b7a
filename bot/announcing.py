"""What a therapist is told without having asked: a digest is ready, words are new, words have waited unread."""

from datetime import datetime

from sqlalchemy import Connection

from bot.chat import days, digests, pages
from bot.config import Config
from bot.core import pilot
from bot.core.person import APART, GIVEN_UP, Person
from bot.core.plans import wished_by
from bot.core.walltime import after_quiet, local_date, zone_of
from bot.message import Button, Message
from bot.render import phrase
from bot.store import appointments, away, checkins, loops, outbox, people, pilots
from bot.store import digests as kept_digests
from bot.store.digests import KeptDigest


def announce(conn: Connection, digest_id: str, config: Config, now: datetime) -> None:
    """Say that a digest is ready; its text is made when it is opened, from what is there then."""
    kept = kept_digests.by_digest_id(conn, digest_id)
    therapist = people.by_id(conn, kept.therapist_id)
    if kept.pair_id is None:
        appointments.plan_own_digests(conn, therapist, config.plan, now)
    reader = away.reader_for(conn, therapist, now)
    why = _why_not(conn, kept, therapist, reader, now)
    if why is not None:
        kept_digests.mark(conn, digest_id, "not_sent", now, why)
        return
    kept_digests.mark(conn, digest_id, "sent", now)
    if reader.id == therapist.id and kept.pair_id is not None and _in_the_mornings(conn, therapist, config, now):
        return
    silent = kept.pair_id is not None and not _has_news(conn, kept, config, now)
    body = digests.prompt(kept, reader).to_json() | {"silent": silent}
    outbox.add(conn, reader, f"digest:{digest_id}:{kept.local}", "digest", body, now, about=digest_id)


def _why_not(conn: Connection, kept: KeptDigest, therapist: Person, reader: Person, now: datetime) -> str | None:
    """Why a digest is not sent; None if it is."""
    if pilots.holds(conn, reader, kept.planned or now):
        return pilot.WHY
    if reader.state in APART:
        return "paused" if reader.state == "paused" else "stopped"
    if not reader.can_be_asked:
        return "not in yet" if reader.unreachable_since is None else "unreachable"
    if kept.pair_id is not None and people.pair_of(conn, kept.pair_id).patient.state in GIVEN_UP:
        return "stopped"
    if kept.starts is not None and now >= kept.starts:
        return "too late"
    return "no session" if _has_no_session(conn, kept, therapist, reader) else None


def _has_no_session(conn: Connection, kept: KeptDigest, therapist: Person, reader: Person) -> bool:
    """A morning without sessions has no digest; nor has one that somebody covers, who gets each digest by itself."""
    if kept.day is None:
        return False
    return reader.id != therapist.id or not appointments.of_day(conn, therapist.id, kept.day, zone_of(therapist.zone))


def _in_the_mornings(conn: Connection, therapist: Person, config: Config, now: datetime) -> bool:
    """Whether the morning's message stands for this digest too: then its page is brought up to date."""
    if wished_by(therapist, config.plan).digest != "morning":
        return False
    return days.bring_up_to_date(conn, therapist, local_date(now, zone_of(therapist.zone)), config, now)


def _has_news(conn: Connection, kept: KeptDigest, config: Config, now: datetime) -> bool:
    """A digest without a flag arrives silently, unless it asks for the therapist's own form first."""
    if kept_digests.open_forms(conn, kept.pair_id or 0, kept.therapist_id):
        return True
    return pages.build(conn, kept.pair_id or 0, kept.local or "", kept.starts or now, config, now).has_flag


def unread(conn: Connection, check_in_id: str, config: Config, now: datetime) -> None:
    """Own words that nobody has opened for days: the therapist is told, without a word of them, until they are read."""
    kept = checkins.by_check_in_id(conn, check_in_id)
    therapist = away.reader_for(conn, people.pair_of(conn, kept.pair_id).therapist, now)
    plan = wished_by(therapist, config.plan)
    awake = after_quiet(now, zone_of(therapist.zone), plan.quiet_from, plan.quiet_until)
    loops.words_again(conn, check_in_id, awake if awake > now else now + loops.UNREAD_AFTER)
    if awake == now and therapist.can_be_asked:
        opens = Button(phrase(therapist.lang, "open"), f"p:{kept.pair_id}:open")
        body = Message(phrase(therapist.lang, "words_unread"), ((opens,),)).to_json()
        outbox.add(conn, therapist, f"unread:{check_in_id}:{now.date()}", "notice", body, now)
