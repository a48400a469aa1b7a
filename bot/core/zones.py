"""Places to choose a time zone from: a few by region, enough to say "same time as mine". Nobody shares a location."""

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
