"""Rows of which a battle is shown, and the names in it. Fields are columns or aliases of them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from battle_api.domain.rows import NameKey
from battlescope_schemas.names.shown_names import shown_name


class PartyRow(Struct, frozen=True):
    party_type: str
    party_id: int
    side_id: int | None
    role: str
    confidence: float
    evidence: float
    second_best_side_id: int | None
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    isk_lost_fitted: Decimal | None
    party_name: str | None
    ticker: str | None


class CorporationRow(Struct, frozen=True):
    """The pilots of a corporation, and of those without one, on one side."""

    side_id: int | None
    alliance_id: int | None
    corporation_id: int | None
    pilots: int
    lost: int
    first_seen_at: datetime
    corp_name: str | None
    ticker: str | None


class CapsuleRow(Struct, frozen=True):
    side_id: int | None
    alliance_id: int | None
    corporation_id: int | None
    capsules: int


class SideShipRow(Struct, frozen=True):
    side_id: int
    ship_type_id: int
    group_id: int | None
    seen: int
    lost: int
    isk_lost: Decimal


class PinRow(Struct, frozen=True):
    edit_id: UUID
    author: str
    party_type: str
    party_id: int


class LinkRow(Struct, frozen=True):
    from_killmail_id: int
    to_killmail_id: int
    reason: str
    score: float
    quiet_limit_seconds: int | None


class JumpRow(Struct, frozen=True):
    system_id: int
    other_system_id: int
    jumps: int


class Jumps(Struct, frozen=True):
    """Gate jumps by pair of systems, where they are one or two."""

    by_pair: dict[frozenset[int], int]

    def between(self, system_id: int, other_system_id: int) -> int | None:
        """0 within a system; None where the systems are further apart, or their neighbours unknown."""
        return 0 if system_id == other_system_id else self.by_pair.get(frozenset((system_id, other_system_id)))


class Names(Struct, frozen=True):
    """Names and tickers by entity type and id, and the groups of ships by type."""

    names: dict[NameKey, str]
    tickers: dict[NameKey, str | None]
    ship_groups: dict[int, int]

    def name(self, entity_type: str, entity_id: int | None) -> str | None:
        """The name, else what stands for it; None where there is no id."""
        return (
            None if entity_id is None else shown_name(entity_type, entity_id, self.names.get((entity_type, entity_id)))
        )

    def ticker(self, entity_type: str, entity_id: int | None) -> str | None:
        return None if entity_id is None else self.tickers.get((entity_type, entity_id))
