"""NetworkPolicies are the only fence between functions: they allow what the flows need, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from battlescope_local.manifest_checks.deployments import DATABASE_SUFFIX, Deployment, prerequisite_finding
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifest_checks.rules.flows import (
    DNS,
    DNS_PODS,
    INTERNET,
    KEY_PODS,
    Pods,
    Ports,
    all_pods,
    network_name,
)
from battlescope_local.manifests.loading import CONFIG_MAP, NETWORK_POLICY

DIRECTIONS: Final = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
HTTPS_URL: Final = re.compile(r"https://[^/:@]+(:443)?(/.*)?")
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
ALL_NETWORKS: Final = ("0.0.0.0/0", "::/0", "2000::/3")  # the last one holds all public addresses of IPv6
# Networks of others than the internet: private, shared, link-local (cloud metadata), loopback, multicast, reserved.
NO_INTERNET: Final = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
            *("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "fc00::/7", "fe80::/10", "::1/128", "ff00::/8"),
        ),
    )
)


def default_deny(deployment: Deployment) -> Iterator[Finding]:
    """A pod that no policy selects may talk to everyone; one policy for all pods, without rules, denies both ways."""
    for policy in deployment.of_kind(NETWORK_POLICY):
        spec = policy["spec"]
        is_for_all = spec["podSelector"].value == {}
        directions = {direction.text for direction in spec["policyTypes"]}
        if is_for_all and directions == set(DIRECTIONS) and not spec["ingress"].exists and not spec["egress"].exists:
            return
    yield Finding(
        "knative/base/network.yaml",
        "NetworkPolicy default-deny",
        "",
        "there must be one that denies both ways to all pods",
    )


def exact_flows(deployment: Deployment) -> Iterator[Finding]:
    """What a policy allows beyond need is a way for an intruder; what it lacks is a function that hangs."""
    for pods in all_pods(deployment):
        for direction, needed in (("Egress", pods.egress), ("Ingress", pods.ingress)):
            yield from _differences(deployment, pods, direction, needed)


def _differences(deployment: Deployment, pods: Pods, direction: str, needed: Mapping[str, Ports]) -> Iterator[Finding]:
    allowed: dict[str, set[tuple[str, int]]] = {}
    for peer, name, ports in _allowed(deployment, pods, direction):
        superfluous = ports - needed.get(name, frozenset())
        if superfluous:
            yield peer.finding(
                f"allows {pods.owner.name} {direction.lower()} {_shown(name, superfluous)}, which it does not need"
            )
        allowed.setdefault(name, set()).update(ports)
    for name, ports in needed.items():
        missing = ports - allowed.get(name, set())
        if missing or not ports:
            yield pods.owner.finding(
                f"needs {direction.lower()} {_shown(name, missing)}, which no NetworkPolicy allows"
            )


def _shown(name: str, ports: Ports | set[tuple[str, int]]) -> str:
    numbers = ", ".join(f"{protocol} {port}" for protocol, port in sorted(ports))
    return f"{name} ({numbers or 'no port is listed'})"


def _allowed(deployment: Deployment, pods: Pods, direction: str) -> Iterator[tuple[Node, str, Ports]]:
    """Each peer and its ports that a policy allows these pods, with the entry of prerequisites.yaml that it is."""
    rules_field, peers_field = DIRECTIONS[direction]
    for policy in deployment.of_kind(NETWORK_POLICY):
        spec = policy["spec"]
        if direction not in {entry.text for entry in spec["policyTypes"]} or not _selects(
            spec["podSelector"], pods.labels
        ):
            continue
        for rule in spec[rules_field]:
            ports = frozenset((port["protocol"].text or "TCP", port["port"].whole or 0) for port in rule["ports"])
            for peer in list(rule[peers_field]) or [rule]:
                yield peer, peer_name(deployment, peer), ports or frozenset({("any", 0)})


def _selects(selector: Node, labels: Mapping[str, str]) -> bool:
    if any(labels.get(name) != value for name, value in selector["matchLabels"].texts.items()):
        return False
    return all(_satisfies(expression, labels) for expression in selector["matchExpressions"])


def _satisfies(expression: Node, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"].text), {entry.text for entry in expression["values"]}
    match expression["operator"].text:
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case _:
            return False


def internet_is_public(deployment: Deployment) -> Iterator[Finding]:
    """Access to the internet must not include private networks, above all the metadata address of clouds."""
    listed = {cidr for entry in deployment.prerequisites.workloads for cidr in entry.cidrs}
    for policy in deployment.of_kind(NETWORK_POLICY):
        for block in policy["spec"].below():
            if block["cidr"].exists and block["cidr"].text not in listed:
                yield from _private_parts(block)


def upstreams_over_https(deployment: Deployment) -> Iterator[Finding]:
    """Policies open port 443 of the internet and no other: requests to another port hang until they time out."""
    for config in deployment.of_kind(CONFIG_MAP):
        for name, value in config["data"].entries():
            if name.endswith("_URL") and not HTTPS_URL.fullmatch(value.text):
                yield value.finding("must be https, and at port 443")


def _private_parts(block: Node) -> Iterator[Finding]:
    try:
        network = ip_network(block["cidr"].text)
        excepted = [ip_network(entry.text) for entry in block["except"]]
    except ValueError as error:
        yield block.finding(f"is no network: {error}")
        return
    for private in NO_INTERNET:
        if private.version != network.version or not network.overlaps(private):
            continue
        if not any(_covers(entry, private) for entry in excepted):
            yield block["except"].finding(f"must include {private}, which is not the internet")


def _covers(network: IPv4Network | IPv6Network, part: IPv4Network | IPv6Network) -> bool:
    first, last = int(network.network_address), int(network.broadcast_address)
    return network.version == part.version and first <= int(part.network_address) <= int(part.broadcast_address) <= last


def policies_select_pods(deployment: Deployment) -> Iterator[Finding]:
    """A policy whose selector is misspelt protects nothing."""
    pods = list(all_pods(deployment))
    for policy in deployment.of_kind(NETWORK_POLICY):
        selector = policy.at("spec.podSelector")
        if not any(_selects(selector, found.labels) for found in pods):
            yield selector.finding("selects no pod")
        for direction in policy.at("spec.policyTypes"):
            rules_field, _ = DIRECTIONS.get(direction.text, ("", ""))
            if rules_field and not policy["spec"][rules_field].exists and selector.value != {}:
                yield direction.finding("has no rules: the denial of all stands in default-deny")
        for direction, (rules_field, _) in DIRECTIONS.items():
            stated = {entry.text for entry in policy.at("spec.policyTypes")}
            if policy["spec"][rules_field].exists and direction not in stated:
                yield policy["spec"][rules_field].finding(f"has no effect: policyTypes lacks {direction}")


def secrets_open_what_they_name(deployment: Deployment) -> Iterator[Finding]:
    """The generator of policies trusts `opens`; the keys of the Secret show what its holders really reach."""
    for secret in deployment.prerequisites.secrets:
        opened = {KEY_PODS[key] for key in secret.keys if key in KEY_PODS}
        is_database = secret.name.endswith(DATABASE_SUFFIX)  # the generator knows what these open
        if ({secret.opens} if secret.opens else set[str]()) != (set[str]() if is_database else opened):
            yield prerequisite_finding(f"secrets.{secret.name}.opens", f"must be {', '.join(opened) or 'absent'}")


def dns_has_its_port(deployment: Deployment) -> Iterator[Finding]:
    """Resolvers ask port 53 and no other, whatever a policy opens."""
    for entry in deployment.prerequisites.workloads:
        if entry.name == DNS_PODS and set(entry.ports) != {port for _, port in DNS}:
            yield prerequisite_finding(f"workloads.{entry.name}.ports", "must be 53")


def peer_name(deployment: Deployment, peer: Node) -> str:
    """The entry of prerequisites.yaml with exactly this namespace and these labels; else a description."""
    if peer["ipBlock"].exists:
        network = peer.at("ipBlock.cidr").text
        if network in ALL_NETWORKS:
            return INTERNET
        name = network_name(network)
        return f"parts of {name}" if peer.at("ipBlock.except").exists else name
    namespace, labels = peer["namespaceSelector"].value, peer["podSelector"].value
    for entry in deployment.prerequisites.workloads:
        expected_labels = {"matchLabels": dict(entry.pods)} if entry.pods else None
        if namespace == {"matchLabels": {NAMESPACE_NAME: entry.namespace}} and labels == expected_labels:
            return entry.name
    return f"pods {labels or 'all'} in namespaces {namespace or 'this one'}"
