"""HTTPRoutes as values: paths of Services. Hosts and gateways are ignored, because one machine has one of each."""

from collections.abc import Iterator
from typing import Literal, cast

from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields
from battlescope_local.manifests.model import RouteMatch


def routes(document: Document) -> tuple[RouteMatch, ...]:
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["parentRefs", "hostnames"])
        return tuple(match for rule in spec.mappings("rules") for match in _rule(rule))


def _rule(rule: Fields) -> Iterator[RouteMatch]:
    with rule:
        rule.ignore(["name"])
        service = _backend(rule)
        for match in list(rule.mappings("matches")) or [Fields({}, rule.location / "matches")]:
            yield _match(match, service)


def _backend(rule: Fields) -> str:
    backends = list(rule.mappings("backendRefs"))
    if len(backends) != 1:
        (rule.location / "backendRefs").fail("must have exactly one Service")
    with backends[0] as backend:
        backend.ignore(["port", "weight"])  # a single backend gets all requests whatever its weight
        backend.choice("group", [""], "")
        backend.choice("kind", ["Service"], "Service")
        return backend.text("name")


def _match(match: Fields, service: str) -> RouteMatch:
    with match, match.optional("path") as path:
        kind = path.choice("type", ["Exact", "PathPrefix"], "PathPrefix")
        value = path.text("value", "/")
        if not value.startswith("/"):
            (path.location / "value").fail("must start with a slash")
        return RouteMatch(value, cast("Literal['Exact', 'PathPrefix']", kind), service)
