"""A mistake in something a person wrote, as a value: where it is and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a place inside a document: a sentence that ends in the remedy."""

    path: tuple[str | int, ...]
    says: str

    @property
    def where(self) -> str:
        """The place in words: `sessions[2].patient.alliance.goals_1`."""
        words = ""
        for step in self.path:
            words += f"[{step}]" if isinstance(step, int) else f".{step}" if words else step
        return words


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean "…"?' with the closest known word, or an empty text."""
    close = get_close_matches(word.lower(), {k.lower(): k for k in known}, n=1, cutoff=0.6)
    by_lower = {k.lower(): k for k in known}
    return f' Did you mean "{by_lower[close[0]]}"?' if close else ""
