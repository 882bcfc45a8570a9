"""Every accepted query parameter selects the same security types."""

import pytest
from pydantic import ValidationError

from battlescope_events.http_api.validation_messages import validation_message
from battlescope_schemas.universe import SecurityType
from killmail_api.routers.killmails import KillmailQuery
from killmail_api.schemas.stream import TopicQuery

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


@pytest.mark.parametrize("topics", ["zz", "", "killmails,", "battle:1", ",".join(["battles"] * 51), "killmails\n"])
def test_other_topics_are_told_which_there_are(topics: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TopicQuery.model_validate({"topics": topics})
    errors = [{**error, "loc": ("query", *error["loc"])} for error in caught.value.errors()]
    message = "topics: must be 1 to 50 of killmails, battles and battle:{id}, separated by commas."
    assert validation_message(errors) == message


def test_topics_are_accepted() -> None:
    topics = f"killmails,battles,battle:{'0' * 8}-0000-0000-0000-{'0' * 12}"
    assert TopicQuery.model_validate({"topics": topics}).topics == topics
