"""Coming in, settling in, changing one's mind: /start, consent, time zone, language, when to ask, /stop."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bot import ids
from bot.chat import menus, relink, wishes
from bot.chat.reply import Outcome, Reply, said
from bot.chat.screens import crisis, fixed, in_language
from bot.config import Config
from bot.core.person import Person
from bot.core.plan import changed
from bot.core.plans import plan_of
from bot.core.questionnaire import LANGUAGES
from bot.core.walltime import is_zone, zone_names, zone_of
from bot.core.zones import REGIONS, by_city, city
from bot.message import Button, Message, Rows, one_a_line
from bot.render import local, page, phrase
from bot.store import appointments, audit, outbox, parting, people, records, versions

CONSENT_VERSION = 1
ASK_AT = ("after", "evening", "morning")


def start(
    conn: Connection, who: Person | None, chat_id: int, code: str, lang: str, config: Config, now: datetime
) -> Outcome:
    """/start, with or without a code. A code that is wrong, used, expired or another's gets one and the same answer."""
    if not code:
        return _not_in("need_link", lang, config) if who is None else _again(conn, who, config, now)
    how, found = people.redeem(conn, ids.hashed(code), chat_id, now, config.invite.tries_per_hour)
    if how != "again":
        used = found is not None and how in ("in", "relink")
        chat = versions.of_chat(conn, found.id) if found is not None and how == "in" else None
        about = found.id if used and found else None
        audit.note(conn, "invite used" if used else "invite refused", now, about=about, detail=chat)
    if how == "relink" and found is not None:
        return relink.ask(conn, found, chat_id, config, now)
    if how == "too many":
        return _not_in("too_many_tries", lang, config)
    if found is None and (waits := relink.waits(conn, chat_id, lang, config, now)):
        return waits
    if how == "bad" or found is None:
        return _not_in("bad_link", lang, config)
    return _again(conn, found, config, now)


def _not_in(why: str, lang: str, config: Config) -> Outcome:
    """Whom to call stands under everything that /start can answer."""
    return said(Message(f"{phrase(lang, why)}\n\n{fixed(lang, config)}"))


def _again(conn: Connection, who: Person, config: Config, now: datetime) -> Outcome:
    """Whoever is on the way in sees the present step; whoever stopped may begin anew."""
    if who.state in ("declined", "stopped"):
        people.change(conn, who.id, state="consenting")
        who = people.by_id(conn, who.id)
    if who.state == "paused":
        return _own(settings(conn, who, config, now), who, fresh=True)
    step = present(conn, who, config, now)
    words = "no_more" if who.state == "discharged" else "already_in"
    return said(Message(phrase(who.lang, words))) if step is None else _own(step, who, fresh=True)


def ask_anew(conn: Connection, now: datetime) -> int:
    """Ask everybody again who agreed to an older version of the text; until then nothing is asked. How many."""
    older = people.agreed_to_less(conn, CONSENT_VERSION)
    for who in older:
        people.change(conn, who.id, state="consenting")
        body = Message(phrase(who.lang, "ready_change"), ((_button(who, "open", "read"),),)).to_json()
        outbox.add(conn, who, f"consent:{who.id}:{CONSENT_VERSION}", "notice", body, now)
    return len(older)


def present(conn: Connection, who: Person, config: Config, now: datetime) -> Message | None:
    """The step a person on the way in is at; None for everybody else."""
    if who.state == "consenting":
        return consent(who, config)
    if who.state == "settling":
        return _settle(who, now)
    return _when(conn, who, config) if who.state == "choosing" else None


def _own(message: Message, who: Person, message_id: int | None = None, fresh: bool = False) -> Outcome:
    """The person's own conversation outside check-ins: one message, edited in place or sent anew."""
    return Outcome((Reply(message, None if fresh else message_id, who.message_id if fresh else None, about=""),))


def _button(who: Person, name: str, data: str, *values: object) -> Button:
    return Button(phrase(who.lang, name, *values), f"e:{data}")


def _languages(who: Person) -> Iterable[Button]:
    return (_button(who, "language", f"lang:{lang}", lang) for lang in LANGUAGES if lang != who.lang)


def consent(who: Person, config: Config, agreed: datetime | None = None) -> Message:
    """What a patient must know before anything is asked; afterwards with the day on which they agreed."""
    added = in_language(dict(config.consent.add), who.lang)
    text = page(
        who.lang, "consent.txt", crisis=crisis(config, who.lang),
        contact=in_language(dict(config.clinic.contact), who.lang), added=[added] if added else [],
        seen=in_language(dict(config.clinic.answers_seen), who.lang), clinic=config.clinic.name,
        keeps=config.retention.records, asks=who.state == "consenting",
        agreed=agreed and agreed.astimezone(zone_of(who.zone)),
    )  # fmt: skip
    rows = ((_button(who, "agree", "agree"),), (_button(who, "decline", "decline"),), tuple(_languages(who)))
    return Message(text, rows if who.state == "consenting" else ())


