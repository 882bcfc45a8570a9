"""Requests from outside reach the functions that have public paths, and no other."""

from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import Deployment
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifests.loading import HTTP_ROUTE, SERVICE

VISIBILITY: Final = "networking.knative.dev/visibility"
# Knative's own ingress; its Service is a ClusterIP, which every gateway takes as a backend.
INGRESS_NAMESPACE: Final = "kourier-system"
INGRESS_SERVICE: Final = "kourier-internal"
INGRESS_PORT: Final = 80
ROUTES: Final = "knative/base/routes.yaml"


def cluster_local(deployment: Deployment) -> Iterator[Finding]:
    """Without the label Knative publishes a function under a domain of its own, past the gateway."""
    for service in deployment.of_kind(SERVICE):
        label = service.at("metadata.labels")[VISIBILITY]
        if label.text != "cluster-local":
            yield label.finding("must be cluster-local")


def routes_to_functions(deployment: Deployment) -> Iterator[Finding]:
    """Knative routes by host: each rule goes to its ingress, with the host of a function that exists."""
    services, suffix = deployment.names(SERVICE), f".{deployment.namespace}.svc.cluster.local"
    for rule in _rules(deployment):
        host = rewritten_host(rule)
        if not host.text.endswith(suffix) or host.text.removesuffix(suffix) not in services:
            yield host.finding(f"must be FUNCTION{suffix} of a function that exists, not {host.text or 'absent'}")
        backends = list(rule["backendRefs"])
        if len(backends) != 1:
            yield rule["backendRefs"].finding("must be one, Knative's ingress")
        for backend in backends:
            target = (backend["namespace"].text, backend["name"].text, backend["port"].whole)
            if target != (INGRESS_NAMESPACE, INGRESS_SERVICE, INGRESS_PORT):
                yield backend.finding(f"must be {INGRESS_SERVICE} in {INGRESS_NAMESPACE}, port {INGRESS_PORT}")


def _rules(deployment: Deployment) -> Iterator[Node]:
    for route in deployment.of_kind(HTTP_ROUTE):
        yield from route.at("spec.rules")


def rewritten_host(rule: Node) -> Node:
    """Host that the first rewriting filter of a rule sets."""
    hosts = [found.at("urlRewrite.hostname") for found in rule["filters"] if found["type"].text == "URLRewrite"]
    return hosts[0] if hosts else rule["filters"]


def parents_and_hosts(deployment: Deployment) -> Iterator[Finding]:
    """A route without parent serves nothing; one without host serves every host that its Gateway knows."""
    routes = deployment.of_kind(HTTP_ROUTE)
    for route in routes:
        if not list(route.at("spec.parentRefs")):
            yield route.at("spec.parentRefs").finding("must name the Gateway")
        for parent in route.at("spec.parentRefs"):
            if not parent["namespace"].text:
                yield parent["namespace"].finding("must name the namespace of the Gateway, which is not this one")
        if deployment.environment is not None and not list(route.at("spec.hostnames")):
            yield route.at("spec.hostnames").finding("must have the public host of the environment")


def paths_of_functions(deployment: Deployment) -> Iterator[Finding]:
    """Each path of a function's API document is routed to it; the longest prefix decides, as in the Gateway API."""
    prefixes: dict[str, tuple[Node, str]] = {}
    for rule in _rules(deployment):
        function = rewritten_host(rule).text.partition(".")[0]
        for match in rule["matches"]:
            value = match.at("path.value")
            if value.text in prefixes:
                yield value.finding(f"{value.text} stands twice")
            prefixes[value.text] = (value, function)
    used = set[str]()
    for name, function in deployment.functions.items():
        for path in function.paths:
            matching = [prefix for prefix in prefixes if f"{path}/".startswith(f"{prefix.rstrip('/')}/")]
            best = max(matching, key=len, default="")
            used.add(best)
            if not best or prefixes[best][1] != name:
                target = prefixes[best][1] if best else "nowhere"
                yield Finding(ROUTES, "HTTPRoute", "spec.rules", f"must route {path} to {name}, not {target}")
    for prefix in sorted(prefixes.keys() - used):
        yield prefixes[prefix][0].finding(f"no function serves a path below {prefix}")
