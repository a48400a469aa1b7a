"""The story: two weeks of a small clinic, as anybody can read it, and as any player can play it.

Tomas sees Anna and Ben, Vera sees Clara. Who does what, and when, stands here; how it is done is the player's. The demo's
player has the bot in its own process, a test's may have it in another, which it kills in between.

The fortnight is a fixed one, 2 to 17 November 2026, so that the same is shown, and can be tested, every time: it begins
on the day after clocks went back in the United States, when Spain's had gone back a week before. Times are the clinic's.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

CLINIC_ZONE = "America/Denver"
STARTS = "2026-11-02T08:00"
ENDS = "2026-11-17T13:00"

Act = Literal["add_therapist", "add_patient", "set_weekly", "add_session", "move_session", "mark_session"]
"""A verb of the clinic's desk, as in `bot.desk.act`."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone. `number` is the user id, and the id of the chat."""

    name: str
    code: str
    number: int
    zone: str
    lang: str
    therapist: str = ""

    @property
    def role(self) -> Literal["therapist", "patient"]:
        """Therapists have no therapist here."""
        return "patient" if self.therapist else "therapist"


TOMAS = Person("Tomas", "T-1", 501, CLINIC_ZONE, "en")
VERA = Person("Vera", "T-2", 502, CLINIC_ZONE, "en")
ANNA = Person("Anna", "P-014", 514, CLINIC_ZONE, "en", "T-1")
BEN = Person("Ben", "P-015", 515, CLINIC_ZONE, "en", "T-1")
CLARA = Person("Clara", "P-021", 521, "Europe/Madrid", "es", "T-2")
CAST = (TOMAS, VERA, ANNA, BEN, CLARA)

SESSIONS = {ANNA: "Tue 14:00", BEN: "Mon 15:00", CLARA: "Thu 09:00"}


class Player(Protocol):
    """What the story is played on. Each step returns when the bot has nothing more to do about it."""

    async def desk(self, act: Act, *values: object) -> None:
        """The front desk does something, in the words of `bot.desk.act`."""

    async def invite(self, who: Person) -> None:
        """The desk makes an invite for a person, who opens its link: the phone sends "/start CODE"."""

    async def until(self, when: str) -> None:
        """Time passes until then (the clinic's wall time, "2026-11-03T16:00"); everything due on the way happens."""

    async def tap(self, who: Person, *labels: str) -> None:
        """A person taps buttons one after the other, each on the newest message that has one of that label."""

    async def say(self, who: Person, words: str) -> None:
        """A person types something."""

    async def double_tap(self, who: Person, label: str) -> None:
        """A person taps a button twice, the second time before anything has come of the first."""

    async def old_button(self, who: Person, label: str) -> None:
        """A person taps the button of that label tapped last once more, though the screen has long moved on."""


async def play(player: Player) -> None:
    """The whole story."""
    for chapter in CHAPTERS:
        await chapter(player)


# ------------------------------------------------------------------------------------------------ the first week


async def everybody_comes_in(player: Player) -> None:
    """Monday: the desk enters codes and weekly sessions, never a name; people come in by their links."""
    for who in CAST:
        if who.role == "therapist":
            await player.desk("add_therapist", who.code, who.zone, who.lang)
        else:
            await player.desk("add_patient", who.code, who.therapist, who.zone, who.lang)
    for who, weekly in SESSIONS.items():
        await player.desk("set_weekly", who.code, weekly, "2026-11-02", None)
    await player.until("2026-11-02T08:30")
    for who in (TOMAS, VERA):
        await player.invite(who)
        await player.tap(who, "Yes, that is right")
    await player.until("2026-11-02T09:00")
    await player.invite(ANNA)
    await player.tap(ANNA, "I agree")
    await player.tap(ANNA, "Yes, that is right")
    await player.tap(ANNA, "1 hour after")
    await player.until("2026-11-02T09:15")
    await player.invite(BEN)
    await player.tap(BEN, "I agree", "Yes, that is right", "1 hour after")
    await player.until("2026-11-02T09:30")
    await player.invite(CLARA)
    await player.tap(CLARA, "I agree", "Yes, that is right", "1 hour after")


async def ben_is_asked(player: Player) -> None:
    """Monday: Ben's first session. Tomas answers; Ben does not, now or later."""
    await player.until("2026-11-02T16:05")
    await player.tap(TOMAS, "Begin")
    await player.tap(TOMAS, "A 4", "B 4", "C 4", "D 4", "E No", "Send")


async def anna_answers(player: Player) -> None:
    """Tuesday: Anna's first session. Tomas thinks the way of working is settled; Anna, an hour later, does not."""
    await player.until("2026-11-03T15:05")
    await player.tap(TOMAS, "Begin")
    await player.tap(TOMAS, "A 4", "B 4", "C 5", "D 5", "E Yes", "Send")
    await player.until("2026-11-03T16:02")
    await player.tap(ANNA, "Later")
    await player.tap(ANNA, "In 1 hour (17:02)")
    await player.until("2026-11-03T17:04")
    await player.tap(ANNA, "Continue")
    await player.double_tap(ANNA, "Mostly")
    await player.say(ANNA, "4")
    await player.tap(ANNA, "Mostly")
    await player.tap(ANNA, "Back")
    await player.tap(ANNA, "Partly")
    await player.tap(ANNA, "Mostly", "Fully", "Mostly")
    await player.say(ANNA, "I would like to know what the breathing is for.")
    await player.tap(ANNA, "For my therapist")
    await player.old_button(ANNA, "Partly")
    await player.tap(ANNA, "Mostly")
    await player.say(ANNA, "Sleep through the night")
    await player.tap(ANNA, "Mostly", "Skip")
    await player.tap(ANNA, "Send")


