"""Places to choose a time zone from: a few by region, enough to say "same time as mine". Nobody shares a location."""

from functools import lru_cache

from bot.core.problem import did_you_mean
from bot.core.walltime import zone_names

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
    """The zone of a typed place, "new york" or "America/New_York"; None if there is none."""
    wanted = words.strip().casefold().replace(" ", "_")
    found = [zone for zone in sorted(zones) if wanted in (zone.casefold(), zone.casefold().rsplit("/", 1)[-1])]
    return found[0] if found else None


def nearest_zones(name: str) -> list[str]:
    """Zones whose city is the one named, or else the one spelled most like it; at most three."""
    known = sorted(zone_names())
    wanted = name[:60].strip().replace(" ", "_").casefold()
    place = wanted.rpartition("/")[2]
    same = [one for one in known if place and one.casefold().rpartition("/")[2] == place]
    if exact := [one for one in same if one.casefold() == wanted] or same:
        return exact[:3]
    for words in ({one: one for one in known}, {one.rpartition("/")[2]: one for one in known}):
        if hint := did_you_mean(wanted, words):
            return [words[hint.split('"')[1]]]
    return []


@lru_cache(maxsize=1)
def placed_zones() -> list[str]:
    """The names of all zones that have a place in them, to pick from."""
    return sorted(name for name in zone_names() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
