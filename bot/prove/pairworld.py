"""The small world in which R5 compares bot and model: a therapist, two patients, a stranger, four questions."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot import app, clinic
from bot.config import Config, load
from bot.demo.folder import write_config
from bot.prove import world as worlds_own
from bot.prove.pairmodel import Key
from bot.prove.virtual import VirtualLoop, run_virtually, task_of_life
from bot.prove.world import STARTS, WAY_IN, World, later, memory, replaced, world
from bot.store import keys, opening
from bot.store import people as kept_people
from bot.store.sealing import ANSWERS, every

ZONE, THERAPIST, STRANGER, PATIENTS = "America/Denver", "T-1", "T-2", ("P-014", "P-015")
BEATS_S = 8 * 3600.0
DOES_NOT_COUNT = 365 * 86400.0
_ITEM = """
[[item]]
id = "q{n}"
measures = "goals"
kind = "scale"
scale = "much"
optional = true
patient.en = "Question {n} of the patient."
patient.es = "Pregunta {n} del paciente."
therapist.en = "Question {n} of the therapist."
therapist.es = "Pregunta {n} del terapeuta."
"""
_SIMPLE = """
id = "simple"
version = 1
source = "For proofs"
licence = "MIT"
[title]
en = "Simple"
es = "Simple"
[stem]
patient.en = "Today."
patient.es = "Hoy."
therapist.en = "Today."
therapist.es = "Hoy."
[scale.much]
first = 1
en = ["None", "Little", "Some", "Much", "All"]
es = ["Nada", "Poco", "Algo", "Mucho", "Todo"]
""" + "".join(_ITEM.format(n=n) for n in range(4))


def simple(folder: Path) -> Config:
    """Settings with one questionnaire of four questions for both, and no homework."""
    (folder / "asked").mkdir()
    (folder / "asked" / "simple.toml").write_text(_SIMPLE, "utf-8")
    path = write_config(folder, ZONE, folder / "asked")
    asked = 'after_session = ["simple"]\nafter_first = []\nhomework = []\ntherapist = ["simple"]\n'
    path.write_text(path.read_text("utf-8") + asked, "utf-8")
    config, mistakes = load(path)
    assert config is not None, mistakes
    plan = replace(config.plan, homework=False)
    return replace(config, plan=plan, telegram=replace(config.telegram, base_url="http://local"))


OF_A_CLINIC: tuple[Callable[[Path], Path], ...] = (Path, keys.master_file, keys.keys_file)
"""Where a clinic's files lie, by its database: that itself, the master key, the wrapped keys."""


def _with_people(folder: Path) -> Config:
    config = simple(folder)
    for file_of, content in zip(OF_A_CLINIC, template(), strict=True):
        file_of(config.database.path).write_bytes(content)
    return config


class PairWorld:
    """One world that is told what to do step by step, from outside its loop."""

    def __init__(self) -> None:
        template()  # before this world's loop runs: it needs one of its own
        self.loop = VirtualLoop()
        self.loop.set_task_factory(task_of_life)
        self._stack = AsyncExitStack()
        self.made: World = self.loop.run_until_complete(self._begun())

    async def _begun(self) -> World:
        # A killed bot is back at once: what follows a longer silence is R7's.
        self._stack.enter_context(replaced((app, "TAP_LIVES", later(DOES_NOT_COUNT)), (worlds_own, "BEATS_S", BEATS_S)))
        made = await self._stack.enter_async_context(world(1, self.loop, set_up=_with_people))
        for code in (THERAPIST, STRANGER, *PATIENTS):
            made.phone(code).person.started = True
        await made.start()
        return made

    def run(self, coro: Any) -> Any:
        """Let the world go on until this is done."""
        return self.loop.run_until_complete(coro)

    def end(self) -> None:
        """Take it down."""
        self.run(self._stack.aclose())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.run(asyncio.sleep(1))
        self.loop.close()

    def shown(self) -> dict[Key, tuple[object, ...]]:
        """Each check-in as it stands in the file, in the model's words."""
        return dict(self.run(self.made.store.read(_shown)))

    def ids(self) -> dict[Key, str]:
        """The id of each check-in."""
        return dict(self.run(self.made.store.read(_ids)))

    def states(self) -> dict[int, str]:
        """The state of each session."""
        query = "SELECT id, state FROM session"
        return dict(self.run(self.made.store.read(lambda c: [tuple(r) for r in c.exec_driver_sql(query)])))


def _ids(conn: Any) -> list[tuple[Key, str]]:
    query = "SELECT c.session_id, p.role, c.id FROM check_in c JOIN person p ON p.id = c.person_id"
    return [((row[0], row[1]), row[2]) for row in conn.exec_driver_sql(query)]


def _shown(conn: Any) -> list[tuple[Key, tuple[object, ...]]]:
    answers: dict[str, dict[int, Any]] = {}
    for row, opened in every(conn, ANSWERS):
        value = opened["value"]
        answers.setdefault(row.check_in_id, {})[int(row.item[1:])] = None if value is None else json.loads(str(value))
    query = (
        "SELECT c.session_id, p.role, c.id, c.state, c.place, c.late "
        "FROM check_in c JOIN person p ON p.id = c.person_id"
    )
    return [
        ((session, role), _as_model(state, json.loads(place) if place else _FRESH, bool(late), answers.get(ident, {})))
        for session, role, ident, state, place, late in conn.exec_driver_sql(query)
    ]


_FRESH: dict[str, Any] = {"screen": "ready", "turn": 0, "hidden": False, "started": False, "reminded": False,
                          "again": None, "at": 0}  # fmt: skip


def _as_model(state: str, place: dict[str, Any], late: bool, answers: dict[int, Any]) -> tuple[object, ...]:
    where = (place["screen"], place["turn"], place["hidden"], place["started"], place["reminded"])
    at = place["at"] if place["screen"] == "question" else None
    return state, *where, place["again"] is not None, at, late, answers


@lru_cache(maxsize=1)
def template() -> tuple[bytes, ...]:
    """The files of a clinic in which everybody is in; made once for a process."""
    with tempfile.TemporaryDirectory(prefix="accord-prove-", dir=memory()) as folder:
        run_virtually(lambda loop: _come_in(loop, Path(folder) / "template.db"))
        return tuple(file_of(Path(folder) / "template.db").read_bytes() for file_of in OF_A_CLINIC)


async def _come_in(loop: VirtualLoop, path: Path) -> None:
    # Another seed than the world that goes on from it: no id is drawn twice.
    async with world(0, loop, set_up=simple) as made:
        await made.desk(kept_people.ensure_clinic, made.config.clinic.name, ZONE, None)
        for code in (THERAPIST, STRANGER):
            await made.desk(clinic.add_therapist, made.config, code, ZONE, "en")
        for code in PATIENTS:
            await made.desk(clinic.add_patient, made.config, code, THERAPIST, ZONE, "en", STARTS)
        await made.start()
        for code in (THERAPIST, STRANGER, *PATIENTS):
            await made.invite(code)
            await made.settle()
            for label in WAY_IN["en"] if code in PATIENTS else ("Yes, that is right",):
                made.phone(code).tap(label)
                await made.settle()
        await made.stop()
        with closing(opening.connect(made.database)) as connection:
            for table in ("inbox", "outbox", "heartbeat"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("UPDATE person SET message_id = NULL")
            connection.commit()
            connection.execute("VACUUM INTO ?", (str(path),))
        keys.copy(made.database, path)
