"""The rules about homework, one table a rule, and every threshold from both sides."""

import pytest

from bot.core.homework import obstacles
from tests.case_files import CANCELLED, MISSED, Json, did, met, numbers, remembered, says_of, table

NONE_GIVEN = did(given="no")


@table([
    ("a little done is noted", [did(done=1)], "note homework"),
    ("none done is noted", [did(done=0)], "note homework"),
    ("half done is not", [did(done=2)], ""),
    ("little twice in a row is a flag", [did(done=1), did(done=0)], "flag homework"),
    ("half done before is no first of two", [did(done=2), did(done=0)], "note homework"),
    ("a session without homework between does not count", [did(done=1), NONE_GIVEN, did(done=1)], "flag homework"),
    ("nor does one where the patient was not sure", [did(done=1), did(given="not_sure"), did(done=1)],
     "flag homework"),
    ("nor one that was missed or cancelled", [did(done=1), MISSED, CANCELLED, did(done=1)], "flag homework"),
    ("a skipped amount before breaks the run", [did(done=1), did(done=None), did(done=1)], "note homework"),
    ("a skipped amount now says nothing", [did(done=1), did(done=None)], ""),
    ("all done between breaks the run", [did(done=0), did(done=4), did(done=0)], "note homework"),
    ("where nothing was given nothing is little", [did(given="no", done=0)], ""),
    ("the therapist's view does not enter", [did(done=4, they={"given": "yes", "done": 0})], ""),
    ("the third in a row is a flag too", [did(done=1)] * 3, "flag homework"),
    ("a form never answered says nothing", [met(they={"homework": {"given": "yes", "done": 0}})], ""),
])  # fmt: skip
def test_homework_little(sessions: list[Json], says: str) -> None:
    assert says_of("homework_little", sessions) == says


@table([
    ("does not see what it is for", [did(why=2)], "flag homework"),
    ("sees it partly", [did(why=3)], ""),
    ("it does not fit what is wanted", [did(fits=2)], "flag homework"),
    ("it fits partly", [did(fits=3)], ""),
    ("clear and fitting, but all done", [did(done=4, why=5, fits=5)], ""),
    ("unclear got in the way of half", [did(done=2, obstacles=["unclear"])], "flag homework"),
    ("no point in it", [did(done=0, obstacles=["no_point"])], "flag homework"),
    ("it serves goals that are not the patient's", [did(done=1, obstacles=["not_my_goals"])], "flag homework"),
    ("it was hard to say no", [did(done=1, obstacles=["no_time", "hard_to_say_no"])], "flag homework"),
    ("an obstacle to most of it being done is not asked", [did(done=3, obstacles=["unclear"])], ""),
    ("an obstacle without the amount is not counted", [did(done=None, obstacles=["unclear"])], ""),
    ("no time is about the week, not the task", [did(done=0, obstacles=["no_time", "field_or_travel"])], ""),
    ("too hard is another finding", [did(done=1, obstacles=["too_hard"])], ""),
    ("boring is only shown", [did(done=1, obstacles=["boring"])], ""),
    ("a low rating counts even when all was done", [did(done=4, why=1)], "flag homework"),
    ("nothing given, nothing to fit", [did(given="not_sure", why=1, fits=1)], ""),
    ("a skipped reason says nothing", [did(done=4, why=None, fits=None)], ""),
])  # fmt: skip
def test_homework_fit(sessions: list[Json], says: str) -> None:
    assert says_of("homework_fit", sessions) == says


@table([
    ("the patient took something on, the therapist knows of nothing", [remembered("yes", "no")], "flag homework"),
    ("the therapist gave something, the patient knows of nothing", [remembered("no", "yes")], "flag homework"),
    ("the patient is not sure, the therapist is", [remembered("not_sure", "yes")], "note homework"),
    ("not sure and nothing given is nothing", [remembered("not_sure", "no")], ""),
    ("both say nothing was given", [remembered("no", "no")], ""),
    ("both remember it, and the same amount", [remembered("yes", "yes", 2, 2)], ""),
    ("one step apart is nothing", [remembered("yes", "yes", 2, 3)], ""),
    ("two steps apart, the therapist higher", [remembered("yes", "yes", 1, 3)], "note homework"),
    ("two steps apart, the patient higher", [remembered("yes", "yes", 4, 2)], "note homework"),
    ("the patient skipped the amount", [remembered("yes", "yes", None, 4)], ""),
    ("the therapist was not asked the amount yet", [remembered("yes", "yes", 0, None)], ""),
    ("the patient never answered", [met(they={"homework": {"given": "yes"}})], ""),
    ("the therapist never answered", [did(done=4)], ""),
    ("the therapist skipped whether it was given", [remembered("yes", None, 0, 4)], ""),
    ("homework may be told late", [remembered("yes", "no") | {"patient":
        {"homework": {"given": "yes"}, "alliance": {}, "hours": 500}}], "flag homework"),
    ("another session's homework is not compared", [did(done=0), met(they={"homework": {"given": "no"}})], ""),
])  # fmt: skip
def test_homework_memory(sessions: list[Json], says: str) -> None:
    assert says_of("homework_memory", sessions) == says


def test_homework_memory_gives_both_amounts_only_where_they_are_compared() -> None:
    assert numbers("homework_memory", [remembered("yes", "yes", 1, 3)]) == (1, 3)
    assert numbers("homework_memory", [remembered("yes", "no", 1, 3)]) == (None, None)


@table([
    ("hard, and little done", [did(done=1, difficulty=3)], "note homework"),
    ("very hard, and none done", [did(done=0, difficulty=4)], "note homework"),
    ("partly hard, and little done", [did(done=1, difficulty=2)], ""),
    ("hard, but half done", [did(done=2, difficulty=3)], ""),
    ("half done, and the patient says it was too hard", [did(done=2, obstacles=["too_hard"])], "note homework"),
    ("too hard counts without the grade", [did(done=0, difficulty=0, obstacles=["too_hard"])], "note homework"),
    ("most was done, so obstacles are not asked", [did(done=3, obstacles=["too_hard"])], ""),
    ("hard, and most was done", [did(done=3, difficulty=4)], ""),
    ("the amount was skipped", [did(done=None, difficulty=4, obstacles=["too_hard"])], ""),
    ("the grade was skipped", [did(done=0, difficulty=None)], ""),
    ("unclear is another finding", [did(done=1, obstacles=["unclear"])], ""),
    ("nothing was given", [did(given="no", done=0, difficulty=4)], ""),
    ("boring is only shown", [did(done=0, obstacles=["boring"])], ""),
])  # fmt: skip
def test_homework_hard(sessions: list[Json], says: str) -> None:
    assert says_of("homework_hard", sessions) == says


@pytest.mark.parametrize(
    ("homework", "number"),
    [
        pytest.param({"why": 2, "fits": 1}, 1, id="the lower of the two that are low"),
        pytest.param({"why": 2, "fits": 4}, 2, id="only the one that is low"),
        pytest.param({"why": 4, "done": 0, "obstacles": ["unclear"]}, None, id="none where an obstacle says it"),
    ],
)
def test_homework_fit_gives_the_lowest_rating(homework: Json, number: int | None) -> None:
    assert numbers("homework_fit", [did(**homework)]) == (number, None)


def test_obstacles_are_shown_as_they_were_ticked() -> None:
    assert obstacles({"given": "yes", "done": 3, "obstacles": ("boring", "forgot")}) == ("boring", "forgot")
    assert obstacles({"given": "yes", "obstacles": None}) == obstacles("missed") == obstacles(None) == ()
