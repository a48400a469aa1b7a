"""R5: the bot against its model. Hypothesis makes up steps, by the desk, the people and the clock, and shortens what
goes wrong to the fewest steps; after each step every check-in must stand where the model says.
"""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture import engine
from hypothesis.reporting import with_reporter
from hypothesis.stateful import run_state_machine_as_test

from bot.prove.machine import Pair
from bot.prove.proof import Broken, Tally
from bot.prove.stepping import STEPS_OF
from bot.prove.world import replaced

STEPS = 50
SHORTER_S = 90
"""So long a run that goes wrong is shortened; hypothesis would take five minutes."""


def runs(start: int, amount: int, tally: Tally) -> None:
    """So many runs of fifty steps. Raises Broken with the shortest one that goes wrong."""
    STEPS_OF.clear()
    said: list[str] = []
    chosen = settings(
        max_examples=amount, stateful_step_count=STEPS, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False,
    )  # fmt: skip
    machine = seed(start)(type("Pair", (Pair,), {}))
    try:
        with with_reporter(lambda text: said.append(str(text))), replaced((engine, "MAX_SHRINKING_SECONDS", SHORTER_S)):
            run_state_machine_as_test(machine, settings=chosen)
    except Exception as error:
        raise Broken("\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", []), *said])) from None
    tally.done += amount
    tally.struck["step"] += STEPS_OF.total()
    tally.figures += STEPS_OF
