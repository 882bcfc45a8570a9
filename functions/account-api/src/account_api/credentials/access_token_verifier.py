"""Verifies access tokens of EVE SSO offline, by the keys that it publishes."""

import asyncio
import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from account_api.domain.sso_claims import InvalidToken, SsoIdentity, read_identity

ALGORITHMS: Final[Mapping[str, type[RSAKey] | type[ECKey]]] = {"RS256": RSAKey, "ES256": ECKey}
MAX_TOKEN_LENGTH: Final = 8192  # a token with every scope takes 5 kB
KEYS_VALID: Final = timedelta(minutes=5)
# A token with an unknown key id costs a request to EVE SSO at most this often, so that forged ones cause no flood.
MIN_REFETCH_INTERVAL: Final = timedelta(seconds=30)
FetchKeys = Callable[[], Awaitable[Any]]
Keys = Mapping[str, RSAKey | ECKey]


class AccessTokenVerifier:
    """Keeps the published keys for five minutes, and asks again for a key that it does not know."""

    def __init__(
        self, fetch_keys: FetchKeys, *, issuers: frozenset[str], client_id: str, clock: Callable[[], datetime]
    ) -> None:
        """`fetch_keys` gives the parsed key set of EVE SSO, and raises `UpstreamUnavailable`."""
        self._fetch_keys, self._clock = fetch_keys, clock
        self._issuers, self._client_id = issuers, client_id
        self._keys: Keys = {}
        self._fetched_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def verify(self, token: str) -> SsoIdentity:
        """The identity in a valid token.

        Raises:
            InvalidToken: the token is malformed, not signed by EVE SSO, or not for this client at this time.
            UpstreamUnavailable: the keys are not known, and EVE SSO does not answer.
        """
        key_id, algorithm = _header(token)
        key = await self._key(key_id)
        if key is None:
            raise InvalidToken("kid")
        if type(key) is not ALGORITHMS[algorithm] or key.get("alg", algorithm) != algorithm:
            raise InvalidToken("alg")
        return read_identity(
            _verified_claims(token, key, algorithm),
            issuers=self._issuers,
            client_id=self._client_id,
            now=self._clock(),
        )

    async def _key(self, key_id: str) -> RSAKey | ECKey | None:
        async with self._fetching:  # logins that begin together ask once
            if self._is_older_than(KEYS_VALID) or (
                key_id not in self._keys and self._is_older_than(MIN_REFETCH_INTERVAL)
            ):
                self._keys, self._fetched_at = _read_keys(await self._fetch_keys()), self._clock()
        return self._keys.get(key_id)

    def _is_older_than(self, age: timedelta) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at >= age


def _header(token: str) -> tuple[str, str]:
    """Key id and algorithm of a token, which nothing vouches for yet."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken("size")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():  # noqa: PLR2004  # header, claims, signature
        raise InvalidToken("form")
    header = _object(parts[0])
    key_id, algorithm = header.get("kid"), header.get("alg")
    if algorithm not in ALGORITHMS:
        raise InvalidToken("alg")
    if not isinstance(key_id, str):
        raise InvalidToken("kid")
    return key_id, algorithm


def _object(part: str) -> Mapping[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (Base64Error, ValueError, RecursionError) as error:
        raise InvalidToken("form") from error
    if not isinstance(value, dict):
        raise InvalidToken("form")
    return cast("dict[str, Any]", value)


def _verified_claims(token: str, key: RSAKey | ECKey, algorithm: str) -> Mapping[str, Any]:
    try:
        signed = jws.deserialize_compact(token, key, [algorithm])
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidToken("signature") from error
    if not isinstance(claims, dict):
        raise InvalidToken("form")
    return cast("dict[str, Any]", claims)


def _read_keys(key_set: Any) -> Keys:
    """The public signing keys of a published key set; what is not understood is left out."""
    keys: dict[str, RSAKey | ECKey] = {}
    document = cast("dict[str, Any]", key_set) if isinstance(key_set, dict) else {}
    entries: Any = document.get("keys", ())
    for entry in cast("list[Any]", entries) if isinstance(entries, list) else ():
        try:
            key = JWKRegistry.import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey | ECKey) and key.kid and entry.get("use", "sig") == "sig":
            keys[key.kid] = key
    return keys
