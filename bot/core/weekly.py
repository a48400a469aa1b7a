"""The order of pairs on a therapist's weekly page."""

from bot.core.digest import Digest

IN_ORDER = (
    ("disagreement", "named_goals", "agreed_low"),
    ("drop", "low", "slide"),
    ("no_response",),
    ("homework_memory", "homework_fit", "homework_little"),
)


def weekly_place(digest: Digest) -> int:
    """Where a pair comes: disagreements first, then drops, silence, homework, other flags, notes, the quiet ones."""
    flagged = {line.finding.rule for line in digest.lines if line.is_flag}
    for place, rules in enumerate(IN_ORDER):
        if flagged & set(rules):
            return place
    return len(IN_ORDER) + (0 if flagged else 1 if digest.lines else 2)
