"""Which planted faults the manifest checks find: one fault at a time, in a copy of the manifests.

The comparison with the declarations (`generated_files_are_fresh`) does not count: it finds any edit of a generated
file, but not the same fault in a declaration or in the generator.

    make manifest-faults
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_checks.catalogue import findings
from battlescope_local.manifest_checks.project import load_project
from battlescope_local.manifests import ManifestError

NOT_COUNTED: Final = "generated_files_are_fresh"
UNREADABLE: Final = "refused by the reader"
FUNCTIONS: Final = "base/functions"
PRODUCTION: Final = "overlays/production"
FENCE: Final = "optional/ingress-fence"
ZEROS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Fault:
    """The first `before` of a file below `knative/` becomes `after`."""

    sentence: str
    file: str
    before: str
    after: str


FAULTS: Final = (
    Fault(
        "a Trigger has no dead letter sink",
        f"{FUNCTIONS}/killmail-enrich.yaml",
        """    deadLetterSink:
      ref:
        apiVersion: eventing.knative.dev/v1alpha1
        kind: KafkaSink
        name: dead-letters
""",
        "",
    ),
    Fault(
        "the value of delivery.order is misspelt", f"{FUNCTIONS}/battle-cluster.yaml", "order: ordered", "order: order"
    ),
    Fault(
        "a subscriber has a misspelt kind",
        f"{FUNCTIONS}/battle-cluster.yaml",
        "  subscriber:\n    ref:\n      apiVersion: serving.knative.dev/v1\n      kind: Service",
        "  subscriber:\n    ref:\n      apiVersion: serving.knative.dev/v1\n      kind: Servce",
    ),
    Fault(
        "the sink of a SinkBinding has no name",
        f"{FUNCTIONS}/battle-api.yaml",
        "      kind: Broker\n      name: battles\n",
        "      kind: Broker\n",
    ),
    Fault(
        "a Trigger gives up before its function does",
        f"{FUNCTIONS}/ingest-verify.yaml",
        "timeout: PT310S",
        "timeout: PT150S",
    ),
    Fault(
        "a function is reachable from outside",
        f"{FUNCTIONS}/killmail-api.yaml",
        "    networking.knative.dev/visibility: cluster-local\n",
        "",
    ),
    Fault(
        "an image has a tag instead of a digest",
        f"{PRODUCTION}/release/kustomization.yaml",
        f"digest: sha256:{ZEROS}",
        "newTag: v1.4",
    ),
    Fault(
        "a Job keeps its name in each release",
        f"{PRODUCTION}/release/kustomization.yaml",
        "value: migrate-killmails-0000000000",
        "value: migrate-killmails",
    ),
    Fault(
        "a function may reach the internet, which it never asks",
        f"{FUNCTIONS}/battle-cluster.yaml",
        "  egress:\n",
        """  egress:
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
      ports:
        - protocol: TCP
          port: 443