def _settle(who: Person, now: datetime) -> Message:
    text = page(who.lang, "settle.txt", clock=_clock(who, now), language=phrase(who.lang, "language", who.lang))
    rows = ((_button(who, "yes_right", "right"),), (_button(who, "other_time", "zone"),), tuple(_languages(who)))
    return Message(text, rows)


def _clock(who: Person, now: datetime) -> str:
    return local(who.lang, "clock", now.astimezone(zone_of(who.zone)))


def _when(conn: Connection, who: Person, config: Config) -> Message:
    return Message(phrase(who.lang, "when_to_ask"), _when_rows(conn, who, config))


def _when_rows(conn: Connection, who: Person, config: Config) -> Rows:
    times = _times(conn, who, config)
    return one_a_line(_button(who, f"ask_{name}", f"when:{name}", value) for name, value in times.items())


def _times(conn: Connection, who: Person, config: Config) -> dict[str, object]:
    """What "after" (in minutes), "same evening" and "next morning" mean for this person."""
    pair = next(iter(people.own_pairs(conn, who)), None) if who.role == "patient" else None
    plan = changed(config.plan, who.plan) if pair is None else plan_of(pair, config.plan)
    minutes = int(plan.patient_opens_after.total_seconds() // 60)
    return {"after": minutes, "evening": f"{plan.evening:%H:%M}", "morning": f"{plan.morning:%H:%M}"}


def settings(conn: Connection, who: Person, config: Config, now: datetime) -> Message:
    """What a person can change, and how it is now."""
    asks = phrase(who.lang, f"ask_{who.ask_at}", _times(conn, who, config)[who.ask_at])
    text = page(
        who.lang, "settings.txt", clock=_clock(who, now), zone=city(who.zone), role=who.role, asks=asks,
        language=phrase(who.lang, "language", who.lang), every=who.ask_every, plan=wishes.shown(who, config),
        where=bool(_where(who, config)), on_page=who.on_page,
    )  # fmt: skip
    if who.state == "paused":
        return Message(phrase(who.lang, "paused"), one_a_line([_button(who, "go_on", "go_on")]))
    rows: list[tuple[Button, ...]] = [(_button(who, "set_zone", "zone"),), tuple(_languages(who))]
    if who.role == "patient":
        less = _button(who, "ask_less", "every:2") if who.ask_every == 1 else _button(who, "ask_each", "every:1")
        rows += [(_button(who, "set_time", "choose"),), (less,), *_where(who, config)]
    elif who.role == "therapist":
        rows += wishes.rows(who)
    return Message(text, tuple(rows))


def _where(who: Person, config: Config) -> Rows:
    """A patient may want nothing but links in the chat, where the clinic has a page for phones; never the other way."""
    if who.role != "patient" or config.chat.on_page or not config.web.for_phones:
        return ()
    name, value = ("ask_in_chat", "no") if who.on_page else ("ask_on_page", "yes")
    return ((_button(who, name, f"page:{value}"),),)


# ------------------------------------------------------------------------------------------------ taps


def on_tap(conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime) -> Outcome:
    """A tap in the person's own conversation. One that does not fit the present step shows that step."""
    verb, _, value = data.removeprefix("e:").partition(":")
    screen = _tapped(conn, who, verb, value, config, now)
    if screen is None:
        step = present(conn, people.by_id(conn, who.id), config, now)
        toast = phrase(who.lang, "toast_stale" if step else "toast_not_yours")
        return Outcome((Reply(step, message_id, about=""),) if step else (), toast)
    return Outcome((Reply(screen, message_id, about=""),))


def on_tap_again(
    conn: Connection, who: Person, data: str, message_id: int | None, config: Config, now: datetime
) -> Outcome:
    """A tap that counted already, but whose reply may not have come: what it led to, or the same once more."""
    ended = _ended(who, data.removeprefix("e:").partition(":")[0], config)
    if ended is None:
        return on_tap(conn, who, data, message_id, config, now)
    return Outcome((Reply(ended, message_id, about=""),))


def _ended(who: Person, verb: str, config: Config) -> Message | None:
    """The last words of coming in, declining and stopping; by now their buttons mean something else, or nothing."""
    if who.state == "active" and verb in ("right", "when"):
        return _welcome(who, config)
    if (verb, who.state) in (("decline", "declined"), ("stop", "stopped")):
        return Message(phrase(who.lang, who.state))
    return None


def _tapped(conn: Connection, who: Person, verb: str, value: str, config: Config, now: datetime) -> Message | None:
    """The next screen, None if the tap has no meaning for this person now."""
    inside = who.state in ("settling", "choosing", "active")
    if verb == "lang" and value in LANGUAGES and (inside or who.state == "consenting"):
        people.change(conn, who.id, lang=value)
        if who.state == "active":
            menus.show(conn, people.by_id(conn, who.id), now)
        return _after_change(conn, who, config, now)
    if who.state == "consenting" and verb in ("agree", "decline"):
        return _decided(conn, who, verb == "agree", config, now)
    if verb == "right" and who.state == "settling":
        return _settled(conn, who, config, now)
    if verb == "go_on" and who.state in ("paused", "active"):
        return gone_on(conn, who, config, now)
    if verb == "stop" and who.state == "paused":
        return _stopped(conn, who, now)
    if verb == "news" and who.role == "patient":
        return _news(conn, who)
    if not inside:
        return None
    if verb in ("zone", "region", "city"):
        return _zone(conn, who, verb, value, config, now)
    if verb == "settings" and who.state == "active":
        return settings(conn, who, config, now)
    if who.role == "patient":
        return _wish(conn, who, verb, value, config, now)
    if who.role == "staff":
        return None
    if wishes.change(conn, who, verb, value):
        changed = people.by_id(conn, who.id)
        replan(conn, changed, config, now)
        appointments.plan_own_digests(conn, changed, config.plan, now)
        return _after_change(conn, changed, config, now)
    return wishes.choices(who, verb, value, config)


def _after_change(conn: Connection, who: Person, config: Config, now: datetime) -> Message:
    changed = people.by_id(conn, who.id)
    return present(conn, changed, config, now) or settings(conn, changed, config, now)


def _decided(conn: Connection, who: Person, agreed: bool, config: Config, now: datetime) -> Message:
    read = records.keep_text(conn, consent(who, config).text, who.lang, now)
    people.add_consent(conn, who, CONSENT_VERSION, agreed, now, read)
    people.change(conn, who.id, state="settling" if agreed else "declined")
    if agreed:
        return _after_change(conn, who, config, now)
    _given_up(conn, who, now)
    return Message(phrase(who.lang, "declined"))


def _settled(conn: Connection, who: Person, config: Config, now: datetime) -> Message:
    if who.role == "patient":
        people.change(conn, who.id, state="choosing")
        return _after_change(conn, who, config, now)
    return _active(conn, who, config, now)


def _active(conn: Connection, who: Person, config: Config, now: datetime) -> Message:
    people.change(conn, who.id, state="active")
    menus.show(conn, who, now)
    replan(conn, who, config, now)
    if who.role == "therapist":
        appointments.plan_own_digests(conn, people.by_id(conn, who.id), config.plan, now)
    return _welcome(who, config)


def _welcome(who: Person, config: Config) -> Message:
    return Message(page(who.lang, "welcome.txt", role=who.role, crisis=crisis(config, who.lang)))


def replan(conn: Connection, who: Person, config: Config, now: datetime) -> None:
    """Derive anew what is planned for this person: it depends on zone, wishes, and whether they can be asked."""
    mine = {"patient_id": who.id} if who.role == "patient" else {"therapist_id": who.id}
    for pair_id in people.pairs(conn, **mine):
        appointments.replan(conn, pair_id, config.plan, now)


def _zone(conn: Connection, who: Person, verb: str, value: str, config: Config, now: datetime) -> Message | None:
    if verb == "zone":
        words = phrase(who.lang, "which_region")
        if who.state == "settling":  # later on, typed words may be meant as an answer to a check-in
            words += " " + phrase(who.lang, "or_type_a_city")
        return Message(words, _regions(who))
    if verb == "region" and value in REGIONS:
        cities = [Button(f"{city(z)} {_at(z, now)}", f"e:city:{z}") for z in REGIONS[value]]
        return Message(phrase(who.lang, "which_city"), one_a_line([*cities, _button(who, "back", "zone")]))
    if verb == "city" and is_zone(value):
        return _moved(conn, who, value, config, now)
    return None


def _at(zone: str, now: datetime) -> str:
    return f"{now.astimezone(zone_of(zone)):%H:%M}"


def _moved(conn: Connection, who: Person, zone: str, config: Config, now: datetime) -> Message:
    people.change(conn, who.id, zone=zone)
    replan(conn, who, config, now)
    if who.role == "therapist" and who.state == "active":
        appointments.plan_own_digests(conn, people.by_id(conn, who.id), config.plan, now)
    return _after_change(conn, who, config, now)


def _wish(conn: Connection, who: Person, verb: str, value: str, config: Config, now: datetime) -> Message | None:
    """When and how often a patient would like to be asked; ending it."""
    if verb == "choose" and who.state == "active":
        return _when(conn, who, config)
    if verb == "when" and value in ASK_AT and who.state in ("choosing", "active"):
        people.change(conn, who.id, ask_at=value)
        if who.state == "choosing":
            return _active(conn, who, config, now)
        replan(conn, who, config, now)
        return _after_change(conn, who, config, now)
    if verb == "every" and value in ("1", "2") and who.state == "active":
        people.change(conn, who.id, ask_every=int(value))
        return _after_change(conn, who, config, now)
    if verb == "page" and value in ("yes", "no") and who.state == "active" and _where(who, config):
        people.change(conn, who.id, on_page=value == "yes")
        return _after_change(conn, who, config, now)
    if verb == "keep":
        return present(conn, who, config, now) or Message(phrase(who.lang, "still_on"))
    return _stopped(conn, who, now) if verb == "stop" else None


def gone_on(conn: Connection, who: Person, config: Config, now: datetime) -> Message:
    """The end of a pause: asked again from the next time on. Twice is as good as once."""
    people.change(conn, who.id, state="active")
    replan(conn, people.by_id(conn, who.id), config, now)
    return settings(conn, people.by_id(conn, who.id), config, now)


def _news(conn: Connection, who: Person) -> Message | None:
    """Who reads the answers from now on; None without a therapist."""
    words = {True: "another_therapist_reads", False: "another_therapist"}
    pairs = people.pairs(conn, patient_id=who.id)
    return Message(phrase(who.lang, words[people.has_history(conn, pairs[-1])])) if pairs else None


def zone(who: Person, now: datetime) -> Message:
    """/zone: is it 18:05 for you?"""
    rows = one_a_line([_button(who, "yes_right", "settings"), _button(who, "other_time", "zone")])
    return Message(phrase(who.lang, "is_it", _clock(who, now)), rows)


def stop(who: Person) -> Message:
    """/stop: asked once more, with what it means."""
    return Message(
        phrase(who.lang, "stop_sure"), one_a_line([_button(who, "stop_yes", "stop"), _button(who, "stop_no", "keep")])
    )


def _stopped(conn: Connection, who: Person, now: datetime) -> Message:
    people.change(conn, who.id, state="stopped")
    _given_up(conn, who, now)
    return Message(phrase(who.lang, "stopped"))


def _given_up(conn: Connection, who: Person, now: datetime) -> None:
    """Everything ends at once: what stands on a screen goes, and the therapist is told."""
    for person_id, check_in_id, message_id in parting.give_up(conn, who, "withdrawn"):
        reader = people.by_id(conn, person_id)
        body = Message(phrase(reader.lang, "not_needed")).to_json() | {"edit": message_id}
        outbox.add(conn, reader, f"withdrawn:{check_in_id}", "edit", body, now)
    _tell_therapist(conn, who, now)


def _tell_therapist(conn: Connection, who: Person, now: datetime) -> None:
    """The therapist learns that the check-ins ended, neutrally, and without a reason; whose, behind [Open]."""
    for pair_id in people.pairs(conn, patient_id=who.id):
        therapist = people.pair_of(conn, pair_id).therapist
        if therapist.can_be_asked:
            opens = Button(phrase(therapist.lang, "open"), f"p:{pair_id}:ended")
            body = Message(phrase(therapist.lang, "ready_change"), ((opens,),)).to_json()
            outbox.add(conn, therapist, f"ended:{who.id}:{now.isoformat()}", "notice", body, now)


def on_words(conn: Connection, who: Person, words: str, config: Config, now: datetime) -> Outcome | None:
    """A typed place while the time zone is being chosen; None if the person is not settling in."""
    if who.state != "settling":
        return None
    zone = by_city(words, zone_names())
    if zone is not None:
        return _own(_moved(conn, who, zone, config, now), who, fresh=True)
    says = f"{phrase(who.lang, 'unknown_city')}\n\n{fixed(who.lang, config)}"
    return _own(Message(says, _regions(who)), who, fresh=True)


def _regions(who: Person) -> Rows:
    return one_a_line(_button(who, "region", f"region:{name}", name) for name in REGIONS)
