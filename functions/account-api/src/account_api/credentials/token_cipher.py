"""ESI tokens at rest: AES-256-GCM, bound to their character, with the id of the key so that keys can be rotated."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from account_api.errors import TokenUndecryptable

VERSION: Final = "v1"
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class InvalidKeys(ValueError):
    """The setting TOKEN_ENCRYPTION_KEY is malformed."""


class TokenCipher:
    """Encrypts with the first key, and decrypts with every one of them."""

    def __init__(self, keys: Mapping[str, bytes], random_bytes: Callable[[int], bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = next(iter(keys))
        self._random_bytes = random_bytes

    def encrypt(self, token: str, character_id: int) -> str:
        """`v1.<key id>.<base64>`; only `decrypt` for the same character accepts it."""
        nonce = self._random_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, token.encode(), _bound_to(character_id))
        return f"{VERSION}.{self._current}.{b64encode(nonce + sealed).decode()}"

    def decrypt(self, text: str, character_id: int) -> str:
        """The token.

        Raises:
            TokenUndecryptable: another version, key or character, or damaged.
        """
        version, _, rest = text.partition(".")
        key_id, _, content = rest.partition(".")
        if version != VERSION or key_id not in self._ciphers:
            raise TokenUndecryptable("A stored token has an unknown version or key.")
        try:
            sealed = b64decode(content, validate=True)
            token = self._ciphers[key_id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(character_id))
        except (Base64Error, InvalidTag, ValueError) as error:
            raise TokenUndecryptable("A stored token is damaged, or belongs to another character.") from error
        return token.decode()

    def is_current(self, text: str) -> bool:
        """Whether the text is encrypted with the key of new tokens."""
        return text.startswith(f"{VERSION}.{self._current}.")


def read_keys(setting: str) -> dict[str, bytes]:
    """Keys by id, the current one first, from `id:hex` pairs separated by commas.

    Raises:
        InvalidKeys: there is none, there are more than two, or one is malformed; the message contains no key.
    """
    keys: dict[str, bytes] = {}
    for pair in filter(None, (part.strip() for part in setting.split(","))):
        key_id, _, digits = pair.partition(":")
        try:
            key = bytes.fromhex(digits)
        except ValueError:
            key = b""
        if not key_id.isalnum() or len(key) != KEY_BYTES or key_id in keys:
            raise InvalidKeys("TOKEN_ENCRYPTION_KEY must be `id:key` with 64 hex digits, or two of them with a comma.")
        keys[key_id] = key
    if not 1 <= len(keys) <= 2:  # noqa: PLR2004  # the current key, and the one before it
        raise InvalidKeys("TOKEN_ENCRYPTION_KEY must hold one key, or during a rotation two.")
    return keys


def _bound_to(character_id: int) -> bytes:
    return str(character_id).encode()
