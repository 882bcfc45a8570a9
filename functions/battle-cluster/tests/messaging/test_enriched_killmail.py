from enriched_builders import enriched_killmail

from battle_cluster.messaging.enriched_killmail import EntityName, names_of


def test_names_of_pilots_ships_and_locations_are_read() -> None:
    names = names_of(enriched_killmail(7, 3, (1, 1), [(11, 2)]))
    expected = {EntityName("character", 90_000_011, "Pilot 11"), EntityName("ship_type", 587, "Rifter")}
    assert expected | {EntityName("region", 10_000_002, "The Forge")} <= names
