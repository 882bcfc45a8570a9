from datetime import UTC, datetime

import pytest
from made_up_battles import mail

from battle_cluster.mails import Party, PartyKind
from battle_cluster.reading import Name, mail_of, names_in, pack, party_of, unpack
from battlescope_schemas.enriched import Party as Ids


@pytest.mark.parametrize(
    ("ids", "party"),
    [
        (Ids(character_id=90_000_001, corporation_id=98, alliance_id=99), Party(PartyKind.ALLIANCE, 99)),
        (Ids(character_id=90_000_001, corporation_id=98), Party(PartyKind.CORPORATION, 98)),
        (
            Ids(character_id=90_000_001, corporation_id=1_000_006, faction_id=500_001),
            Party(PartyKind.FACTION, 500_001),
        ),
        (Ids(character_id=90_000_001, corporation_id=1_000_006), Party(PartyKind.CHARACTER, 90_000_001)),
        (Ids(corporation_id=1_000_125, faction_id=500_001), None),
        (Ids(character_id=3_019_581, corporation_id=1_000_125), None),
        (Ids(corporation_id=98_000_001), Party(PartyKind.CORPORATION, 98_000_001)),
    ],
)
def test_who_somebody_fights_for(ids: Ids, party: Party | None) -> None:
    assert party_of(ids) == party


def test_a_packed_mail_comes_back_the_same() -> None:
    original = mail_of(mail(7, 3, (1, 1), [(11, 2), (12, 3)], near=(30_000_144,)))
    time = datetime.fromtimestamp(original.time, UTC)
    assert unpack(7, time, original.system_id, original.value, pack(original)) == original


def test_a_mail_brings_names_of_people_ships_and_places() -> None:
    names = names_in(mail(7, 3, (1, 1), [(11, 2)]))
    expected = {Name("character", 90_000_011, "Pilot 11"), Name("ship_type", 587, "Rifter")}
    assert expected | {Name("region", 10_000_002, "The Forge")} <= names
