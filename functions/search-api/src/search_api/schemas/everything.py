"""The answer of the search over everything."""

from uuid import UUID

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.universe import SecurityType
from search_api.schemas.battles import HitFields, MainAlliance, Total
from search_api.schemas.killmails import KillmailHit
from search_api.schemas.matches import SearchAnswer
from search_api.schemas.names import EntityHits, ShipHit, SystemHit

Name = str | None


class ShortBattleHit(HitFields):
    """A battle in a few words."""

    id: UUID
    name: Name
    system_id: EveId
    system_name: Name
    region_name: Name
    security_type: SecurityType
    start_time: UtcTime
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk
    main_alliances: list[MainAlliance]
    relevance_score: float


class TotalResults(Schema):
    """Of names at most 20 a type are counted, of battles 10,000."""

    battles: Total
    killmails: Total
    entities: int
    systems: int
    ships: int


class EverythingAnswer(SearchAnswer):
    """Hits by category. Categories that the caller may not see are empty.

    battles, killmails: null while the search engine does not answer.
    """

    battles: list[ShortBattleHit] | None
    killmails: list[KillmailHit] | None
    entities: EntityHits
    systems: list[SystemHit]
    ships: list[ShipHit]
    total_results: TotalResults
