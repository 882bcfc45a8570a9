"""Manifests become values, and everything that local mode does not support is rejected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from battlescope_local.manifests import ManifestError, load
from battlescope_local.manifests.fields import go_seconds, iso_seconds
from battlescope_local.manifests.model import (
    AllOf,
    AnyOf,
    Broker,
    BrokerRef,
    Container,
    Delivery,
    EnvVar,
    Exact,
    Job,
    KafkaSink,
    KafkaSinkRef,
    Not,
    PingSource,
    Prefix,
    RouteMatch,
    Scale,
    Service,
    ServiceRef,
    SinkBinding,
    Suffix,
    Trigger,
    UriRef,
)

PROJECT_ROOT = Path(__file__).parents[3]
CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: log}
data:
  auth.secret.ref.name: kafka
  bootstrap.servers: redpanda:9093
  default.topic.partitions: "3"
  default.topic.replication.factor: "1"
  default.topic.config.retention.ms: "604800000"
"""
BROKER = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: killmails
  annotations: {eventing.knative.dev/broker.class: Kafka}
spec:
  config: {apiVersion: v1, kind: ConfigMap, name: log}
  delivery:
    retry: 3
    deadLetterSink: {ref: {apiVersion: eventing.knative.dev/v1alpha1, kind: KafkaSink, name: dead-letters}}
"""
SINK = """
apiVersion: eventing.knative.dev/v1alpha1
kind: KafkaSink
metadata: {name: dead-letters}
spec:
  topic: dead
  bootstrapServers: [redpanda:9093]
  contentMode: binary
  auth: {secret: {ref: {name: kafka}}}
"""
PREREQUISITES = """
kafka: {bootstrap_servers: "redpanda:9093", protocol: SASL_SSL, sasl_mechanism: SCRAM-SHA-512}
topics:
  - name: dead
    used_by: KafkaSink dead-letters
    partitions: 2
    replication: {production: 3}
    config: {retention.ms: "7"}
  - name: live
    used_by: Broker killmails
    partitions: 8
    replication: {production: 3}
    config: {retention.ms: "9"}
buckets: []
databases: []
secrets: []
workloads: []
objects: []
"""
SERVICE = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: battle-cluster
  labels: {networking.knative.dev/visibility: cluster-local}
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/target: "16"
        autoscaling.knative.dev/max-scale: "5"
        autoscaling.knative.dev/scale-to-zero-pod-retention-period: 5m
        serving.knative.dev/progress-deadline: 180s
    spec:
      containerConcurrency: 32
      timeoutSeconds: 60
      enableServiceLinks: false
      serviceAccountName: battle-cluster
      automountServiceAccountToken: false
      securityContext: {runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532}
      volumes: [{name: scratch, emptyDir: {sizeLimit: 64Mi}}]
      containers:
        - image: battlescope/battle-cluster
          ports: [{name: http1, containerPort: 8080}]
          envFrom: [{secretRef: {name: battles}}]
          env:
            - {name: BROKER, value: redpanda}
            - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: one}}}
            - {name: SERVERS, valueFrom: {configMapKeyRef: {name: log, key: bootstrap.servers}}}
          resources: {requests: {cpu: 100m, ephemeral-storage: 32Mi}, limits: {ephemeral-storage: 128Mi}}
          volumeMounts: [{name: scratch, mountPath: /tmp}]
          readinessProbe: {httpGet: {path: /health/readiness}, periodSeconds: 0, successThreshold: 1}
          startupProbe: {httpGet: {path: /health/liveness, port: 8080}, periodSeconds: 1, failureThreshold: 60}
          securityContext: {allowPrivilegeEscalation: false, runAsUser: 65532, capabilities: {drop: [ALL]}}
"""
TRIGGER = """
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: battle-cluster
  annotations: {kafka.eventing.knative.dev/delivery.order: ordered}
spec:
  broker: killmails
  filters: [{exact: {type: com.battlescope.killmail.enriched.v1}}]
  subscriber: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: battle-cluster}}
  delivery:
    retry: 5
    backoffPolicy: linear
    backoffDelay: PT0.5S
    timeout: PT1M10S
    deadLetterSink: {ref: {apiVersion: eventing.knative.dev/v1alpha1, kind: KafkaSink, name: dead-letters}}
"""
PING = """
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: wake}
spec:
  schedule: "*/6 * * * * *"
  timezone: Europe/Berlin
  ceOverrides: {extensions: {timer: poll}}
  sink: {ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: battle-cluster}, uri: /timer}
"""
BINDING = """
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: {name: says}
spec:
  subject: {apiVersion: serving.knative.dev/v1, kind: Service, name: battle-cluster}
  sink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: killmails}}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api}
spec:
  parentRefs: [{name: public, namespace: gateway}]
  hostnames: [battlescope.example.org]
  rules:
    - matches: [{path: {type: PathPrefix, value: /api/battles}}, {path: {type: Exact, value: /health}}]
      filters:
        - type: URLRewrite
          urlRewrite: {hostname: battle-cluster.battlescope.svc.cluster.local}
      backendRefs: [{name: kourier-internal, namespace: kourier-system, port: 80}]
"""
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, labels: {step: first}}
spec:
  backoffLimit: 3
  ttlSecondsAfterFinished: 86400
  activeDeadlineSeconds: 600
  template:
    spec:
      serviceAccountName: battle-cluster
      automountServiceAccountToken: false
      restartPolicy: Never
      containers: [{image: battlescope/migrate, command: [dbmate], args: [up], envFrom: [{configMapRef: {name: log}}]}]
