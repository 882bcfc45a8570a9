"""Environments: replicas, pods that always run, and overlays that differ."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from battlescope_events.edge.modes import AccessMode
from battlescope_local.manifest_checks.deployments import Deployment, WholeProject, broker_configs, prerequisite_finding
from battlescope_local.manifest_checks.fields.kinds import Kind
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifest_checks.rules.routing import rewritten_host
from battlescope_local.manifests.loading import CONFIG_MAP, HTTP_ROUTE, SERVICE
from battlescope_local.manifests.serving import AUTOSCALING

PRODUCTION: Final = "production"
PRODUCTION_REPLICAS: Final = 3  # one broker may fail while another one is restarted
OVERLAYS: Final = "knative/overlays"
# Valkey shares the cooldowns of upstreams, not these rates.
RATES_OF_A_PROCESS: Final = frozenset({"feed_max_rate", "everef_max_rate", "esi_max_rate"})
# Requests per second, and seconds between polls of an idle feed. The feed bans from 15 requests per second on, and
# verification and backfill request it at an eighth of its rate each, beside the poller; ESI gives 1,800 killmails in 15
# minutes; EVE Ref refused eight requests at once.
UPSTREAM_LIMITS: Final = {
    "FEED_MAX_RATE": (0.1, 11.9),
    "FEED_IDLE_SECONDS": (6.0, 60.0),
    "ESI_MAX_RATE": (0.1, 2.0),
    "TICKER_MAX_RATE": (0.1, 4.0),
    "EVEREF_MAX_RATE": (0.1, 2.0),
    "STANDBY_MAX_RATE": (0.1, 1.0),
    "STANDBY_IDLE_SECONDS": (60.0, 3_600.0),
    "MARKET_HISTORY_MAX_RATE": (0.05, 1.0),
}
OPERATOR_PATHS: Final = ("/api/admin", "/api/ingestion", "/api/rulesets")


def replicated_topics(deployment: Deployment) -> Iterator[Finding]:
    """One replica loses every event of a topic with its disk; each environment states how many it has."""
    environment = deployment.environment
    if environment is None:
        return
    for topic in deployment.prerequisites.topics:
        replicas = topic.replication.get(environment)
        if replicas is None or (environment == PRODUCTION and replicas < PRODUCTION_REPLICAS):
            least = PRODUCTION_REPLICAS if environment == PRODUCTION else 1
            yield prerequisite_finding(f"topics.{topic.name}.replication.{environment}", f"must be {least} at least")
    expected = {topic.replication.get(environment) for topic in deployment.prerequisites.topics}
    for config in broker_configs(deployment):
        factor = config["data"]["default.topic.replication.factor"]
        if not factor.text.isdecimal() or int(factor.text) not in expected:
            yield factor.finding(f"must be the replication of topics in {environment}, which prerequisites.yaml lists")


def pods_for_readers(deployment: Deployment) -> Iterator[Finding]:
    """A start from zero takes seconds, which a reader of a page waits for; a queue does not mind."""
    if deployment.environment != PRODUCTION:
        return
    for service in deployment.of_kind(SERVICE):
        least = service.at("spec.template.metadata.annotations")[AUTOSCALING + "min-scale"]
        if service.name in _read_by_the_public(deployment) and (not least.text.isdecimal() or int(least.text) < 1):
            yield least.finding("must be 1 at least: readers wait for this function")


def _read_by_the_public(deployment: Deployment) -> set[str]:
    """Functions with a public path outside administration, ingestion and rulesets, which only operators use."""
    functions = set[str]()
    for route in deployment.of_kind(HTTP_ROUTE):
        for rule in route.at("spec.rules"):
            paths = [match.at("path.value").text for match in rule["matches"]]
            if any(not path.startswith(OPERATOR_PATHS) for path in paths):
                functions.add(rewritten_host(rule).text.partition(".")[0])
    return functions


def bounded_scale(deployment: Deployment) -> Iterator[Finding]:
    """Without a limit a burst starts as many pods as the cluster takes, and each opens connections to the database."""
    for service in deployment.of_kind(SERVICE):
        annotations, pod = service.at("spec.template.metadata.annotations"), service.at("spec.template.spec")
        most, least, target = (annotations[AUTOSCALING + name] for name in ("max-scale", "min-scale", "target"))
        if not most.text.isdecimal() or int(most.text) < 1:
            yield most.finding("must be set to 1 at least; 0 means no limit")
        elif least.text.isdecimal() and int(least.text) > int(most.text):
            yield least.finding(f"must not be above max-scale {most.text}")
        concurrency = pod["containerConcurrency"].whole or 0
        if concurrency and target.text.isdecimal() and int(target.text) > concurrency:
            yield target.finding(f"must not be above containerConcurrency {concurrency}: no pod would ever reach it")


def one_pod_per_rate(deployment: Deployment) -> Iterator[Finding]:
    """The rates of requests to these upstreams are counted in the process: a second pod doubles them, up to a ban."""
    for service, function in deployment.services_with_code():
        most = service.at("spec.template.metadata.annotations")[AUTOSCALING + "max-scale"]
        if function.variables & RATES_OF_A_PROCESS and most.text != "1":
            yield most.finding("must be 1: each pod would request at the full rate that the upstream allows")


def rates_of_upstreams(deployment: Deployment) -> Iterator[Finding]:
    """The upstreams are free services of others: above these rates they ban the address, as one of them states."""
    for config in deployment.of_kind(CONFIG_MAP):
        for name, (least, most) in UPSTREAM_LIMITS.items():
            value = config["data"][name]
            if value.exists and not (_is_number(value.text) and least <= float(value.text) <= most):
                yield value.finding(f"must be a number from {least:g} to {most:g}, or the upstream bans this address")


def rates_of_environments_together(project: WholeProject) -> Iterator[Finding]:
    """Environments behind one address are one client for an upstream."""
    for name, (_, most) in UPSTREAM_LIMITS.items():
        rates = [
            config["data"][name]
            for deployment in project.deployments
            for config in deployment.of_kind(CONFIG_MAP)
            if deployment.environment and config["data"][name].exists and name.endswith("_RATE")
        ]
        together = sum(float(rate.text) for rate in rates if _is_number(rate.text))
        if together > most:
            yield rates[0].finding(f"must be {most:g} at most in all environments together, not {together:g}")


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def environment_is_named(deployment: Deployment) -> Iterator[Finding]:
    """Log lines carry the environment; a wrong one sends people to the wrong cluster."""
    yield from _set_in_config_maps(deployment, "ENVIRONMENT", deployment.environment)


def everybody_logs_in(deployment: Deployment) -> Iterator[Finding]:
    """The access mode `off` lets everybody read who reaches the gateway, which in an environment is the internet."""
    yield from _set_in_config_maps(deployment, "ACCESS_MODE", AccessMode.SSO)


def _set_in_config_maps(deployment: Deployment, name: str, expected: str | None) -> Iterator[Finding]:
    """In an environment, a ConfigMap has the variable, and none has another value of it."""
    if deployment.environment is None:
        return
    values = [config["data"][name] for config in deployment.of_kind(CONFIG_MAP)]
    for value in values:
        if value.exists and value.text != expected:
            yield value.finding(f"must be {expected}")
    if not any(value.exists for value in values):
        yield Finding(f"{OVERLAYS}/{deployment.environment}", "ConfigMap", f"data.{name}", "must be set")


# What must not be the same in two environments: the kind, and the path of the value.
DIFFERENCES: Final[Sequence[tuple[Kind, str, str]]] = (
    (HTTP_ROUTE, "spec.hostnames", "two environments on one host would share its requests"),
    (CONFIG_MAP, "data", "the name of the environment and its replicas stand there"),
    (
        SERVICE,
        "spec.template.metadata.annotations",
        "readers of production wait for no start, staging costs nothing idle",
    ),
    (SERVICE, "spec.template.spec.containers", "production has the load that staging has not"),
)


def environments_differ(project: WholeProject) -> Iterator[Finding]:
    """Overlays that are equal byte for byte mean that production runs with the settings of staging."""
    overlays = [deployment for deployment in project.deployments if deployment.environment is not None]
    for first, second in pairwise(overlays):
        for kind, path, reason in DIFFERENCES:
            if _values(first, kind, path) == _values(second, kind, path):
                where = f"{OVERLAYS}/{first.title} and {second.title}"
                yield Finding(where, kind[1], path, f"must differ: {reason}")


def _values(deployment: Deployment, kind: Kind, path: str) -> dict[str, object]:
    return {found.name: _without_image(found.at(path)) for found in deployment.of_kind(kind)}


def _without_image(value: Node) -> object:
    """The value; of containers their resources only, because images differ with every release."""
    return [container["resources"].value for container in value] if value.path.endswith("containers") else value.value
