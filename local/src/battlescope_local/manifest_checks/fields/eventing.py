"""Fields of Knative Eventing's kinds."""

from typing import Final

from battlescope_local.manifest_checks.fields.common import (
    CE_OVERRIDES,
    DELIVERY,
    DESTINATION,
    NAME,
    NAME_REF,
    REF,
    SECRET_KEY,
    SERVERS,
    spec,
)
from battlescope_local.manifest_checks.fields.shapes import Flag, ListOf, Mapped, Shape, Text, TextMap, choice, mapped

# The schema of Triggers accepts any filter; an unknown dialect matches nothing.
FILTERS: Final[dict[str, Shape]] = {dialect: TextMap(Text()) for dialect in ("exact", "prefix", "suffix")}
FILTERS["any"] = FILTERS["all"] = ListOf(Mapped(FILTERS, one_of=("exact", "prefix", "suffix", "any", "all", "not")))
FILTERS["not"] = Mapped(FILTERS, one_of=("exact", "prefix", "suffix", "any", "all", "not"))
FILTER: Final = Mapped(FILTERS, one_of=tuple(FILTERS))

BROKER: Final = spec(
    {
        "config": mapped({"apiVersion": choice("v1"), "kind": choice("ConfigMap"), "name": NAME}),
        "delivery": DELIVERY,
    }
)
TRIGGER: Final = spec(
    {"broker": NAME, "filters": ListOf(FILTER), "subscriber": DESTINATION, "delivery": DELIVERY},
)
KAFKA_SINK: Final = spec(
    {
        "topic": Text(r"[a-zA-Z0-9._-]+", "the name of a topic"),
        "bootstrapServers": SERVERS,
        "contentMode": choice("binary"),
        "auth": mapped({"secret": mapped({"ref": NAME_REF})}),
    },
)
SASL: Final = mapped({"enable": Flag(only=True), "type": SECRET_KEY, "user": SECRET_KEY, "password": SECRET_KEY})
TLS: Final = mapped({"enable": Flag(only=True), "caCert": SECRET_KEY}, {"cert": SECRET_KEY, "key": SECRET_KEY})
KAFKA_SOURCE: Final = spec(
    {
        "bootstrapServers": SERVERS,
        "topics": ListOf(Text(r"[a-zA-Z0-9._-]+", "the name of a topic")),
        "consumerGroup": Text(r"[a-zA-Z0-9._-]+", "the name of a consumer group"),
        "delivery": DELIVERY,
        "sink": DESTINATION,
        "net": mapped({"sasl": SASL, "tls": TLS}),
        # With `latest` a new source skips what was uploaded before it was ready.
        "initialOffset": choice("earliest"),
        # Two notifications of one object keep their order.
        "ordering": choice("ordered"),
    },
)
EVENT_TRANSFORM: Final = spec(
    {"jsonata": mapped({"expression": Text()}), "sink": DESTINATION},
)
PING_SOURCE: Final = spec(
    {"schedule": Text(), "sink": DESTINATION},
    {"timezone": Text(), "contentType": Text(), "data": Text(), "ceOverrides": CE_OVERRIDES},
)
SINK_BINDING: Final = spec({"subject": REF, "sink": DESTINATION}, {"ceOverrides": CE_OVERRIDES})
