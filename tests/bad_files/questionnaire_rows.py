"""A clinic's own questionnaire, and mistakes in it: each a piece of it with something wrong in its place."""

# A clinic's own file: subscales, seven points, a reversed item, a condition; no code knows of it.

OWN = """\
id = "ward_climate"
version = 2
source = "Ward 4, written for this test"
licence = "CC0"

[title]
en = "The ward this week"
es = "La sala esta semana"

[stem]
patient.en = "Think of the days since {day}."
patient.es = "Piense en los días desde el {day}."

[scale.seven]
en = ["Never", "Seldom", "At times", "Half the time", "Often", "Mostly", "Always"]
es = ["Nunca", "Rara vez", "A veces", "La mitad", "A menudo", "Casi siempre", "Siempre"]

[[item]]
id = "calm_1"
measures = "calm"
kind = "scale"
scale = "seven"
patient.en = "The ward was calm."
patient.es = "La sala estuvo tranquila."

[[item]]
id = "reason"
measures = "calm"
kind = "many"
choices = [
    { id = "noise", en = "Noise", es = "Ruido" },
    { id = "night", en = "Nights", es = "Las noches" },
]
only_if = { item = "calm_1", at_most = 3 }
patient.en = "What kept it from being calm?"
patient.es = "¿Qué impidió la calma?"

[[item]]
id = "note"
measures = "words"
kind = "text"
longest = 200
patient.en = "Anything else?"
patient.es = "¿Algo más?"
"""

Row = tuple[str, str, str, str]
"""What stands in the clinic's own file, what stands there instead, the key of the mistake, a word of the remedy.

The mistake's line is that of the first change, or of the mark #! in what stands there instead.
"""
ITEM = 'id = "calm_1"\n'
FORTY_ONE = "x" * 41
LABELS = 'en = ["Never", "Seldom", "At times", "Half the time", "Often", "Mostly", "Always"]'

