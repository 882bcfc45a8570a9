from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from declared_project import add_migration, write_project
from hypothesis import example, given
from hypothesis import strategies as st

from battlescope_local.manifest_generator.files import generated_manifests

Objects = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """Objects of each generated file by its path below `knative/`."""
    project = tmp_path_factory.mktemp("project")
    write_project(project)
    return read(project)


def read(project: Path) -> Objects:
    return {
        str(path.relative_to(project / "knative")): list(yaml.load_all(text, Loader=yaml.CSafeLoader))
        for path, text in generated_manifests(project)
    }


def of_kind(objects: Objects, file: str, kind: str) -> list[dict[str, Any]]:
    return [found for found in objects[file] if found["kind"] == kind]


def test_every_object_of_a_function_is_found_by_its_label(generated: Objects) -> None:
    for file, objects in generated.items():
        if file.startswith("base/functions/"):
            assert {found["metadata"]["labels"]["battlescope.dev/function"] for found in objects} == {Path(file).stem}
            assert objects[0]["metadata"]["name"] == Path(file).stem


def test_triggers_outlast_the_function_and_end_in_dead_letters(generated: Objects) -> None:
    (verify,) = of_kind(generated, "base/functions/ingest-verify.yaml", "Trigger")
    assert verify["spec"]["delivery"] == {
        "retry": 5,
        "backoffPolicy": "exponential",
        "backoffDelay": "PT0.5S",
        "timeout": "PT310S",
        "deadLetterSink": {
            "ref": {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": "dead-letters"}
        },
    }


def test_policies_name_the_networks_of_what_is_outside(tmp_path: Path) -> None:
    write_project(tmp_path)
    file = tmp_path / "knative/base/prerequisites.yaml"
    inside, outside = "name: postgresql, namespace: postgresql,", "name: postgresql, cidrs: [10.20.0.0/28, fd00::/64],"
    assert inside in file.read_text()
    file.write_text(file.read_text().replace(inside, outside))
    (policy,) = of_kind(read(tmp_path), "base/functions/battle-api.yaml", "NetworkPolicy")
    assert policy["spec"]["egress"][0] == {
        "to": [{"ipBlock": {"cidr": "10.20.0.0/28"}}, {"ipBlock": {"cidr": "fd00::/64"}}],
        "ports": [{"protocol": "TCP", "port": 5432}],
    }


def test_only_declared_triggers_are_ordered(generated: Objects) -> None:
    triggers = of_kind(generated, "base/functions/battle-cluster.yaml", "Trigger")
    key = "kafka.eventing.knative.dev/delivery.order"
    ordered = {
        found["metadata"]["name"] for found in triggers if found["metadata"].get("annotations") == {key: "ordered"}
    }
    assert ordered == {"battle-cluster", "battle-cluster-backfill"}


def test_background_work_has_a_service_of_its_own_with_the_rights_of_its_function(generated: Objects) -> None:
    own, background = of_kind(generated, "base/functions/battle-cluster.yaml", "Service")
    assert (own["metadata"]["name"], background["metadata"]["name"]) == ("battle-cluster", "battle-cluster-background")
    assert own["metadata"]["labels"] == background["metadata"]["labels"]
    pods = [service["spec"]["template"]["spec"] for service in (own, background)]
    assert pods[0]["serviceAccountName"] == pods[1]["serviceAccountName"]
    (container, other) = (pod["containers"][0] for pod in pods)
    assert {key for key in container if container[key] != other[key]} == {"resources"}
    target = "autoscaling.knative.dev/target"
    assert [s["spec"]["template"]["metadata"]["annotations"][target] for s in (own, background)] == ["16", "2"]
    triggers = of_kind(generated, "base/functions/battle-cluster.yaml", "Trigger")
    subscribers = {found["metadata"]["name"]: found["spec"]["subscriber"]["ref"]["name"] for found in triggers}
    assert [name for name, service in subscribers.items() if service == "battle-cluster-background"] == [
        "battle-cluster-backfill"
    ]
    bindings = of_kind(generated, "base/functions/battle-cluster.yaml", "SinkBinding")
    assert [found["spec"]["subject"]["name"] for found in bindings] == ["battle-cluster", "battle-cluster-background"]


def test_share_of_a_pod_is_that_of_its_function(generated: Objects) -> None:
    """The kernel weighs a pod by the sum of its requests, so that a fixed sidecar would level small and large ones."""
    key = "queue.sidecar.serving.knative.dev/cpu-resource-request"
    requests = [
        (
            int(template["spec"]["containers"][0]["resources"]["requests"]["cpu"].removesuffix("m")),
            int(template["metadata"]["annotations"][key].removesuffix("m")),
        )
        for service in of_kind(generated, "base/functions/battle-cluster.yaml", "Service")
        for template in [service["spec"]["template"]]
    ]
    assert requests == [(100, 25), (25, 6)]


def test_scratch_counts_as_ephemeral_storage(generated: Objects) -> None:
    (service,) = of_kind(generated, "base/functions/ingest-backfill.yaml", "Service")
    pod = service["spec"]["template"]["spec"]
    assert pod["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "1100Mi"}}]
    assert pod["containers"][0]["volumeMounts"] == [{"name": "scratch", "mountPath": "/tmp"}]
    assert pod["containers"][0]["resources"]["limits"]["ephemeral-storage"] == "1228Mi"


def test_functions_and_jobs_name_the_newest_migration_of_their_context(project: Path) -> None:
    add_migration(project, "killmail-enrich", "20270102030405_post_newest")
    objects = read(project)
    (api,) = of_kind(objects, "base/functions/killmail-api.yaml", "Service")
    enrich, background = of_kind(objects, "base/functions/killmail-enrich.yaml", "Service")
    (close,) = of_kind(objects, "base/functions/battle-close.yaml", "Service")
    (_, importer) = of_kind(objects, "base/migrate/killmails.yaml", "Job")
    workloads = (api, enrich, background, importer)
    assert {schema_version(workload) for workload in workloads} == {"20270102030405"}
    assert schema_version(close) == "20260101000000"


def schema_version(workload: dict[str, Any]) -> str:
    environment = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    return next(variable["value"] for variable in environment if variable["name"] == "SCHEMA_VERSION")


def test_function_without_a_context_has_no_database(generated: Objects) -> None:
    file = "base/functions/web-serve.yaml"
    (service,) = of_kind(generated, file, "Service")
    assert set(service["metadata"]["labels"]) == {
        "networking.knative.dev/visibility",
        "battlescope.dev/function",
    }
    (container,) = service["spec"]["template"]["spec"]["containers"]
    assert "env" not in container
    assert container["envFrom"] == [{"configMapRef": {"name": "runtime"}}, {"configMapRef": {"name": "access"}}]
    assert of_kind(generated, file, "NetworkPolicy") == []  # the default denies everything


def reached(objects: Objects, name: str, file: str) -> set[str]:
    """Namespaces that a policy opens, and "internet"."""
    (policy,) = [found for found in of_kind(objects, file, "NetworkPolicy") if found["metadata"]["name"] == name]
    return set(_namespaces(policy))


def _namespaces(policy: dict[str, Any]) -> Iterator[str]:
    for rule in policy["spec"]["egress"]:
        for peer in rule["to"]:
            labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
            yield labels.get("kubernetes.io/metadata.name", "internet")


@pytest.mark.parametrize(
    ("name", "file", "namespaces"),
    [
        (
            "killmail-api",
            "base/functions/killmail-api.yaml",
            {"postgresql", "object-storage", "valkey", "knative-eventing"},
        ),
        ("battle-close", "base/functions/battle-close.yaml", {"postgresql", "knative-eventing"}),
        ("battle-cluster", "base/functions/battle-cluster.yaml", {"postgresql", "object-storage", "knative-eventing"}),
        ("ingest-poll", "base/functions/ingest-poll.yaml",
         {"postgresql", "object-storage", "valkey", "knative-eventing", "internet"}),
        ("migrate-battles", "base/migrate/battles.yaml", {"postgresql"}),
        ("static-data", "base/migrate/killmails.yaml", {"postgresql", "internet"}),
    ],
)  # fmt: skip
def test_policies_open_what_is_declared(generated: Objects, name: str, file: str, namespaces: set[str]) -> None:
    assert reached(generated, name, file) == namespaces


@pytest.fixture(scope="module")
def blocks(generated: Objects) -> list[dict[str, Any]]:
    """The address blocks that stand for the internet."""
    (policy,) = of_kind(generated, "base/functions/ingest-poll.yaml", "NetworkPolicy")
    (rule,) = [rule for rule in policy["spec"]["egress"] if "ipBlock" in rule["to"][0]]
    assert rule["ports"] == [{"protocol": "TCP", "port": 443}]
    return [peer["ipBlock"] for peer in rule["to"]]


def is_allowed(blocks: list[dict[str, Any]], address: IPv4Address | IPv6Address) -> bool:
    return any(
        address in ip_network(block["cidr"]) and not any(address in ip_network(cut) for cut in block["except"])
        for block in blocks
    )


@given(st.ip_addresses())
@example(ip_address("169.254.169.254"))
@example(ip_address("fd00::1"))
@example(ip_address("::ffff:10.0.0.1"))
@example(ip_address("224.0.0.1"))
def test_internet_has_no_private_address(blocks: list[dict[str, Any]], address: IPv4Address | IPv6Address) -> None:
    if is_allowed(blocks, address):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize("address", ["172.67.1.1", "104.18.2.2", "1.1.1.1", "223.255.255.254", "2606:4700::1111"])
def test_internet_has_public_addresses(blocks: list[dict[str, Any]], address: str) -> None:
    assert is_allowed(blocks, ip_address(address))


def test_exceptions_are_inside_their_block(blocks: list[dict[str, Any]]) -> None:
    """An API server refuses a policy whose exception is not."""
    for block in blocks:
        for cut in block["except"]:
            assert ip_network(cut).subnet_of(ip_network(block["cidr"]))


def test_routes_send_to_the_ingress_with_the_host_of_the_function(generated: Objects) -> None:
    (route,) = generated["base/routes.yaml"]
    hosts = {
        match["path"]["value"]: rule["filters"][0]["urlRewrite"]["hostname"]
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    }
    assert hosts["/api/battles"] == "battle-api.battlescope.svc.cluster.local"
    assert hosts["/api/killmails"] == "killmail-api.battlescope.svc.cluster.local"
    assert list(hosts)[-1:] == ["/"]
    assert hosts["/"] == "web-serve.battlescope.svc.cluster.local"
    assert hosts["/api/rulesets"] == "ingest-api.battlescope.svc.cluster.local"
    assert {backend["name"] for rule in route["spec"]["rules"] for backend in rule["backendRefs"]} == {
        "kourier-internal"
    }


def test_kustomization_lists_every_generated_manifest(generated: Objects) -> None:
    (kustomization,) = generated["base/kustomization.yaml"]
    manifests = {file.removeprefix("base/") for file in generated if file.startswith("base/")}
    assert manifests - {"kustomization.yaml"} <= set(kustomization["resources"])
    assert len(kustomization["resources"]) == len(set(kustomization["resources"]))


def test_secret_templates_have_every_key_and_no_value(generated: Objects) -> None:
    secrets = generated["optional/secrets-sops/secrets.yaml"]
    external = generated["optional/secrets-external/secrets.yaml"]
    assert {value for secret in secrets for value in secret["stringData"].values()} == {""}
    keys = {secret["metadata"]["name"]: set(secret["stringData"]) for secret in secrets}
    assert keys["battle-api-database"] == {"DATABASE_URL"}
    assert keys == {
        secret["spec"]["target"]["name"]: {entry["secretKey"] for entry in secret["spec"]["data"]}
        for secret in external
    }
