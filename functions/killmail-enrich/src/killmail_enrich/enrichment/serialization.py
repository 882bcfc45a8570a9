"""Enriched mails that come in bulk: ready to be written, without a model each."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import orjson

from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.killmail import Killmail, Zkb
from killmail_enrich.enrichment.enrichment import Fields, ReferenceLike, build_fields
from killmail_enrich.enrichment.locations import Place, Types
from killmail_enrich.names.model import Named, entity_ids

_AS_PYDANTIC: Final = orjson.OPT_UTC_Z


@dataclass(frozen=True, slots=True)
class SerializedKillmail:
    """A mail as it goes into a chunk (`line`) and into the database; `missing` are those nobody could name in time."""

    killmail_id: int
    fields: Fields
    attackers: str
    line: bytes
    missing: Collection[int]

    @property
    def mail(self) -> EnrichedKillmail:
        return EnrichedKillmail.model_validate(self.fields)


def draft(
    reference: ReferenceLike, body: tuple[Killmail, Zkb], place: Place, types: Types, named: Named
) -> SerializedKillmail:
    """`named` may answer for others as well."""
    fields = build_fields(reference, body, place, types, named.names)
    attackers, line = _written(fields)
    missing = sorted(entity_ids(body[0]).intersection(named.missing)) if named.missing else ()
    return SerializedKillmail(body[0].killmail_id, fields, attackers, line, missing)


def _written(fields: Fields) -> tuple[str, bytes]:
    """The attackers, which have a column of their own, and the whole mail."""
    try:
        attackers = orjson.dumps(fields["attackers"])
        line = orjson.dumps({**fields, "attackers": orjson.Fragment(attackers)}, option=_AS_PYDANTIC)
    except orjson.JSONEncodeError:  # it knows no number beyond 64 bits, the model does
        mail = EnrichedKillmail.model_validate(fields)
        line = mail.model_dump_json(by_alias=True, exclude_none=True).encode()
        attackers = _attackers(mail)
    return attackers.decode(), line


def _attackers(mail: EnrichedKillmail) -> bytes:
    parts = (one.model_dump_json(by_alias=True, exclude_none=True) for one in mail.attackers)
    return f"[{','.join(parts)}]".encode()
