"""Who is an NPC: the one definition for flags, rulesets, battles and statistics."""

import pytest

from battlescope_schemas.entity import is_npc_id, is_npc_participant, is_player_entity

PILOT, AGENT, CORPORATION, ALLIANCE = 90_000_001, 3_019_581, 98_000_001, 99_000_001
CONCORD, FACTION = 1_000_125, 500_010


@pytest.mark.parametrize("entity_id", [500_000, 599_999, 1_000_000, 1_999_999, 3_000_000, 3_999_999])
def test_ranges_of_factions_npc_corporations_and_npc_characters_are_npcs(entity_id: int) -> None:
    assert is_npc_id(entity_id)
    assert not is_player_entity(entity_id)


@pytest.mark.parametrize("entity_id", [499_999, 600_000, 999_999, 2_000_000, 2_999_999, 4_000_000, PILOT, ALLIANCE])
def test_ids_outside_of_these_ranges_are_players(entity_id: int) -> None:
    assert not is_npc_id(entity_id)
    assert is_player_entity(entity_id)


@pytest.mark.parametrize("entity_id", [None, 0])
def test_without_an_id_there_is_no_player(entity_id: int | None) -> None:
    assert not is_player_entity(entity_id)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ((PILOT, CORPORATION, ALLIANCE), False),
        ((PILOT, CONCORD, None), False),
        ((AGENT, CORPORATION, ALLIANCE), True),
        ((None, CORPORATION, None), False),
        ((None, CONCORD, ALLIANCE), False),
        ((None, CONCORD, None), True),
        ((None, FACTION, None), True),
        ((None, None, FACTION), True),
        ((FACTION, None, None), True),
        ((None, None, None), True),
        ((0, 0, 0), True),
    ],
    ids=[
        "pilot", "pilot in an NPC corporation", "agent in a player corporation", "structure of a corporation",
        "structure of an alliance", "police", "faction as a corporation", "faction as an alliance",
        "faction as a character", "nobody", "zeros",
    ],
)  # fmt: skip
def test_participant_is_an_npc(ids: tuple[int | None, int | None, int | None], *, expected: bool) -> None:
    assert is_npc_participant(*ids) is expected
