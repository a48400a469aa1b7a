"""The rules about the patient's own answers, one table a rule, and every threshold from both sides."""

import pytest

from tests.case_files import (
    ANSWERED,
    CANCELLED,
    EXCUSED,
    FALLEN,
    MISSED,
    NOT_MET,
    SLIDING,
    UNASKED,
    Json,
    began,
    bond,
    case_file,
    found,
    met,
    numbers,
    same,
    says_of,
    table,
    tasks,
    whole,
)


@table([
    ("a mean at the middle is low", tasks((3, 3)), "flag tasks"),
    ("half a point above is not", tasks((3, 4)), ""),
    ("one item of 2 is enough beside a 5", tasks((5, 2)), "flag tasks"),
    ("a 3 beside a 5 is not", tasks((5, 3)), ""),
    ("one item of 1 is enough, the other skipped", tasks((None, 1)), "flag tasks"),
    ("one item of 2 is enough, the other skipped", tasks((2, None)), "flag tasks"),
    ("a single 3 makes no score and is not low by itself", tasks((None, 3)), ""),
    ("each subscale is said, tasks before goals", [met(tasks=(2, 2), goals=(2, 2))], "flag tasks; flag goals"),
    ("a low bond in the first session is early days", [met(bond=(3, 3))], "note bond"),
    ("and in the second", [met(bond=(4, 4)), met(bond=(5, 2))], "note bond"),
    ("in the third it is a flag", [met(), met(), met(bond=(3, 3))], "flag bond"),
    ("a session that was not held is no early day", [met(), CANCELLED, met(bond=(3, 3))], "note bond"),
    ("a held session without an answer is one", [MISSED, UNASKED, met(bond=(3, 3))], "flag bond"),
    ("low tasks are a flag from the first session", [met(tasks=(1, 1))], "flag tasks"),
    ("a late answer still counts", [met(tasks=(2, 2), hours=400)], "flag tasks"),
    ("a therapist's low rating is not the patient's", [met(tasks=(5, 5), they={"tasks": (1, 1)})], ""),
    ("a skipped form is not low", [met()], ""),
])  # fmt: skip
def test_low(sessions: list[Json], says: str) -> None:
    assert says_of("low", sessions) == says


def test_a_low_item_alone_has_no_mean_to_show() -> None:
    assert numbers("low", tasks((5, 2))) == (3.5, None)
    assert numbers("low", tasks((2, None))) == (None, None)


STEADY = tasks((4, 5), (4, 5), (4, 4))


