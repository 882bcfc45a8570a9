"""Terraform makes what the manifests refer to: names, rights, replicas, namespaces and ports agree."""

import re
from collections.abc import Iterator
from typing import Any, Final

from battlescope_local.manifest_checks.nodes import Finding, node
from battlescope_local.manifest_generator.reading import DATABASE_SERVER
from battlescope_local.terraform_checks.configuration import Configuration, Module, text, without_marks
from battlescope_local.terraform_checks.expressions import literals, references
from battlescope_local.terraform_checks.rules.sizes import searches_by_typesense
from battlescope_local.terraform_checks.schemas import Schemas

POSTGRES: Final = "modules/postgres"
TOPICS: Final = "modules/topics"
INSTALLATION: Final = "modules/installation"
PLATFORM: Final = "modules/platform"
SERVER: Final = "modules/server"
KAFKA_RIGHTS: Final = {"Read", "Write", "Describe"}
# Secrets whose values nobody can generate; an operator gives them.
GIVEN_SECRETS: Final = {"sso"}


def lists_come_from_prerequisites(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A list beside prerequisites.yaml would differ from it with the next function."""
    wanted = {
        "databases": POSTGRES,
        "topics": TOPICS,
        "buckets": "modules/object-storage",
        "expected": "modules/namespace",
    }
    for module in configuration.modules.values():
        for call in module.of_kind("module"):
            target = configuration.target(module, call)
            for argument, name in wanted.items():
                if target and target.name == name and argument in call.body:
                    heads = {(found.head, found.name) for found in references(call.body[argument])}
                    if heads != {("module", "prerequisites")}:
                        yield call.finding(argument, "must come from module.prerequisites")


def public_is_revoked(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """PostgreSQL lets every role connect to every database, so that one leaked password opens all contexts."""
    module = configuration.modules[POSTGRES]
    revoked = {
        found.name
        for grant in module.resources("postgresql_grant")
        if text(grant.body.get("role")) == "public" and grant.body.get("privileges") == []
        for found in references([grant.body.get("for_each"), grant.body.get("database")])
    }
    for database in module.resources("postgresql_database"):
        if database.labels[1] not in revoked:
            yield database.finding(
                "", "PUBLIC keeps its privileges: a postgresql_grant without privileges must revoke them"
            )


def least_rights_on_databases(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Migrations grant tables and columns; beside CONNECT Terraform gives nothing."""
    for module in configuration.modules.values():
        for grant in module.resources("postgresql_grant"):
            if set(literals(grant.body.get("privileges"))) - {"CONNECT"}:
                yield grant.finding("privileges", "may only be CONNECT")
        for role in module.resources("postgresql_role"):
            for right in ("superuser", "create_database", "create_role", "replication", "bypass_row_level_security"):
                if role.body.get(right, False) is not False:
                    yield role.finding(right, "may not be given to a function")


def rights_on_kafka(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Without one of them Knative's data plane starts and delivers nothing."""
    module = configuration.modules[TOPICS]
    given = set(literals(module.local_values().get("topic_rights")))
    if given & {"All", *KAFKA_RIGHTS} != KAFKA_RIGHTS:
        yield Finding(f"terraform/{TOPICS}", "", "local.topic_rights", f"must be {', '.join(sorted(KAFKA_RIGHTS))}")


def consumer_groups(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Kafka refuses a member of a group that its user may not join; Knative names the groups of Triggers itself."""
    variable = next(
        block for block in configuration.modules[TOPICS].of_kind("variable") if block.labels[0] == "consumer_groups"
    )
    allowed = {text(name): text(kind) for name, kind in without_marks(variable.body["default"]).items()}
    wanted = dict[str, str]()
    for objects in configuration.overlays.values():
        for built in objects:
            if built.kind == "Trigger":
                wanted[f"knative-trigger-{built.namespace}-"] = "Prefixed"
            elif built.kind == "KafkaSource":
                wanted[node(built).at("spec.consumerGroup").text] = "Literal"
    if allowed != wanted:
        groups = ", ".join(f"{name} ({kind})" for name, kind in sorted(wanted.items()))
        yield variable.finding("default", f"must be {groups}")


def keys_of_secrets(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A pod does not start without its Secret, and a function not without each key."""
    module = configuration.modules[INSTALLATION]
    made = {
        text(name): {text(key) for key in without_marks(values)}
        for name, values in without_marks(module.local_values()["store_secrets"]).items()
    }
    of_databases = {f"{role}-database" for database in configuration.prerequisites.databases for role in database.roles}
    expected = {secret.name: set(secret.keys) for secret in configuration.prerequisites.secrets}
    path = "local.store_secrets"
    for name, keys in sorted(made.items()):
        if name not in expected:
            yield Finding(f"terraform/{INSTALLATION}", "", f"{path}.{name}", "is no Secret of prerequisites.yaml")
        elif keys != expected[name]:
            wanted = ", ".join(sorted(expected[name]))
            yield Finding(f"terraform/{INSTALLATION}", "", f"{path}.{name}", f"must have the keys {wanted}")
    variable = next(block for block in module.of_kind("variable") if block.labels[0] == "secrets")
    for name in sorted(expected.keys() - made.keys() - of_databases - GIVEN_SECRETS):
        if f"`{name}`" not in text(variable.body["description"]):
            yield variable.finding("description", f"must name the Secret `{name}`, for which nothing makes a value")


def environments_are_their_own(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Production with the replicas of staging loses its events with one node."""
    for module in configuration.modules.values():
        environment = module.name.split("/")[1] if module.is_root else ""
        for call in module.of_kind("module"):
            given = text(call.body.get("environment"))
            if environment and given and given != environment:
                yield call.finding("environment", f"must be {environment}, like the folder")
    roots = {name.split("/")[1] for name, module in configuration.modules.items() if module.is_root} - {"local"}
    if roots != set(configuration.overlays):
        yield Finding(
            "terraform/environments", "", "", f"must have a root for each overlay: {', '.join(configuration.overlays)}"
        )


def states_are_kept_in_the_cluster(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """The state has every password: in a folder of somebody's machine it is lost, or found by others."""
    seen = set[str]()
    for module in configuration.modules.values():
        if not module.is_root or module.name == "environments/local":
            continue
        backends = [entry for block in module.of_kind("terraform") for entry in block.body.get("backend", [])]
        settings = [
            without_marks(entry["kubernetes"]) for entry in map(without_marks, backends) if "kubernetes" in entry
        ]
        suffix = text(settings[0].get("secret_suffix")) if settings else ""
        if not suffix or suffix in seen:
            yield Finding(
                f"terraform/{module.name}", "terraform", "backend", "must be kubernetes, with a suffix of its own"
            )
        seen.add(suffix)


def stores_are_where_policies_open(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A NetworkPolicy opens a namespace and a port; a store elsewhere is not reached."""
    ports = dict(_made(configuration))
    opened = {secret.opens for secret in configuration.prerequisites.secrets if secret.opens}
    for workload in configuration.prerequisites.workloads:
        if workload.name not in {DATABASE_SERVER, *opened} or workload.namespace is None:
            continue
        if workload.namespace not in ports:
            yield Finding(
                f"terraform/{PLATFORM}", "", "", f"must install {workload.name} in the namespace {workload.namespace}"
            )
        elif ports[workload.namespace] not in {None, *workload.ports}:
            yield Finding(f"terraform/{PLATFORM}", "", workload.name, f"must listen on port {workload.ports[0]}")
    kafka = configuration.prerequisites.kafka.bootstrap_servers.split(".")[1]
    if kafka not in ports:
        yield Finding(f"terraform/{PLATFORM}", "", "", f"must install Kafka in the namespace {kafka}")


def _made(configuration: Configuration) -> Iterator[tuple[str, int | None]]:
    """Namespaces in which the platform installs something, with the port where a module of ours opens it."""
    for module in configuration.modules.values():
        for release in module.resources("helm_release"):
            yield text(release.body.get("namespace")), None
        for call in module.of_kind("module"):
            target = configuration.target(module, call)
            if target and target.name == SERVER:
                yield text(call.body.get("name")), _whole(call.body.get("port"))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def one_root_calls_each_part(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """What the platform gives is what the installation takes, attribute by attribute."""
    variable = next(
        block for block in configuration.modules[INSTALLATION].of_kind("variable") if block.labels[0] == "stores"
    )
    output = next(block for block in configuration.modules[PLATFORM].of_kind("output") if block.labels[0] == "stores")
    given = {store: sorted(without_marks(values)) for store, values in without_marks(output.body["value"]).items()}
    taken = {
        store: sorted(re.findall(r"(\w+) = ", fields))
        for store, fields in re.findall(
            r"(\w+) = object\(\{(.*?)\}\)", str(variable.body["type"]).removeprefix("${object({")
        )
    }
    for store in sorted(given.keys() | taken.keys()):
        if given.get(store) != taken.get(store):
            yield output.finding(
                f"value.{store}", "must have the attributes of the variable `stores` of modules/installation"
            )
    for root in _roots(configuration):
        for block in root.of_kind("variable"):
            if block.labels[0] == "stores" and block.body["type"] != variable.body["type"]:
                yield block.finding("type", "must be that of modules/installation")


def _roots(configuration: Configuration) -> list[Module]:
    return [module for module in configuration.modules.values() if module.is_root]


def data_waits_for_its_release(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Terraform reads a data source while it plans: what a chart is about to make is not there yet."""
    for module in configuration.modules.values():
        for data in module.of_kind("data"):
            releases = {found.name for found in references(data.body.get("metadata")) if found.head == "helm_release"}
            awaited = {found.name for found in references(data.body.get("depends_on"))}
            for name in sorted(releases - awaited):
                yield data.finding("depends_on", f"must name helm_release.{name}, which makes it")


def search_engine_is_installed(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Functions that search by Typesense are never ready without it; without them it takes memory for nothing."""
    for environment in configuration.overlays:
        root = configuration.modules.get(f"environments/{environment}/platform")
        for block in root.of_kind("variable") if root else []:
            wanted = searches_by_typesense(configuration, environment)
            if block.labels[0] == "typesense_enabled" and block.body.get("default") is not wanted:
                yield block.finding("default", f"must be {str(wanted).lower()}, as SEARCH_ENGINE of the overlay says")
