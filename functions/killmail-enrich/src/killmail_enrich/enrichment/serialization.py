"""Serializes the enriched killmails of a batch without building a model of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.reference import KillmailReference
from killmail_enrich.enrichment.archived_killmail import ArchivedKillmail
from killmail_enrich.enrichment.enrichment import Fields, build_fields, entity_ids
from killmail_enrich.enrichment.locations import Location, Types

_LIKE_PYDANTIC: Final = orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class SerializedKillmail:
    """An enriched killmail as a line of a batch object and as values of a row.

    `attackers` is the JSON of its own column; `missing_ids` are entities whose names could not be resolved in time.
    """

    killmail_id: int
    fields: Fields
    attackers: str
    line: bytes
    missing_ids: Collection[int]

    @property
    def killmail(self) -> EnrichedKillmail:
        return EnrichedKillmail.model_validate(self.fields)


def serialize(
    reference: KillmailReference,
    archived: ArchivedKillmail,
    location: Location,
    types: Types,
    names: Mapping[int, str],
    *,
    missing_ids: Collection[int],
) -> SerializedKillmail:
    """`names` and `missing_ids` may cover other killmails as well."""
    fields = build_fields(reference, archived, location, types, names)
    attackers, line = _to_json(fields)
    missing = sorted(entity_ids(archived[0]).intersection(missing_ids)) if missing_ids else ()
    return SerializedKillmail(archived[0].killmail_id, fields, attackers, line, missing)


def _to_json(fields: Fields) -> tuple[str, bytes]:
    """The JSON of the attackers, and of the whole killmail."""
    try:
        attackers = orjson.dumps(fields["attackers"])
        line = orjson.dumps({**fields, "attackers": orjson.Fragment(attackers)}, option=_LIKE_PYDANTIC)
    except orjson.JSONEncodeError:  # orjson rejects integers beyond 64 bits, the model accepts them
        killmail = EnrichedKillmail.model_validate(fields)
        line = killmail.model_dump_json(by_alias=True, exclude_none=True).encode()
        attackers = _attackers_json(killmail)
    return attackers.decode(), line


def _attackers_json(killmail: EnrichedKillmail) -> bytes:
    parts = (attacker.model_dump_json(by_alias=True, exclude_none=True) for attacker in killmail.attackers)
    return f"[{','.join(parts)}]".encode()
