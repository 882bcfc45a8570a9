"""Every accepted word for a kind of space means the same kinds."""

import pytest
from pydantic import ValidationError

from battlescope_schemas.universe import SecurityType
from killmail_api.api import KillmailQuery

KSPACE = ("highsec", "lowsec", "nullsec")


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({}, ("highsec", "lowsec", "nullsec", "wormhole", "pochven")),
        ({"securityType": ["lowsec", "wormhole"]}, ("lowsec", "wormhole")),
        ({"security_type": ["lowsec"], "spaceType": ["jspace"]}, ("lowsec", "wormhole")),
        ({"space_type": ["kspace"]}, KSPACE),
        ({"spaceType": ["kspace", "kspace"], "securityType": ["lowsec"]}, KSPACE),
        ({"spaceType": ["pochven"]}, ("pochven",)),
    ],
)
def test_words_for_space(query: dict[str, list[str]], kinds: tuple[str, ...]) -> None:
    assert KillmailQuery.model_validate(query).kinds() == tuple(SecurityType(kind) for kind in kinds)


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"spaceType": ["abyss"]}, {"securityType": ["kspace"]}]
)
def test_words_nobody_knows(query: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KillmailQuery.model_validate(query)
