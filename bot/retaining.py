"""The night's work: what was kept for as long as the clinic says goes, some at a time, beside a running bot."""

import logging
from datetime import datetime

from bot.config import Config
from bot.store import retention
from bot.store.engine import Store

log = logging.getLogger(__name__)


async def let_go(store: Store, config: Config, now: datetime) -> None:
    """Let everything go that is over, unless the law holds it. Begun again after a stop it does what is left."""
    await store.write(retention.tidy, now)
    rules = config.retention
    if rules.hold:
        return
    for kind, span in rules.things.items():
        went = 0
        while some := await store.write(retention.sweep, kind, span.before(now), now):
            went += some
        if went:
            log.info("not kept longer: %s %d", kind, went)
    if rules.records is not None:
        while await store.write(retention.end_records, rules.records.before(now), now) == retention.AT_ONCE:
            pass
