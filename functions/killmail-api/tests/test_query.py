"""Every accepted query parameter selects the same security types."""

import pytest
from pydantic import ValidationError

from battlescope_schemas.universe import SecurityType
from killmail_api.api import KillmailQuery

KSPACE = ("highsec", "lowsec", "nullsec")


@pytest.mark.parametrize(
    ("query", "security_types"),
    [
        ({}, ("highsec", "lowsec", "nullsec", "wormhole", "pochven")),
        ({"securityType": ["lowsec", "wormhole"]}, ("lowsec", "wormhole")),
        ({"security_type": ["lowsec"], "spaceType": ["jspace"]}, ("lowsec", "wormhole")),
        ({"space_type": ["kspace"]}, KSPACE),
        ({"spaceType": ["kspace", "kspace"], "securityType": ["lowsec"]}, KSPACE),
        ({"spaceType": ["pochven"]}, ("pochven",)),
    ],
)
def test_both_vocabularies_select_security_types(query: dict[str, list[str]], security_types: tuple[str, ...]) -> None:
    expected = tuple(SecurityType(security_type) for security_type in security_types)
    assert KillmailQuery.model_validate(query).security_types() == expected


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"spaceType": ["abyss"]}, {"securityType": ["kspace"]}]
)
def test_invalid_parameters_are_rejected(query: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KillmailQuery.model_validate(query)