BAD: list[Row] = [
    ('id = "ward_climate"', "", "id", 'add id = "…"'),
    ('id = "ward_climate"', 'id = "Ward Climate"', "id", 'Write id = "ward_climate"'),
    ('id = "ward_climate"', f'id = "{"w" * 33}"', "id", "at most 32"),
    ('id = "ward_climate"', "id = 4", "id", "text in quotes"),
    ("version = 2", "", "version", "add version = 1"),
    ("version = 2", "version = 0", "version", "from 1"),
    ("version = 2", 'version = "2"', "version", "without quotes"),
    ("version = 2", "version = true", "version", "whole number"),
    ("version = 2", "version = 1.5", "version", "whole number"),
    ('source = "Ward 4, written for this test"', 'source = " "', "source", "write something"),
    ('licence = "CC0"', "", "licence", "add licence"),
    ('licence = "CC0"', 'license = "CC0"', "license", 'Did you mean "licence"?'),
    ("[title]", "[titel]", "titel", 'Did you mean "title"?'),
    ('es = "La sala esta semana"', 'sp = "La sala esta semana"', "title.sp", 'Did you mean "es"?'),
    ('es = "La sala esta semana"', 'fr = "La salle"', "title.fr", "has en, es"),
    ('es = "La sala esta semana"', f'es = "{"x" * 61}"', "title.es", "shorten"),
    ('es = "La sala esta semana"', "es = 3", "title.es", "text in quotes"),
    ("{day}", "{name}", "stem.patient.en", "only {day}"),
    ("{day}", "{day", "stem.patient.en", "only {day}"),
    ('patient.es = "Piense en los días desde el {day}."', "", "stem.patient.es", 'add es = "…"'),
    ("[stem]", '[stem]\ntherapists.en = "x" #!', "stem.therapists", 'Did you mean "therapist"?'),
    ("[scale.seven]", "[scale.sevn]", "item.calm_1.scale", 'Did you mean "sevn"?'),
    ("[scale.seven]", "[scale.'the seven']", "scale.the seven", "rename it"),
    ("[scale.seven]", "[scale.seven]\nfirst = 2 #!", "scale.seven.first", "from 0 to 1"),
    ("[scale.seven]", "[scale.seven]\nfist = 1 #!", "scale.seven.fist", 'Did you mean "first"?'),
    (LABELS, 'en = ["Never", "Always"]', "scale.seven", "en 2, es 7"),
    (LABELS, 'en = ["Never"]', "scale.seven.en", "at least two"),
    (LABELS, "en = [" + '"a", ' * 61 + "]", "scale.seven.en", "at most 60"),
    (LABELS, 'en = "Never, Always"', "scale.seven.en", 'write en = ["…", "…"]'),
    (LABELS, "", "scale.seven.en", 'add en = ["…", "…"]'),
    ('"Half the time"', f'"{FORTY_ONE}"', "scale.seven.en.4", "at most 40"),
    ('"Half the time"', '""', "scale.seven.en.4", "write something"),
    ('"Half the time"', "4", "scale.seven.en.4", "text in quotes"),
    ('"Half the time"', '"Seldom"', "item.calm_1.choices", "two buttons read"),
    ('"Half the time"', '"Half\\nthe time"', "scale.seven.en.4", "on one line"),
    (ITEM, 'id = "Calm 1"\n', "item.Calm 1.id", 'Write id = "calm_1"'),
    (ITEM, ITEM + 'kinds = "x" #!\n', "item.calm_1.kinds", 'Did you mean "kind"?'),
    (ITEM, ITEM + "longest = 5 #!\n", "item.calm_1.longest", "only with kind = text"),
    (ITEM, ITEM + "most = 5 #!\n", "item.calm_1.most", "only with kind = many"),
    (ITEM, ITEM + "every = 0 #!\n", "item.calm_1.every", "from 1 to 100"),
    (ITEM, ITEM + 'optional = "yes" #!\n', "item.calm_1.optional", "write optional = true"),
    (ITEM, ITEM + "reversed = 1 #!\n", "item.calm_1.reversed", "write reversed = true"),
    (ITEM, ITEM + 'each = "goal" #!\n', "item.calm_1.each", 'Did you mean "goals"?'),
    (ITEM, ITEM + 'only_if = { item = "reason", at_most = 2 } #!\n', "item.calm_1.only_if.item", "take only_if out"),
    (ITEM, ITEM + 'patient.only_when = "x" #!\n', "item.calm_1.patient.only_when", "no such key"),
    (ITEM, ITEM + 'therapist = "How calm?" #!\n', "item.calm_1.therapist", 'therapist.en = "…"'),
    (ITEM, ITEM + 'therapist.en = "x" #!\n', "item.calm_1.therapist.es", 'add es = "…"'),
    ('kind = "scale"', 'kind = "scales"', "item.calm_1.kind", 'Did you mean "scale"?'),
    ('kind = "scale"', "", "item.calm_1.kind", "scale, choice, many, text"),
    ('kind = "scale"', "kind = 1", "item.calm_1.kind", "text in quotes"),
    ('scale = "seven"', "", "item.calm_1.scale", "add scale = "),
    ('scale = "seven"', 'scale = "sevne"', "item.calm_1.scale", 'Did you mean "seven"?'),
    ('measures = "calm"', "", "item.calm_1.measures", "add measures"),
    ('patient.es = "La sala estuvo tranquila."', "", "item.calm_1.patient.es", 'add es = "…"'),
    ('patient.es = "La sala estuvo tranquila."', 'patient.es = ""', "item.calm_1.patient.es", "write something"),
    ('patient.en = "The ward was calm."', f'patient.en = "{"x" * 301}"', "item.calm_1.patient.en", "at most 300"),
    ('patient.en = "Anything else?"\npatient.es = "¿Algo más?"', "", "item.note", "nobody is asked this"),
    ('id = "note"', 'id = "calm_1"', "item.calm_1.id", "another id"),
    ("longest = 200", "longest = 5000", "item.note.longest", "from 1 to 4000"),
    ("longest = 200", 'choices_from = "goals"', "item.note.choices_from", "only with kind = choice or many"),
    ('id = "noise"', 'id = "night"', "item.reason.choices", "another id"),
    ('id = "noise", en = "Noise"', f'id = "noise", en = "{FORTY_ONE}"', "item.reason.choices.noise.en", "at most 40"),
    ('id = "noise", en = "Noise"', 'id = "noise", em = "Noise"', "item.reason.choices.noise.em", "not a language"),
    ('{ id = "noise", en = "Noise", es = "Ruido" }', '"noise"', "item.reason.choices.1", "must be a table"),
    ('{ id = "noise", en = "Noise", es = "Ruido" },', "", "item.reason.choices", "at least two"),
    ('kind = "many"', 'kind = "many"\nleast = 2 #!\nmost = 1', "item.reason.least", "smaller"),
    ('kind = "many"', 'kind = "many"\nmost = 3 #!', "item.reason.most", "from 1 to 2"),
    ('kind = "many"', 'kind = "many"\nchoices_from = "chosen" #!', "item.reason.choices_from", "before this"),
    ('item = "calm_1"', 'item = "calm_2"', "item.reason.only_if.item", 'Did you mean "calm_1"?'),
    ('item = "calm_1"', 'item = "note"', "item.reason.only_if.item", "no earlier item"),
    ("at_most = 3", "at_most = 8", "item.reason.only_if.at_most", "from 1 to 7"),
    ("at_most = 3", "at_mots = 3", "item.reason.only_if.at_mots", 'Did you mean "at_most"?'),
    ("at_most = 3", "at_most = 3, at_least = 2", "item.reason.only_if", "exactly one"),
    ("at_most = 3", 'among = ["often"]', "item.reason.only_if.among.1", "There is: 1, 2"),
    ("at_most = 3", "among = [1, 9]", "item.reason.only_if.among.2", "There is: 1, 2"),
    ("at_most = 3", "among = []", "item.reason.only_if.among", "write among = [1]"),
    ("at_most = 3", "answered = false", "item.reason.only_if.answered", "answered = true"),
    ('only_if = { item = "calm_1", at_most = 3 }', 'only_if = "calm_1"', "item.reason.only_if", "write only_if = {"),
    ("[[item]]", "[item]", "item", "two brackets"),
    ("longest = 200", 'only_if = { item = "reason", at_most = 1 } #!', "item.note.only_if.at_most", "write among"),
    ("longest = 200", 'only_if = { item = "reason", among = ["nigt"] } #!', "item.note.only_if.among.1", '"night"'),
    ('id = "note"', "id = “note” #!", "item.3.id", "straight ones"),
    ('id = "note"', "id = note #!", "item.3.id", 'write "note"'),
    ("[[item]]", "[[item] #!", "item.calm_1", "write [[item]]"),
]
