"""A CloudEvent as it passes through the broker: attributes as text, data as unchanged bytes.

Nothing here interprets data or times, so that an event arrives exactly as a function published it. Encodings: HTTP
binary and structured (CloudEvents HTTP binding), Kafka binary with `ce_*` headers (Kafka binding).
"""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Self, cast
from urllib.parse import quote, unquote

from battlescope_local.log.port import Record, StoredRecord
from battlescope_local.manifests.model import ATTRIBUTE_NAME

PARTITION_EXTENSION: Final = "knativekafkapartition"
OFFSET_EXTENSION: Final = "knativekafkaoffset"
NO_EXTENSIONS: Final[Mapping[str, str]] = MappingProxyType({})
REQUIRED_ATTRIBUTES = ("specversion", "id", "source", "type")
STRUCTURED_CONTENT_TYPE = "application/cloudevents+json"
DECODED_CACHE_SIZE = 512  # records; every Trigger of a Broker reads and decodes each of them
# Not allowed in a String of the CloudEvents type system: control characters and halves of surrogate pairs.
FORBIDDEN_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# CloudEvents HTTP binding 3.1.3.2: printable ASCII is not quoted, except space, double quote and percent.
HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
NEEDS_NO_QUOTING = re.compile(f"[{re.escape(HEADER_SAFE)}]*")


class NotACloudEvent(ValueError):
    """The message is not a valid CloudEvent of version 1.0."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """`attributes` holds context attributes, extensions and `datacontenttype`; `traceparent` is the W3C header."""

    attributes: Mapping[str, str]
    data: bytes = b""
    traceparent: str | None = None

    def __post_init__(self) -> None:
        validate(self.attributes)

    def with_extensions(self, extensions: Mapping[str, str]) -> Self:
        return replace(self, attributes={**self.attributes, **extensions})


def validate(attributes: Mapping[str, str]) -> None:
    """Raise NotACloudEvent unless `attributes` are those of a CloudEvent."""
    missing = [name for name in REQUIRED_ATTRIBUTES if not attributes.get(name)]
    if missing:
        raise NotACloudEvent(f"The attributes {', '.join(missing)} are missing.")
    if attributes["specversion"] != "1.0":
        raise NotACloudEvent(f"Only specversion 1.0 is supported, not {attributes['specversion']}.")
    for name, value in attributes.items():
        if not _is_attribute_name(name):
            raise NotACloudEvent(f"{name!r} is not an attribute name: only lower-case letters and digits.")
        # isprintable is fast, and false for every forbidden character.
        if not value.isprintable() and FORBIDDEN_CHARACTERS.search(value):
            raise NotACloudEvent(f"The attribute {name} holds control characters or invalid Unicode.")
    if "time" in attributes:
        _check_time(attributes["time"])


@lru_cache(maxsize=256)
def _is_attribute_name(name: str) -> bool:
    return ATTRIBUTE_NAME.fullmatch(name) is not None


def _check_time(text: str) -> None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotACloudEvent(f"The time {text!r} is not RFC 3339.") from error
    if time.tzinfo is None:
        raise NotACloudEvent(f"The time {text!r} has no offset.")


def from_http(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Decode a binary or structured CloudEvent; the case of header names does not matter."""
    headers_by_name = {name.lower(): value for name, value in headers.items()}
    content_type = headers_by_name.get("content-type", "")
    if content_type.lower().startswith("application/cloudevents"):
        return _structured(content_type, body, headers_by_name.get("traceparent"))
    attributes = {name[3:]: unquote(value) for name, value in headers_by_name.items() if name.startswith("ce-")}
    if content_type:
        attributes["datacontenttype"] = content_type
    return CloudEvent(attributes, body, headers_by_name.get("traceparent"))


def _structured(content_type: str, body: bytes, traceparent: str | None) -> CloudEvent:
    if content_type.split(";", maxsplit=1)[0].strip().lower() != STRUCTURED_CONTENT_TYPE:
        raise NotACloudEvent(f"The content type {content_type} is not supported: only single events in JSON.")
    try:
        members = json.loads(body)
    except (ValueError, RecursionError) as error:  # of deep nesting
        raise NotACloudEvent("The structured event is not JSON.") from error
    if not isinstance(members, dict):
        raise NotACloudEvent("The structured event is not a JSON object.")
    fields = cast("dict[str, object]", members)
    attributes = {
        name: _attribute_text(value)
        for name, value in fields.items()
        if name not in {"data", "data_base64"} and value is not None
    }
    if "data" in fields:
        attributes.setdefault("datacontenttype", "application/json")
    return CloudEvent(attributes, _structured_data(fields, attributes.get("datacontenttype", "")), traceparent)


def _attribute_text(value: object) -> str:
    """Canonical text of a Boolean, Integer or String (CloudEvents 1.0, 3.1)."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | str():
            return str(value)
        case _:
            raise NotACloudEvent("Attributes must be text, integers or booleans.")


def _structured_data(fields: Mapping[str, object], content_type: str) -> bytes:
    if "data_base64" in fields:
        try:
            return b64decode(str(fields["data_base64"]), validate=True)
        except Base64Error as error:
            raise NotACloudEvent("data_base64 is not base64.") from error
    data = fields.get("data")
    if "data" not in fields:
        return b""
    if isinstance(data, str) and "json" not in content_type:
        return data.encode()
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def to_http(event: CloudEvent) -> dict[str, str]:
    """Headers of the binary HTTP encoding; the body is `event.data`."""
    headers = {
        f"ce-{name}": value if NEEDS_NO_QUOTING.fullmatch(value) else quote(value, safe=HEADER_SAFE)
        for name, value in event.attributes.items()
        if name != "datacontenttype"
    }
    if content_type := event.attributes.get("datacontenttype"):
        headers["content-type"] = content_type
    if traceparent := event.traceparent or event.attributes.get("traceparent"):
        headers["traceparent"] = traceparent
    return headers


@lru_cache(maxsize=DECODED_CACHE_SIZE)
def event_to_deliver(stored: StoredRecord) -> CloudEvent:
    """The event as Knative's dispatcher filters, delivers and dead-letters it: with its position in the topic."""
    position = {PARTITION_EXTENSION: str(stored.partition), OFFSET_EXTENSION: str(stored.offset)}
    return from_record(stored.record, position)


def from_record(record: Record, extensions: Mapping[str, str] = NO_EXTENSIONS) -> CloudEvent:
    """Decode a record; `extensions` are added, and replace those of the same name."""
    attributes: dict[str, str] = {}
    traceparent = None
    for name, value in record.headers:
        if name.startswith("ce_"):
            attributes[name[3:]] = value.decode("utf-8", errors="replace")
        elif name == "content-type" and value:
            attributes["datacontenttype"] = value.decode("utf-8", errors="replace")
        elif name == "traceparent":
            traceparent = value.decode("utf-8", errors="replace")
    return CloudEvent({**attributes, **extensions}, record.value, traceparent)


def to_record(event: CloudEvent) -> Record:
    """The record as Knative's Kafka Broker writes it: binary mode, keyed by the extension `partitionkey`."""
    names = {name: "content-type" if name == "datacontenttype" else f"ce_{name}" for name in event.attributes}
    headers = [(names[name], value.encode()) for name, value in event.attributes.items()]
    if event.traceparent is not None:
        headers.append(("traceparent", event.traceparent.encode()))
    key = event.attributes.get("partitionkey")
    return Record(key.encode() if key is not None else None, event.data, tuple(headers))