"""
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata:
  name: battlescope
  labels: {pod-security.kubernetes.io/enforce: restricted}
"""
ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: battle-cluster}
automountServiceAccountToken: false
"""
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
ALL = (CONFIG, BROKER, SINK, SERVICE, TRIGGER, PING, BINDING, ROUTE, JOB, NAMESPACE, ACCOUNT, POLICY)


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_documents(*documents: str) -> Path:
        (tmp_path / "all.yaml").write_text("---".join(documents))
        (tmp_path / "prerequisites.yaml").write_text(PREREQUISITES)
        (tmp_path / "kustomization.yaml").write_text("namespace: battlescope\nresources: [all.yaml]\n")
        return tmp_path

    return write_documents


def with_change(document: str, old: str, new: str) -> tuple[str, ...]:
    assert old in document
    return tuple(other.replace(old, new) if other == document else other for other in ALL)


def test_manifests_become_values(write: Write) -> None:
    manifests = load(write(*ALL))
    dead = KafkaSinkRef("dead-letters")
    assert manifests.brokers == (
        Broker(
            *("killmails", "battlescope", 3, 1, {"retention.ms": "604800000"}),
            delivery=Delivery(retry=3, dead_letter_sink=dead),
        ),
    )
    assert manifests.brokers[0].topic == "knative-broker-battlescope-killmails"
    assert manifests.triggers == (
        Trigger(
            *("battle-cluster", "battlescope", "killmails", ServiceRef("battle-cluster")),
            filters=(Exact({"type": "com.battlescope.killmail.enriched.v1"}),),
            ordered=True,
            delivery=Delivery(5, "linear", 0.5, 70, dead),
        ),
    )
    assert manifests.triggers[0].consumer_group == "knative-trigger-battlescope-battle-cluster"
    assert manifests.kafka_sinks == (KafkaSink("dead-letters", "battlescope", "dead", 2, {"retention.ms": "7"}),)
    assert manifests.ping_sources == (
        PingSource(
            *("wake", "battlescope", "*/6 * * * * *", ServiceRef("battle-cluster", "/timer"), "Europe/Berlin"),
            {"timer": "poll"},
        ),
    )
    assert manifests.sink_bindings == (SinkBinding("says", "battle-cluster", BrokerRef("killmails")),)
    assert manifests.routes == (
        RouteMatch("/api/battles", "PathPrefix", "battle-cluster", "battle-cluster.battlescope.svc.cluster.local"),
        RouteMatch("/health", "Exact", "battle-cluster", "battle-cluster.battlescope.svc.cluster.local"),
    )


def test_services_and_jobs_become_values(write: Write) -> None:
    manifests = load(write(*ALL))
    environment = (
        EnvVar("BROKER", value="redpanda"),
        EnvVar("KEY", secret=("keys", "one")),
        EnvVar("SERVERS", config_map=("log", "bootstrap.servers")),
    )
    assert manifests.services == (
        Service(
            "battle-cluster",
            Container(
                "battlescope/battle-cluster",
                env=environment,
                env_from_secrets=("battles",),
                readiness_path="/health/readiness",
                cpu_request=100,
            ),
            Scale(max_scale=5, target=16, container_concurrency=32, retention=300, timeout=60),
            {"networking.knative.dev/visibility": "cluster-local"},
            "battle-cluster",
        ),
    )
    container = Container("battlescope/migrate", ("dbmate",), ("up",), env_from_config_maps=("log",))
    assert manifests.jobs == (Job("migrate", container, {"step": "first"}, "battle-cluster"),)
    assert manifests.service_accounts == ("battle-cluster",)
    assert manifests.config_maps["log"]["default.topic.partitions"] == "3"


def test_external_topic_has_the_settings_of_the_prerequisites(write: Write) -> None:
    annotation = "kafka.eventing.knative.dev/external.topic: live"
    [broker] = load(write(*with_change(BROKER, ": Kafka}", f": Kafka, {annotation}}}"))).brokers
    assert (broker.topic, broker.partitions, broker.topic_config) == ("live", 8, {"retention.ms": "9"})


def test_topic_that_is_not_listed_is_rejected(write: Write) -> None:
    folder = write(*ALL)
    (folder / "prerequisites.yaml").write_text(PREREQUISITES.replace("name: dead", "name: other"))
    with pytest.raises(ManifestError, match=r"dead-letters: spec\.topic: prerequisites\.yaml lists no topic dead"):
        load(folder)


def test_folder_without_prerequisites_has_no_topics(write: Write) -> None:
    folder = write(*ALL)
    (folder / "prerequisites.yaml").unlink()
    with pytest.raises(ManifestError, match=r"prerequisites\.yaml lists no topic dead"):
        load(folder)


def test_trigger_without_delivery_has_that_of_its_broker(write: Write) -> None:
    start = TRIGGER.index("  delivery:")
    [trigger] = load(write(*with_change(TRIGGER, TRIGGER[start:], ""))).triggers
    assert trigger.delivery == Delivery(retry=3, dead_letter_sink=KafkaSinkRef("dead-letters"))


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("filters: []", ()),
        ("filter: {attributes: {type: a, source: b}}", (Exact({"type": "a", "source": "b"}),)),
        ("filter: {attributes: {type: a}}\n  filters: [{prefix: {type: b}}]", (Prefix({"type": "b"}),)),
        (
            "filters: [{any: [{suffix: {type: v1}}, {not: {exact: {source: x}}}]}, {all: [{exact: {id: y}}]}]",
            (AnyOf((Suffix({"type": "v1"}), Not(Exact({"source": "x"})))), AllOf((Exact({"id": "y"}),))),
        ),
    ],
)
def test_filters_become_values(write: Write, yaml: str, expected: tuple[object, ...]) -> None:
    filters = "filters: [{exact: {type: com.battlescope.killmail.enriched.v1}}]"
    [trigger] = load(write(*with_change(TRIGGER, filters, yaml))).triggers
    assert trigger.filters == expected


def test_destination_can_be_a_url(write: Write) -> None:
    sink = "{ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: battle-cluster}, uri: /timer}"
    [source] = load(write(*with_change(PING, sink, "{uri: 'http://127.0.0.1/x'}"))).ping_sources
    assert source.sink == UriRef("http://127.0.0.1/x")


@pytest.mark.parametrize(
    ("document", "old", "new", "message"),
    [
        (TRIGGER, "exact: {type: com.battlescope.killmail.enriched.v1}", "cesql: x", r"filters\[0\].cesql: local mode"),
        (TRIGGER, "retry: 5", "retries: 5",
         "Trigger battle-cluster: spec.delivery.retries: local mode does not support"),
        (TRIGGER, "PT0.5S", "0.5s", "spec.delivery.backoffDelay: must be an ISO 8601 duration"),
        (TRIGGER, "PT1M10S", "P1Y", "spec.delivery.timeout: must be an ISO 8601 duration"),
        (TRIGGER, "broker: killmails", "broker: other", "there is no Broker other"),
        (TRIGGER, "name: battle-cluster}}", "name: other}}", "Trigger battle-cluster: there is no Service other"),
        (TRIGGER, "name: dead-letters", "name: other", "Trigger battle-cluster: there is no KafkaSink other"),
        (TRIGGER, ": ordered", ": sorted", "only ordered, unordered"),
        (TRIGGER, TRIGGER[TRIGGER.index("    deadLetterSink") :], "", "spec.delivery: has no deadLetterSink"),
        (TRIGGER, "delivery.order", "rebalance", "metadata.annotations.kafka.eventing.knative.dev/rebalance"),
        (BROKER, ": Kafka}", ": MTChannelBasedBroker}", "only Kafka"),
        (BROKER, "name: log", "name: other", "there is no ConfigMap other"),
        (CONFIG, 'partitions: "3"', 'partitions: "none"', "must be a whole number from 1"),
        (SINK, "contentMode: binary", "contentMode: structured", "only binary"),
        (SINK, "topic: dead", "topic: dead\n  numPartitions: 1", "spec.numPartitions: local mode does not support"),
        (SINK, "secret: {ref", "secret: {net", "spec.auth.secret.net: local mode does not support"),
        (BROKER, ": Kafka}", ": Kafka, kafka.eventing.knative.dev/external.topic: gone}",
         "external.topic: prerequisites.yaml lists no topic gone"),
        (PING, "*/6 * * * * *", "@every 6s", "must be a cron schedule"),
        (PING, "*/6 * * * * *", "61 * * * *", "must be a cron schedule"),
        (PING, "Europe/Berlin", "Europe/Nowhere", "there is no time zone"),
        (PING, "extensions: {timer", "extensions: {Timer", "is not an attribute name"),
        (PING, "timezone", "data: '{}'\n  timezone", "spec.data: local mode does not support"),
        (BINDING, "name: battle-cluster", "name: other", "SinkBinding says: there is no Service other"),
        (BINDING, "name: battle-cluster", "selector: {}", "spec.subject.name: is required"),
        (BINDING, "name: killmails", "name: other", "there is no Broker other"),
        (ROUTE, "hostname: battle-cluster", "hostname: x", "HTTPRoute /api/battles: there is no Service x"),
        (ROUTE, ".battlescope.svc", ".other.svc", "urlRewrite.hostname: must be <function>.battlescope.svc"),
        (ROUTE, "hostname: battle-cluster", "path: {}, hostname: battle-cluster", "urlRewrite.path: local mode"),
        (ROUTE, "type: URLRewrite", "type: RequestRedirect", "only URLRewrite"),
        (ROUTE, ROUTE[ROUTE.index("      filters") : ROUTE.index("      backendRefs")], "", "exactly one filter"),
        (ROUTE, "name: kourier-internal, namespace: kourier-system", "name: battle-cluster",
         r"backendRefs\[0\].namespace: is required"),
        (ROUTE, "{name: public, ", "{names: public, ", r"parentRefs\[0\].names: local mode does not support"),
        (ROUTE, "type: Exact", "type: RegularExpression", "only Exact, PathPrefix"),
        (ROUTE, "    - matches", "    - timeouts: {}\n      matches", "local mode does not support"),
        (SERVICE, "name: http1", "name: h2c", "only http1"),
        (SERVICE, "mountPath: /tmp", "mountPath: /data", "only /tmp"),
        (SERVICE, "emptyDir", "persistentVolumeClaim", "persistentVolumeClaim: local mode does not support"),
        (SERVICE, "sizeLimit", "sizeLimits", "emptyDir.sizeLimits: local mode does not support"),
        (SERVICE, "cpu: 100m", "cpus: 100m", "resources.requests.cpus: local mode does not support"),
        (SERVICE, "cpu: 100m", "cpu: 0.1", "resources.requests.cpu: must be text"),
        (SERVICE, "cpu: 100m", "cpu: 100k", "resources.requests.cpu: must be a quantity such as 100m, not '100k'"),
        (SERVICE, "fsGroup", "fsgroup", "spec.securityContext.fsgroup: local mode does not support"),
        (SERVICE, "drop: [ALL]}", "drop: [ALL]}, runAsRoot: false", "securityContext.runAsRoot: local mode"),
        (SERVICE, "serviceAccountName: battle-cluster", "serviceAccountName: other",
         "Service battle-cluster: there is no ServiceAccount other"),
        (SERVICE, '/target: "16"', "/metric: rps", "only concurrency"),
        (SERVICE, '/target: "16"', '/activation-scale: "3"', "activation-scale: local mode does not support"),
        (SERVICE, '/target: "16"', "/target: many", "must be a number in quotes"),
        (SERVICE, "timeoutSeconds: 60", "idleTimeoutSeconds: 60", "idleTimeoutSeconds: local mode does not support"),
        (SERVICE, "key: bootstrap.servers", "key: other", "there is no key other in a ConfigMap log"),
        (SERVICE, "spec:\n  template", "spec:\n  traffic: []\n  template", "spec.traffic: local mode does not support"),
        (JOB, "configMapRef: {name: log}", "configMapRef: {name: x}", "Job migrate: there is no ConfigMap x"),
        (JOB, "backoffLimit: 3", "parallelism: 3", "spec.parallelism: local mode does not support"),
        (JOB, "serviceAccountName: battle-cluster", "serviceAccountName: other",
         "Job migrate: there is no ServiceAccount other"),
        (NAMESPACE, "kind: Namespace", "kind: Namespace\nspec: {}", "Namespace battlescope: spec: local mode"),
        (ACCOUNT, "automount", "autoMount", "autoMountServiceAccountToken: local mode does not support"),
        (POLICY, "policyTypes", "policyType", "spec.policyType: local mode does not support"),
        (JOB, "kind: Job", "kind: CronJob", "local mode does not support CronJob of batch/v1"),
        (JOB, "name: migrate,", "", "metadata.name: is required"),
        (CONFIG, "kind: ConfigMap", "kind: Secret", "manifests cannot hold Secrets; the node creates them"),
        (CONFIG, "metadata: {name: log}", "metadata: [", "is not YAML"),
        (SERVICE, "kind: Service", "kind: Broker", "local mode does not support Broker of serving.knative.dev/v1"),
    ],
)  # fmt: skip
def test_unsupported_manifest_is_rejected(write: Write, document: str, old: str, new: str, message: str) -> None:
    folder = write(*with_change(document, old, new))
    with pytest.raises(ManifestError, match=message) as rejected:
        load(folder)
    assert "all.yaml" in str(rejected.value) or "there is no" in str(rejected.value)


def test_object_defined_twice_is_rejected(write: Write) -> None:
    with pytest.raises(ManifestError, match="Broker killmails: is defined twice"):
        load(write(*ALL, BROKER))


def test_kustomizations_nest_and_the_outermost_namespace_applies(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "sink.yaml").write_text(SINK)
    (inner / "kustomization.yaml").write_text("namespace: inner\nresources: [sink.yaml]\n")
    (tmp_path / "prerequisites.yaml").write_text(PREREQUISITES)
    outer = tmp_path / "kustomization.yaml"
    outer.write_text("resources: [inner]\n")
    assert load(tmp_path).kafka_sinks[0].namespace == "inner"
    outer.write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nnamespace: outer\nresources: [inner]\n")
    assert load(tmp_path).kafka_sinks[0].namespace == "outer"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("generators: []", "generators: local mode does not support"),
        ("resources: [missing.yaml]", "missing.yaml does not exist"),
        ("a: 1\n---\nb: 2", "exactly one document"),
    ],
)
def test_kustomization_is_read_strictly(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "kustomization.yaml").write_text(text)
    with pytest.raises(ManifestError, match=message):
        load(tmp_path)


def test_folder_without_kustomization_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="There is no such file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT0.5S", 0.5), ("PT1M10S", 70), ("P1DT1H", 90000), ("P", None), ("PT", None), ("P1M", None), ("5s", None)],
)
def test_iso_durations_are_parsed(text: str, seconds: float | None) -> None:
    assert iso_seconds(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("1h30m", 5400), ("", None), ("60", None)])
def test_go_durations_are_parsed(text: str, seconds: float | None) -> None:
    assert go_seconds(text) == seconds


def test_manifests_of_the_project_load() -> None:
    manifests = load(PROJECT_ROOT / "knative" / "base")
    assert {trigger.broker for trigger in manifests.triggers} <= {broker.name for broker in manifests.brokers}
    assert all(trigger.delivery.dead_letter_sink for trigger in manifests.triggers)
