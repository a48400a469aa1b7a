"""The story: two weeks of a small clinic, as anybody can read it, and as any player can play it.

Tomas sees Anna and Ben, Vera sees Clara. Who does what, and when, stands here; how it is done is the
player's. The demo's player has the bot in its own process, a test's may have it in another, which it kills.

The fortnight is a fixed one, 2 to 17 November 2026, so that the same is shown, and can be tested, every time: it begins
on the day after the clocks went back in the United States, a week after Spain's. Times are the clinic's.
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

SESSIONS = {ANNA: "Tue 14:00", BEN: "Tue 10:00", CLARA: "Thu 09:00"}


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


WAY_IN = {
    "en": ("I agree", "Yes, that is right", "1 hour after"),
    "es": ("Acepto", "Sí, es correcto", "1 hora después"),
}


async def the_desk_begins(player: Player) -> None:
    """Monday, 08:00: the desk enters codes and weekly sessions, never a name."""
    for who in CAST:
        if who.role == "therapist":
            await player.desk("add_therapist", who.code, who.zone, who.lang)
        else:
            await player.desk("add_patient", who.code, who.therapist, who.zone, who.lang)
    for who, weekly in SESSIONS.items():
        await player.desk("set_weekly", who.code, weekly, STARTS[:10], None)


async def comes_in(player: Player, who: Person) -> None:
    """A person opens the link of the invite and taps through what there is to know and to say."""
    await player.invite(who)
    await player.tap(who, *(WAY_IN[who.lang] if who.role == "patient" else ("Yes, that is right",)))


async def everybody_comes_in(player: Player) -> None:
    """Monday: what the desk does, then people come in by their links."""
    await the_desk_begins(player)
    await player.until("2026-11-02T08:30")
    for who in (TOMAS, VERA):
        await comes_in(player, who)
    for who, when in ((ANNA, "09:00"), (BEN, "09:15"), (CLARA, "09:30")):
        await player.until(f"2026-11-02T{when}")
        await comes_in(player, who)


async def anna_answers(player: Player) -> None:
    """Tuesday: Ben's and Anna's first sessions. Tomas thinks the way of working is settled; Anna does not."""
    await player.until("2026-11-03T11:05")
    await player.tap(TOMAS, "Begin", "A 4", "B 4", "C 4", "D 4", "E No", "Send")
    await player.until("2026-11-03T15:05")
    await player.tap(TOMAS, "Begin", "A 4", "B 4", "C 5", "D 5", "E Yes", "Send")
    await player.until("2026-11-03T16:02")
    await player.tap(ANNA, "Later", "In 1 hour (17:02)")
    await player.until("2026-11-03T17:04")
    await player.tap(ANNA, "Begin")
    await player.double_tap(ANNA, "Mostly")
    await player.say(ANNA, "4")
    await player.tap(ANNA, "Mostly", "Back")
    await player.tap(ANNA, "Partly", "Mostly", "Fully", "Mostly")
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
    await player.tap(VERA, "Begin", "A 4", "B 5", "C 4", "D 4", "E No", "Send")
    await player.until("2026-11-05T11:10")
    await player.tap(CLARA, "Empezar")
    await player.tap(
        CLARA, "Bastante", "Por completo", "Bastante", "Bastante", "Por completo", "Por completo", "Omitir", "Bastante"
    )
    await player.say(CLARA, "Estar más tranquila con mis hijos")
    await player.tap(CLARA, "Bastante", "Por completo", "Enviar")


# ------------------------------------------------------------------------------------------------ the second week


async def the_week(player: Player) -> None:
    """Monday: the therapists' week is ready at 07:00; at 18:00 Anna and Ben are asked what came of the homework."""
    await player.until("2026-11-09T18:10")
    await player.tap(ANNA, "Begin")
    await player.tap(
        ANNA, "Yes", "A little", "Partly", "A little", "Partly", "Hard", "I did not see the point", "Done", "Send"
    )


async def annas_second_session(player: Player) -> None:
    """Tuesday: Tomas reads of Ben, then of Anna; after her session he adds a goal and puts it first. She does not."""
    await player.until("2026-11-10T09:05")
    await player.tap(TOMAS, "Open")
    await player.until("2026-11-10T11:05")
    await player.tap(TOMAS, "Begin", "A 4", "B 4", "C 4", "D 4", "E No", "Send")
    await player.until("2026-11-10T13:05")
    await player.tap(TOMAS, "Open", "Discussed")
    await player.until("2026-11-10T15:05")
    await player.tap(TOMAS, "Begin", "A 4", "B 4", "C 5", "D 4")
    await player.say(TOMAS, "Drive on the highway again")
    await player.tap(TOMAS, "G Yes", "H 1", "Send")
    await player.until("2026-11-10T16:05")
    await player.tap(ANNA, "Begin", "Mostly", "Mostly", "Hide")
    await player.until("2026-11-10T19:30")
    await player.tap(ANNA, "Continue")
    await player.tap(ANNA, "Mostly", "Partly", "Fully", "Mostly", "Skip")
    await player.tap(ANNA, "1. Sleep through the night", "Done", "Send")


async def claras_quiet_digest(player: Player) -> None:
    """Thursday: nothing stands out, and Vera is told so without a sound."""
    await player.until("2026-11-11T10:10")
    await player.tap(CLARA, "Empezar", "No", "Enviar")
    await player.until("2026-11-12T08:05")
    await player.tap(VERA, "Open")
    await player.until("2026-11-12T10:05")
    await player.tap(VERA, "Begin", "A 5", "B 4", "C 4", "D 4", "E 1. Estar más tranquila con mi…", "G No", "Send")
    await player.until("2026-11-12T11:20")
    await player.tap(
        CLARA, "Empezar", "Por completo", "Bastante", "Bastante", "Bastante", "Por completo", "Por completo", "Omitir",
        "1. Estar más tranquila con mis hijos", "Listo", "Enviar",
    )  # fmt: skip


async def ben_is_missed(player: Player) -> None:
    """Monday and Tuesday: Ben has now missed two check-ins, and it is said without blame. Anna's homework again."""
    await player.until("2026-11-16T07:05")
    await player.tap(TOMAS, "Open")
    await player.tap(VERA, "Open")
    await player.until("2026-11-16T18:10")
    await player.tap(
        ANNA, "Begin", "Yes", "About half", "Partly", "A little", "Partly", "Partly", "No time", "Done", "Send"
    )
    await player.until("2026-11-17T09:05")
    await player.tap(TOMAS, "Open")
    await player.until("2026-11-17T12:05")


async def tomas_reads(player: Player) -> None:
    """Tuesday, an hour before Anna's third session: where she and Tomas differ, in words, and a question to ask."""
    await player.until(ENDS)
    await player.tap(TOMAS, "Open")


Chapter = Callable[[Player], Awaitable[None]]
CHAPTERS: tuple[Chapter, ...] = (
    everybody_comes_in,
    anna_answers,
    clara_answers,
    the_week,
    annas_second_session,
    claras_quiet_digest,
    ben_is_missed,
    tomas_reads,
)
