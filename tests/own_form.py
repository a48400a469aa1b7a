"""A questionnaire of a clinic's own, as one with a licence might drop in: twelve made-up sentences, three subscales.

Which items make which subscale is that of a published form, and a fact; the sentences are invented for this test.
"""

import tomllib

from bot.core.questionnaire import Questionnaire
from bot.core.questionnaire_file import parse

KEY = {"tasks": (1, 2, 10, 12), "bond": (3, 5, 7, 9), "goals": (4, 6, 8, 11)}
HEAD = """
id = "own"
version = 1
source = "The clinic's licence no. 7"
licence = "licensed to the clinic"
[title]
en = "Twelve things"
es = "Doce cosas"
[scale.how]
first = 1
en = ["Red", "Orange", "Yellow", "Green", "Blue"]
es = ["Rojo", "Naranja", "Amarillo", "Verde", "Azul"]
"""
ITEM = """
[[item]]
id = "item_{n}"
measures = "{measures}"
kind = "scale"
scale = "how"
patient.en = "The color of thing {n}."
patient.es = "El color de la cosa {n}."
"""
THERAPIST = """therapist.en = "The color of thing {n}."
therapist.es = "El color de la cosa {n}."
"""
MARKS = """
[[score]]
id = "tasks"
measures = "tasks"
title.en = "the way of work"
title.es = "la forma de trabajar"
low = 3.0
level = "flag"
[[score]]
id = "whole"
of = ["item_1", "item_4", "item_5"]
title.en = "in all"
title.es = "en total"
method = "sum"
high = 14
"""


def text(both: bool = True, scores: str = "", turned: int = 0) -> str:
    """The file: asked of both sides or of the patient only, with these [[score]] entries, one item turned round."""
    measures = {n: name for name, numbers in KEY.items() for n in numbers}
    items = [
        ITEM.format(n=n, measures=measures[n])
        + (THERAPIST.format(n=n) if both else "")
        + ("reversed = true\n" if n == turned else "")
        for n in sorted(measures)
    ]
    return HEAD + "".join(items) + scores


def questionnaire(both: bool = True, scores: str = "", turned: int = 0) -> Questionnaire:
    """The same, read."""
    read, problems = parse(tomllib.loads(text(both, scores, turned)))
    assert read is not None, problems
    return read


def answers(*twelve: int | None) -> dict[str, int | None]:
    """The answers to the twelve in order; None: skipped."""
    return {f"item_{n}": answer for n, answer in enumerate(twelve, 1)}
