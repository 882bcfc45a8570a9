"""HTTPRoutes as values: paths to Services. Hosts and gateways are the cluster's; the machine has one of each."""

from collections.abc import Iterator
from typing import Literal, cast

from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields
from battlescope_local.manifests.model import RouteMatch


def routes(document: Document) -> tuple[RouteMatch, ...]:
    document.annotations.refuse_rest()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["parentRefs", "hostnames"])
        return tuple(match for rule in spec.mappings("rules") for match in _rule(rule))


def _rule(rule: Fields) -> Iterator[RouteMatch]:
    with rule:
        rule.ignore(["name"])
        service = _backend(rule)
        for match in list(rule.mappings("matches")) or [Fields({}, rule.place / "matches")]:
            yield _match(match, service)


def _backend(rule: Fields) -> str:
    backends = list(rule.mappings("backendRefs"))
    if len(backends) != 1:
        (rule.place / "backendRefs").fail("must name exactly one Service")
    with backends[0] as backend:
        backend.ignore(["port", "weight"])  # a weight of one among one
        backend.one_of("group", [""], "")
        backend.one_of("kind", ["Service"], "Service")
        return backend.text("name")


def _match(match: Fields, service: str) -> RouteMatch:
    with match, match.optional("path") as path:
        kind = path.one_of("type", ["Exact", "PathPrefix"], "PathPrefix")
        value = path.text("value", "/")
        if not value.startswith("/"):
            (path.place / "value").fail("must begin with a slash")
        return RouteMatch(value, cast("Literal['Exact', 'PathPrefix']", kind), service)
