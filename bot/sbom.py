"""`accord sbom`: which libraries are installed for Accord, in CycloneDX 1.6, with a checksum of each.

The checksum is that of the RECORD which pip keeps of an installed library: it names the SHA-256 of every file in it.
"""

import re
from hashlib import sha256
from importlib import metadata
from typing import Any

OWN = "accord-checkin"
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
LICENCE = ("License-Expression", "License")
TOOLS = ("test", "prove")
"""Extras that are not for running a clinic."""


def installed(own: str = OWN) -> dict[str, metadata.Distribution]:
    """Every library that is installed and needed, by its plain name: those of the extras too if they are there."""
    found: dict[str, metadata.Distribution] = {}
    to_see = [own]
    while to_see:
        name = plain(to_see.pop())
        dist = _distribution(name)
        if dist is None or name in found:
            continue
        found[name] = dist
        to_see += [_name(one) for one in dist.requires or () if _counts(one, name == plain(own))]
    found.pop(plain(own), None)
    return found


def plain(name: str) -> str:
    """A name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _name(requirement: str) -> str:
    found = NAME.match(requirement)
    return found[0] if found else ""


def _counts(requirement: str, own: bool) -> bool:
    """Without extras; of Accord's own all that are for running it."""
    extra = EXTRA.search(requirement)
    return extra is None or (own and extra[1] not in TOOLS)


def bill(own: str = OWN) -> dict[str, Any]:
    """The list in CycloneDX, by name."""
    every = [_component(name, dist) for name, dist in sorted(installed(own).items())]
    about = {"type": "application", "name": own, "version": metadata.version(own)}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": about}, "components": every,
    }  # fmt: skip


def _component(name: str, dist: metadata.Distribution) -> dict[str, Any]:
    record = dist.read_text("RECORD") or ""
    licence = next((dist.metadata[key] for key in LICENCE if key in dist.metadata), "")
    named = {"licenses": [{"license": {"name": licence.splitlines()[0][:100]}}]} if licence.strip() else {}
    return {
        "type": "library", "name": name, "version": dist.version, "purl": f"pkg:pypi/{name}@{dist.version}",
        "hashes": [{"alg": "SHA-256", "content": sha256(record.encode()).hexdigest()}], **named,
    }  # fmt: skip
