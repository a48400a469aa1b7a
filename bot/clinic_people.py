"""What staff do about people: days away, leave, pauses, another therapist, the end, a new phone. Functions of a
connection, each one transaction; a request that cannot be carried out raises Refused, a sentence, and writes nothing.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from bot import clinic
from bot.chat import joining, menus, relink
from bot.clinic import Shown, code_or_refuse, lang_or_refuse, person_shown, zone_or_refuse
from bot.config import Config
from bot.core.away import Span, wrong
from bot.core.codes import with_letter
from bot.core.person import Pair, Person
from bot.core.walltime import local_date, zone_of
from bot.message import Button, Message
from bot.render import phrase
from bot.store import appointments, away, checkins, closures, logins, outbox, parting, people, relinks
from bot.store.away import Leave
from bot.store.people import Refused

REASONS = {
    "reversed": "ends before it begins",
    "past": "is over already",
    "long": "is more than two years long, or ends more than two years from now",
}


def _span_or_refuse(span: Span, today: date) -> Span:
    why = wrong(span, today)
    if why is not None:
        says = f"{_said(span)} {REASONS[why]}: write it as 2026-12-01..2026-12-10."
        raise Refused(says, f"span_{why}", field="last")
    return span


def _said(span: Span) -> str:
    return f"{span[0].isoformat()}..{span[1].isoformat()}"


def _today(config: Config, now: datetime) -> date:
    return local_date(now, zone_of(config.clinic.zone))


# ------------------------------------------------------------------------------------------------ away


def set_away(conn: Connection, config: Config, code: str, span: Span, now: datetime) -> Shown:
    """Say that a patient is away: what would be asked in these days is not."""
    who = people.by_code(conn, code, "patient")
    _span_or_refuse(span, local_date(now, zone_of(who.zone)))
    return _away_changed(conn, config, who, now, lambda: away.add(conn, who, span))


def remove_away(conn: Connection, config: Config, code: str, span: Span | None, now: datetime) -> Shown:
    """Take days away back; without a span all of them that are still to come."""
    who = people.by_code(conn, code, "patient")
    today = local_date(now, zone_of(who.zone))
    if span is not None and span[1] < span[0]:
        raise Refused(f"{_said(span)} {REASONS['reversed']}: write it as 2026-12-01..2026-12-10.")
    before = away.spans_of(conn, who)

    def work() -> None:
        if away.remove(conn, who, span or (today, date(9000, 1, 1))) == before:
            raise Refused(f'"{who.code}" is not away on these days.', "not_away", who.code)

    return _away_changed(conn, config, who, now, work)


def _away_changed(conn: Connection, config: Config, who: Person, now: datetime, work: Callable[[], object]) -> Shown:
    def changed() -> Shown:
        work()
        return _away_shown(conn, who)

    return clinic.changing(conn, config, people.pairs(conn, patient_id=who.id), now, changed)


def _away_shown(conn: Connection, who: Person) -> Shown:
    return {"id": who.id, "patient": who.code, "away": [_said(span) for span in away.spans_of(conn, who)]}


def list_away(conn: Connection, config: Config, code: str | None, now: datetime) -> list[Shown]:  # noqa: ARG001
    """Days away of one patient, or of all who have some."""
    if code is not None:
        return [_away_shown(conn, people.by_code(conn, code, "patient"))]
    return [shown for who in people.people(conn, "patient") if (shown := _away_shown(conn, who))["away"]]


# ------------------------------------------------------------------------------------------------ leave


def set_leave(
    conn: Connection, config: Config, code: str, span: Span, cancel: bool, cover: str | None, now: datetime
) -> Shown:
    """A therapist's leave. `cancel`: the sessions of these days are cancelled, and no series is laid out in them.
    `cover`: another therapist, who gets the digests and notices.
    """
    who = people.by_code(conn, code, "therapist")
    _span_or_refuse(span, _today(config, now))
    other = None if cover is None else _cover(conn, cover, who)
    coming = [session_id for session_id, _ in closures.to_come(conn, *span, now, who.id)]

    def work() -> Shown:
        away.take_leave(conn, who, Leave(*span, cancel, other.id if other else None))
        for session_id in coming if cancel else ():
            appointments.mark_session(conn, session_id, "cancelled")
        shown = {"id": who.id, "therapist": who.code, "leave": _said(span), "cover": other.code if other else None}
        return shown | {"cancels": cancel, "sessions": [_session(conn, session_id) for session_id in coming]}

    return clinic.changing(conn, config, people.pairs(conn, therapist_id=who.id), now, work)


def _session(conn: Connection, session_id: int) -> Shown:
    row = appointments.session_row(conn, session_id)
    return clinic.session_shown(row, people.pair_of(conn, row.pair_id).patient.code)


def _cover(conn: Connection, code: str, who: Person) -> Person:
    cover = people.by_code(conn, code, "therapist")
    if cover.id == who.id:
        raise Refused(f'"{who.code}" cannot cover for themselves: name another therapist.')
    if not cover.can_be_asked:
        says = f'"{cover.code}" cannot be reached in the chat at present: accord clinic show {cover.code}'
        raise Refused(says, "no_cover", cover.code, field="cover")
    return cover


def end_leave(conn: Connection, config: Config, code: str, span: Span, now: datetime) -> Shown:  # noqa: ARG001
    """Take days of leave back. Sessions that were cancelled stay so."""
    who = people.by_code(conn, code, "therapist")
    before = away.leaves_of(conn, who.id)
    away.end_leave(conn, who, span)
    if away.leaves_of(conn, who.id) == before:
        raise Refused(f'"{who.code}" is not on leave on these days.', "not_on_leave", who.code)
    return {"id": who.id, "therapist": who.code, "leave": [_said((one.first, one.last)) for one in _leaves(conn, who)]}


def _leaves(conn: Connection, who: Person) -> list[Leave]:
    return away.leaves_of(conn, who.id)


# ------------------------------------------------------------------------------------------------ pause, end, transfer


def pause(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """Ask a patient nothing until the pause ends; what is open is excused."""
    who = people.by_code(conn, code, "patient")
    if who.state != "active":
        says = f'"{who.code}" takes no part at present ({who.state}), so there is nothing to pause.'
        raise Refused(says, "nothing_to_pause", who.code)
    people.change(conn, who.id, state="paused")
    checkins.withdraw_person(conn, who.id, "paused")
    _tell(conn, who, "ready_paused", f"paused:{who.id}:{now.isoformat()}", now)
    return person_shown(people.by_id(conn, who.id))


def resume(conn: Connection, config: Config, code: str, now: datetime) -> Shown:
    """End a pause: the patient is asked again from the next time on."""
    who = people.by_code(conn, code, "patient")
    if who.state != "paused":
        raise Refused(f'"{who.code}" is not paused ({who.state}).', "not_paused", who.code)
    joining.gone_on(conn, who, config, now)
    _tell(conn, who, "ready_resumed", f"resumed:{who.id}:{now.isoformat()}", now)
    return person_shown(people.by_id(conn, who.id))


def _tell(conn: Connection, who: Person, words: str, key: str, now: datetime, opens: str | None = None) -> None:
    """A neutral line, if this person has a chat; `opens` is what its button sends."""
    if who.chat_id is None or who.unreachable_since is not None or who.state not in ("active", "paused"):
        return
    rows = () if opens is None else ((Button(phrase(who.lang, "open"), opens),),)
    outbox.add(conn, who, key, "notice", Message(phrase(who.lang, words), rows).to_json(), now)


def discharge(conn: Connection, config: Config, code: str, now: datetime) -> Shown:
    """End a patient's part: the pair ends, nothing is asked any more, an invite or a new phone that waits is void."""
    who = people.by_code(conn, code, "patient")
    pairs = people.own_pairs(conn, who)
    if who.state == "discharged":
        raise Refused(f'"{who.code}" is discharged already.', "discharged", who.code)

    def work() -> Shown:
        ended = [_ended(conn, config, pair, now) for pair in pairs]
        _tell(conn, who, "ready_done", f"discharged:{who.id}:{now.isoformat()}", now)
        _leave_for_good(conn, who, now)
        totals = {name: sum(one[name] for one in ended) for name in ("cancelled", "unread")}
        return person_shown(people.by_id(conn, who.id)) | totals

    return clinic.changing(conn, config, [pair.id for pair in pairs], now, work)


