"""Every accepted query parameter selects the same security types."""

import pytest
from pydantic import ValidationError

from battlescope_schemas.universe import SecurityType
from killmail_api.routers.killmails import KillmailQuery

KSPACE = ("highsec", "lowsec", "nullsec")


@pytest.mark.parametrize(
    ("query", "security_types"),
    [
        ({}, ("highsec", "lowsec", "nullsec", "wormhole", "pochven")),
        ({"security_type": ["lowsec", "wormhole"]}, ("lowsec", "wormhole")),
        ({"security_type": ["lowsec"], "space_type": ["jspace"]}, ("lowsec", "wormhole")),
        ({"space_type": ["kspace"]}, KSPACE),
        ({"space_type": ["kspace", "kspace"], "security_type": ["lowsec"]}, KSPACE),
        ({"space_type": ["pochven"]}, ("pochven",)),
    ],
)
def test_both_vocabularies_select_security_types(query: dict[str, list[str]], security_types: tuple[str, ...]) -> None:
    expected = tuple(SecurityType(security_type) for security_type in security_types)
    assert KillmailQuery.model_validate(query).security_types() == expected


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"space_type": ["abyss"]}, {"security_type": ["kspace"]}]
)
def test_invalid_parameters_are_rejected(query: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KillmailQuery.model_validate(query)
