"""Random ids: 128 bits as 22 characters a link and a button can carry. The one place that draws random numbers."""

import base64
import hashlib
import secrets


def token() -> str:
    """A new id, or the code of an invite."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()


def hashed(code: str) -> str:
    """What is stored of a code: it cannot be turned back."""
    return hashlib.sha256(code.encode()).hexdigest()