def _leave_for_good(conn: Connection, who: Person, now: datetime) -> None:
    people.change(conn, who.id, state="discharged")
    people.revoke_invite(conn, who.id)
    relinks.refuse_all(conn, who.id, now)


def _ended(conn: Connection, config: Config, pair: Pair, now: datetime) -> dict[str, int]:
    """End a pair and tell its therapist that the list has changed; how much was cancelled, and what was left unread."""
    cancelled, unread = parting.end_pair(conn, pair, _today(config, now), now)
    _tell(conn, pair.therapist, "ready_list", f"list:{pair.id}:ended", now, opens="p:all:open")
    return {"cancelled": len(cancelled), "unread": unread}


def transfer(conn: Connection, config: Config, code: str, to: str, history: bool, now: datetime) -> Shown:
    """Bring a patient to another therapist: a new pair, whose baseline begins anew. `history`: the new therapist may
    read the old pair. A patient who was discharged comes back in by /start, with the consent text.
    """
    who, therapist = people.by_code(conn, code, "patient"), people.by_code(conn, to, "therapist")
    if therapist.state == "discharged":
        raise Refused(f'"{therapist.code}" is discharged.', "discharged", therapist.code)
    pairs = people.own_pairs(conn, who)
    if any(pair.therapist.id == therapist.id for pair in pairs):
        raise Refused(f'"{who.code}" is with "{therapist.code}" already.', "with_already", who.code, therapist.code)

    def work() -> Shown:
        ended = [_ended(conn, config, pair, now) for pair in pairs]
        pair_id = people.add_pair(conn, who.id, therapist.id, now, history)
        if who.state == "discharged":
            people.change(conn, who.id, state="stopped" if who.chat_id else "invited")
        _tell(conn, who, "ready_change", f"pair:{pair_id}:patient", now, opens="e:news")
        _tell(conn, therapist, "ready_list", f"list:{pair_id}:new", now, opens="p:all:open")
        totals = {name: sum(one[name] for one in ended) for name in ("cancelled", "unread")}
        shown = person_shown(people.by_id(conn, who.id)) | {"therapist": therapist.code, "pair": pair_id}
        return shown | {"history": history} | totals

    return clinic.changing(conn, config, [pair.id for pair in pairs], now, work)


