"""A CloudEvent as it passes through the broker: attributes as text, data as the bytes that came.

Nothing here interprets data or times, so that what a function said arrives as it was said. Encodings: HTTP binary and
structured (CloudEvents HTTP binding), Kafka binary with `ce_*` headers (Kafka binding).
"""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Self, cast
from urllib.parse import quote, unquote

from battlescope_local.log.port import Record
from battlescope_local.manifests.model import ATTRIBUTE_NAME

REQUIRED = ("specversion", "id", "source", "type")
STRUCTURED = "application/cloudevents+json"
DECODED = 512  # records that are remembered decoded: every Trigger of a Broker reads each of them
# What a String of the CloudEvents type system may not hold: control characters and halves of surrogate pairs.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# CloudEvents HTTP binding 3.1.3.2: printable ASCII stays, except space, double quote and percent.
HEADER_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
NEEDS_NO_QUOTING = re.compile(f"[{re.escape(HEADER_SAFE)}]*")


class NotACloudEvent(ValueError):  # noqa: N818 -- an outcome, named by what was received
    """The message carries no valid CloudEvent of version 1.0."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """`attributes` holds context attributes and extensions, `datacontenttype` among them; `trace` is a traceparent."""

    attributes: Mapping[str, str]
    data: bytes = b""
    trace: str | None = None

    def __post_init__(self) -> None:
        check(self.attributes)

    def extended(self, extensions: Mapping[str, str]) -> Self:
        return replace(self, attributes={**self.attributes, **extensions})


def check(attributes: Mapping[str, str]) -> None:
    """Raise unless these are the attributes of a CloudEvent."""
    missing = [name for name in REQUIRED if not attributes.get(name)]
    if missing:
        raise NotACloudEvent(f"The attributes {', '.join(missing)} are missing.")
    if attributes["specversion"] != "1.0":
        raise NotACloudEvent(f"Only specversion 1.0 is understood, not {attributes['specversion']}.")
    for name, value in attributes.items():
        if not _is_attribute_name(name):
            raise NotACloudEvent(f"{name!r} is no attribute name: lower-case letters and digits only.")
        if not value.isprintable() and FORBIDDEN.search(value):  # the first is quick, and strict enough to say yes
            raise NotACloudEvent(f"The attribute {name} holds control characters or broken Unicode.")
    if "time" in attributes:
        _check_time(attributes["time"])


@lru_cache(maxsize=256)
def _is_attribute_name(name: str) -> bool:
    return ATTRIBUTE_NAME.fullmatch(name) is not None


def _check_time(text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotACloudEvent(f"The time {text!r} is not RFC 3339.") from error
    if moment.tzinfo is None:
        raise NotACloudEvent(f"The time {text!r} has no offset.")


def from_http(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """Read a binary or structured CloudEvent; header names may come in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    content_type = lower.get("content-type", "")
    if content_type.lower().startswith("application/cloudevents"):
        return _structured(content_type, body, lower.get("traceparent"))
    attributes = {name[3:]: unquote(value) for name, value in lower.items() if name.startswith("ce-")}
    if content_type:
        attributes["datacontenttype"] = content_type
    return CloudEvent(attributes, body, lower.get("traceparent"))


def _structured(content_type: str, body: bytes, trace: str | None) -> CloudEvent:
    if content_type.split(";", maxsplit=1)[0].strip().lower() != STRUCTURED:
        raise NotACloudEvent(f"The content type {content_type} is not understood: no batches, JSON only.")
    try:
        members = json.loads(body)
    except ValueError as error:
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
    return CloudEvent(attributes, _structured_data(fields, attributes.get("datacontenttype", "")), trace)


def _attribute_text(value: object) -> str:
    """CloudEvents 1.0, 3.1: canonical text of a Boolean, Integer or String."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | str():
            return str(value)
        case _:
            raise NotACloudEvent("Attributes are text, integers or booleans.")


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
    """Headers of the binary HTTP form; the body is `event.data`."""
    headers = {
        f"ce-{name}": value if NEEDS_NO_QUOTING.fullmatch(value) else quote(value, safe=HEADER_SAFE)
        for name, value in event.attributes.items()
        if name != "datacontenttype"
    }
    if content_type := event.attributes.get("datacontenttype"):
        headers["content-type"] = content_type
    if trace := event.trace or event.attributes.get("traceparent"):
        headers["traceparent"] = trace
    return headers


@lru_cache(maxsize=DECODED)
def from_record(record: Record) -> CloudEvent:
    attributes: dict[str, str] = {}
    trace = None
    for name, value in record.headers:
        if name.startswith("ce_"):
            attributes[name[3:]] = value.decode("utf-8", errors="replace")
        elif name == "content-type" and value:
            attributes["datacontenttype"] = value.decode("utf-8", errors="replace")
        elif name == "traceparent":
            trace = value.decode("utf-8", errors="replace")
    return CloudEvent(attributes, record.value, trace)


def to_record(event: CloudEvent) -> Record:
    """The Kafka form of Knative's Kafka Broker: binary mode, keyed by the extension `partitionkey`."""
    names = {name: "content-type" if name == "datacontenttype" else f"ce_{name}" for name in event.attributes}
    headers = [(names[name], value.encode()) for name, value in event.attributes.items()]
    if event.trace is not None:
        headers.append(("traceparent", event.trace.encode()))
    key = event.attributes.get("partitionkey")
    return Record(key.encode() if key is not None else None, event.data, tuple(headers))
