"""Proof key for code exchange (RFC 7636): only who began a login can redeem its code."""

from base64 import urlsafe_b64encode
from hashlib import sha256


def base64url(content: bytes) -> str:
    """Base64 for URLs, without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64url(sha256(verifier.encode()).digest())
