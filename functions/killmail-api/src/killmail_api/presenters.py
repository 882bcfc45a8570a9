"""Turns stored rows into responses."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from battlescope_schemas.enriched import ValueConfidence, ValueSource
from battlescope_schemas.names.shown_names import NamedKind, shown_name, unknown_name
from battlescope_schemas.ships.hulls import hull_class
from battlescope_schemas.universe import system_effect
from killmail_api.domain.archived_row import ArchivedRow
from killmail_api.domain.items import Entry, present, read_unit_prices
from killmail_api.domain.revaluation_job import RevaluationJob
from killmail_api.schemas.items import Hull, Items
from killmail_api.schemas.killmails import (
    Attacker,
    ComputedValue,
    Detail,
    Enrichment,
    EnrichmentStatus,
    FinalBlow,
    Summary,
    UnpricedType,
    Value,
    ZkbValue,
)
from killmail_api.schemas.revaluations import RevaluationJobItem, RevaluationProgress, RevaluationStatus

Row = Mapping[str, Any]
# The field of a name by the field of its id, in rows, and what the id stands for.
_NAMES: Final = {
    "system_name": ("system_id", NamedKind.SYSTEM),
    "region_name": ("region_id", NamedKind.REGION),
    "victim_alliance_name": ("victim_alliance_id", NamedKind.ALLIANCE),
    "victim_corp_name": ("victim_corp_id", NamedKind.CORPORATION),
    "victim_character_name": ("victim_character_id", NamedKind.CHARACTER),
    "victim_faction_name": ("victim_faction_id", NamedKind.FACTION),
    "ship_type_name": ("ship_type_id", NamedKind.SHIP_TYPE),
    "ship_group_name": ("ship_group_id", NamedKind.SHIP_GROUP),
}
# The same of an attacker as rows have it: the field of the answer, and the first part of the fields of the row.
_PARTY: Final = {
    "character": ("character", NamedKind.CHARACTER),
    "corp": ("corporation", NamedKind.CORPORATION),
    "alliance": ("alliance", NamedKind.ALLIANCE),
    "ship_type": ("shipType", NamedKind.SHIP_TYPE),
}


def summary(row: Row) -> Summary:
    return Summary.model_validate({**row, **_list_fields(row)})


def _shown_names(row: Row) -> dict[str, str | None]:
    return {
        name: shown_name(kind, row[entity_id], row[name]) for name, (entity_id, kind) in _NAMES.items() if name in row
    }


def detail(row: Row) -> Detail:
    status = (
        EnrichmentStatus.PROCESSING if row["names_missing"] or row["region_id"] is None else EnrichmentStatus.SUCCEEDED
    )
    enrichment = Enrichment(
        status=status, fetched_at=row["enriched_at"], created_at=row["enriched_at"], updated_at=row["updated_at"]
    )
    weapons = {weapon["type_id"]: weapon["type_name"] for weapon in row["weapon_types"]}
    attackers = tuple(_attacker(attacker, weapons) for attacker in row["attacker_data"])
    value = _value(row)
    shown = {"value": value, "value_source": value.source, "value_confidence": _confidence(value)}
    fields = {**row, **_list_fields(row), "attackers": attackers, "enrichment": enrichment}
    return Detail.model_validate(fields | shown)


def _value(row: Row) -> Value:
    parts: Row = row["valuation"] or {}
    computed: Row | None = parts.get("computedValue")
    zkb_total = row["zkb_total_value"]
    return Value(
        source=row["shown_source"],
        total=row["isk_value"],
        fitted=parts.get("fittedValue"),
        dropped=parts.get("droppedValue"),
        destroyed=parts.get("destroyedValue"),
        zkb=None
        if zkb_total is None
        else ZkbValue(
            total=zkb_total,
            fitted=parts.get("zkbFittedValue"),
            dropped=parts.get("zkbDroppedValue"),
            destroyed=parts.get("zkbDestroyedValue"),
        ),
        computed=None
        if computed is None
        else ComputedValue.model_validate({**computed, "unpriced": tuple(map(_unpriced, row["unpriced_types"]))}),
    )


def _unpriced(listed: Row) -> UnpricedType:
    type_id = listed["type_id"]
    return UnpricedType(type_id=type_id, type_name=listed["type_name"] or unknown_name(NamedKind.ITEM_TYPE, type_id))


def _confidence(value: Value) -> ValueConfidence | None:
    return value.computed.confidence if value.source is ValueSource.COMPUTED and value.computed else None


def _list_fields(row: Row) -> dict[str, Any]:
    final = next((attacker for attacker in row["attacker_data"] if attacker["finalBlow"]), None)
    return {
        **_shown_names(row),
        **_attacker_entities(row),
        "final_blow": None if final is None else _final_blow(final, row["final_blow_ticker"]),
        "hull_class": hull_class(row["ship_group_id"], row["ship_category_id"]),
        "system_effect": system_effect(row["sun_name"]),
    }


def _final_blow(attacker: Row, ticker: str | None) -> FinalBlow:
    return FinalBlow.model_validate({**_party(attacker), "ticker": ticker})


def _party(fields: Row) -> dict[str, Any]:
    """The ids and names of an attacker that its answer to a request has."""
    party: dict[str, Any] = {}
    for name, (stored, kind) in _PARTY.items():
        entity_id = fields.get(f"{stored}Id")
        party[f"{name}_id"] = entity_id
        party[f"{name}_name"] = shown_name(kind, entity_id, fields.get(f"{stored}Name"))
    return party


def _attacker_entities(row: Row) -> dict[str, Any]:
    """The attackers' alliances, corporations and pilots, each once, in the game's order: largest damage first."""
    attackers: list[Row] = row["attacker_data"]
    alliances = _distinct(attackers, "alliance")
    corporations = _distinct(attackers, "corporation")
    characters = _distinct(attackers, "character")
    return {
        "attacker_alliance_ids": tuple(alliances),
        "attacker_alliance_names": tuple(alliances.values()),
        "attacker_corp_ids": tuple(corporations),
        "attacker_corp_names": tuple(corporations.values()),
        "attacker_character_ids": tuple(characters),
        "attacker_character_names": tuple(characters.values()),
    }


def _distinct(attackers: Iterable[Row], entity_type: str) -> dict[int, str]:
    """Names by id."""
    id_field, name_field = f"{entity_type}Id", f"{entity_type}Name"
    return {
        int(attacker[id_field]): attacker.get(name_field) or unknown_name(entity_type, attacker[id_field])
        for attacker in attackers
        if id_field in attacker
    }


def _attacker(fields: Row, weapons: Mapping[int, str]) -> Attacker:
    weapon_type_id = fields.get("weaponTypeId")
    return Attacker(
        **_party(fields),
        faction_id=fields.get("factionId"),
        faction_name=shown_name(NamedKind.FACTION, fields.get("factionId"), fields.get("factionName")),
        weapon_type_id=weapon_type_id,
        weapon_type_name=shown_name(
            NamedKind.ITEM_TYPE, weapon_type_id, weapons.get(int(weapon_type_id)) if weapon_type_id else None
        ),
        damage_done=fields["damageDone"],
        final_blow=fields["finalBlow"],
    )


def killmail_items(killmail_id: int, row: ArchivedRow, entries: Iterable[Entry], names: Mapping[int, str]) -> Items:
    prices = read_unit_prices(row.unit_prices or ())
    hull = Hull(type_id=row.ship_type_id, type_name=row.ship_type_name, unit_price=prices.get(row.ship_type_id))
    return Items(
        killmail_id=killmail_id,
        hull=hull if row.ship_type_id else None,
        price_day=row.price_day,
        rules=row.rules,
        items=present(entries, names, prices),
    )


def revaluation_job_item(job: RevaluationJob) -> RevaluationJobItem:
    days = (job.last_day - job.first_day).days + 1
    done = days if job.status == "completed" else min(days, (job.position_day - job.first_day).days)
    return RevaluationJobItem(
        job_id=job.id,
        status=cast("RevaluationStatus", job.status),
        first_day=job.first_day,
        last_day=job.last_day,
        progress=RevaluationProgress(
            current_day=min(job.position_day, job.last_day),
            percentage=round(100 * done / days, 1),
            killmails=job.killmails_read,
            changed=job.killmails_changed,
            without_prices=job.killmails_without_prices,
        ),
        requested_by=job.requested_by,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        cancelled_by=job.cancelled_by,
    )