@table([
    ("from 4.5 4.5 4.0 down to 3.0", [*STEADY, *tasks((3, 3))], "flag tasks"),
    ("from the top down to 4.0 is only noted", tasks((5, 5), (5, 5), (5, 5), (4, 4)), "note tasks"),
    ("one point below the usual is enough", tasks((4, 4), (4, 4), (3, 3)), "flag tasks"),
    ("half a point is not", tasks((4, 4), (4, 4), (3, 4)), ""),
    ("just below 4.0 it is a flag", tasks((5, 5), (5, 5), (5, 5), (3, 4)), "flag tasks"),
    ("one earlier score is no usual", tasks((5, 5), (1, 1)), ""),
    ("two earlier scores make a usual, their mean", tasks((5, 5), (3, 3), (3, 3)), "flag tasks"),
    ("the usual is the median of the last three, not of all",
     tasks((5, 5), (5, 5), (5, 5), (3, 3), (3, 3), (3, 3)), ""),
    ("sessions without a score are passed over", [*STEADY, MISSED, met(), CANCELLED, *tasks((3, 3))], "flag tasks"),
    ("a drop is said once, not at the session after", [*STEADY, MISSED, *tasks((3, 3)), MISSED], ""),
    ("three scores do not show how much a pair varies", tasks((2, 2), (3, 3), (5, 5), (2, 2)), "flag tasks"),
    ("four do: two points are less than twice their deviation of 1.29",
     tasks((2, 2), (3, 3), (4, 4), (5, 5), (2, 2)), ""),
    ("three points are more", tasks((2, 2), (3, 3), (4, 4), (5, 5), (1, 1)), "flag tasks"),
    ("exactly twice the deviation is enough", tasks((3, 3), (3, 3), (3, 3), (5, 5), (1, 1)), "flag tasks"),
    ("half a point less is not", tasks((3, 3), (3, 3), (3, 3), (5, 5), (1, 2)), ""),
    ("a poor beginning counts among the last eight", tasks((1, 1), *[(4, 4)] * 7, (3, 3)), ""),
    ("it is forgotten as the ninth", tasks((1, 1), *[(4, 4)] * 8, (3, 3)), "flag tasks"),
    ("an earlier drop does not hide a later one", tasks((5, 5), (5, 5), (5, 5), (1, 1), (5, 5), (2, 2)),
     "flag tasks"),
    ("the total needs only 0.6, to the digit", [whole(5, 5, 5, 5, 5, None)] * 2 + [whole(5, 4, 5, 4, 4, None)],
     "note total"),
    ("the total at 3.5 after 4.17 is a flag", [whole(5, 4, 4, 4, 4, 4)] * 2 + [whole(4, 4, 3, 4, 3, 3)],
     "flag bond; flag total"),
    ("half a point of the total is not a drop", [whole(*[4] * 6)] * 2 + [whole(4, 3, 4, 3, 4, 3)], ""),
    ("a total of five items is a total", [whole(4, 4, 4, 4, 4, None)] * 2 + [whole(None, 3, 3, 4, 3, 4)],
     "flag total"),
    ("a total of four items is none", [whole(4, 4, 4, 4, None, None)] * 2 + [whole(None, 3, 3, None, 3, 3)], ""),
    ("each part and the total in one order", [*same(5, 5), *same(2)],
     "flag tasks; flag goals; flag bond; flag total"),
    ("late answers count", [*STEADY, met(tasks=(3, 3), hours=300)], "flag tasks"),
])  # fmt: skip
def test_drop(sessions: list[Json], says: str) -> None:
    assert says_of("drop", sessions) == says


@table([
    ("one point in four scores, in small steps", SLIDING, "flag tasks"),
    ("a point and a half in four", tasks((5, 5), (4, 4), (4, 4), (3, 4)), "flag tasks"),
    ("half a point in four is none", tasks((5, 5), (5, 5), (4, 5), (4, 5)), ""),
    ("three scores are too few", tasks((5, 5), (4, 5), (4, 4)), ""),
    ("one rise on the way breaks it", tasks((5, 5), (4, 4), (4, 5), (4, 4)), ""),
    ("a rise at the end breaks it", tasks((5, 5), (4, 4), (3, 4), (4, 4)), ""),
    ("the fall is measured over the last four only", tasks((5, 5), (4, 5), (4, 5), (4, 5), (4, 4)), ""),
    ("standing still is no rise", tasks((5, 5), (4, 4), (4, 4), (4, 4)), "flag tasks"),
    ("a drop is said instead", tasks((4, 4), (4, 4), (4, 4), (3, 3)), ""),
    ("a drop that is only a note is said instead, too", tasks((5, 5), (5, 5), (5, 5), (4, 4)), ""),
    ("missed sessions and empty forms are passed over",
     [*tasks((5, 5), (4, 5)), MISSED, met(), *tasks((4, 4), (4, 4))], "flag tasks"),
    ("it is not said at a session without a score", [*SLIDING, MISSED], ""),
    ("it goes on as long as it falls", [*SLIDING, *tasks((3, 4))], "flag tasks"),
    ("each subscale may slide, the total does not",
     [whole(*six) for six in ((5, 5) * 3, (4, 5) * 3, (4, 4) * 3, (4, 4) * 3)], "flag tasks; flag goals; flag bond"),
    ("a late answer still counts", [*SLIDING[:3], met(tasks=(4, 4), hours=900)], "flag tasks"),
])  # fmt: skip
def test_slide(sessions: list[Json], says: str) -> None:
    assert says_of("slide", sessions) == says


