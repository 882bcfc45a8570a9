from datetime import UTC, datetime

from invented_battles import mail

from battle_cluster.messaging.enriched_killmail import Name, decode, encode, mail_of, names_in


def test_a_packed_mail_comes_back_the_same() -> None:
    original = mail_of(mail(7, 3, (1, 1), [(11, 2), (12, 3)], near=(30_000_144,)))
    time = datetime.fromtimestamp(original.time, UTC)
    assert decode(7, time, original.system_id, original.value, encode(original)) == original


def test_a_mail_brings_names_of_people_ships_and_places() -> None:
    names = names_in(mail(7, 3, (1, 1), [(11, 2)]))
    expected = {Name("character", 90_000_011, "Pilot 11"), Name("ship_type", 587, "Rifter")}
    assert expected | {Name("region", 10_000_002, "The Forge")} <= names
