"""Turns stored rows into answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from killmail_api.schemas import Attacker, Detail, Enrichment, EnrichmentStatus, Summary

Row = Mapping[str, Any]


def summary(row: Row) -> Summary:
    return Summary.model_validate({**row, **_sides(row)})


def detail(row: Row) -> Detail:
    status = EnrichmentStatus.PROCESSING if row["names_missing"] else EnrichmentStatus.SUCCEEDED
    enrichment = Enrichment(
        status=status, fetched_at=row["enriched_at"], created_at=row["enriched_at"], updated_at=row["updated_at"]
    )
    attackers = tuple(_attacker(entry) for entry in row["attacker_data"])
    return Detail.model_validate({**row, **_sides(row), "attackers": attackers, "enrichment": enrichment})


def _sides(row: Row) -> dict[str, Any]:
    """The attackers' organisations and pilots, each once, largest damage first as the game lists them."""
    entries: list[Row] = row["attacker_data"]
    alliances = _distinct(entries, "alliance")
    corporations = _distinct(entries, "corporation")
    characters = _distinct(entries, "character")
    return {
        "attacker_alliance_ids": tuple(alliances),
        "attacker_alliance_names": tuple(alliances.values()),
        "attacker_corp_ids": tuple(corporations),
        "attacker_corp_names": tuple(corporations.values()),
        "attacker_character_ids": tuple(characters),
        "attacker_character_names": tuple(characters.values()),
    }


def _distinct(entries: Iterable[Row], kind: str) -> dict[int, str | None]:
    return {int(e[f"{kind}Id"]): e.get(f"{kind}Name") for e in entries if f"{kind}Id" in e}


def _attacker(entry: Row) -> Attacker:
    return Attacker(
        character_id=entry.get("characterId"),
        character_name=entry.get("characterName"),
        corp_id=entry.get("corporationId"),
        corp_name=entry.get("corporationName"),
        alliance_id=entry.get("allianceId"),
        alliance_name=entry.get("allianceName"),
        faction_id=entry.get("factionId"),
        faction_name=entry.get("factionName"),
        ship_type_id=entry.get("shipTypeId"),
        ship_type_name=entry.get("shipTypeName"),
        weapon_type_id=entry.get("weaponTypeId"),
        damage_done=entry["damageDone"],
        final_blow=entry["finalBlow"],
    )
