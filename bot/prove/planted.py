"""Faults to plant, each a change of a few words in one file, and the row whose proof must find it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault: in that file these words become those."""

    name: str
    row: str
    file: str
    old: str
    new: str


_WRITE = "                new = set(await self._store.write(self._gate.add, updates, done, self._clock.now()))\n"
_ROWS = "    rows = [row for row, zone in read if not _is_held_back(conn, row, zone, now)]\n"

PLANTED = (
    Planted(
        "confirmed before it is stored", "R3W", "bot/inbox.py", _WRITE,
        "                self._offset = max([one['update_id'] for one in updates] or [self._offset - 1]) + 1\n"
        + _WRITE,
    ),
    Planted(
        "no owner check", "R3W", "bot/store/checkins.py",
        'person.c.chat_key == bindparam("chat"))', 'bindparam("chat") == bindparam("chat"))',
    ),
    Planted(
        "no rule for a time shown twice", "R13", "bot/core/walltime.py",
        "wall.replace(tzinfo=zone, fold=0)", "wall.replace(tzinfo=zone, fold=1)",
    ),
    Planted(
        "clock changes forgotten on a local date", "R13", "bot/core/walltime.py",
        "return datetime.combine(day, clock, zone).astimezone(UTC)",
        "return (datetime.combine(day, time(12), zone).astimezone(UTC) + (datetime.combine(day, clock)"
        " - datetime.combine(day, time(12))))",
    ),
    Planted(
        "the date of Greenwich", "R13", "bot/core/walltime.py",
        "return instant.astimezone(zone).date()", "return instant.date()",
    ),
    Planted(
        "the lock forgotten", "R10", "bot/store/lock.py",
        "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n", "",
    ),
    Planted("synchronous=NORMAL", "R2", "bot/store/engine.py", "synchronous=FULL", "synchronous=NORMAL"),
    Planted(
        "a failed commit told as done", "R3", "bot/store/engine.py",
        "                job.error = job.error or not_stored(error)\n", "                pass\n",
    ),
    Planted(
        "quiet hours not looked at again", "R7", "bot/store/outbox.py",
        _ROWS, _ROWS.replace(" if not _is_held_back(conn, row, zone, now)", ""),
    ),
    Planted(
        "a reminder together with its question", "R7", "bot/store/outbox.py",
        "        found |= {reminders[about] for about in _unasked(conn, reminders)}\n", "",
    ),
    Planted(
        "never marked done", "R15", "bot/store/inbox.py", 'values(state="done", raw=b"")', 'values(state="accepted")',
    ),
    Planted(
        "no quiet hours", "R15", "bot/core/walltime.py",
        "    if quiet_until <= local.time() < quiet_from:  # nearly", "    if local is not None:  # nearly",
    ),
    Planted(
        "filed under another session", "R15", "bot/store/checkins.py",
        '"filed_under": last if about_last else kept.session_id', '"filed_under": 1',
    ),
    Planted(
        "an answer off by one", "R15", "bot/store/answers.py",
        "plain = list(value) if isinstance(value, tuple) else value\n",
        "plain = list(value) if isinstance(value, tuple) else value - 1 if value == 4 else value\n",
    ),
    Planted(
        "an answer not stored", "R15", "bot/store/checkins.py",
        "    of, item = key\n    last =", '    of, item = key\n    if item == "tasks_2":\n        return\n    last =',
    ),
    Planted(
        "a question to somebody else", "R15", "bot/checkin_due.py",
        "    outbox.add(conn, kept.person, key, kind, body, now, about=kept.check_in.id)\n",
        "    outbox.add(conn, replace(kept.person, id=kept.person.id % 7 + 1), key, kind, body, now,"
        " about=kept.check_in.id)\n",
    ),
    Planted(
        "an alert waits with what is held for the night", "R4", "bot/store/outbox.py",
        "    not_(_ALONE), outbox.c.error.is_distinct_from(HELD),\n", "    not_(_ALONE),\n",
    ),
    Planted(
        "the first contact is never told", "S15", "bot/calling.py",
        "(_alert(conn, asked, first, now) or", "(calls.reachable(conn, first) or",
    ),
    Planted(
        "the second contact is never told", "S15", "bot/calling.py",
        'if asked.state == "asked" or not _alert(conn, asked, second, now):', 'if asked.state == "asked":',
    ),
    Planted(
        "a question lost", "R14", "bot/checkin_due.py",
        '    _send(conn, opened, f"open:{kept.check_in.id}", "prompt", asking(opened, config), plan, now)\n',
        "    asking(opened, config)\n",
    ),
    Planted(
        "every message twice", "R15", "bot/delivery.py",
        "        fate = await self._send(chat, row)\n",
        "        await self._send(chat, row)\n        fate = await self._send(chat, row)\n",
    ),
    Planted(
        "429 not heeded", "R8", "bot/delivery.py",
        "            return Fate(\"later\", self._slow_down(chat, error))\n", "            return Fate(\"later\")\n",
    ),
    Planted(
        "held after all, and not asked about", "R5", "bot/store/appointments.py",
        '(row.state == "excused" and row.why in ("not_met", "cancelled", "off"))', "False",
    ),
    Planted(
        "a stop waits for what hangs", "R11", "bot/app.py",
        "await asyncio.wait_for(drain(), STOP_S)", "await drain()",
    ),
    Planted(
        "a newer file taken for one's own", "R11M", "bot/store/migrating.py",
        "if found is not None and found not in versions:", "if found == versions:",
    ),
    Planted(
        "an old copy not noticed", "R16", "bot/store/soundness.py",
        "return _went_back(database, connection)", 'return ""',
    ),
    Planted(
        "a backup's checksum not compared", "R16", "bot/store/backups.py",
        'if note and _digest(source) != note["sha256"]:', "if note is None:",
    ),
    Planted(
        "a backup without the -wal", "R17", "bot/store/migrating.py",
        "            old.backup(new)\n",
        "            Path(part).write_bytes(source.read_bytes())\n",
    ),
    Planted(
        "a calendar that cannot be read ends in a traceback", "S7", "bot/calendars/ics.py",
        "_BROKEN = (ValueError, TypeError,", "_BROKEN = (TypeError,",
    ),
    Planted(
        "anybody reads a pair", "S1", "bot/store/away.py",
        "return therapist_id is not None and reads_for(conn, who, therapist_id, now)",
        "return therapist_id is not None",
    ),
    Planted(
        "anybody reads a digest", "S1", "bot/store/digests.py",
        "return kept if kept is not None and reads_for(conn, who, kept.therapist_id, now) else None", "return kept",
    ),
    Planted(
        "anybody taps a check-in", "S1", "bot/store/checkins.py",
        'person.c.chat_key == bindparam("chat"))', 'bindparam("chat") == bindparam("chat"))',
    ),
    Planted(
        "sealed without the row", "S2", "bot/store/sealing.py",
        "{_named(column)}|{':'.join(map(str, row))}|{rev}", "{_named(column)}|{rev}",
    ),
    Planted(
        "sealed without the version", "S2", "bot/store/sealing.py",
        "|{':'.join(map(str, row))}|{rev}", "|{':'.join(map(str, row))}",
    ),
    Planted(
        "the end of a button's id is not compared", "S3", "bot/store/checkins.py",
        '.where(check_in.c.id == bindparam("id"))',
        '.where(func.substr(check_in.c.id, 1, 20) == func.substr(bindparam("id"), 1, 20))',
    ),
    Planted(
        "an entry of the log is skipped", "S9", "bot/store/audit.py",
        "if not hmac.compare_digest(_mac(key, before, _told(row)), row.mac):",
        "if number % 5 and not hmac.compare_digest(_mac(key, before, _told(row)), row.mac):",
    ),
    Planted(
        "an end of the log that was cut off", "S9", "bot/store/audit.py",
        "    if heads:\n        return Verified(number", "    if len(heads) > 1:\n        return Verified(number",
    ),
    Planted(
        "an update that cannot be read ends a person's queue", "R9", "bot/inbox.py",
        "        except Exception as error:\n            # No text of the error: it may quote what a person wrote.\n",
        "        except StoreError as error:\n            # No text of the error: it may quote what a person wrote.\n",
    ),
)  # fmt: skip