@table([
    ("the third score after the drop, still low", FALLEN + tasks((3, 3), (3, 3), (3, 3)), "note tasks"),
    ("the second is too early", FALLEN + tasks((3, 3), (3, 3)), ""),
    ("it is said again at the fourth", FALLEN + tasks((3, 3), (3, 3), (3, 3), (4, 4)), "note tasks"),
    ("half a point below the base is back", FALLEN + tasks((3, 3), (3, 3), (4, 5)), ""),
    ("one point below is not", FALLEN + tasks((3, 3), (3, 3), (4, 4)), "note tasks"),
    ("once back it stays closed", FALLEN + tasks((5, 4), (3, 4), (3, 4), (3, 4)), ""),
    ("back at the fourth, silent from then on", FALLEN + tasks((3, 3), (3, 3), (3, 3), (5, 5), (4, 4)), ""),
    ("a drop that was only a note leaves nothing open",
     tasks((5, 5), (5, 5), (4, 4), (4, 4), (4, 4), (4, 4)), ""),
    ("sessions without a score neither count nor speak", [*FALLEN, *tasks((3, 3), (3, 3)), MISSED], ""),
    ("they do not hold it up either", [*FALLEN, *tasks((3, 3)), MISSED, *tasks((3, 3)), CANCELLED, *tasks((3, 3))],
     "note tasks"),
    ("a second drop keeps the first base", FALLEN + tasks((3, 3), (3, 3), (1, 1), (3, 3)), "note tasks"),
    ("and is not measured by the second base", FALLEN + tasks((3, 3), (3, 3), (1, 1), (4, 4)), "note tasks"),
    ("the first base closes it", FALLEN + tasks((3, 3), (3, 3), (1, 1), (5, 4)), ""),
    ("without a drop nothing is open", tasks((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)), ""),
    ("each part and the total", same(5, 5, 3, 3, 3, 3), "note tasks; note goals; note bond; note total"),
    ("a late answer counts", [*FALLEN, *tasks((3, 3), (3, 3)), met(tasks=(3, 3), hours=500)], "note tasks"),
])  # fmt: skip
def test_not_back(sessions: list[Json], says: str) -> None:
    assert says_of("not_back", sessions) == says


FEW = met(tasks=(4, 4), goals=(4, None))


@table([
    ("three forms of one option", same(4, 4, 4), "note alliance"),
    ("two are no pattern", same(4, 4), ""),
    ("the option may differ from form to form", same(5, 4, 3), "note alliance"),
    ("the fourth is not said again", same(4, 4, 4, 4), ""),
    ("nor the seventh", same(*[4] * 7), ""),
    ("the eighth is", same(*[4] * 8), "note alliance"),
    ("the thirteenth is", same(*[4] * 13), "note alliance"),
    ("the twelfth is not", same(*[4] * 12), ""),
    ("one other answer breaks the run", [*same(4, 4), whole(4, 4, 4, 4, 4, 5)], ""),
    ("and it begins anew", [*same(4, 4), whole(4, 4, 4, 4, 4, 5), *same(4, 4, 4)], "note alliance"),
    ("four answered items of six are a form", [*same(4, 4), whole(4, 4, 4, 4, None, None)], "note alliance"),
    ("three are not flat and break the run", [*same(4, 4), FEW, *same(4, 4)], ""),
    ("an empty form is none and does not break it", [*same(4, 4), met(), *same(4)], "note alliance"),
    ("an empty form says nothing itself", [*same(4, 4, 4), met()], ""),
    ("missed and cancelled sessions do not break it", [*same(4, 4), MISSED, CANCELLED, EXCUSED, *same(4)],
     "note alliance"),
    ("nothing is said at a session without a form", [*same(4, 4, 4), MISSED], ""),
])  # fmt: skip
def test_flat(sessions: list[Json], says: str) -> None:
    assert says_of("flat", sessions) == says


