"""Access tokens of the simulated SSO: valid ones in each form of CCP's, and forged ones for tests."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from hmac import digest
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

RSA_KEY_ID: Final = "JWT-Signature-Key"
EC_KEY_ID: Final = "8878a23f-2489-4045-989e-4d2f3ec1ae1a"
LIFETIME: Final = 1200  # seconds
Claims = dict[str, Any]


class SigningKeys:
    """The two keys that the SSO publishes, and one that it does not; made at their first use, which takes 0.1 s."""

    def __init__(self) -> None:
        self._generation = 0

    @cached_property
    def rsa(self) -> RSAKey:
        return _rsa_key(self._id(RSA_KEY_ID), "published")

    @cached_property
    def ec(self) -> ECKey:
        return ECKey.generate_key("P-256", {"kid": self._id(EC_KEY_ID), "alg": "ES256", "use": "sig"})

    @cached_property
    def unpublished(self) -> RSAKey:
        return _rsa_key(self._id(RSA_KEY_ID), "unpublished")

    def key_set(self) -> Mapping[str, Any]:
        """As CCP publishes it."""
        return {
            "keys": [self.rsa.as_dict(private=False), self.ec.as_dict(private=False)],
            "SkipUnresolvedJsonWebKeys": True,
        }

    def _id(self, key_id: str) -> str:
        return f"{key_id}-{self._generation}" if self._generation else key_id

    def rotate(self) -> None:
        """Replace the keys by others under new ids."""
        for name in ("rsa", "ec", "unpublished"):
            self.__dict__.pop(name, None)
        self._generation += 1


@cache
def _rsa_key(key_id: str, purpose: str) -> RSAKey:  # noqa: ARG001  # it tells two keys with one id apart
    """One key a process for each id and purpose: many simulated SSOs in one process need not make as many."""
    return RSAKey.generate_key(2048, {"kid": key_id, "alg": "RS256", "use": "sig"})


def sign(keys: SigningKeys, claims: Claims) -> str:
    """A valid token with these claims."""
    return _signed(keys.rsa, claims)


def _signed(key: RSAKey | ECKey, claims: Any, **header: Any) -> str:
    algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
    protected = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **header}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jws.serialize_compact(protected, payload, key, algorithms=[algorithm])


def _part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _without(claims: Claims, name: str) -> Claims:
    return {key: value for key, value in claims.items() if key != name}


def _hs256(keys: SigningKeys, claims: Claims) -> str:
    """Signed with the public key as the secret, which a verifier that trusts `alg` accepts."""
    content = f"{_part({'alg': 'HS256', 'kid': keys.rsa.kid, 'typ': 'JWT'})}.{_part(claims)}"
    secret = keys.rsa.as_pem(private=False)
    return f"{content}.{urlsafe_b64encode(digest(secret, content.encode(), 'sha256')).rstrip(b'=').decode()}"


def _tampered(keys: SigningKeys, claims: Claims) -> str:
    """The claims of another character under the signature of this one."""
    header, _, signature = sign(keys, claims).split(".")
    return f"{header}.{_part({**claims, 'sub': 'CHARACTER:EVE:2112000001'})}.{signature}"


def _broken_signature(keys: SigningKeys, claims: Claims) -> str:
    header, payload, signature = sign(keys, claims).split(".")
    return f"{header}.{payload}.{('A' if signature[9] != 'A' else 'B').join((signature[:9], signature[10:]))}"


def _changed(**changes: Any) -> Callable[[SigningKeys, Claims], str]:
    return lambda keys, claims: sign(keys, {**claims, **changes})


def _shifted(claim: str, seconds: int) -> Callable[[SigningKeys, Claims], str]:
    return lambda keys, claims: sign(keys, {**claims, claim: claims["iat"] + seconds})


def _missing(claim: str) -> Callable[[SigningKeys, Claims], str]:
    return lambda keys, claims: sign(keys, _without(claims, claim))


def _header(**changes: Any) -> Callable[[SigningKeys, Claims], str]:
    return lambda keys, claims: _signed(keys.rsa, claims, **changes)


VALID_FORMS: Final[Mapping[str, Callable[[SigningKeys, Claims], str]]] = {
    "es256": lambda keys, claims: _signed(keys.ec, claims),
    "one-scope-as-text": _changed(scp="publicData"),
    "no-scope": _missing("scp"),
    "issuer-with-scheme": lambda keys, claims: sign(keys, {**claims, "iss": f"http://{claims['iss']}"}),
    "issuer-with-slash": lambda keys, claims: sign(keys, {**claims, "iss": f"http://{claims['iss']}/"}),
    "more-audiences": lambda keys, claims: sign(keys, {**claims, "aud": ["other", *claims["aud"]]}),
    "expired-within-leeway": _shifted("exp", -10),
}
"""Forms that CCP's tokens may have, by name; all are to be accepted."""
FORGERIES: Final[Mapping[str, Callable[[SigningKeys, Claims], str]]] = {
    "alg-none": lambda keys, claims: f"{_part({'alg': 'none', 'kid': keys.rsa.kid, 'typ': 'JWT'})}.{_part(claims)}.",
    "alg-none-signed": lambda keys, claims: ".".join(
        (_part({"alg": "None", "kid": keys.rsa.kid}), *sign(keys, claims).split(".")[1:])
    ),
    "alg-hs256-with-public-key": _hs256,
    "alg-of-the-other-key": lambda keys, claims: _signed(keys.ec, claims, kid=keys.rsa.kid),
    "alg-rs512": lambda keys, claims: jws.serialize_compact(
        {"alg": "RS512", "kid": keys.rsa.kid}, json.dumps(claims), _any(keys), ["RS512"]
    ),
    "unpublished-key": lambda keys, claims: _signed(keys.unpublished, claims),
    "unknown-kid": _header(kid="a-key-of-nobody"),
    "no-kid": lambda keys, claims: ".".join((_part({"alg": "RS256"}), *sign(keys, claims).split(".")[1:])),
    "kid-no-text": lambda keys, claims: ".".join(
        (_part({"alg": "RS256", "kid": ["a"]}), *sign(keys, claims).split(".")[1:])
    ),
    "key-in-header": lambda keys, claims: _signed(
        keys.unpublished, claims, jwk=keys.unpublished.as_dict(private=False)
    ),
    "critical-extension": lambda keys, claims: ".".join(
        (_part({"alg": "RS256", "kid": keys.rsa.kid, "crit": ["exp"]}), *sign(keys, claims).split(".")[1:])
    ),
    "audience-of-another-client": lambda keys, claims: sign(keys, {**claims, "aud": ["other", "EVE Online"]}),
    "audience-without-eve": lambda keys, claims: sign(keys, {**claims, "aud": claims["aud"][:1]}),
    "audience-without-client": _changed(aud="EVE Online"),
    "no-audience": _missing("aud"),
    "issuer-of-another": _changed(iss="https://login.evil.example"),
    "issuer-with-prefix": lambda keys, claims: sign(keys, {**claims, "iss": f"evil.{claims['iss']}"}),
    "issuer-with-suffix": lambda keys, claims: sign(keys, {**claims, "iss": f"{claims['iss']}.evil.example"}),
    "no-issuer": _missing("iss"),
    "party-of-another-client": _changed(azp="other"),
    "expired": _shifted("exp", -60),
    "no-expiry": _missing("exp"),
    "expiry-as-text": _changed(exp="9999999999"),
    "expiry-far-away": _shifted("exp", 90 * 86_400),
    "issued-in-the-future": lambda keys, claims: sign(keys, {**claims, "iat": claims["iat"] + 3600}),
    "not-valid-yet": _shifted("nbf", 3600),
    "no-subject": _missing("sub"),
    "subject-of-a-corporation": _changed(sub="CORPORATION:EVE:98000001"),
    "subject-no-number": _changed(sub="CHARACTER:EVE:1 OR 1=1"),
    "subject-zero": _changed(sub="CHARACTER:EVE:0"),
    "subject-too-large": _changed(sub="CHARACTER:EVE:99999999999999999999"),
    "no-name": _missing("name"),
    "name-with-controls": _changed(name="Vela\u202e Torrin"),
    "no-owner": _missing("owner"),
    "owner-no-text": _changed(owner={"a": 1}),
    "scopes-no-text": _changed(scp=[1, 2]),
    "oversized": _changed(padding="x" * 16_384),
    "oversized-for-us": _changed(padding="x" * 7000),
    "tampered-payload": _tampered,
    "broken-signature": _broken_signature,
    "no-signature": lambda keys, claims: sign(keys, claims).rpartition(".")[0] + ".",
    "two-parts": lambda keys, claims: sign(keys, claims).rpartition(".")[0],
    "five-parts": lambda keys, claims: f"{sign(keys, claims)}.e30.e30",
    "no-json": lambda keys, _: _signed(keys.rsa, b"no json"),
    "claims-as-list": lambda keys, _: _signed(keys.rsa, [1]),
    "deep-json": lambda keys, _: _signed(keys.rsa, b"[" * 3000),
    "empty": lambda _keys, _claims: "",
    "opaque": lambda _keys, _claims: "0123456789abcdef",
}
"""Tokens that must be refused, by name."""


def _any(keys: SigningKeys) -> RSAKey:
    """The published key without its algorithm, so that another one can be used."""
    return RSAKey.import_key({k: v for k, v in keys.rsa.as_dict(private=True).items() if k not in {"alg", "use"}})
