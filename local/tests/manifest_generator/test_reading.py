import shutil
from pathlib import Path

import pytest

from battlescope_local.manifest_generator.reading import read_project
from battlescope_local.manifests import ManifestError

DECLARATION = "knative/declarations/killmail-enrich.yaml"
PREREQUISITES = "knative/base/prerequisites.yaml"


def test_declarations_of_the_project_are_read(project: Path) -> None:
    read = read_project(project)
    assert [function.name for function in read.functions] == sorted(function.name for function in read.functions)
    assert {function.context for function in read.functions} == {
        *("accounts", "ingestion", "killmails", "battles", "search"),
        None,
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (DECLARATION, "purpose:", "aim:", "killmail-enrich.yaml: purpose: Field required"),
        (DECLARATION, "purpose:", "aim:", "killmail-enrich.yaml: aim: Extra inputs are not permitted"),
        (DECLARATION, "owner: true", "owner: true\nowner: true", "a key must be text and stand once"),
        (DECLARATION, "owner: true", "name: other", "name: must be absent, because the name of the file says it"),
        (DECLARATION, "owner: true", 'owner: "true"', "owner: Input should be a valid boolean"),
        (DECLARATION, "concurrency: 100", 'concurrency: "100"', "scale.concurrency.value: Input should be a valid int"),
        (DECLARATION, "concurrency: 100", "concurrency: 0", "killmail-enrich.yaml: scale.concurrency.value: Input"),
        (DECLARATION, "    why: One core", "    reason: One core", "scale.target.reason: Extra inputs"),
        (DECLARATION, "request: 128Mi", "request: 128M", "resources.memory.request: String should match pattern"),
        (DECLARATION, "request: 100m", "request: 0.1", "resources.cpu.request: Input should be a valid string"),
        (DECLARATION, "com.battlescope.killmail.ingested.v1", "killmail.ingested", "types.0: String should match"),
        (DECLARATION, "    ordered: true", "    order: ordered", "triggers.1.order: Extra inputs are not permitted"),
        (DECLARATION, "owner: true", "owner: false", "of the context killmails must have owner: true, not none"),
        (DECLARATION, "[archive, cache]", "[archive, cash]", "prerequisites.yaml: secrets: cash is missing"),
        (DECLARATION, "context: killmails\n", "", "an owner needs a context, whose database it migrates"),
        ("knative/declarations/killmail-api.yaml", "context: killmails", "context: killmails\nowner: true",
         "must have owner: true, not killmail-api, killmail-enrich"),
        (PREREQUISITES, "roles: [killmail-enrich, killmail-api]", "roles: [killmail-enrich]",
         "battlescope_killmails must list the role killmail-api"),
        (PREREQUISITES, "owner: killmail-enrich", "owner: killmail-api", "must have the owner killmail-enrich"),
        (PREREQUISITES, "name: killmail-api-database", "name: killmail-api-db", "killmail-api-database is missing"),
        (PREREQUISITES, "name: valkey,", "name: redis,", "prerequisites.yaml: workloads: valkey is missing"),
        (PREREQUISITES, "name: broker-ingress,", "name: ingress2,", "workloads: broker-ingress is missing"),
        ("knative/declarations/killmail-api.yaml", "/api/killmails", "/api/battles", "battles is declared 2 times"),
        (PREREQUISITES, "partitions: 3", "partitions: 0", "topics.2.partitions: Input should be greater than"),
        (PREREQUISITES, 'retention.ms: "604800000"', "retention.ms: 604800000", "config.retention.ms: Input should be"),
        (PREREQUISITES, "namespace: valkey,", "", "needs a namespace, cidrs or both"),
        (PREREQUISITES, "namespace: kube-system, pods", "cidrs: [10.0.0.0/8], pods", "pods need a namespace"),
        (PREREQUISITES, "namespace: valkey,", "cidrs: [10.0.0.1/24],", "cidrs.0: Value error, 10.0.0.1/24"),
        (PREREQUISITES, "namespace: valkey,", "cidrs: [0.0.0.0/0],", "must be /8 or longer"),
        (PREREQUISITES, "topics:", "topics: [", "prerequisites.yaml: is not YAML"),
    ],
)  # fmt: skip
def test_errors_name_file_and_field(project: Path, file: str, old: str, new: str, message: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))
    with pytest.raises(ManifestError) as raised:
        read_project(project)
    assert message in str(raised.value)


def test_owner_needs_a_migration(project: Path) -> None:
    shutil.rmtree(project / "functions" / "battle-cluster")
    with pytest.raises(ManifestError, match="battle-cluster/migrations: the owner of a database has no migration"):
        read_project(project)


def test_absent_prerequisites_are_named(project: Path) -> None:
    (project / PREREQUISITES).unlink()
    with pytest.raises(ManifestError, match=r"prerequisites\.yaml: There is no such file"):
        read_project(project)
