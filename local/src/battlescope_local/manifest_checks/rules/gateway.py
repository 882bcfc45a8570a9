"""The optional Gateway fits the routes of the environments: listeners, TLS, and the grant to Knative's ingress."""

from collections.abc import Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import WholeProject, prerequisite_finding
from battlescope_local.manifest_checks.nodes import Finding, Node, node
from battlescope_local.manifests.loading import HTTP_ROUTE

COMPONENT: Final = "gateway"
GATEWAY: Final = "Gateway"
REFERENCE_GRANT: Final = "ReferenceGrant"
CERTIFICATE: Final = "Certificate"


def routes_fit_the_gateway(project: WholeProject) -> Iterator[Finding]:
    """A route whose listener its Gateway lacks is attached to nothing; one without TLS sends tokens in plain text."""
    listeners = {
        (gateway.owner.namespace, gateway.name, listener["name"].text): listener
        for gateway in _parts(project, COMPONENT, GATEWAY)
        for listener in gateway.at("spec.listeners")
    }
    for route in _routes(project):
        for parent in route.at("spec.parentRefs"):
            listener = listeners.get((parent["namespace"].text, parent["name"].text, parent["sectionName"].text))
            if listener is None:
                names = ", ".join(sorted(name for _, _, name in listeners))
                yield parent["sectionName"].finding(f"must be a listener of the Gateway: {names}")
            elif listener["protocol"].text != "HTTPS" or not list(listener.at("tls.certificateRefs")):
                yield listener.finding("must be HTTPS with a certificate: routes with tokens are attached to it")


def gateway_makes_what_is_listed(project: WholeProject) -> Iterator[Finding]:
    """Who applies the component must have afterwards what prerequisites.yaml asks for."""
    made = {(part.owner.kind, part.owner.namespace, part.name) for part in _parts(project, COMPONENT)}
    for entry in project.base.prerequisites.objects:
        if entry.kind in (GATEWAY, REFERENCE_GRANT) and (entry.kind, entry.namespace, entry.name) not in made:
            name = f"{entry.kind} {entry.namespace}/{entry.name}"
            yield prerequisite_finding("objects", f"optional/{COMPONENT} makes no {name}")


def grant_allows_the_routes(project: WholeProject) -> Iterator[Finding]:
    """A Gateway ignores a backend in another namespace without a grant there for routes of this one."""
    namespace = project.base.namespace
    for grant in _parts(project, COMPONENT, REFERENCE_GRANT):
        sources = [(source["kind"].text, source["namespace"].text) for source in grant.at("spec.from")]
        if sources != [(HTTP_ROUTE[1], namespace)]:
            yield grant.at("spec.from").finding(f"must be the HTTPRoutes of {namespace}, and nothing else")
        granted = {(target["kind"].text, target["name"].text) for target in grant.at("spec.to")}
        needed = {
            ("Service", backend["name"].text)
            for route in _routes(project)
            for rule in route.at("spec.rules")
            for backend in rule["backendRefs"]
            if backend["namespace"].text == grant.owner.namespace
        }
        if granted != needed:
            names = ", ".join(sorted(name for _, name in needed))
            yield grant.at("spec.to").finding(f"must be the backends of the routes, and nothing else: {names}")


def certificate_fits_the_gateway(project: WholeProject) -> Iterator[Finding]:
    """A certificate in another Secret, or for another host, is never presented; an environment may be elsewhere."""
    secrets = {
        (gateway.owner.namespace, ref["name"].text)
        for gateway in _parts(project, COMPONENT, GATEWAY)
        for listener in gateway.at("spec.listeners")
        for ref in listener.at("tls.certificateRefs")
    }
    hosts = {host.text for route in _routes(project) for host in route.at("spec.hostnames")}
    for certificate in _parts(project, "certificate", CERTIFICATE):
        name = certificate.at("spec.secretName")
        if (certificate.owner.namespace, name.text) not in secrets:
            yield name.finding("must be the Secret of a listener of the Gateway, in its namespace")
        for host in certificate.at("spec.dnsNames"):
            if host.text not in hosts:
                yield host.finding(f"must be the host of an environment: {', '.join(sorted(hosts))}")
        if not list(certificate.at("spec.dnsNames")):
            yield certificate.at("spec.dnsNames").finding("must have the host of each environment on this cluster")


def _parts(project: WholeProject, component: str, kind: str | None = None) -> list[Node]:
    return [node(built) for built in project.components.get(component, ()) if kind in (None, built.kind)]


def _routes(project: WholeProject) -> list[Node]:
    return [route for deployment in project.deployments for route in deployment.of_kind(HTTP_ROUTE)]