""",
    ),
    Fault(
        "a function may not reach its database",
        f"{FUNCTIONS}/battle-close.yaml",
        "              kubernetes.io/metadata.name: postgresql",
        "              kubernetes.io/metadata.name: postgres",
    ),
    Fault("a container has no numeric user", f"{FUNCTIONS}/ingest-poll.yaml", "            runAsUser: 65532\n", ""),
    Fault("the name of a Secret is misspelt", f"{FUNCTIONS}/ingest-api.yaml", "name: archive", "name: archives"),
    Fault(
        "a filter names a type that nobody publishes",
        f"{FUNCTIONS}/battle-cluster.yaml",
        "type: com.battlescope.killmail.enriched.v1",
        "type: com.battlescope.killmail.enriched.v2",
    ),
    Fault(
        "a route leads to a function that does not exist",
        "base/routes.yaml",
        "hostname: killmail-api.battlescope",
        "hostname: killmails-api.battlescope",
    ),
    Fault(
        "topics of production have one replica",
        f"{PRODUCTION}/settings.yaml",
        'replication.factor: "3"',
        'replication.factor: "1"',
    ),
    Fault(
        "readers of production wait for a start from zero",
        f"{PRODUCTION}/scale.yaml",
        'autoscaling.knative.dev/min-scale: "1"',
        'autoscaling.knative.dev/min-scale: "0"',
    ),
    Fault(
        "a Broker names a topic that nobody makes",
        "base/brokers.yaml",
        "external.topic: knative-broker-battlescope-battles",
        "external.topic: knative-broker-battlescope-battle",
    ),
    Fault(
        "a source reads Kafka without TLS",
        "cluster/manifest-notifications.yaml",
        "    tls:\n      enable: true",
        "    tls:\n      enable: false",
    ),
    Fault("a field of a delivery is misspelt", f"{FUNCTIONS}/ingest-backfill.yaml", "backoffDelay:", "backofDelay:"),
    Fault(
        "a function publishes to a Broker without a consumer",
        f"{FUNCTIONS}/battle-close.yaml",
        "      kind: Broker\n      name: battles\n",
        "      kind: Broker\n      name: backfill\n",
    ),
    Fault(
        "a key of a ConfigMap is one that no function reads",
        "base/config.yaml",
        "  FEED_IDLE_SECONDS:",
        "  FEED_IDLE_SECOND:",
    ),
    Fault(
        "a public path is one that the function does not serve",
        "base/routes.yaml",
        "value: /api/killmails",
        "value: /api/killmail",
    ),
    Fault(
        "the volume for scratch has no limit",
        f"{FUNCTIONS}/ingest-backfill.yaml",
        "          emptyDir:\n            sizeLimit: ",
        "          emptyDir: {}\n          # ",
    ),
    Fault(
        "an annotation of scaling stands on the Service",
        f"{FUNCTIONS}/ingest-poll.yaml",
        "spec:\n  template:\n",
        '  annotations:\n    autoscaling.knative.dev/min-scale: "1"\nspec:\n  template:\n',
    ),
    Fault(
        "a function signs in with the role of another one",
        f"{FUNCTIONS}/battle-api.yaml",
        "name: battle-api-database",
        "name: battle-cluster-database",
    ),
    Fault(
        "a function does not wait for the newest migration",
        f"{FUNCTIONS}/battle-api.yaml",
        'value: "2026',
        'value: "2025',
    ),
    Fault("the class of a Broker is in lower case", "base/brokers.yaml", "broker.class: Kafka", "broker.class: kafka"),
    Fault(
        "dead letters go to Kafka without signing in",
        "base/brokers.yaml",
        "  auth:\n    secret:\n      ref:\n        name: kafka\n",
        "",
    ),
    Fault(
        "a probe asks a path that no function serves",
        f"{FUNCTIONS}/ingest-api.yaml",
        "path: /health/readiness",
        "path: /health/ready",
    ),
    Fault(
        "backfilled batches lose their order",
        f"{FUNCTIONS}/killmail-enrich.yaml",
        "    kafka.eventing.knative.dev/delivery.order: ordered\n",
        "    kafka.eventing.knative.dev/delivery.order: unordered\n",
    ),
    Fault(
        "a timer event has a task that the function does not know",
        f"{FUNCTIONS}/killmail-enrich.yaml",
        "task: names",
        "task: name",
    ),
    Fault(
        "a second poller may run, which doubles the rate at the feed",
        f"{FUNCTIONS}/ingest-poll.yaml",
        'max-scale: "1"',
        'max-scale: "2"',
    ),
    Fault("finished Jobs stay for ever", "base/migrate/battles.yaml", "  ttlSecondsAfterFinished: 86400\n", ""),
    Fault(
        "a pod gets a token for the Kubernetes API",
        f"{FUNCTIONS}/battle-close.yaml",
        "      automountServiceAccountToken: false\n",
        "",
    ),
    Fault(
        "the memory of a container has a misspelt unit",
        f"{FUNCTIONS}/battle-close.yaml",
        "memory: 128Mi",
        "memory: 128M1",
    ),
    Fault(
        "a revision gives up before its migration may end",
        f"{FUNCTIONS}/battle-close.yaml",
        "progress-deadline: 660s",
        "progress-deadline: 180s",
    ),
    Fault(
        "a Secret holds a value",
        "optional/secrets-sops/secrets.yaml",
        'DATABASE_URL: ""',
        "DATABASE_URL: postgresql://battle:secret@db/battles",
    ),
    Fault(
        "another namespace's objects reach all functions",
        "base/network.yaml",
        """              kubernetes.io/metadata.name: kourier-system
          podSelector:
            matchLabels:
              app: 3scale-kourier-gateway
