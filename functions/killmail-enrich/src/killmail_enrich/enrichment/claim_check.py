"""Reads the references of a chunk: a hundred thousand lines a minute, so each is read by hand where it is as usual.

The model stays the judge: a line that is not plainly right is read by it, and refused in its words or accepted.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from gzip import GzipFile
from io import BytesIO
from typing import Any, Final, NamedTuple

import orjson
from pydantic.alias_generators import to_camel

from battlescope_schemas.reference import KillmailReference, Source
from killmail_enrich.errors import Unusable

_HASH: Final = re.compile(r"[0-9a-f]{40}")
_ID: Final = re.compile(r"[0-9]{1,18}")  # any of these is below 2**63
_ISK: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,2})?")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SOURCES: Final = {source.value: source.value for source in Source}
_TEXTS: Final = ("zkbUrl", "archiveKey")
_OPTIONAL_TEXTS: Final = ("historicalJobId", "rulesetId")
_FIELDS: Final = {to_camel(name) for name in KillmailReference.model_fields}


class Reference(NamedTuple):
    """What enrichment takes from a killmail's reference."""

    killmail_id: int
    zkb_hash: str
    isk_value: Decimal | None
    zkb_url: str
    source: str
    archive_key: str


def references(chunk: bytes) -> Iterator[Reference]:
    """Every reference of a chunk, unpacked line by line.

    Raises:
        Unusable: the object is no chunk of references.
    """
    try:
        with GzipFile(fileobj=BytesIO(chunk)) as lines:
            yield from (_reference(line) for line in lines if not line.isspace())
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Unusable(f"The object is no chunk of killmail references: {error}") from error


def _reference(line: bytes) -> Reference:
    try:
        found = _usual(orjson.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError):
        found = None
    return found or _parse(line)


def _usual(fields: Mapping[str, Any]) -> Reference | None:
    """The reference, if it is written as we write it; all its fields are looked at, also those not taken along."""
    get = fields.get
    value, alliance = get("iskValue"), get("victimAllianceId")
    ids: tuple[Any, ...] = (fields["killmailId"], fields["systemId"], *get("attackerAllianceIds", ()))
    is_usual = (
        fields.keys() <= _FIELDS
        and _HASH.fullmatch(fields["zkbHash"])
        and isinstance(get("attackerAllianceIds", []), list)
        and all(map(_ID.fullmatch, ids))
        and (alliance is None or _ID.fullmatch(alliance))
        and (value is None or _ISK.fullmatch(value))
        and _TIME.fullmatch(fields["killmailTime"])
        and datetime.fromisoformat(fields["killmailTime"])
        and all(isinstance(fields[name], str) for name in _TEXTS)
        and all(isinstance(get(name, ""), str | None) for name in _OPTIONAL_TEXTS)
    )
    if not is_usual:
        return None
    source, isk_value = _SOURCES[get("source", "live")], None if value is None else Decimal(value)
    return Reference(
        int(fields["killmailId"]), fields["zkbHash"], isk_value, fields["zkbUrl"], source, fields["archiveKey"]
    )


def _parse(line: bytes) -> Reference:
    model = KillmailReference.model_validate_json(line)
    return Reference(
        model.killmail_id, model.zkb_hash, model.isk_value, model.zkb_url, model.source.value, model.archive_key
    )