@table([
    ("one missed check-in is nothing", [ANSWERED, MISSED], ""),
    ("two in a row are noted", [ANSWERED, MISSED, MISSED], "note response"),
    ("three are a flag", [ANSWERED, MISSED, MISSED, MISSED], "flag response"),
    ("and so is every further one", [ANSWERED, MISSED, MISSED, MISSED, MISSED], "flag response"),
    ("two before anything was answered are noted too", [MISSED, MISSED], "note response"),
    ("two and a cancelled session after the first", [ANSWERED, MISSED, CANCELLED, MISSED], "flag response"),
    ("two and then a session not kept", [ANSWERED, MISSED, MISSED, NOT_MET], "flag response"),
    ("a cancelled session before the first does not count", [ANSWERED, CANCELLED, MISSED, MISSED], "note response"),
    ("one and then a session not kept is nothing", [ANSWERED, MISSED, NOT_MET], ""),
    ("excused ones neither count nor break", [ANSWERED, MISSED, EXCUSED, EXCUSED, MISSED], "note response"),
    ("nor do sessions about which nothing was asked", [ANSWERED, MISSED, UNASKED, MISSED, UNASKED, MISSED],
     "flag response"),
    ("nothing is said at an excused session", [ANSWERED, MISSED, MISSED, EXCUSED], ""),
    ("nor at one about which nothing was asked", [ANSWERED, MISSED, MISSED, UNASKED], ""),
    ("an answer ends it", [ANSWERED, MISSED, MISSED, ANSWERED, MISSED], ""),
    ("an empty form is an answer", [ANSWERED, MISSED, MISSED, met(), MISSED], ""),
    ("a late one is, too", [ANSWERED, MISSED, MISSED, met(tasks=(4, 4), hours=500), MISSED], ""),
    ("an answer also ends what a cancelled session began",
     [ANSWERED, MISSED, CANCELLED, ANSWERED, MISSED, MISSED], "note response"),
    ("three at a session not kept", [ANSWERED, MISSED, MISSED, MISSED, CANCELLED], "flag response"),
    ("a therapist's missing form is no finding", [met(tasks=(4, 4)) | {"therapist": "missed"}] * 3, ""),
    ("ticking goals while leaving the alliance unanswered is no alliance form",
     [ANSWERED, MISSED, {"state": "held", "patient": {"alliance": "missed", "goals": {"chosen": [1], "top": 1}}}],
     "note response"),
])  # fmt: skip
def test_no_response(sessions: list[Json], says: str) -> None:
    assert says_of("no_response", sessions) == says


@table([
    ("three missed and nothing ever answered", [MISSED, MISSED, MISSED], "note response"),
    ("two are too few", [MISSED, MISSED], ""),
    ("it goes on at the fourth", [MISSED] * 4, "note response"),
    ("an answer at any time before makes it silence", [ANSWERED, MISSED, MISSED, MISSED], ""),
    ("an empty form was an answer", [met(), MISSED, MISSED, MISSED], ""),
    ("a start form was an answer", [{"state": "held", "patient": {"start": {}}}, MISSED, MISSED, MISSED], ""),
    ("homework told was an answer", [MISSED, MISSED, {"state": "held", "patient":
        {"alliance": "missed", "homework": {"given": "no"}}}], ""),
    ("what the therapist answered is not the patient's", [MISSED | {"therapist": {"alliance": {}}}, MISSED, MISSED],
     "note response"),
    ("a cancelled session among them makes no flag of it", [MISSED, CANCELLED, MISSED, MISSED], "note response"),
    ("two and a cancelled session are silence, not set-up", [MISSED, CANCELLED, MISSED], ""),
    ("it is said at a session not kept", [MISSED, MISSED, MISSED, NOT_MET], "note response"),
    ("it is not said at an excused one", [MISSED, MISSED, MISSED, EXCUSED], ""),
    ("excused ones do not count", [MISSED, EXCUSED, MISSED], ""),
    ("nor do they break the run", [MISSED, EXCUSED, MISSED, UNASKED, MISSED], "note response"),
])  # fmt: skip
def test_setup(sessions: list[Json], says: str) -> None:
    assert says_of("setup", sessions) == says


