"""Every proof there is, in the order of the threat and fault model."""

from bot.prove.proof import Proof

WIRE = ("lost", "cut", "hang", "broken", "gateway", "flood", "forbidden", "down")
KILLS = ("killed at a call", "killed at a commit", "killed at rest", "stopped")

PROOFS = (
    Proof(
        "R1", "kill -9 at any moment", "What was confirmed is stored: 0 lost, 0 doubled, 0 in a wrong record.",
        "SIGKILLs", "bot.prove.kill.proof:kills", quick=3, default=1000, piece=100, strikes=("SIGKILL",),
    ),
    Proof(
        "R2", "power cut at any moment", "The last transaction that was acknowledged is there; the file is whole.",
        "power cuts", "bot.prove.power:cuts", quick=40, default=10_000, piece=1250, strikes=("power cut",), apsw=True,
    ),
    Proof(
        "R3", "disk full, disk broken", "All of a transaction or nothing; once there is room it goes on by itself.",
        "faults", "bot.prove.full:points", quick=60, default=2400, piece=300,
        strikes=("disk full", "I/O error"), apsw=True,
    ),
    Proof(
        "R3W", "the disk full or broken while people tap", "Who taps is told, what is confirmed is there, and it goes "
        "on by itself.", "spells", "bot.prove.storms:disk_spells", quick=10, default=1000, piece=100,
        strikes=("disk full", "I/O error"),
    ),
    Proof(
        "R4", "the whole world, all faults mixed", "Nothing lost, doubled, misfiled, sent twice or at night, sent "
        "to somebody else, asked after it was answered, or left undone.",
        "clinic months", "bot.prove.worlds:months", quick=0, default=100, piece=2, strikes=(*WIRE, *KILLS),
    ),
    Proof(
        "R4T", "equal seed, equal trace", "Two runs of one seed are the same to the last event.",
        "pairs of runs", "bot.prove.worlds:same_again", quick=0, default=20, piece=5,
    ),
    Proof(
        "R6", "replies lost, calls cut, hanging, 5xx", "No prompt lost, no double record; a copy only if a reply was "
        "lost.", "faulty calls", "bot.prove.storms:lossy_line", quick=40, default=10_000, piece=1000,
        strikes=("lost", "cut", "hang", "broken", "gateway"),
    ),
    Proof(
        "R7", "the Bot API away for 6 h or 25 h", "Each question that is still open comes once, none at night; what "
        "closed meanwhile was not asked.", "outages", "bot.prove.storms:api_down", quick=0, default=40, piece=4,
    ),
    Proof(
        "R8", "429 up to an hour, 403, 400, 409, 5xx", "It waits as told, others go on, one poisoned message is one.",
        "weeks", "bot.prove.storms:refusals", quick=0, default=30, piece=5,
        strikes=("429", "403", "400", "409", "500", "502"),
    ),
    Proof(
        "R9", "updates that no phone would send", "Nobody waits, no record changes, nothing is left over.",
        "mutated updates", "bot.prove.updates:mutated", quick=250, default=100_000, piece=2500,
        strikes=("mutated update",),
    ),
    Proof(
        "R10", "several processes start at once", "One holds the database; a killed one blocks nobody.",
        "races", "bot.prove.starts:races", quick=30, default=1000, piece=250, strikes=("race", "holder killed"),
    ),
    Proof(
        "R12", "the machine's clock jumps", "No check-in doubled, none missing.",
        "jumps", "bot.prove.storms:clock_jumps", quick=20, default=10_000, piece=1000, strikes=("clock jump",),
    ),
    Proof(
        "R13", "clock changes in all zones, 2020 to 2037", "A wall time means the instant that the minutes say.",
        "zone years", "bot.prove.calendar:zone_years", quick=60, default=10_782, piece=1797, strikes=("clock change",),
    ),
    Proof(
        "R14", "patients move from zone to zone", "One check-in about each session, all judged as ever.",
        "moves", "bot.prove.storms:moves", quick=0, default=2000, piece=250, strikes=("move",),
    ),
    Proof(
        "R15", "the process stands still for 3 to 600 s", "All that became due meanwhile still happens.",
        "stalls", "bot.prove.storms:stalls", quick=20, default=10_000, piece=1000, strikes=("stall",),
    ),
)  # fmt: skip
BY_ROW = {proof.row: proof for proof in PROOFS}
