"""Builds hits of battles and killmails from documents of the index."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from battlescope_schemas.names.shown_names import NamedKind as ShownKind
from battlescope_schemas.names.shown_names import shown_name
from battlescope_schemas.search.documents import BattleDocument, KillmailDocument, SideDocument
from search_api.domain.name_match import Match, match
from search_api.domain.named import NamedKind
from search_api.domain.resolved_text import ResolvedText
from search_api.domain.search_text import SearchText
from search_api.domain.searches import Facets, FacetValue, FoundDocument
from search_api.presenters.names import highlights
from search_api.schemas import battles as schemas
from search_api.schemas.everything import ShortBattleHit
from search_api.schemas.killmails import KillmailFacets, KillmailHit

_KILLMAIL_PAGE: Final = "https://zkillboard.com/kill/"


def battle_hit(
    found: FoundDocument[BattleDocument], text: SearchText | None, names: ResolvedText | None
) -> schemas.BattleHit:
    document = found.document
    return schemas.BattleHit(
        **_battle_fields(document),
        **_hit_fields(_matched_of_battle(found, text, names)),
        relevance_score=found.relevance,
        constellation_id=_number(document.constellation_id),
        constellation_name=shown_name(ShownKind.CONSTELLATION, document.constellation_id, document.constellation_name)
        if document.constellation_id
        else None,
        region_id=int(document.region_id),
        security_status=document.security_status,
        system_class=document.system_class,
        status=document.status,
        tier=None if document.tier is None else schemas.Tier(document.tier),
        end_time=_time(document.end_time),
        last_killmail_at=_time(document.end_time),
        duration=document.duration,
        revision=document.revision,
        computed_isk=_computed_isk(document),
        isk_parts=None
        if document.isk_parts is None
        else schemas.IskParts.model_validate(document.isk_parts.model_dump()),
        zkill_related_url=document.zkill_related_url,
        side_count=len(document.sides),
        unassigned_pilots=document.unassigned_pilots,
        outcome=None
        if document.is_decisive is None
        else schemas.Outcome(is_decisive=document.is_decisive, winning_side=document.winning_side),
        spark=None if document.spark is None else schemas.Spark.model_validate(document.spark.model_dump()),
        edit_count=document.edit_count,
        systems=[
            schemas.SystemName(system_id=int(system_id), system_name=name)
            for system_id, name in zip(document.system_ids, document.system_names, strict=False)
        ],
        sides=[_side(side) for side in document.sides[: schemas.MAX_SIDES]],
    )


def short_battle_hit(
    found: FoundDocument[BattleDocument], text: SearchText | None, names: ResolvedText | None
) -> ShortBattleHit:
    return ShortBattleHit(
        **_battle_fields(found.document),
        **_hit_fields(_matched_of_battle(found, text, names)),
        relevance_score=found.relevance,
    )


def _battle_fields(document: BattleDocument) -> dict[str, Any]:
    return {
        "id": UUID(document.id),
        "name": document.name,
        "system_id": int(document.system_id),
        "system_name": document.system_name,
        "region_name": document.region_name,
        "security_type": document.security_type,
        "start_time": _time(document.start_time),
        "total_kills": document.total_kills,
        "total_participants": document.total_participants,
        "total_isk_destroyed": document.isk_destroyed,
        "main_alliances": [
            schemas.MainAlliance(
                alliance_id=int(share.alliance_id),
                alliance_name=share.alliance_name,
                participant_count=share.participant_count,
            )
            for share in document.main_alliances
        ],
    }


def _computed_isk(document: BattleDocument) -> schemas.ComputedIsk | None:
    computed = document.computed_isk
    if computed is None:
        return None
    high, medium, low, total = map(Decimal, (computed.high, computed.medium, computed.low, document.isk_destroyed))
    together = high + medium + low
    return schemas.ComputedIsk(
        total=together,
        high=high,
        medium=medium,
        low=low,
        share=float(together / total) if total else 0.0,
        kills_without_value=computed.kills_without_value,
    )


def _side(side: SideDocument) -> schemas.HitSide:
    party = None
    if side.top_party_id is not None and side.top_party_type is not None:
        party = schemas.HitParty(
            party_type=schemas.HitPartyType(side.top_party_type),
            party_id=int(side.top_party_id),
            party_name=shown_name(side.top_party_type, side.top_party_id, side.top_party_name),
            ticker=side.top_party_ticker,
        )
    return schemas.HitSide(
        side_id=side.side_id,
        role=None if side.role is None else schemas.SideRole(side.role),
        pilots=side.pilots,
        losses=side.losses,
        isk_lost=Decimal(side.isk_lost),
        isk_lost_fitted=None if side.isk_lost_fitted is None else Decimal(side.isk_lost_fitted),
        top_party=party,
        party_count=side.party_count,
    )


def killmail_hit(found: FoundDocument[KillmailDocument], names: ResolvedText | None) -> KillmailHit:
    document = found.document
    matched = [*_matched_names(found.matched, names), *_matched_region(document.region_id, names)]
    return KillmailHit(
        **_hit_fields(matched),
        relevance_score=found.relevance,
        killmail_id=int(document.id),
        zkb_url=f"{_KILLMAIL_PAGE}{document.id}/",
        timestamp=_time(document.killmail_time),
        system_id=int(document.system_id),
        system_name=document.system_name,
        region_id=int(document.region_id),
        region_name=document.region_name,
        security_type=document.security_type,
        security_status=document.security_status,
        system_class=document.system_class,
        **_named("ship_type", ShownKind.SHIP_TYPE, document.ship_type_id, document.ship_type_name),
        **_named("ship_group", ShownKind.SHIP_GROUP, document.ship_group_id, document.ship_group_name),
        hull_class=document.hull_class,
        **_named("victim_character", ShownKind.CHARACTER, document.victim_character_id, document.victim_character_name),
        **_named(
            "victim_corp", ShownKind.CORPORATION, document.victim_corporation_id, document.victim_corporation_name
        ),
        **_named("victim_alliance", ShownKind.ALLIANCE, document.victim_alliance_id, document.victim_alliance_name),
        attacker_count=document.attacker_count,
        isk_value=None if document.isk_value is None else Decimal(document.isk_value),
        npc=document.npc,
        solo=document.solo,
        battle_id=document.battle_id,
    )


def _named(field: str, kind: ShownKind, entity_id: str | None, name: str | None) -> dict[str, Any]:
    return {f"{field}_id": _number(entity_id), f"{field}_name": shown_name(kind, entity_id, name)}


def _hit_fields(matched: Iterable[schemas.MatchedName]) -> dict[str, Any]:
    names = list(matched)
    return {"matched": names, "matched_terms": list(dict.fromkeys(name.name for name in names))}


def _matched_of_battle(
    found: FoundDocument[BattleDocument], text: SearchText | None, names: ResolvedText | None
) -> list[schemas.MatchedName]:
    document = found.document
    matched = [*_matched_names(found.matched, names), *_matched_region(document.region_id, names)]
    own_match = match(text, document.name, None) if text is not None and document.name else None
    if document.name and own_match is not None:
        matched.insert(0, _matched_name(schemas.MatchedType.BATTLE, document.id, document.name, own_match))
    return matched


def _matched_names(matched: Iterable[tuple[NamedKind, int]], names: ResolvedText | None) -> list[schemas.MatchedName]:
    hits = [names.names[key] for key in matched if key in names.names] if names else []
    hits.sort(key=lambda hit: (hit.match.rank, list(NamedKind).index(hit.document.kind), hit.document.name))
    return [
        _matched_name(schemas.MatchedType(hit.document.kind), str(hit.document.id), hit.document.name, hit.match)
        for hit in hits
    ]


def _matched_region(region_id: str, names: ResolvedText | None) -> list[schemas.MatchedName]:
    region = names.regions.get(int(region_id)) if names else None
    return [] if region is None else [_matched_name(schemas.MatchedType.REGION, region_id, region.name, region.match)]


def _matched_name(kind: schemas.MatchedType, entity_id: str, name: str, found: Match) -> schemas.MatchedName:
    return schemas.MatchedName(type=kind, id=entity_id, name=name, kind=found.kind, highlights=highlights(found))


def battle_facets(facets: Facets) -> schemas.BattleFacets:
    return schemas.BattleFacets.model_validate(
        {
            "security_type": _counts(facets["securityType"]),
            "status": _counts(facets["status"]),
            "tier": _counts(facets["tier"]),
            "size": _counts(facets["size"]),
            "regions": _regions(facets["region"]),
        }
    )


def killmail_facets(facets: Facets) -> KillmailFacets:
    return KillmailFacets.model_validate(
        {
            "security_type": _counts(facets["securityType"]),
            "hull_class": _counts(facets["hullClass"]),
            "regions": _regions(facets["region"]),
        }
    )


def _counts(values: Sequence[FacetValue]) -> Mapping[str, int]:
    return {value.value: value.count for value in values}


def _regions(values: Sequence[FacetValue]) -> list[schemas.RegionCount]:
    return [
        schemas.RegionCount(
            region_id=int(value.value),
            region_name=shown_name(ShownKind.REGION, value.value, value.name),
            count=value.count,
        )
        for value in values
    ]


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
