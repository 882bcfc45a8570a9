"""The enriched killmail as it is written: its JSON is that of the model `EnrichedKillmail`, byte for byte.

As structs it is built and encoded in a fraction of the model's time. Ids and ISK are text, and what is None is left
out; the order of the fields is the model's.
"""

from datetime import datetime
from typing import Final

from msgspec import Raw, Struct
from msgspec.json import Encoder

_ENCODER: Final = Encoder()


class PartyLine(Struct, rename="camel", omit_defaults=True, gc=False):
    """The fields of `EnrichedVictim` and `EnrichedAttacker`; each leaves those of the other out."""

    character_id: str | None = None
    character_name: str | None = None
    corporation_id: str | None = None
    corporation_name: str | None = None
    alliance_id: str | None = None
    alliance_name: str | None = None
    faction_id: str | None = None
    faction_name: str | None = None
    ship_type_id: str | None = None
    ship_type_name: str | None = None
    ship_group_id: str | None = None
    ship_group_name: str | None = None
    ship_category_id: str | None = None
    damage_taken: int | None = None
    weapon_type_id: str | None = None
    damage_done: int | None = None
    final_blow: bool | None = None


class EnrichedLine(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """`attackers` is the JSON of the attackers, which is also the value of a column."""

    killmail_id: str
    zkb_hash: str
    killmail_time: datetime
    system_id: str
    system_name: str
    constellation_id: str
    region_id: str
    region_name: str
    security_type: str
    security_status: float
    nearby_system_ids: list[str]
    zkb_total_value: str | None = None
    zkb_points: int
    zkb_url: str
    npc: bool
    solo: bool
    awox: bool
    victim: PartyLine
    attackers: Raw
    attacker_count: int
    source: str
    archive_key: str


def encode_attackers(attackers: list[PartyLine]) -> Raw:
    return Raw(_ENCODER.encode(attackers))


def encode(line: EnrichedLine) -> bytes:
    return _ENCODER.encode(line)