""",
        "              kubernetes.io/metadata.name: default\n",
    ),
    Fault("upstreams are asked at a banned rate", "base/config.yaml", 'FEED_MAX_RATE: "8"', 'FEED_MAX_RATE: "80"'),
    Fault(
        "events of a type are delivered twice to a function",
        f"{FUNCTIONS}/battle-cluster.yaml",
        "        type: com.battlescope.entity.updated.v1",
        "        type: com.battlescope.killmail.enriched.v1",
    ),
)

# Of the 57 that a newcomer planted, those that the rules of that day did not find and that do harm; mended since.
FAULTS_OF_A_NEWCOMER: Final = (
    Fault(
        "everyone may call cluster-local functions through the fence",
        f"{FENCE}/network-policy.yaml",
        "        - protocol: TCP\n          port: 9000\n",
        "        - protocol: TCP\n          port: 9000\n        - protocol: TCP\n          port: 8081\n",
    ),
    Fault(
        "the fence selects no pod",
        f"{FENCE}/network-policy.yaml",
        "      app: 3scale-kourier-gateway",
        "      app: kourier-gateway",
    ),
    Fault(
        "the fence stands in another namespace",
        f"{FENCE}/network-policy.yaml",
        "namespace: kourier-system",
        "namespace: battlescope",
    ),
    Fault(
        "retention of a topic is in seconds",
        "base/prerequisites.yaml",
        'retention.ms: "604800000"',
        'retention.ms: "604800"',
    ),
    Fault(
        "a topic of dead letters is compacted",
        "base/prerequisites.yaml",
        '"}  # 30 days: someone',
        '", cleanup.policy: compact}  # 30 days: someone',
    ),
    Fault(
        "an upstream has a port that no policy opens",
        "base/config.yaml",
        "https://r2z2.zkillboard.com",
        "https://r2z2.zkillboard.com:8443",
    ),
    Fault("an upstream is asked in plain text", "base/config.yaml", "ESI_URL: https://", "ESI_URL: http://"),
    Fault(
        "poller, verification and backfill together are banned",
        "base/config.yaml",
        'FEED_MAX_RATE: "8"',
        'FEED_MAX_RATE: "14"',
    ),
    Fault(
        "the certificate lacks the host of production",
        "optional/certificate/certificate.yaml",
        "    - battlescope.example.org\n",
        "",
    ),
    Fault(
        "SOPS leaves the values of Secrets in plain text",
        "optional/secrets-sops/.sops.yaml",
        "^(data|stringData)$",
        "^data$",
    ),
    Fault(
        "a timer fires on 30 February",
        f"{FUNCTIONS}/battle-cluster.yaml",
        "schedule: 17 * * * *",
        "schedule: 17 3 30 2 *",
    ),
    Fault(
        "the level of pod security is that of a version before it",
        "base/namespace.yaml",
        "enforce-version: latest",
        "enforce-version: v1.0",
    ),
    Fault(
        "a Trigger waits an hour for an answer", f"{FUNCTIONS}/killmail-enrich.yaml", "timeout: PT70S", "timeout: PT1H"
    ),
    Fault(
        "a Trigger asks for events of all its types at once",
        f"{FUNCTIONS}/killmail-enrich.yaml",
        "    - any:\n",
        "    - all:\n",
    ),
    Fault(
        "events are sent to a path of a function",
        f"{FUNCTIONS}/killmail-enrich.yaml",
        "      name: killmail-enrich\n  delivery",
        "      name: killmail-enrich\n    uri: /x\n  delivery",
    ),
    Fault("a route leads to one path instead of those below it", "base/routes.yaml", "type: PathPrefix", "type: Exact"),
    Fault(
        "a source reads in the group of a Trigger",
        "cluster/manifest-notifications.yaml",
        "consumerGroup: battlescope-manifests",
        "consumerGroup: knative-trigger-battlescope-battle-cluster",
    ),
)


def found_by(fault: Fault, existing: frozenset[str]) -> Iterator[str]:
    """Names of the rules that have a finding which they do not have without the fault."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy_manifests(Path(folder))
        plant(fault, root / "knative" / fault.file)
        try:
            found = [(rule, finding) for rule, finding in findings(load_project(root)) if rule != NOT_COUNTED]
        except ManifestError:
            yield UNREADABLE
            return
    yield from dict.fromkeys(rule for rule, finding in found if str(finding) not in existing)


def copy_manifests(folder: Path) -> Path:
    """A copy of what the checks read below the project, in `folder`."""
    shutil.copytree(ROOT / "knative", folder / "knative")
    for migrations in ROOT.glob("functions/*/migrations"):
        shutil.copytree(migrations, folder / migrations.relative_to(ROOT))
    return folder


def plant(fault: Fault, file: Path) -> None:
    text = file.read_text()
    if fault.before not in text:
        sys.exit(f"{fault.file} does not contain {fault.before!r}: adapt this fault to the manifests.")
    file.write_text(text.replace(fault.before, fault.after, 1))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        existing = frozenset(str(finding) for _, finding in findings(load_project(copy_manifests(Path(folder)))))
    missed = 0
    faults = (*FAULTS, *FAULTS_OF_A_NEWCOMER)
    for number, fault in enumerate(faults, 1):
        rules = list(found_by(fault, existing))
        missed += not rules
        print(f"{number:>2} {fault.sentence}: {', '.join(rules) or 'MISSED'}", flush=True)
    print(f"{len(faults) - missed} of {len(faults)} found")
    return int(missed > 1)


if __name__ == "__main__":
    sys.exit(main())