def discharge_therapist(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """End a therapist's part, and unlink the chat; refused while there are patients."""
    who = people.by_code(conn, code, "therapist")
    codes = [pair.patient.code for pair in people.own_pairs(conn, who)]
    if codes:
        example = f"accord clinic patient transfer {codes[0]} --to …"
        says = f'"{who.code}" still has {", ".join(codes)}. First, for each: {example} (or discharge).'
        raise Refused(says, "has_patients", who.code, ", ".join(codes))
    people.change(conn, who.id, chat_id=None)
    logins.forget(conn, who.id)
    _leave_for_good(conn, who, now)
    return person_shown(people.by_id(conn, who.id))


def discharge_staff(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """End the part of somebody of the staff: the chat is unlinked, and where they are logged in they no longer are."""
    who = people.by_code(conn, code, "staff")
    if who.state == "discharged":
        raise Refused(f'"{who.code}" is discharged already.', "discharged", who.code)
    people.change(conn, who.id, chat_id=None)
    logins.forget(conn, who.id)
    _leave_for_good(conn, who, now)
    return person_shown(people.by_id(conn, who.id))


# ------------------------------------------------------------------------------------------------ persons


def add_staff(conn: Connection, config: Config, code: str, zone: str | None, lang: str | None) -> Shown:
    """Add somebody of the staff; without a zone and a language they have the clinic's."""
    where = config.clinic.zone if zone is None else zone_or_refuse(zone)
    spoken = config.clinic.languages[0] if lang is None else lang_or_refuse(lang, config)
    return person_shown(people.add(conn, "staff", code_or_refuse(code), where, spoken))


def set_person(conn: Connection, config: Config, code: str, zone: str | None, lang: str | None, now: datetime) -> Shown:
    """Change somebody's time zone or language."""
    who = people.by_code(conn, code)
    values = {} if zone is None else {"zone": zone_or_refuse(zone)}
    values |= {} if lang is None else {"lang": lang_or_refuse(lang, config)}
    if not values:
        raise Refused("Nothing to change: say --zone or --lang.")

    def work() -> Shown:
        people.change(conn, who.id, **values)
        changed = people.by_id(conn, who.id)
        if changed.role == "therapist" and changed.state == "active":
            appointments.plan_own_digests(conn, changed, config.plan, now)
        if lang is not None and changed.can_be_asked:
            menus.show(conn, changed, now)
        return person_shown(changed)

    own = [] if who.role == "staff" else people.own_pairs(conn, who)
    return clinic.changing(conn, config, [pair.id for pair in own], now, work)


def show(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """All that the desk may know of somebody: never an answer, never a chat."""
    who = people.by_code(conn, code)
    shown = person_shown(who) | {"full": with_letter(who.code), "in": who.chat_id is not None}
    shown |= {"unreachable_since": _utc(who.unreachable_since)}
    waiting = relinks.of_person(conn, who.id, now)
    invited = people.invite_of(conn, who.id)
    shown["invite"] = None if invited is None else {"expires": _utc(invited.expires_at), "relink": invited.relink}
    shown["new_phone"] = None if waiting is None else {"expires": _utc(waiting.expires)}
    pairs = [] if who.role == "staff" else people.own_pairs(conn, who)
    if who.role == "patient":
        shown |= {"therapist": pairs[0].therapist.code if pairs else None}
        shown |= {"away": [_said(span) for span in away.spans_of(conn, who)]}
    if who.role == "therapist":
        shown |= {"patients": [with_letter(pair.patient.code) for pair in pairs]}
        shown |= {"leave": [_said((one.first, one.last)) for one in _leaves(conn, who)]}
    return shown


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ------------------------------------------------------------------------------------------------ invites, phones


def revoke_invite(conn: Connection, config: Config, code: str, now: datetime) -> Shown:  # noqa: ARG001
    """Make an invite that was not used stop working, and a new phone that waits."""
    who = people.by_code(conn, code)
    waiting = relinks.of_person(conn, who.id, now)
    if not people.revoke_invite(conn, who.id) and waiting is None:
        raise Refused(f'"{who.code}" has no invite that could still be used.', "no_invite", who.code)
    relinks.refuse_all(conn, who.id, now)
    return person_shown(who)


def decide_relink(conn: Connection, config: Config, code: str, yes: bool, now: datetime) -> Shown:  # noqa: ARG001
    """Say that a new phone is really this person's, or that it is not."""
    who = people.by_code(conn, code)
    waiting = relinks.of_person(conn, who.id, now)
    if waiting is None:
        says = f'No new phone waits for "{who.code}". First: accord clinic invite {who.code} --relink'
        raise Refused(says, "no_new_phone", who.code)
    decided = relink.decide(conn, waiting, yes, now)
    if yes and decided.state != "let_in":
        says = f"That phone has come in as somebody else meanwhile. accord clinic invite {who.code} --relink"
        raise Refused(says, "phone_of_another", who.code)
    return person_shown(people.by_id(conn, who.id)) | {"new_phone": decided.state}
