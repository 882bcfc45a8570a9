"""Codes and refresh tokens of the simulated SSO: each code works once, each refresh token until it is renewed."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

CODE_SECONDS: Final = 300


class GrantError(Exception):
    """The request gets the error of this code."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a browser asked for, and the character that it chose."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    character_id: int
    issued_at: float = 0.0


@dataclass(slots=True)
class Grants:
    codes: dict[str, Authorization] = field(default_factory=dict[str, Authorization])
    refresh_tokens: dict[str, Authorization] = field(default_factory=dict[str, Authorization])
    revoked: set[str] = field(default_factory=set[str])

    def issue_code(self, authorization: Authorization, now: float) -> str:
        code = token_urlsafe(24)
        self.codes[code] = replace(authorization, issued_at=now)
        return code

    def redeem_code(self, code: str, client_id: str, verifier: str, redirect_uri: str, now: float) -> Authorization:
        """Raises `GrantError`: the code is unknown, used, too old, or of somebody else."""
        authorization = self.codes.pop(code, None)
        if authorization is None or now - authorization.issued_at > CODE_SECONDS:
            raise GrantError("invalid_grant")
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        is_own = authorization.client_id == client_id and redirect_uri in {"", authorization.redirect_uri}
        if not is_own or challenge != authorization.challenge:
            raise GrantError("invalid_grant")
        return authorization

    def issue_refresh_token(self, authorization: Authorization) -> str | None:
        """None without a scope, as CCP's SSO does."""
        if not authorization.scopes:
            return None
        token = token_urlsafe(48)
        self.refresh_tokens[token] = authorization
        return token

    def redeem_refresh_token(self, token: str, client_id: str) -> Authorization:
        """Raises `GrantError`: the token is unknown, renewed already, revoked, or of another client."""
        authorization = self.refresh_tokens.pop(token, None)
        if authorization is None or authorization.client_id != client_id:
            raise GrantError("invalid_grant")
        return authorization

    def revoke(self, token: str) -> None:
        if self.refresh_tokens.pop(token, None) is not None:
            self.revoked.add(token)
