"""The numbers of the digest's rules. All of them are defaults that a clinic can change; the rules are in `findings`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Numbers on the 1-5 scale unless said otherwise. See `findings` for what each one decides, and the sources."""

    usual_gap_goals: float = 0.35  # therapists rate lower than patients: .50 SD x SD .70
    usual_gap_tasks: float = 0.35
    disagreement_note: float = 1.0
    disagreement_flag: float = 1.5
    answered_within_hours: float = 168.0  # both sides, counted from the session's start
    agreed_low: float = 3.0
    low: float = 3.0
    low_item: float = 2.0
    early_sessions: int = 2  # held sessions in which a low bond is only a note
    drop: float = 1.0
    drop_total: float = 0.6
    drop_spread: float = 2.0  # times the pair's own standard deviation
    drop_base_of: int = 3  # the base is the median of the last so many rated scores
    drop_base_needs: int = 2
    drop_spread_of: int = 8  # the deviation is that of the last so many scores that were no drops
    drop_spread_needs: int = 4
    drop_still_high: float = 4.0  # at or above: a note
    slide: float = 1.0
    slide_of: int = 4  # rated scores that never rise
    repaired_within: float = 0.5
    not_back_from: int = 3  # rated scores after the drop
    flat_from: int = 3
    flat_every: int = 5
    flat_needs: int = 4  # items answered; with fewer a form of one option says nothing
    silent_note: int = 2  # missed check-ins in a row
    silent_flag: int = 3
    homework_little: int = 1  # done, 0-4
    homework_half: int = 2  # done, 0-4
    homework_fit: int = 2  # why and fits, 1-5
    homework_memory: int = 2  # steps between the two on done, 0-4
    homework_hard: int = 3  # difficulty, 0-4
    start: int = 2
    fit: float = 3.0
    fit_sessions: int = 3