@table([
    ("three low bonds in a row", bond((3, 3), (3, 3), (3, 3)), "note bond"),
    ("two are too few", bond((3, 3), (3, 3)), ""),
    ("half a point above in the first", bond((3, 4), (3, 3), (3, 3)), ""),
    ("half a point above in the second", bond((3, 3), (3, 4), (3, 3)), ""),
    ("half a point above now", bond((3, 3), (3, 3), (3, 4)), ""),
    ("far below", bond((1, 1), (1, 2), (2, 2)), "note bond"),
    ("a low item that leaves the mean higher is not enough", bond((5, 2), (5, 2), (5, 2)), ""),
    ("missed sessions between do not help", [*bond((3, 3)), MISSED, *bond((3, 3)), CANCELLED, *bond((3, 3))],
     "note bond"),
    ("a form without a bond score is passed over", [*bond((3, 3), (3, 3), (None, 1), (3, 3))], "note bond"),
    ("it is not said where the bond was not rated", [*bond((3, 3), (3, 3), (3, 3)), *tasks((3, 3))], ""),
    ("it is said again at the fourth", bond((3, 3), (3, 3), (3, 3), (2, 2)), "note bond"),
    ("one good bond ends it", bond((3, 3), (3, 3), (3, 3), (4, 4), (3, 3), (3, 3)), ""),
    ("low tasks say nothing about the fit", tasks((1, 1), (1, 1), (1, 1)), ""),
    ("late answers count", [met(bond=(3, 3), hours=300)] * 3, "note bond"),
])  # fmt: skip
def test_fit(sessions: list[Json], says: str) -> None:
    assert says_of("fit", sessions) == says


@table([
    ("nobody told the patient what the options are", began(options=1), "flag options"),
    ("a little is still too little", began(options=2), "flag options"),
    ("partly is not flagged", began(options=3), ""),
    ("no say in how we work", began(say=2), "flag say"),
    ("a say, partly", began(say=3), ""),
    ("does not know who sees the answers", began(privacy=1), "flag privacy"),
    ("knows a little of it", began(privacy=2), "flag privacy"),
    ("knows it partly", began(privacy=3), ""),
    ("not yet talked about is no finding", began(options="not_yet", say="not_yet"), ""),
    ("each item is its own line", began(options=1, say=1, privacy=1), "flag options; flag say; flag privacy"),
    ("skipped items say nothing", began(options=None, hopes="to sleep"), ""),
    ("asked again after the third session", [*began(options="not_yet"), met(), *began(options=2)], "flag options"),
    ("it is not repeated at the next session", [*began(options=1), met()], ""),
    ("full marks", began(options=5, say=5, privacy=5), ""),
])  # fmt: skip
def test_start(sessions: list[Json], says: str) -> None:
    assert says_of("start", sessions) == says


@pytest.mark.parametrize(
    ("rule", "sessions", "more"),
    [
        ("low", tasks((5, 2)), {"lowest": 2, "early": False}),
        ("low", bond((3, 3)), {"lowest": 3, "early": True}),
        ("drop", [*STEADY, *tasks((3, 3))], {"base": 4.5}),
        ("slide", [*SLIDING, *tasks((3, 4))], {"from": 4.5}),
        ("not_back", FALLEN + tasks((3, 3), (3, 3), (3, 3), (4, 4)), {"base": 5.0, "rated_since": 4}),
        ("flat", same(4, 4, 4), {"forms": 3}),
        ("no_response", [ANSWERED, MISSED, CANCELLED, MISSED], {"missed": 2, "not_met": True}),
        ("setup", [MISSED, MISSED, MISSED], {"missed": 3, "not_met": False}),
    ],
)
def test_what_else_the_sentence_is_told(rule: str, sessions: list[Json], more: dict[str, object]) -> None:
    (finding,) = [f for f in found(case_file(sessions))[-1] if f.rule == rule]
    assert finding.more == more
