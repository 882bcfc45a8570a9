"""Stored tokens: bound to their character, and readable during a rotation of keys."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_api.credentials.token_cipher import InvalidKeys, TokenCipher, read_keys
from account_api.errors import TokenUndecryptable

OLD, NEW = f"k1:{'11' * 32}", f"k2:{'22' * 32}"


def cipher(keys: str) -> TokenCipher:
    return TokenCipher(read_keys(keys), secrets.token_bytes)


@given(st.text(max_size=200).filter(lambda t: t.isascii()), st.integers(1, 2**62))
def test_only_the_character_of_a_token_reads_it(token: str, character: int) -> None:
    sealed = cipher(OLD).encrypt(token, character)
    assert cipher(OLD).decrypt(sealed, character) == token
    assert not token or len(token) < 4 or token not in sealed
    with pytest.raises(TokenUndecryptable):
        cipher(OLD).decrypt(sealed, character + 1)


def test_rotation_reads_old_tokens_and_writes_new_ones() -> None:
    old = cipher(OLD).encrypt("secret", 7)
    rotating = cipher(f"{NEW},{OLD}")
    assert rotating.decrypt(old, 7) == "secret"
    new = rotating.encrypt("secret", 7)
    assert (rotating.is_current(old), rotating.is_current(new)) == (False, True)
    assert cipher(NEW).decrypt(new, 7) == "secret"
    with pytest.raises(TokenUndecryptable):
        cipher(NEW).decrypt(old, 7)


def test_same_token_is_never_stored_alike() -> None:
    assert cipher(OLD).encrypt("secret", 7) != cipher(OLD).encrypt("secret", 7)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-4],
        lambda token: token.replace("v1", "v2"),
        lambda token: token.replace("k1", "k9"),
        lambda _: "",
        lambda token: token[:-2] + ("BB" if token.endswith("AA") else "AA"),
    ],
)
def test_damaged_token_is_refused(change: object) -> None:
    with pytest.raises(TokenUndecryptable):
        cipher(OLD).decrypt(change(cipher(OLD).encrypt("secret", 7)), 7)


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "k1",
        f"k1:{'11' * 31}",
        f"k1:{'zz' * 32}",
        f"{OLD},{OLD}",
        f"{OLD},{NEW},k3:{'33' * 32}",
        f"k 1:{'11' * 32}",
    ],
)
def test_malformed_keys_stop_the_start_without_being_named(keys: str) -> None:
    with pytest.raises(InvalidKeys) as raised:
        read_keys(keys)
    assert "11" not in str(raised.value)
