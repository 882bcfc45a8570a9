"""The newest dead letters of a KafkaSink, decoded for whoever looks at them."""

import json
import logging
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from battlescope_local.eventing.cloud_event import CloudEvent, NotACloudEvent, from_record
from battlescope_local.log.port import Log, Stored
from battlescope_local.manifests.model import KafkaSink

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`data` is the beginning of the subscriber's answer. No `code` means: no answer, or a reply that was no event.

    What a Trigger leads straight to the sink was never answered: its own data says the reason.
    """

    time: datetime
    type: str
    source: str
    id: str
    subject: str
    destination: str
    code: int | None
    reason: str | None
    data: str
    event: CloudEvent


async def read_dead_letters(log: Log, sink: KafkaSink, limit: int) -> tuple[DeadLetter, ...]:
    """The newest, oldest first; records that are no CloudEvents are left out with a warning."""
    found = [_decoded(stored) for stored in await log.tail(sink.topic, limit)]
    return tuple(letter for letter in found if letter is not None)


def _decoded(stored: Stored) -> DeadLetter | None:
    try:
        event = from_record(stored.record)
    except NotACloudEvent as error:
        logger.warning("Dead letter %d/%d is no CloudEvent: %s", stored.partition, stored.offset, error)
        return None
    said = event.attributes
    code = said.get("knativeerrorcode", "")
    told: Mapping[str, Any] = {} if "knativeerrordest" in said else _json(event.data)
    return DeadLetter(
        time=datetime.fromtimestamp(stored.timestamp / 1000, UTC),
        type=said["type"],
        source=said["source"],
        id=said["id"],
        subject=said.get("subject", ""),
        destination=said.get("knativeerrordest", ""),
        code=int(code) if code.isdecimal() else None,
        reason=said.get("reason") or told.get("reason"),
        data=_text(said.get("knativeerrordata", "")) or str(told.get("excerpt", "")),
        event=event,
    )


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        said: Any = json.loads(data)
    except ValueError:
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _text(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode(errors="replace")
    except Base64Error:
        return encoded
