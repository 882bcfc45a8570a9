"""Destinations of events: `ref` and `uri` of subscribers and sinks."""

from typing import Final

from battlescope_local.manifests.fields import Fields
from battlescope_local.manifests.model import BrokerRef, Destination, KafkaSinkRef, ServiceRef, UriRef

SERVICE: Final = ("serving.knative.dev/v1", "Service")
BROKER: Final = ("eventing.knative.dev/v1", "Broker")
KAFKA_SINK: Final = ("eventing.knative.dev/v1alpha1", "KafkaSink")


def destination(fields: Fields, namespace: str) -> Destination:
    with fields:
        if "ref" not in fields:
            return UriRef(_absolute(fields))
        path = fields.text("uri", "")
        with fields.mapping("ref") as ref:
            kind = (ref.text("apiVersion"), ref.text("kind"))
            name = ref.text("name")
            if ref.text("namespace", namespace) != namespace:
                ref.location.fail("local mode runs only one namespace")
    if kind == SERVICE:
        return ServiceRef(name, f"/{path.lstrip('/')}")
    if path:
        (fields.location / "uri").fail("a path is allowed only with a Service")
    if kind == BROKER:
        return BrokerRef(name)
    if kind == KAFKA_SINK:
        return KafkaSinkRef(name)
    return fields.location.fail(f"local mode cannot send to a {kind[1]} of {kind[0]}")


def _absolute(fields: Fields) -> str:
    uri = fields.text("uri")
    if not uri.startswith(("http://", "https://")):
        (fields.location / "uri").fail("must be an http or https URL where there is no ref")
    return uri
