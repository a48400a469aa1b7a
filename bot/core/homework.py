"""What both sides say of the homework of one session -> findings. Filed under the session in which it was set.

How much was done goes with outcome (r = .26, Mausbach et al. 2010), rated on a Likert scale by both sides; why it was
not done decides what to talk about, so obstacles are told apart by class.
"""

from collections.abc import Iterator, Sequence

from bot.core.finding import At, Finding, Level
from bot.core.history import Answer, Answers, Part, Session, answered
from bot.core.scoring import number
from bot.core.thresholds import Thresholds

LONGEST = 200
"""Characters of what was taken on, put in words, and of what it is for: a line or two on a phone."""
FIT_OBSTACLES = frozenset({"unclear", "no_point", "not_my_goals", "hard_to_say_no"})
OBSTACLES = {
    "environment": ("no_time", "no_private_place", "field_or_travel"),
    "patient": ("forgot", "felt_too_bad", "avoided_it", "did_not_want"),
    "task": ("unclear", "no_point", "not_my_goals", "too_hard", "boring"),
    "relation": ("hard_to_say_no",),
}


def homework(sessions: Sequence[Session], t: Thresholds) -> Iterator[At]:
    """The findings about homework, each at the session in which that homework was set."""
    little_before = False
    for index, session in enumerate(sessions):
        patient = answered(session.patient.homework)
        memory = _memory(patient, answered(session.therapist.homework), t)
        if memory is not None:
            yield index, memory
        if patient is None or patient.get("given") != "yes":
            continue
        done = number(patient, "done")
        little = done is not None and done <= t.homework_little
        if little:
            level: Level = "flag" if little_before else "note"
            yield index, Finding("homework_little", "homework", level, done, more={"again": little_before})
        little_before = little
        for finding in (_homework_fit(patient, done, t), _homework_hard(patient, done, t)):
            if finding is not None:
                yield index, finding


def _obstacles(answers: Answers, done: int | None, t: Thresholds) -> frozenset[Answer]:
    """What got in the way; it counts only where half or less was done."""
    named = answers.get("obstacles")
    asked = done is not None and done <= t.homework_half
    return frozenset(named) if asked and isinstance(named, tuple) else frozenset()


def _homework_fit(answers: Answers, done: int | None, t: Thresholds) -> Finding | None:
    ratings = {item: number(answers, item) for item in ("why", "fits")}
    low = {item: value for item, value in ratings.items() if value is not None and value <= t.homework_fit}
    named = sorted(str(o) for o in _obstacles(answers, done, t) & FIT_OBSTACLES)
    if not low and not named:
        return None
    more = {"because": (*low, *named)}
    return Finding("homework_fit", "homework", "flag", min(low.values(), default=None), more=more)


def _homework_hard(answers: Answers, done: int | None, t: Thresholds) -> Finding | None:
    difficulty = number(answers, "difficulty")
    rated = difficulty is not None and difficulty >= t.homework_hard and done is not None and done <= t.homework_little
    if rated or "too_hard" in _obstacles(answers, done, t):
        return Finding("homework_hard", "homework", "note", difficulty, more={"done": done})
    return None


def _memory(patient: Answers | None, therapist: Answers | None, t: Thresholds) -> Finding | None:
    """Whether the two remember the same homework, and the same amount of it."""
    if patient is None or therapist is None:
        return None
    given = patient.get("given"), therapist.get("given")
    if given in (("yes", "no"), ("no", "yes")):
        return Finding("homework_memory", "homework", "flag", more={"given": given})
    if given == ("not_sure", "yes"):
        return Finding("homework_memory", "homework", "note", more={"given": given})
    done_p, done_t = number(patient, "done"), number(therapist, "done")
    if given != ("yes", "yes") or done_p is None or done_t is None or abs(done_p - done_t) < t.homework_memory:
        return None
    return Finding("homework_memory", "homework", "note", done_p, done_t, more={"given": given})


def obstacles(part: Part) -> tuple[str, ...]:
    """The obstacles as they were ticked, to be shown."""
    answers = answered(part) or {}
    named = answers.get("obstacles")
    return tuple(str(o) for o in named) if isinstance(named, tuple) else ()
