"""HTTPRoutes as values: paths of functions.

Knative routes by host name: a rule rewrites the host to that of a Service and sends the request to Knative's ingress.
Gateways and public host names are ignored, because one machine has one of each.
"""

from collections.abc import Iterator
from typing import Final, Literal, cast

from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields
from battlescope_local.manifests.model import RouteMatch

CLUSTER_DOMAIN: Final = "svc.cluster.local"
PARENT_FIELDS: Final = ("name", "namespace", "sectionName", "port", "group", "kind")


def routes(document: Document) -> tuple[RouteMatch, ...]:
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["hostnames"])
        for parent in spec.mappings("parentRefs"):
            with parent:
                parent.ignore(PARENT_FIELDS)
        return tuple(match for rule in spec.mappings("rules") for match in _rule(rule, document.namespace))


def _rule(rule: Fields, namespace: str) -> Iterator[RouteMatch]:
    with rule:
        rule.ignore(["name"])
        _check_backend(rule)
        host = _host(rule, namespace)
        for match in list(rule.mappings("matches")) or [Fields({}, rule.location / "matches")]:
            yield _match(match, host)


def _check_backend(rule: Fields) -> None:
    """The backend must be a Service of another namespace: Knative's ingress, whose part the gateway plays here."""
    backends = list(rule.mappings("backendRefs"))
    if len(backends) != 1:
        (rule.location / "backendRefs").fail("must have exactly one Service")
    with backends[0] as backend:
        backend.ignore(["port", "weight"])  # a single backend gets all requests whatever its weight
        backend.choice("group", [""], "")
        backend.choice("kind", ["Service"], "Service")
        backend.text("name")
        backend.text("namespace")


def _host(rule: Fields, namespace: str) -> str:
    """The cluster-local host name of a function, to which the rule's only filter rewrites the host."""
    filters = list(rule.mappings("filters"))
    if len(filters) != 1:
        (rule.location / "filters").fail("must have exactly one filter, which rewrites the host")
    with filters[0] as rewrite:
        rewrite.choice("type", ["URLRewrite"])
        with rewrite.mapping("urlRewrite") as target:
            hostname = target.text("hostname")
            if hostname.partition(".")[2] != f"{namespace}.{CLUSTER_DOMAIN}":
                (target.location / "hostname").fail(f"must be <function>.{namespace}.{CLUSTER_DOMAIN}, not {hostname}")
    return hostname


def _match(match: Fields, host: str) -> RouteMatch:
    with match, match.optional("path") as path:
        kind = path.choice("type", ["Exact", "PathPrefix"], "PathPrefix")
        value = path.text("value", "/")
        if not value.startswith("/"):
            (path.location / "value").fail("must start with a slash")
        return RouteMatch(value, cast("Literal['Exact', 'PathPrefix']", kind), host.partition(".")[0], host)
