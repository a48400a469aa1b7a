"""After an outage: what people tapped meanwhile is lost at Telegram, so what is open is offered again, once."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.chat.screens import offered_again
from bot.config import Config
from bot.core.checkin import after_outage, due
from bot.core.walltime import after_quiet
from bot.store import appointments, checkins, outbox
from bot.store.engine import Store
from bot.store.errors import StoreError

log = logging.getLogger(__name__)


async def offer_again(store: Store, config: Config, since: datetime, now: datetime) -> None:
    """Offer what is open in somebody's chat again, after nobody was heard since an instant. Raises StoreError."""
    for check_in_id in await store.read(checkins.open_in_chats):
        try:
            await store.write(offer_one_again, check_in_id, config, since, now)
        except StoreError:
            raise
        except Exception as error:  # one patient's bad row never stops the others
            log.error("%s was not offered again: %s", check_in_id, type(error).__name__)


def offer_one_again(conn: Connection, check_in_id: str, config: Config, since: datetime, now: datetime) -> None:
    """Offer one check-in again, silently, if its person may have tapped in vain; not in quiet hours."""
    kept = checkins.by_check_in_id(conn, check_in_id)
    asked = outbox.arrived_at(conn, f"open:{check_in_id}") or since  # nobody can have tapped before
    offered, who = after_outage(kept.check_in, now - max(since, asked)), appointments.receiver(conn, kept.person)
    if offered is None or not kept.person.can_be_asked or (offered.voice == "patient" and who.is_away(now)):
        return
    plan = kept.plan(config.plan)
    if due(kept.check_in, now, plan) in ("close", "again", "remind"):  # that comes now, and says enough
        return
    awake = after_quiet(now, who.zone, plan.quiet_from, plan.quiet_until)
    if awake >= offered.closes:
        return
    again = replace(kept, check_in=offered)
    checkins.put(conn, again, config.plan)
    body = offered_again(again, config).to_json() | {
        "replaces": kept.message_id,
        "silent": True,
        "turn": offered.place.turn,
    }
    outbox.add(
        conn, kept.person, f"offline:{check_in_id}:{since.isoformat()}", "reminder", body, now, check_in_id, awake
    )