async def clara_answers(player: Player) -> None:
    """Thursday: Clara, in Spain and in Spanish, sees it as Vera does."""
    await player.until("2026-11-05T10:05")
    await player.tap(VERA, "Begin")
    await player.tap(VERA, "A 4", "B 5", "C 4", "D 4", "E No", "Send")
    await player.until("2026-11-05T11:10")
    await player.tap(CLARA, "Begin")
    await player.tap(
        CLARA, "Bastante", "Por completo", "Bastante", "Bastante", "Por completo", "Por completo", "Skip"
    )
    await player.tap(CLARA, "Por completo")
    await player.say(CLARA, "Estar más tranquila con mis hijos")
    await player.tap(CLARA, "Bastante", "Por completo", "Send")


# ------------------------------------------------------------------------------------------------ the second week


async def monday_digests(player: Player) -> None:
    """Monday: the week at 07:00; before Ben's session what is known of Ben; at 18:00 Anna's homework."""
    await player.until("2026-11-09T07:05")
    await player.tap(TOMAS, "Open")
    await player.tap(VERA, "Open")
    await player.until("2026-11-09T14:05")
    await player.tap(TOMAS, "Open")
    await player.until("2026-11-09T16:05")
    await player.tap(TOMAS, "Begin")
    await player.tap(TOMAS, "A 4", "B 4", "C 4", "D 4", "E No", "Send")
    await player.until("2026-11-09T18:10")
    await player.tap(ANNA, "Begin")
    await player.tap(ANNA, "Yes", "A little", "Partly", "A little", "Partly", "Hard")
    await player.tap(ANNA, "I did not see the point", "Done", "Send")


async def annas_second_session(player: Player) -> None:
    """Tuesday: the first digest of Anna; afterwards Tomas adds a goal and puts it first. Anna puts hers first."""
    await player.until("2026-11-10T13:05")
    await player.tap(TOMAS, "Open")
    await player.until("2026-11-10T15:05")
    await player.tap(TOMAS, "Begin")
    await player.tap(TOMAS, "A 4", "B 4", "C 5", "D 4")
    await player.say(TOMAS, "Drive on the highway again")
    await player.tap(TOMAS, "F Yes", "G 1", "Send")
    await player.until("2026-11-10T16:05")
    await player.tap(ANNA, "Begin")
    await player.tap(ANNA, "Mostly", "Mostly")
    await player.tap(ANNA, "Hide")
    await player.until("2026-11-10T19:30")
    await player.tap(ANNA, "Continue")
    await player.tap(ANNA, "Mostly", "Partly", "Fully", "Mostly", "Skip")
    await player.tap(ANNA, "1. Sleep through the night", "Done")
    await player.tap(ANNA, "Send")


async def claras_quiet_digest(player: Player) -> None:
    """Thursday: nothing stands out, and Vera is told so without a sound."""
    await player.until("2026-11-11T10:10")
    await player.tap(CLARA, "Begin", "No", "Send")
    await player.until("2026-11-12T08:05")
    await player.tap(VERA, "Open")
    await player.until("2026-11-12T10:05")
    await player.tap(VERA, "Begin", "A 5", "B 4", "C 4", "D 4", "E 1. Estar más tranquila con mi…", "F No", "Send")
    await player.until("2026-11-12T11:20")
    await player.tap(CLARA, "Begin")
    await player.tap(
        CLARA, "Por completo", "Bastante", "Bastante", "Bastante", "Por completo", "Por completo", "Skip"
    )
    await player.tap(CLARA, "1. Estar más tranquila con mis hijos", "Done", "Send")


async def ben_is_missed(player: Player) -> None:
    """Monday: Ben has now missed two check-ins, and it is said without blame. Anna's homework again."""
    await player.until("2026-11-16T07:05")
    await player.tap(TOMAS, "Open")
    await player.until("2026-11-16T14:05")
    await player.tap(TOMAS, "Open")
    await player.until("2026-11-16T18:10")
    await player.tap(ANNA, "Begin")
    await player.tap(ANNA, "Yes", "About half", "Partly", "A little", "Partly", "Partly", "No time", "Done", "Send")


async def tomas_reads(player: Player) -> None:
    """Tuesday, an hour before Anna's third session: what her answers and his, side by side, are worth a talk about."""
    await player.until("2026-11-17T13:00")
    await player.tap(TOMAS, "Open")


Chapter = Callable[[Player], Awaitable[None]]
CHAPTERS: tuple[Chapter, ...] = (
    everybody_comes_in,
    ben_is_asked,
    anna_answers,
    clara_answers,
    monday_digests,
    annas_second_session,
    claras_quiet_digest,
    ben_is_missed,
    tomas_reads,
)
