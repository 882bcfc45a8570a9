"""The structs of long lists have the fields of the models that describe them."""

from typing import Any

import pytest
from msgspec.structs import fields

from battle_api.domain import participant_rows
from battle_api.presenters import lines
from battle_api.schemas import killmails, participants
from battlescope_schemas.base import Schema

PAIRS: list[tuple[Any, type[Schema]]] = [
    (lines.NamedEntityLine, killmails.NamedEntity),
    (lines.OrganisationLine, killmails.Organisation),
    (lines.EntitiesLine, killmails.Entities),
    (lines.FinalBlowLine, killmails.FinalBlow),
    (lines.SideShotsLine, killmails.SideShots),
    (lines.BestLinkLine, killmails.BestLink),
    (lines.KillmailLine, killmails.KillmailItem),
    (lines.KillmailsLine, killmails.Killmails),
    (lines.TimelineEventLine, killmails.TimelineEvent),
    (lines.PilotsSeenLine, killmails.PilotsSeen),
    (lines.TimelineLine, killmails.Timeline),
    (participant_rows.ShipFlown, participants.ShipFlown),
    (participant_rows.LossDetail, participants.PilotLossItem),
    (participant_rows.Participant, participants.ParticipantItem),
    (lines.ParticipantsLine, participants.Participants),
]


@pytest.mark.parametrize(("line", "model"), PAIRS, ids=lambda value: value.__name__)
def test_struct_has_the_fields_of_its_model(line: Any, model: type[Schema]) -> None:
    assert {field.encode_name for field in fields(line)} == {field.alias for field in model.model_fields.values()}


def test_lists_are_appended_to_an_object() -> None:
    assert lines.with_lists(b'{"a":1}', b=[lines.SideShotsLine(None, 2, 3)], c=[]) == (
        b'{"a":1,"b":[{"sideId":null,"attackers":2,"damage":3}],"c":[]}'
    )
