"""The newest dead letters of a KafkaSink, decoded for people."""

import json
import logging
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from battlescope_local.eventing.cloud_event import (
    OFFSET_EXTENSION,
    PARTITION_EXTENSION,
    CloudEvent,
    NotACloudEvent,
    from_record,
)
from battlescope_local.log.port import Log, StoredRecord
from battlescope_local.manifests.model import KafkaSink

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was not delivered.

    code: status of the subscriber's response; None without a response, or when its body was not a CloudEvent.
    data: beginning of that response's body.
    record: partition and offset of the event in its Broker's topic, as `3/17`.

    An event that a Trigger sends directly to the sink has no response; its own payload holds the reason.
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
    record: str
    event: CloudEvent


async def read_dead_letters(log: Log, sink: KafkaSink, limit: int) -> tuple[DeadLetter, ...]:
    """The newest `limit` dead letters in order of time; records that are not CloudEvents are logged and skipped."""
    letters = [_decode(stored) for stored in await log.tail(sink.topic, limit)]
    return tuple(letter for letter in letters if letter is not None)


def _decode(stored: StoredRecord) -> DeadLetter | None:
    try:
        event = from_record(stored.record)
    except NotACloudEvent as error:
        logger.warning("Dead letter %d/%d is not a CloudEvent: %s", stored.partition, stored.offset, error)
        return None
    attributes = event.attributes
    code = attributes.get("knativeerrorcode", "")
    payload: Mapping[str, Any] = {} if "knativeerrordest" in attributes else _json_object(event.data)
    return DeadLetter(
        time=datetime.fromtimestamp(stored.timestamp / 1000, UTC),
        type=attributes["type"],
        source=attributes["source"],
        id=attributes["id"],
        subject=attributes.get("subject", ""),
        destination=attributes.get("knativeerrordest", ""),
        code=int(code) if code.isdecimal() else None,
        reason=attributes.get("reason") or payload.get("reason"),
        data=_decode_base64(attributes.get("knativeerrordata", "")) or str(payload.get("excerpt", "")),
        record="/".join(attributes.get(name, "unknown") for name in (PARTITION_EXTENSION, OFFSET_EXTENSION)),
        event=event,
    )


def _json_object(data: bytes) -> Mapping[str, Any]:
    try:
        value: Any = json.loads(data)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _decode_base64(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode(errors="replace")
    except Base64Error:
        return encoded
