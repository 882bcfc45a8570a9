"""What the claims of an access token of EVE SSO v2 must say. The signature is checked before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

LEEWAY_SECONDS: Final = 30  # clocks of two machines
MAX_LIFETIME_SECONDS: Final = 24 * 3600  # EVE's tokens live for 20 minutes
EVE_AUDIENCE: Final = "EVE Online"
MAX_TEXT: Final = 256
MAX_SCOPES: Final = 200
_SUBJECT: Final = re.compile(r"CHARACTER:EVE:([1-9][0-9]{0,18})")


class InvalidToken(Exception):
    """The token is not one of EVE SSO for this client."""

    def __init__(self, claim: str) -> None:
        super().__init__(f"The access token is not valid: {claim}.")
        self.claim = claim


@dataclass(frozen=True, slots=True)
class SsoIdentity:
    """Who logged in. `owner_hash` changes when the character is sold; scopes are those that were granted."""

    character_id: int
    name: str
    owner_hash: str
    scopes: tuple[str, ...]
    expires_at: datetime


def issuers_of(sso_url: str) -> frozenset[str]:
    """The forms of `iss` that EVE SSO uses: with and without scheme, with and without a slash at the end."""
    url = sso_url.rstrip("/")
    return frozenset({url, f"{url}/", url.partition("://")[2]})


def read_identity(claims: Mapping[str, Any], *, issuers: frozenset[str], client_id: str, now: datetime) -> SsoIdentity:
    """The identity in the claims of a token whose signature is valid.

    Raises:
        InvalidToken: a claim is missing, malformed, or not for this client at this time.
    """
    if claims.get("iss") not in issuers:
        raise InvalidToken("iss")
    audience = claims.get("aud")
    audiences = _list(audience)
    if client_id not in audiences or EVE_AUDIENCE not in audiences:
        raise InvalidToken("aud")
    if claims.get("azp", client_id) != client_id:
        raise InvalidToken("azp")
    expires_at = _check_times(claims, now.timestamp())
    subject = _SUBJECT.fullmatch(_text(claims, "sub"))
    if subject is None or int(subject[1]) >= 2**63:
        raise InvalidToken("sub")
    return SsoIdentity(int(subject[1]), _text(claims, "name"), _text(claims, "owner"), _scopes(claims), expires_at)


def _check_times(claims: Mapping[str, Any], now: float) -> datetime:
    """When the token expires."""
    expires = _seconds(claims, "exp")
    if expires <= now - LEEWAY_SECONDS:
        raise InvalidToken("exp")
    if expires > now + MAX_LIFETIME_SECONDS:
        raise InvalidToken("exp")
    for claim in ("iat", "nbf"):
        if claim in claims and _seconds(claims, claim) > now + LEEWAY_SECONDS:
            raise InvalidToken(claim)
    return datetime.fromtimestamp(expires, UTC)


def _seconds(claims: Mapping[str, Any], claim: str) -> float:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise InvalidToken(claim)
    return value


def _text(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
        raise InvalidToken(claim)
    return value


def _list(value: Any) -> list[Any]:
    """A list as it is; one value as a list."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _scopes(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """A list, one bare text, or absent with no scope."""
    value = claims.get("scp", [])
    scopes = _list(value)
    if len(scopes) > MAX_SCOPES or not all(isinstance(scope, str) and len(scope) <= MAX_TEXT for scope in scopes):
        raise InvalidToken("scp")
    return tuple(scopes)
