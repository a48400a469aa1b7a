"""Places to choose a time zone from: a few by region, enough to say "same time as mine". Nobody shares a location."""

from difflib import get_close_matches
from functools import lru_cache

from bot.core.places import PLACES
from bot.core.problem import did_you_mean
from bot.core.walltime import is_zone, zone_names

WITHOUT_SUMMER = ("EST", "MST", "HST")
"""Zones whose clocks never change; whoever names one nearly always means the place, whose clocks do."""
BESIDE = {"us", "usa", "time", "standard", "daylight", "zone", "state"}
AS_CLOSE = 0.8  # of difflib, 1.0 is the same word
SHORTEST = 3
"""A typed word of fewer letters is rather a word ("hi", "me") than a state."""

REGIONS: dict[str, tuple[str, ...]] = {
    "us": (
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Phoenix",
        "America/Los_Angeles",
        "America/Anchorage",
        "Pacific/Honolulu",
        "America/Puerto_Rico",
    ),
    "europe": (
        "Europe/London",
        "Europe/Berlin",
        "Europe/Rome",
        "Europe/Madrid",
        "Europe/Warsaw",
        "Europe/Bucharest",
        "Europe/Kyiv",
    ),
    "asia": ("Asia/Tokyo", "Asia/Seoul", "Asia/Manila", "Asia/Singapore", "Asia/Kolkata"),
    "gulf": (
        "Asia/Qatar",
        "Asia/Kuwait",
        "Asia/Bahrain",
        "Asia/Dubai",
        "Asia/Baghdad",
        "Asia/Amman",
        "Europe/Istanbul",
    ),
    "africa": ("Africa/Djibouti", "Africa/Nairobi", "Africa/Cairo", "Africa/Lagos"),
    "pacific": ("Pacific/Guam", "Australia/Sydney", "Australia/Darwin", "Pacific/Auckland"),
    "latin": (
        "America/Mexico_City",
        "America/Bogota",
        "America/Panama",
        "America/Sao_Paulo",
        "America/Argentina/Buenos_Aires",
    ),
}


def city(zone: str) -> str:
    """The place a zone is named after: "Buenos Aires"."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def by_city(words: str, zones: frozenset[str]) -> str | None:
    """The zone of a typed place, "new york", "Colorado" or "America/New_York"; None if there is none, or several."""
    wanted = words.strip().casefold().replace(" ", "_")
    found = [zone for zone in sorted(zones) if wanted in (zone.casefold(), zone.casefold().rsplit("/", 1)[-1])]
    if "/" in wanted:
        return found[0] if found else None
    places = PLACES.get(_plain(words), ()) if len(wanted) >= SHORTEST else ()
    if places:
        return places[0] if len(places) == 1 else None
    return found[0] if found else None


def misnamed(name: str) -> tuple[str, list[str]] | None:
    """What is wrong with the name of a zone, and the zones that may be meant, the likeliest first; None: nothing.

    "fixed_zone": there is one of that name, but its clocks never change; "near_zone", "no_zone": there is none.
    """
    if name in WITHOUT_SUMMER:
        return "fixed_zone", list(PLACES[name.casefold()])
    if is_zone(name):
        return None
    near = nearest_zones(name)
    return ("near_zone" if near else "no_zone"), near


def misnamed_says(name: str) -> str:
    """The sentence about a misnamed zone, with its remedy; empty if nothing is wrong."""
    wrong = misnamed(name)
    if wrong is None:
        return ""
    kind, near = wrong
    named = " or ".join(f'"{one}"' for one in near)
    meant = f" Did you mean {named}?" if near else ""
    has = f'"{name}" knows no summer time.' if kind == "fixed_zone" else f'There is no time zone "{name}".'
    return has + (meant or " Write a region and a city, such as America/Denver.")


def nearest_zones(name: str) -> list[str]:
    """Zones whose city is the one named, or of the place that is meant, or else the one spelled most like it; at most
    three.
    """
    known = sorted(zone_names())
    wanted = name[:60].strip().replace(" ", "_").casefold()
    place = wanted.rpartition("/")[2]
    same = [one for one in known if "/" in one and place and one.casefold().rpartition("/")[2] == place]
    if exact := [one for one in same if one.casefold() == wanted]:
        return exact
    if named := _placed(name[:60]) if not same or _plain(name) in PLACES else same[:3]:
        return named
    for words in ({one: one for one in known}, {one.rpartition("/")[2]: one for one in known}):
        if hint := did_you_mean(wanted, words):
            return [words[hint.split('"')[1]]]
    return []


def _placed(name: str) -> list[str]:
    """The zones of a place by what people call it: "Denver, CO", "Colorodo", "Eastern Time"."""
    for words in (name, *name.split(",")):
        if zones := PLACES.get(_plain(words)):
            return list(zones)
    close = get_close_matches(_plain(name), PLACES, n=1, cutoff=AS_CLOSE) if "/" not in name else []
    return list(PLACES[close[0]]) if close else []


def _plain(words: str) -> str:
    """A place in small letters, without signs and without what is said beside the name of a time."""
    letters = "".join(sign if sign.isalnum() else " " for sign in words.casefold())
    return " ".join(word for word in letters.split() if word not in BESIDE)


@lru_cache(maxsize=1)
def placed_zones() -> list[str]:
    """The names of all zones that have a place in them, to pick from."""
    return sorted(name for name in zone_names() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
