"""Codes of an authenticator app (RFC 6238): SHA-1 over steps of thirty seconds, six digits, as all such apps do."""

import base64
import hashlib
import hmac
import struct
from datetime import datetime
from urllib.parse import quote

STEP_S, DIGITS = 30, 6
DRIFT = 1
"""So many steps a phone's clock may be off."""
SIZE = 20
"""Bytes of a secret."""


def step_of(now: datetime) -> int:
    """The step that a moment is in."""
    return int(now.timestamp()) // STEP_S


def code_of(secret: bytes, step: int) -> str:
    """The code of a step (RFC 4226, 5.3)."""
    mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def fitting(secret: bytes, typed: str, now: datetime, used: int) -> int | None:
    """The step whose code this is, later than the last one that was used; None: it is no good."""
    typed = "".join(typed.split())
    here = step_of(now)
    steps = range(max(here - DRIFT, used + 1), here + DRIFT + 1)
    fits = [step for step in steps if hmac.compare_digest(code_of(secret, step).encode(), typed.encode())]
    return fits[0] if fits else None


def shown(secret: bytes) -> str:
    """The secret as people type it into an app."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[n : n + 4] for n in range(0, len(text), 4))


def address(secret: bytes, who: str, issuer: str) -> str:
    """The secret as an app takes it from a QR code or a link."""
    text = base64.b32encode(secret).decode()
    return f"otpauth://totp/{quote(issuer)}:{quote(who)}?secret={text}&issuer={quote(issuer)}"
