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
        "power cuts", "bot.prove.power:cuts", quick=150, default=10_000, piece=1250, strikes=("power cut",), apsw=True,
    ),
    Proof(
        "R3", "disk full, disk broken", "All of a transaction or nothing; once there is room it goes on by itself.",
        "faults", "bot.prove.full:points", quick=60, default=2400, piece=300,
        strikes=("disk full", "I/O error"), apsw=True,
    ),
    Proof(
        "R4", "the whole world, all faults mixed", "Nothing lost, doubled, misfiled, sent twice, sent at night, sent "
        "to somebody else, asked after it was answered, or left undone.",
        "clinic months", "bot.prove.worlds:months", quick=0, default=100, piece=2, strikes=(*WIRE, *KILLS),
    ),
    Proof(
        "R4T", "equal seed, equal trace", "Two runs of one seed are the same to the last event.",
        "pairs of runs", "bot.prove.worlds:same_again", quick=1, default=20, piece=5,
    ),
)  # fmt: skip
BY_ROW = {proof.row: proof for proof in PROOFS}
