"""EVE SSO v2: the address where a login begins, codes exchanged for tokens, and tokens revoked."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from battlescope_events.errors import PermanentError
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient, UpstreamResponse
from battlescope_events.upstream.errors import UpstreamUnavailable

UPSTREAM: Final = "sso"  # the name of its cooldown
POLICY: Final = RequestPolicy(total_timeout=10.0, max_bytes=256 * 1024, recheck_seconds=5.0)
DISCOVERY_PATH: Final = ".well-known/oauth-authorization-server"
# A code that will never work again; anything else may be a fault of the client's configuration.
LONGEST_ERROR_CODE: Final = 63  # characters
_REFUSED: Final = frozenset({"invalid_grant", "invalid_token"})
Endpoint = Annotated[str, Field(max_length=512)]


class GrantRefused(PermanentError):
    """EVE SSO refuses the code for good."""


class TokenGrant(BaseModel):
    """Tokens that EVE SSO gave; they are in no representation of this object."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: Annotated[str, Field(repr=False, max_length=16_384)]
    refresh_token: Annotated[str | None, Field(repr=False, max_length=4096)] = None


class _Endpoints(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: Endpoint
    authorization_endpoint: Endpoint
    token_endpoint: Endpoint
    revocation_endpoint: Endpoint
    jwks_uri: Endpoint


@dataclass(frozen=True, slots=True)
class SsoAccess:
    """The registration of this installation at EVE SSO; without a secret the code verifier alone proves who asks."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    callback_url: str


class SsoClient:
    def __init__(self, client: UpstreamClient, access: SsoAccess) -> None:
        self._client = client
        self._access = access
        self._endpoints: _Endpoints | None = None

    async def authorize_url(self, state: str, challenge: str) -> str:
        """Where the browser goes to choose a character. Raises `UpstreamUnavailable`, as all methods do."""
        endpoints = await self._discover()
        query = {
            "response_type": "code",
            "redirect_uri": self._access.callback_url,
            "client_id": self._access.client_id,
            "scope": self._access.scopes,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoints.authorization_endpoint}?{urlencode(query)}"

    async def redeem(self, code: str, verifier: str) -> TokenGrant:
        """The tokens for a code. Raises also `GrantRefused`."""
        fields = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._grant({**fields, "redirect_uri": self._access.callback_url})

    async def revoke(self, refresh_token: str) -> None:
        """Make the refresh token worthless."""
        fields = {"token_type_hint": "refresh_token", "token": refresh_token}
        response = await self._post((await self._discover()).revocation_endpoint, fields)
        if response.status != HTTPStatus.OK:
            raise UpstreamUnavailable(f"{UPSTREAM} revokes no token: status {response.status}.")

    async def fetch_keys(self) -> Any:
        """The published key set, parsed."""
        return _json(await self._client.get((await self._discover()).jwks_uri))

    async def _grant(self, fields: Mapping[str, str]) -> TokenGrant:
        response = await self._post((await self._discover()).token_endpoint, fields)
        if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
            reason = _error_of(response)
            if reason in _REFUSED:
                raise GrantRefused(f"{UPSTREAM} refuses the grant: {reason}.")
            raise UpstreamUnavailable(f"{UPSTREAM} gives no token: {reason}.")
        try:
            return TokenGrant.model_validate(_json(response))
        except ValidationError:  # its text contains the tokens, so that nothing chains it
            raise UpstreamUnavailable(f"{UPSTREAM} answers without a token.") from None

    async def _post(self, url: str, fields: Mapping[str, str]) -> UpstreamResponse:
        if not self._access.client_secret:
            return await self._client.post_form(url, {**fields, "client_id": self._access.client_id})
        credentials = b64encode(f"{self._access.client_id}:{self._access.client_secret}".encode()).decode()
        return await self._client.post_form(url, fields, {"authorization": f"Basic {credentials}"})

    async def _discover(self) -> _Endpoints:
        """The endpoints that EVE SSO publishes; they must be its own (RFC 8414, 3.3)."""
        if self._endpoints is None:
            base = self._access.url.rstrip("/")
            document = _json(await self._client.get(f"{base}/{DISCOVERY_PATH}"))
            try:
                endpoints = _Endpoints.model_validate(document)
            except ValidationError as error:
                raise UpstreamUnavailable(f"{UPSTREAM} does not name its endpoints.") from error
            addresses = (endpoints.authorization_endpoint, endpoints.token_endpoint, endpoints.jwks_uri)
            hosts = {_host(url) for url in (*addresses, endpoints.revocation_endpoint)}
            if endpoints.issuer.rstrip("/") != base or hosts != {_host(base)}:
                raise UpstreamUnavailable(f"{UPSTREAM} names endpoints that are not its own.")
            self._endpoints = endpoints
        return self._endpoints


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _json(response: UpstreamResponse) -> Any:
    if response.status != HTTPStatus.OK:
        raise UpstreamUnavailable(f"{UPSTREAM} responds with status {response.status}.")
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise UpstreamUnavailable(f"{UPSTREAM} does not respond with JSON.") from None


def _error_of(response: UpstreamResponse) -> str:
    """The error code of OAuth, if it is one; the text beside it may repeat what was sent."""
    try:
        error = json.loads(response.body)["error"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "unknown error"
    is_code = isinstance(error, str) and error.isidentifier() and len(error) <= LONGEST_ERROR_CODE
    return error if is_code else "unknown error"
