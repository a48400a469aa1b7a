"""Random ids: 128 bits as 22 characters a link and a button can carry. The one place that draws random numbers."""

import base64
import hashlib
import hmac
import secrets


def token() -> str:
    """A new id, or the code of an invite."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()


def secret(size: int) -> bytes:
    """Random bytes: a key, or a nonce that is never used again."""
    return secrets.token_bytes(size)


def hashed(code: str) -> str:
    """What is stored of a code: it cannot be turned back."""
    return hashlib.sha256(code.encode()).hexdigest()


def sealed(key: str, text: str) -> str:
    """A text with a seal that only somebody with the key can make: "text.seal"."""
    return f"{text}.{_seal(key, text)}"


def is_sealed(key: str, whole: str) -> bool:
    """Whether a text carries this key's seal; it takes the same time whatever is wrong with it."""
    text, _, seal = whole.rpartition(".")
    return hmac.compare_digest(_seal(key, text).encode(), seal.encode())


def _seal(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
