"""Builds hits of names. An affiliation that nobody has named yet has a text of its own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from battlescope_schemas.names.shown_names import shown_name
from search_api.domain.name_match import Match
from search_api.domain.named import NamedDocument, NamedHit, NamedKind
from search_api.schemas.matches import Highlight, NameMatch
from search_api.schemas.names import AllianceHit, CharacterHit, CorporationHit, EntityHits, ShipHit, SystemHit

HitsByKind = Mapping[NamedKind, Iterable[NamedHit]]
HitT = TypeVar("HitT")
_NOTHING: Final[tuple[NamedHit, ...]] = ()


def entity_hits(hits: HitsByKind) -> EntityHits:
    return EntityHits(
        alliances=_each(_alliance, hits.get(NamedKind.ALLIANCE, _NOTHING)),
        corporations=_each(_corporation, hits.get(NamedKind.CORPORATION, _NOTHING)),
        characters=_each(_character, hits.get(NamedKind.CHARACTER, _NOTHING)),
    )


def system_hits(hits: Iterable[NamedHit]) -> list[SystemHit]:
    return _each(_system, hits)


def ship_hits(hits: Iterable[NamedHit]) -> list[ShipHit]:
    return _each(_ship, hits)


def highlights(match: Match) -> list[Highlight]:
    return [Highlight(start=span.start, end=span.end) for span in match.spans]


def _each(present: Callable[[NamedHit], HitT], hits: Iterable[NamedHit]) -> list[HitT]:
    return [present(hit) for hit in hits]


def _common(hit: NamedHit) -> dict[str, Any]:
    return {
        "id": hit.document.id,
        "name": hit.document.name,
        "battle_count": hit.document.battle_count,
        "match": NameMatch(
            field=hit.match.field, kind=hit.match.kind, edits=hit.match.edits, highlights=highlights(hit.match)
        ),
    }


def _alliance_of(document: NamedDocument) -> dict[str, Any]:
    return {
        "alliance_id": document.alliance_id,
        "alliance_name": shown_name(NamedKind.ALLIANCE, document.alliance_id, document.alliance_name),
    }


def _alliance(hit: NamedHit) -> AllianceHit:
    return AllianceHit(**_common(hit), ticker=hit.document.ticker, last_seen_at=hit.document.last_seen_at)


def _corporation(hit: NamedHit) -> CorporationHit:
    document = hit.document
    return CorporationHit(
        **_common(hit), **_alliance_of(document), ticker=document.ticker, last_seen_at=document.last_seen_at
    )


def _character(hit: NamedHit) -> CharacterHit:
    document = hit.document
    return CharacterHit(
        **_common(hit),
        **_alliance_of(document),
        corp_id=document.corporation_id,
        corp_name=shown_name(NamedKind.CORPORATION, document.corporation_id, document.corporation_name),
        last_seen_at=document.last_seen_at,
    )


def _system(hit: NamedHit) -> SystemHit:
    document = hit.document
    status = document.security_status
    return SystemHit(
        **_common(hit),
        region_id=document.region_id,
        region_name=document.region_name,
        constellation_id=document.constellation_id,
        constellation_name=shown_name("constellation", document.constellation_id, document.constellation_name),
        security_type=document.security_type,
        security_status=None if status is None else round(status, 3),
        system_class=document.system_class,
        system_effect=document.system_effect,
        last_battle_at=document.last_seen_at,
    )


def _ship(hit: NamedHit) -> ShipHit:
    document = hit.document
    return ShipHit(
        **_common(hit),
        group_id=document.group_id,
        group_name=shown_name("ship_group", document.group_id, document.group_name),
        hull_class=document.hull_class,
        last_seen_at=document.last_seen_at,
    )
