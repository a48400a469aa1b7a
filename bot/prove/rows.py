"""Every proof there is, in the order of the threat and fault model.

The default sizes are what an hour of one core does, so that two free cores need half an hour. Where the model asks
more, `asked` says so; `--size` and `--soak` go on from there.
"""

from bot.prove.proof import Proof

WIRE = ("lost", "cut", "hang", "broken", "gateway", "flood", "forbidden", "down")
KILLS = ("killed at a call", "killed at a commit", "killed at rest", "stopped")
DAMAGES = ("bit of the file", "bit of the -wal", "bit of a backup", "file cut short", "-wal taken away",
           "old copy put back", "pages swapped", "page of noise")  # fmt: skip
MOVES = ("another row", "another column", "another patient", "another clinic", "another version")
TIME = "a run of half an hour has room for so many; --size N does more."
LOAD = (
    "It took {seconds:,} s, {a second:,} a second, {CPU:,} µs of CPU for each question, {MB:,} MB; from a tap to its "
    "answer meanwhile {p50:,} ms (half), {p99:,} ms (99 of 100 of {taps:,}), until it is stored {stored p50:,} and "
    "{stored p99:,}. {refused:,} were one too many, and came again."
)

PROOFS = (
    Proof(
        "R1", "kill -9 at any moment", "What was confirmed is stored: 0 lost, 0 doubled, 0 in a wrong record.",
        "SIGKILLs", "bot.prove.kill.proof:kills", quick=3, default=200, piece=100, strikes=("SIGKILL",),
        asked=1000, why=TIME,
    ),
    Proof(
        "R2", "power cut at any moment", "The last transaction that was acknowledged is there; the file is whole.",
        "power cuts", "bot.prove.power:cuts", quick=40, default=10_000, piece=2500, strikes=("power cut",),
        needs="apsw",
    ),
    Proof(
        "R3", "disk full, disk broken", "All of a transaction or nothing; once there is room it goes on by itself.",
        "faults", "bot.prove.full:points", quick=60, default=2400, piece=400,
        strikes=("disk full", "I/O error"), needs="apsw",
    ),
    Proof(
        "R3F", "a disk of 12 MB that is really full", "What was acknowledged is there, what was refused is not, and "
        "with room it goes on at once.", "fillings", "bot.prove.small:fillings", quick=0, default=200, piece=100,
        strikes=("disk really full",),
    ),
    Proof(
        "R3W", "the disk full or broken while people tap", "Who taps is told, what is confirmed is there, and it goes "
        "on by itself.", "spells", "bot.prove.storms:disk_spells", quick=10, default=600, piece=100,
        strikes=("disk full", "I/O error"), asked=1000, why=TIME,
    ),
    Proof(
        "R4", "the whole world, all faults mixed", "Nothing lost, doubled, misfiled, sent twice or at night, sent "
        "to somebody else, asked after it was answered, or left undone. Who asks to be called reaches a contact within "
        "a minute in which nothing is wrong, and what does not arrive goes by the second route.",
        "clinic months", "bot.prove.worlds:months", quick=0, default=100, piece=1, strikes=(*WIRE, *KILLS),
        asked=500, why="a month of five patients takes some ten seconds of a core; a night (--soak 8) does the rest.",
        tells="[Call me, please] was tapped {call me:,} times; {second route:,} alerts went by the second route.",
    ),
    Proof(
        "R4T", "equal seed, equal trace", "Two runs of one seed are the same to the last event.",
        "pairs of runs", "bot.prove.worlds:same_again", quick=0, default=4, piece=1, asked=100, why=TIME,
    ),
    Proof(
        "R5", "the bot against a small model of it", "After each step every check-in stands where a model says that "
        "shares no code with the bot.", "runs of 50 steps", "bot.prove.comparing:runs", quick=1, default=80, piece=20,
        strikes=("step",), needs="hypothesis", asked=2000, why="a run takes one to two seconds of a core.",
        tells="Meanwhile the bot was killed {the bot is killed:,} times and stopped {the bot is stopped:,} times; "
        "answers were given {pick:,} times, forms sent {send:,}, sessions moved {a session is moved:,} and called off "
        "{a session is cancelled:,} times.",
    ),
    Proof(
        "R6", "replies lost, calls cut, hanging, 5xx", "No prompt lost, no double record; a copy only if a reply was "
        "lost.", "faulty calls", "bot.prove.storms:lossy_line", quick=20, default=3000, piece=1000,
        strikes=("lost", "cut", "hang", "broken", "gateway"), asked=10_000, why=TIME,
    ),
    Proof(
        "R6W", "the wire cut at every byte", "Over real connections: what counts as sent arrived once, what counts as "
        "surely not sent never did.", "calls", "bot.prove.cutter:cuts", quick=60, default=5600, piece=2800,
        strikes=("cut on the way there", "cut on the way back"),
        tells="Of those cut on the way there {there nobody knows:,} are such that nobody knows, on the way back "
        "{back nobody knows:,}: these may be sent once more, and are counted.",
    ),
    Proof(
        "R7", "the Bot API away for 6 h or 25 h", "Each question that is still open comes once, none at night; what "
        "closed meanwhile was not asked.", "outages", "bot.prove.storms:api_down", quick=0, default=16, piece=2,
        strikes=("call in vain",),
    ),
    Proof(
        "R8", "429 up to an hour, 403, 400, 409, 5xx", "It waits as told, others go on, one poisoned message is one.",
        "weeks", "bot.prove.storms:refusals", quick=0, default=20, piece=2,
        strikes=("429", "403", "400", "409", "500", "502"),
    ),
    Proof(
        "R9", "updates that no phone would send", "Nobody waits, no record changes, nothing is left over.",
        "mutated updates", "bot.prove.updates:mutated", quick=250, default=100_000, piece=10_000,
        strikes=("mutated update",),
    ),
    Proof(
        "R10", "several processes start at once", "One holds the database; a killed one blocks nobody.",
        "races", "bot.prove.starts:races", quick=10, default=1000, piece=250, strikes=("race", "holder killed"),
    ),
    Proof(
        "R11", "told to stop at any moment", "It ends within ten seconds, also while calls hang and commits take long, "
        "and what it leaves the next start does.", "stops", "bot.prove.stops:stops", quick=20, default=1000, piece=250,
        strikes=("stopped while starting", "stopped at work"),
    ),
    Proof(
        "R11T", "SIGTERM to the real program", "It ends within ten seconds, with exit code 0.", "processes",
        "bot.prove.stops:terms", quick=0, default=100, piece=25, strikes=("SIGTERM",),
        tells="{before it listened:,} ended by the signal itself, before anything was begun.",
    ),
    Proof(
        "R11M", "a migration killed at any statement", "The file is of the old version with every row, or of the "
        "newest; the next start makes the newest of it. An older program refuses a newer file, and leaves it alone.",
        "deaths", "bot.prove.upgrades:killed", quick=4, default=320, piece=80, strikes=("migration killed",),
        asked=8020, why="a death takes half a second of a core; these are spread evenly over all statements.",
    ),
    Proof(
        "R12", "the machine's clock jumps", "No check-in doubled, none missing.",
        "jumps", "bot.prove.storms:clock_jumps", quick=10, default=10_000, piece=2500, strikes=("clock jump",),
    ),
    Proof(
        "R13", "clock changes in all zones, 2020 to 2037", "A wall time means the instant that the minutes say.",
        "zone years", "bot.prove.calendar:zone_years", quick=30, default=1794, piece=598, strikes=("clock change",),
        asked=10_764, why="every zone in three of the eighteen years; --size 10764 does all.",
    ),
    Proof(
        "R14", "patients move from zone to zone", "One check-in about each session, all judged as ever.",
        "moves", "bot.prove.storms:moves", quick=0, default=1000, piece=250, strikes=("move",), asked=10_000, why=TIME,
    ),
    Proof(
        "R15", "the process stands still for 3 to 600 s", "All that became due meanwhile still happens.",
        "stalls", "bot.prove.storms:stalls", quick=10, default=10_000, piece=2500, strikes=("stall",),
    ),
    Proof(
        "R16", "a damaged database file", "A file cut short, a -wal taken away, an old copy in its place: found before "
        "it is used, with the backup and the command that restores it. A changed bit of a backup: always found, and "
        "the backup is not restored.", "damages", "bot.prove.damage:damages", quick=20, default=6250, piece=1250,
        strikes=DAMAGES,
        tells="Not promised, and counted here: of {struck bit of the file:,} flipped bits in the live file "
        "{bit of the file found:,} were found, {bit of the file harmless:,} changed nothing that is stored, and "
        "{bit of the file not found:,} changed a value WITHOUT ANYBODY NOTICING, as SQLite keeps no checksum of a "
        "page. In the -wal {bit of the -wal found:,} found, {bit of the -wal not found:,} not (at most a minute is "
        "missing then). Swapped pages {pages swapped found:,} found, {pages swapped not found:,} not; pages as they "
        "were a day ago {page as it was a day ago found:,} found, {page as it was a day ago not found:,} not; pages "
        "of noise {page of noise found:,} found, {page of noise not found:,} not.",
    ),
    Proof(
        "R16E", "a damaged encrypted file", "As R16, and every flipped bit, swapped page and page of noise is found "
        "if it changes anything that is stored.", "damages", "bot.prove.damage:of_encrypted", quick=0, default=3750,
        piece=1250, strikes=("bit of the file", "bit of a backup", "file cut short"),
        tells="Of {struck bit of the file:,} flipped bits {bit of the file found:,} were found and "
        "{bit of the file harmless:,} changed nothing that is stored. Not promised: pages as they were a day ago, of "
        "which {page as it was a day ago found:,} were found and {page as it was a day ago not found:,} not.",
    ),
    Proof(
        "R17", "the machine is gone", "On an empty folder the settings are put back, one command restores the backup "
        "row for row, and the bot goes on. Backups made beside a busy writer hold whole transactions.",
        "machines", "bot.prove.drill:drills", quick=1, default=100, piece=20,
        strikes=("machine gone", "backup beside a writer"),
        tells="Restoring took {restore ms:,} ms for all of them together. {writes meanwhile:,} transactions were "
        "written beside the backups.",
    ),
    Proof(
        "R18", "many patients, all due at once", "At the pace of a paid broadcast, 1,000 a second: everybody is asked "
        "once, in turn, within the limit and 300 MB, while others tap.", "patients", "bot.prove.load:quick",
        quick=0, default=100_000, piece=100_000, named=True, tells=LOAD,
        why="it takes the machine's own time, minutes to an hour: accord prove R18, or with --size 3000 a minute.",
    ),
    Proof(
        "R18S", "the same at 30 a second", "At the pace that every bot has: the same, and no time is lost.",
        "patients", "bot.prove.load:usual", quick=0, default=100_000, piece=100_000, named=True, tells=LOAD,
        why="100,000 take 55.6 minutes: accord prove R18S, or with --size 3000 two minutes.",
    ),
    Proof(
        "S14", "floods of messages", "One the clinic knows, a stranger and many strangers, a thousand a second each: "
        "others get their answers, what the known one sent is kept, of strangers a bounded number, within 300 MB.",
        "messages of each", "bot.prove.floods:floods", quick=0, default=5000, piece=1_000_000, strikes=("flood",),
        asked=100_000, why="it takes the machine's own time: so many strangers ten minutes.",
        tells="Of strangers {strangers:,} updates were kept; who tapped meanwhile waited {p50:,} ms (half), {p99:,} ms "
        "(99 of 100); the bot took {MB:,} MB.",
    ),
    Proof(
        "S15", "[Call me, please] under all faults", "Each request is kept, and reaches a contact within a "
        "minute in which nothing is wrong; the second one a quarter of an hour later; what does not arrive goes by the "
        "second route; what comes again says so.", "taps", "bot.prove.alerts:calls", quick=30, default=5000, piece=500,
        strikes=(*WIRE, "full", "io"), asked=100_000, why=TIME,
        tells="These were {requests:,} requests; {second route:,} alerts went by the second route.",
    ),
    Proof(
        "S1", "asking for what is somebody else's", "By any button or code: what comes back is what comes back for "
        "what does not exist, and each refusal is counted.", "tries", "bot.prove.strangers:tries", quick=200,
        default=18_000, piece=18_000, strikes=("check-in", "digest", "pair", "lists", "code"), asked=1_000_000,
        why="a try takes two to three milliseconds of a core.",
    ),
    Proof(
        "S2", "what is sealed, moved", "A value opens in its own place only: not in another row, column, patient or "
        "clinic, nor as another version; a row of before is not read.", "moves", "bot.prove.moved:swaps", quick=400,
        default=100_000, piece=50_000, strikes=(*MOVES, "old row put back"),
        tells="{values:,} sealed values were opened in their own place first.",
    ),
    Proof(
        "S3", "buttons that were tampered with", "With one letter of an id changed, left out or put in, or "
        "made up: what comes back is what comes back for what does not exist, and nothing changes.", "taps",
        "bot.prove.tampered:taps", quick=300, default=20_000, piece=20_000,
        strikes=("changed", "left out", "put in", "made up", "invite"), asked=1_000_000,
        why="a tap takes one to two milliseconds of a core.",
    ),
    Proof(
        "S9", "the log of who saw what, edited", "Every edit is found, at the first entry that is wrong; an end that "
        "was cut off by whoever noted the last entry.", "edits", "bot.prove.trail:edits", quick=100, default=10_000,
        piece=10_000, strikes=("flipped", "deleted", "swapped", "repeated", "cut off"),
        tells="The log had {entries:,} entries; {in the file:,} of the edits were made in the database, and all of it "
        "gone through.",
    ),
    Proof(
        "S7", "files that are not as they should be", "Settings, questionnaires, calendars, tables: read, or refused "
        "with sentences that name file and line, within two seconds; never a traceback.", "files",
        "bot.prove.badfiles:mutated", quick=60, default=2000, piece=500,
        strikes=("settings", "questionnaire", "calendar", "closed days", "table"), asked=100_000, why=TIME,
    ),
)  # fmt: skip
BY_ROW = {proof.row: proof for proof in PROOFS}
