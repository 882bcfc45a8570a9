"""Every rule finds the fault that it is there for; the project itself has none."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from manifest_changes import Change, added, copied, drop, entry, moved, patched, prerequisites, put, without

from battlescope_local.manifest_checks.catalogue import PROJECT_RULES, RULES, findings
from battlescope_local.manifest_checks.deployments import Deployment, WholeProject
from battlescope_local.manifest_checks.project import load_project

TEMPLATE = "/spec/template/spec"
CONTAINER = f"{TEMPLATE}/containers/0"
ANNOTATIONS = "/spec/template/metadata/annotations"
LIMITS = f"{CONTAINER}/resources/limits"
FENCE = "ingress-fence"
SCALING = f"{ANNOTATIONS}/autoscaling.knative.dev~1"


@cache
def project() -> WholeProject:
    return load_project()


def deployment(name: str) -> Deployment:
    return next(found for found in project().deployments if found.title == name)


def test_project_has_no_findings() -> None:
    assert [f"{finding} [{rule}]" for rule, finding in findings(project())] == []


SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "battlescope"}}
BROAD_RULE = {"to": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 8080}]}

# Rule, change of production unless `base` stands before it, and a part of the sentence.
FAULTS: list[tuple[str, Change, str]] = [
    ("known_fields", patched("Trigger", "ingest-verify", put("/spec/delivery/backofDelay", "PT1S")), "no known field"),
    ("known_fields", patched("Trigger", "ingest-verify", put("/spec/filter", {"attributes": {"a": "b"}})), "no known"),
    ("known_fields", patched("Trigger", "ingest-verify", put("/spec/delivery/retry", "5")), "whole number"),
    ("known_fields", patched("Service", "battle-api", put("/spec/template/metadata/name", "one")), "no known field"),
    ("known_fields", patched("Service", "battle-api", put(f"{TEMPLATE}/timeoutSeconds", 900)), "from 1 to 600"),
    ("known_fields", patched("Service", "battle-api", put(f"{LIMITS}/memory", "128m")), "such as 128Mi"),
    ("known_fields", patched("Service", "battle-api", put(f"{TEMPLATE}/securityContext", {})), "no known field"),
    ("known_fields", patched("Service", "battle-api", drop(f"{CONTAINER}/readinessProbe")), "is required"),
    ("known_fields", patched("Job", "migrate-battles", drop("/spec/ttlSecondsAfterFinished")), "is required"),
    ("known_fields", patched("Job", "migrate-battles", drop("/spec/activeDeadlineSeconds")), "is required"),
    ("known_fields", patched("NetworkPolicy", "battle-api", drop("/spec/egress/0/ports")), "is required"),
    ("known_fields", patched("NetworkPolicy", "battle-api", drop("/spec/egress/0/to")), "is required"),
    ("known_fields", patched("KafkaSink", "dead-letters", put("/spec/contentMode", "structured")), "must be binary"),
    ("known_fields", added({**SECRET, "kind": "Role"}), "no kind that base and overlays use"),
    ("known_fields", patched("Trigger", "ingest-verify", put("/spec/subscriber/uri", "/x")), "no known field"),
    ("known_fields", patched("HTTPRoute", ".*", put("/spec/rules/0/matches/0/path/type", "Exact")), "PathPrefix"),
    ("known_types_in_filters", patched("Trigger", "ingest-verify", put("/spec/filters", [{"all": [
        {"exact": {"type": "com.battlescope.killmail.ingested.v1"}},
        {"exact": {"type": "com.battlescope.killmail.enriched.v1"}}]}])), "must be any"),
    ("known_types_in_filters", patched("Trigger", "ingest-verify", put("/spec/filters/-", {
        "exact": {"type": "com.battlescope.killmail.enriched.v1"}})), "must be any"),
    ("known_annotations", patched("Trigger", "battle-cluster", put("/metadata/annotations", {
        "kafka.eventing.knative.dev/delivery.order": "orderd"})), "ordered or unordered"),
    ("known_annotations", patched("Trigger", "battle-cluster", put("/metadata/annotations", {
        "kafka.eventing.knative.dev/delivery-order": "ordered"})), "is not known here"),
    ("known_annotations", patched("Service", "battle-api", put("/metadata/annotations", {
        "autoscaling.knative.dev/min-scale": "1"})), "is not known here"),
    ("known_annotations", patched("Service", "battle-api", put(f"{SCALING}minScale", "1")), "is not known here"),
    ("known_annotations", patched("Service", "battle-api", put(f"{SCALING}min-scale", "one")), "whole number"),
    ("known_labels", patched("Service", "battle-api", put("/metadata/labels/networking.knative.dev~1visbility", "a")),
     "is not known here"),
    ("known_labels", patched("Namespace", "battlescope", put(
        "/metadata/labels/pod-security.kubernetes.io~1enforce", "privileged")), "must be restricted"),
    ("broker_class", patched("Broker", "battles", drop("/metadata/annotations/eventing.knative.dev~1broker.class")),
     "broker.class: Kafka"),
    ("resolvable_refs", patched("Trigger", "ingest-verify", put("/spec/subscriber/ref/kind", "Servce")), "not Servce"),
    ("resolvable_refs", patched("Trigger", "ingest-verify", drop("/spec/subscriber/ref/name")), "there is no Service"),
    ("resolvable_refs", patched("Trigger", "ingest-verify", put("/spec/broker", "killmail")), "no Broker killmail"),
    ("resolvable_refs", patched("PingSource", "ingest-poll", put("/spec/sink/ref/name", "ingest-pol")), "no Service"),
    ("resolvable_refs", patched("SinkBinding", "ingest-poll", put("/spec/subject/kind", "Deployment")), "Deployment"),
    ("resolvable_refs", patched("Broker", "battles", put("/spec/delivery/deadLetterSink/ref/name", "x")),
     "KafkaSink x"),
    ("resolvable_refs", patched("KafkaSource", ".*", put("/spec/sink/ref/namespace", "other")), "must be battlescope"),
    ("one_namespace", without("Namespace", "battlescope"), "must be one Namespace"),
    ("one_namespace", patched("Service", "battle-api", put("/metadata/namespace", "default")), "must be battlescope"),
    ("one_namespace", patched("Namespace", ".*", drop("/metadata/labels/pod-security.kubernetes.io~1enforce")),
     "needs"),
    ("schedules", patched("PingSource", "battle-close", put("/spec/schedule", "61 * * * *")), "cron schedule"),
    ("schedules", patched("PingSource", "battle-close", put("/spec/schedule", "17 3 30 2 *")), "never fires"),
    ("known_labels", patched("Namespace", "battlescope", put(
        "/metadata/labels/pod-security.kubernetes.io~1enforce-version", "v1.0")), "from v1.25"),
    ("timeouts_in_order", patched("Trigger", "ingest-verify", put("/spec/delivery/timeout", "PT1H")), "at most 60 s"),
    ("probes_of_the_port", patched("Service", "battle-api", put(f"{CONTAINER}/livenessProbe/httpGet/port", 8081)),
     "containerPort 8080"),
    ("complete_delivery", patched("Trigger", "ingest-verify", drop("/spec/delivery/deadLetterSink")), "must be set"),
    ("complete_delivery", patched("Trigger", "ingest-verify", drop("/spec/delivery")), "must be set"),
    ("complete_delivery", patched("KafkaSource", ".*", drop("/spec/delivery/timeout")), "must be set"),
    ("retries_long_enough", patched("Trigger", "ingest-verify", put("/spec/delivery/backoffDelay", "PT0.01S")),
     "15 to"),
    ("retries_long_enough", patched("Trigger", "ingest-verify", put("/spec/delivery/retry", 10)), "15 to 300 s"),
    ("timeouts_in_order", patched("Trigger", "ingest-verify", put("/spec/delivery/timeout", "PT150S")), "300 s"),
    ("progress_deadline_covers_migrations", patched("Service", "battle-api", put(
        f"{ANNOTATIONS}/serving.knative.dev~1progress-deadline", "180s")), "activeDeadlineSeconds"),
    ("external_topics", patched("Broker", "battles", drop(
        "/metadata/annotations/kafka.eventing.knative.dev~1external.topic")), "must name the Broker's topic"),
    ("external_topics", patched("KafkaSink", ".*", put("/spec/replicationFactor", 1)), "must be absent"),
    ("retention_of_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-dead-letters")["config"].pop("retention.ms")), "retention.ms"),
    ("retention_of_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-dead-letters")["config"].update({"retention.ms": "604800000"})),
     "more than seven days"),
    ("retention_of_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-dead-letters")["config"].update({"max.message.bytes": "1000"})),
     "1048576 bytes"),
    ("retention_of_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-manifests")["config"].update({"retention.ms": "604800"})),
     "for a day"),
    ("retention_of_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-manifests")["config"].update({"cleanup.policy": "compact"})),
     "cleanup.policy: is no known key"),
    ("own_consumer_groups", patched("KafkaSource", ".*", put(
        "/spec/consumerGroup", "knative-trigger-battlescope-battle-cluster")), "a group of its own"),
    ("own_consumer_groups", copied("KafkaSource", "manifest-notifications", "other"), "a group of its own"),
    ("signed_in_to_kafka", prerequisites(lambda raw: raw["kafka"].update(protocol="PLAINTEXT")), "must be SASL_SSL"),
    ("signed_in_to_kafka", patched("KafkaSink", ".*", drop("/spec/auth")), "must name the Secret"),
    ("signed_in_to_kafka", patched("KafkaSource", ".*", put("/spec/net/tls/enable", value=False)), "must be enabled"),
    ("signed_in_to_kafka", patched("ConfigMap", "kafka-broker", drop("/data/auth.secret.ref.name")), "the Secret"),
    ("signed_in_to_kafka", prerequisites(lambda raw: raw["kafka"].update(sasl_mechanism="PLAIN")), "SCRAM-SHA-512"),
    ("servers_of_kafka", patched("ConfigMap", "kafka-broker", put("/data/bootstrap.server", "a")), "no key"),
    ("servers_of_kafka", patched("KafkaSource", ".*", put("/spec/bootstrapServers/0", "kafka:9092")), "prerequisites"),
    ("servers_of_kafka", patched("ConfigMap", "kafka-broker", put("/data/bootstrap.servers", "kafka:9092")), "must be"),
    ("servers_of_kafka", patched("ConfigMap", "kafka-broker", drop("/data/default.topic.partitions")), "a number"),
    ("publishers_have_a_sink", without("SinkBinding", "battle-close"), "needs a SinkBinding"),
    ("restricted_containers", patched("Service", "battle-api", drop(f"{CONTAINER}/securityContext/runAsUser")),
     "number"),
    ("restricted_containers", patched("Job", "static-data", put(f"{CONTAINER}/securityContext/runAsUser", 0)),
     "not root"),
    ("restricted_containers", patched("Service", "battle-api", put(
        f"{CONTAINER}/securityContext/readOnlyRootFilesystem", value=False)), "must be true"),
    ("restricted_containers", patched("Service", "battle-api", put(
        f"{CONTAINER}/securityContext/capabilities", {"drop": []})), "must be [ALL]"),
    ("restricted_containers", patched("Service", "battle-api", put(
        f"{CONTAINER}/securityContext/seccompProfile/type", "Unconfined")), "RuntimeDefault"),
    ("bounded_resources", patched("Service", "battle-api", drop(f"{LIMITS}/ephemeral-storage")), "must be set"),
    ("bounded_resources", patched("Job", "migrate-battles", drop(f"{LIMITS}/memory")), "must be set"),
    ("bounded_resources", patched("Service", "battle-api", put(f"{LIMITS}/memory", "1Mi")),
     "not be above the limit 1Mi"),
    ("bounded_resources", patched("Service", "killmail-enrich", put(f"{TEMPLATE}/volumes/0/emptyDir", {})),
     "must be set"),
    ("bounded_resources", patched("Service", "battle-api", drop(
        f"{ANNOTATIONS}/queue.sidecar.serving.knative.dev~1ephemeral-storage-resource-limit")), "queue-proxy"),
    ("scratch_fits_its_limit", patched("Service", "killmail-enrich", put(
        f"{TEMPLATE}/volumes/0/emptyDir/sizeLimit", "8Gi")), "at least the sizeLimit"),
    ("scratch_fits_its_limit", patched("Service", "killmail-enrich", drop(f"{CONTAINER}/volumeMounts")), "mounted"),
    ("own_accounts_without_token", patched("ServiceAccount", "battle-api", put(
        "/automountServiceAccountToken", value=True)), "must be false"),
    ("own_accounts_without_token", patched("Service", "battle-api", drop(f"{TEMPLATE}/automountServiceAccountToken")),
     "must be false"),
    ("own_accounts_without_token", without("ServiceAccount", "battle-api"), "there is no ServiceAccount battle-api"),
    ("own_accounts_without_token", patched("Service", "battle-api", put(
        f"{TEMPLATE}/serviceAccountName", "battle-close")), "account of its own"),
    ("own_accounts_without_token", copied("ServiceAccount", "battle-api", "other"), "no Service or Job uses"),
    ("pull_secrets_on_all_accounts", patched("ServiceAccount", "battle-api", put(
        "/imagePullSecrets", [{"name": "registry"}])), "must have registry"),
    ("no_credentials", added(SECRET), "must not be part of the manifests"),
    ("no_credentials", patched("ConfigMap", "upstreams", put("/data/FEED_URL", "https://me:pass@host")),
     "a credential"),
    ("no_credentials", patched("Service", "battle-api", put(f"{CONTAINER}/env/-", {
        "name": "OWNER_TOKEN", "value": "abc"})), "must come from a Secret"),
    ("service_for_each_function", without("Service", "battle-close"), "there must be one"),
    ("service_for_each_function", copied("Service", "battle-api", "battle-apis"), "no folder functions/battle-apis"),
    ("name_of_function_everywhere", moved("Service", "battle-api", "knative/base/functions/battle.yaml"),
     "must stand in"),
    ("name_of_function_everywhere", patched("Service", "battle-api", put(
        "/metadata/labels/battlescope.dev~1function", "battle-close")), "must be battle-api"),
    ("name_of_function_everywhere", patched("Service", "battle-api", put(
        f"{CONTAINER}/image", "registry.example.org/battlescope/battle-close@sha256:0")), "must be the image of"),
    ("name_of_function_everywhere", patched("Service", "battle-api", put(
        f"{CONTAINER}/envFrom/0/secretRef/name", "battle-close-database")), "must be battle-api-database"),
    ("name_of_function_everywhere", patched("SinkBinding", "battle-api", put("/spec/subject/name", "battle-close")),
     "must be battle-api"),
    ("name_of_function_everywhere", patched("Service", "battle-api", put(f"{TEMPLATE}/serviceAccountName", "x")),
     "must be battle-api"),
    ("jobs_belong_to_owners", patched("Job", "migrate-battles", put(
        "/metadata/labels/battlescope.dev~1database-owner", "battle-api")), "must be battle-cluster"),
    ("jobs_belong_to_owners", patched("Job", "migrate-battles", put(
        f"{CONTAINER}/image", "registry.example.org/battlescope/battle-api@sha256:0")), "the image of battle-cluster"),
    ("jobs_belong_to_owners", patched("Job", "migrate-battles", put(
        f"{CONTAINER}/envFrom/0/secretRef/name", "battle-api-database")), "battle-cluster-database"),
    ("jobs_belong_to_owners", patched("Job", "migrate-battles", put(
        "/metadata/labels/battlescope.dev~1database", "battlescope_other")), "lists no database"),
    ("databases_have_a_migration", without("Job", "migrate-battles-0000000000"), "there must be a Job"),
    ("roles_of_databases", patched("Service", "battle-api", put(
        "/metadata/labels/battlescope.dev~1database", "battlescope_killmails")), "must be the functions that use it"),
    ("roles_of_databases", patched("Service", "battle-api", drop("/metadata/labels/battlescope.dev~1database")),
     "must name the database"),
    ("roles_of_databases", prerequisites(
        lambda raw: raw["databases"].remove(entry(raw, "databases", "battlescope_battles"))), "battlescope_battles"),
    ("parts_of_a_function_together", patched("Trigger", "ingest-verify", put(
        "/spec/subscriber/ref/name", "battle-cluster")), "belongs to another function"),
    ("parts_of_a_function_together", moved("PingSource", "ingest-poll", "knative/base/functions/x.yaml"), "must stand"),
    ("labels_name_functions", patched("ServiceAccount", "battle-api", put(
        "/metadata/labels/battlescope.dev~1function", "battle")), "there is no function battle"),
    ("labels_name_functions", patched("Trigger", "battle-cluster", drop("/metadata/labels")), "no function named here"),
    ("labels_name_functions", patched("Trigger", "battle-cluster", put(
        "/metadata/labels/battlescope.dev~1function", "battle-api")), "must be battle-cluster"),
    ("job_names_are_their_accounts", patched("Job", "static-data", put(
        "/spec/template/metadata/labels/battlescope.dev~1job", "statics")), "must be the name of the Job"),
    ("job_names_are_their_accounts", patched("Job", "static-data", put(f"{TEMPLATE}/serviceAccountName", "x")),
     "must be static-data"),
    ("jobs_run_what_their_image_has", patched("Job", "migrate-battles", drop(f"{CONTAINER}/command")), "dbmate"),
    ("jobs_run_what_their_image_has", patched("Job", "migrate-battles", drop(f"{CONTAINER}/env")), "MIGRATIONS_DIR"),
    ("jobs_run_what_their_image_has", patched("Job", "static-data", drop(f"{CONTAINER}/command")), "python -m MODULE"),
    ("jobs_run_what_their_image_has", patched("Job", "static-data", put(f"{CONTAINER}/command/2", "killmail_enrich.x")),
     "a module of the function"),
    ("existing_secrets", patched("Service", "battle-api", put(f"{CONTAINER}/envFrom/1/secretRef/name", "develop")),
     "lists no Secret develop"),
    ("existing_secrets", patched("KafkaSource", ".*", put("/spec/net/sasl/user/secretKeyRef/key", "usr")),
     "no key usr"),
    ("existing_secrets", prerequisites(lambda raw: raw["secrets"].append({"name": "old", "keys": ["A"]})),
     "nothing uses"),
    ("existing_secrets", prerequisites(lambda raw: entry(raw, "secrets", "kafka")["keys"].remove("ca.crt")), "ca.crt"),
    ("existing_config_maps", patched("Broker", "battles", put("/spec/config/name", "kafka")), "no ConfigMap kafka"),
    ("existing_config_maps", without("ConfigMap", "history"), "there is no ConfigMap history"),
    ("existing_config_maps", copied("ConfigMap", "history", "story"), "nothing uses this ConfigMap"),
    ("existing_config_maps", patched("Service", "battle-api", put(f"{CONTAINER}/env/-", {
        "name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "runtime", "key": "LEVEL"}}})),
     "has no key LEVEL"),
    ("complete_settings", patched("ConfigMap", "history", drop("/data/DATA_RETENTION_MONTHS")), "lacks DATA_RETENTION"),
    ("complete_settings", patched("Service", "ingest-poll", drop(f"{CONTAINER}/envFrom/1")), "lacks S3_"),
    ("complete_settings", without("SinkBinding", "ingest-poll"), "lacks K_SINK"),
    ("values_fit_settings", patched("ConfigMap", "upstreams", put("/data/FEED_MAX_RATE", "fast")), "valid number"),
    ("values_fit_settings", patched("Service", "ingest-verify", put(f"{CONTAINER}/env/0/value", "perhaps")), "refuse"),
    ("variables_are_read", patched("Service", "ingest-verify", put(f"{CONTAINER}/env/-", {
        "name": "GAP_DETECTION_ENABLD", "value": "true"})), "is it misspelt?"),
    ("variables_are_read", patched("Service", "ingest-verify", put(f"{CONTAINER}/env/-", {
        "name": "GAP_DETECTION_ENABLED", "value": "true"})), "stands twice"),
    ("variables_are_read", patched("ConfigMap", "upstreams", put("/data/FEED_URI", "https://x")), "no Settings"),
    ("existing_topics", patched("KafkaSink", ".*", put("/spec/topic", "dead")), "lists no topic dead"),
    ("existing_topics", prerequisites(
        lambda raw: raw["topics"].remove(entry(raw, "topics", "battlescope-manifests"))), "no topic battlescope-man"),
    ("existing_topics", patched("Broker", "battles", put(
        "/metadata/annotations/kafka.eventing.knative.dev~1external.topic", "battlescope-dead-letters")),
     "is the topic of"),
    ("existing_topics", without("KafkaSource", "manifest-notifications"), "nothing uses this topic"),
    ("existing_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-manifests").update(used_by="x")), "must be KafkaSource"),
    ("prerequisites_listed_once", prerequisites(lambda raw: raw["topics"].append(raw["topics"][0])), "listed twice"),
    ("buckets_are_used", prerequisites(lambda raw: raw["buckets"][0].update(secret="x")),
     "there is no Secret x"),
    ("buckets_are_used", prerequisites(
        lambda raw: raw["buckets"][0]["notifications"].update(topic="x")), "there is no topic x"),
    ("buckets_are_used", prerequisites(lambda raw: raw["buckets"].clear()), "no bucket names the Secret"),
    ("buckets_are_used", prerequisites(lambda raw: raw["buckets"][0].pop("notifications")), "no bucket sends"),
    ("buckets_are_used", prerequisites(
        lambda raw: raw["buckets"][0]["notifications"].update(prefix="x/")), "no function reads"),
    ("existing_foreign_objects", patched("HTTPRoute", ".*", put("/spec/parentRefs/0/name", "gate")), "no Gateway"),
    ("existing_foreign_objects", prerequisites(lambda raw: raw["objects"].pop()), "lists no ReferenceGrant"),
    ("existing_foreign_objects", prerequisites(
        lambda raw: raw["objects"].append({"kind": "Gateway", "namespace": "a", "name": "b"})), "nothing refers to"),
    ("used_eventing_parts", copied("KafkaSink", "dead-letters", "other"), "nothing sends events to it"),
    ("known_types_in_filters", patched("Trigger", "battle-cluster", put(
        "/spec/filters/0/exact/type", "com.battlescope.killmail.enriched.v2")), "there is no event type"),
    ("known_types_in_filters", patched("Trigger", "battle-cluster", drop("/spec/filters")), "must name the types"),
    ("known_types_in_filters", patched("Trigger", "battle-cluster", put("/spec/filters/0/exact/source", "x")), "alone"),
    ("accepted_types", patched("Trigger", "battle-cluster", put(
        "/spec/filters/0/exact/type", "com.battlescope.killmail.refused.v1")), "does not accept"),
    ("accepted_types", without("Trigger", "battle-cluster-names"), "but no Trigger sends it"),
    ("accepted_types", without("PingSource", "battle-cluster"), "but no PingSource sends it"),
    ("published_to_the_broker", patched("Trigger", "battle-cluster-names", put("/spec/broker", "battles")), "nobody"),
    ("published_to_the_broker", patched("SinkBinding", "battle-api", put("/spec/sink/ref/name", "killmails")),
     "nobody"),
    ("published_to_the_broker", patched("EventTransform", ".*", put("/spec/jsonata/expression", "{}")), "nobody"),
    ("consumed_where_published", patched("SinkBinding", "battle-close", put("/spec/sink/ref/name", "killmails")),
     "takes"),
    ("ordered_where_needed", patched("Trigger", "battle-cluster", put("/metadata/annotations", {})), "must be ordered"),
    ("one_delivery_of_each_type", copied("Trigger", "battle-cluster", "battle-cluster-two"), "too"),
    ("live_events_wait_for_no_batch", patched("Trigger", "battle-cluster-backfill", put(
        "/spec/subscriber/ref/name", "battle-cluster")), "one must wait apart"),
    ("service_for_each_function", copied("Service", "battle-api", "battle-apis-background"), "no folder"),
    ("name_of_function_everywhere", patched("Service", "battle-cluster-background", put(
        f"{TEMPLATE}/serviceAccountName", "battle-cluster-background")), "must be battle-cluster"),
    ("publishers_have_a_sink", without("SinkBinding", "battle-cluster-background"), "needs a SinkBinding"),
    ("known_timer_tasks", patched("PingSource", "ingest-verify-gaps", put("/spec/ceOverrides/extensions/task", "gap")),
     "knows no task gap"),
    ("known_timer_tasks", patched("PingSource", "killmail-enrich-names", put(
        "/spec/ceOverrides/extensions/task", "name")), "knows no task name"),
    ("known_timer_tasks", patched("PingSource", "ingest-verify-gaps", drop("/spec/ceOverrides")), "a task of its own"),
    ("known_timer_tasks", patched("PingSource", "ingest-verify-gaps", put(
        "/spec/ceOverrides/extensions/task", "retention")), "a task of its own"),
    ("complete_transformations", patched("EventTransform", ".*", put(
        "/spec/jsonata/expression", '{"id": id')), "must set specversion"),
    ("complete_transformations", patched("EventTransform", ".*", put("/spec/jsonata/expression", "{")), "as many }"),
    ("cluster_local", patched("Service", "killmail-api", drop("/metadata/labels/networking.knative.dev~1visibility")),
     "must be cluster-local"),
    ("routes_to_functions", patched("HTTPRoute", ".*", put(
        "/spec/rules/0/filters/0/urlRewrite/hostname", "battle-app.battlescope.svc.cluster.local")), "that exists"),
    ("routes_to_functions", patched("HTTPRoute", ".*", drop("/spec/rules/0/filters")), "not absent"),
    ("routes_to_functions", patched("HTTPRoute", ".*", put("/spec/rules/0/backendRefs/0/name", "battle-api")),
     "kourier"),
    ("routes_to_functions", patched("HTTPRoute", ".*", put("/spec/rules/0/backendRefs", [])), "must be one"),
    ("parents_and_hosts", patched("HTTPRoute", ".*", drop("/spec/hostnames")), "must have the public host"),
    ("parents_and_hosts", patched("HTTPRoute", ".*", put("/spec/parentRefs", [])), "must name the Gateway"),
    ("parents_and_hosts", patched("HTTPRoute", ".*", drop("/spec/parentRefs/0/namespace")), "namespace of the Gateway"),
    ("paths_of_functions", patched("HTTPRoute", ".*", drop("/spec/rules/0/matches/0")), "must route /auth/login"),
    ("paths_of_functions", patched("HTTPRoute", ".*", put("/spec/rules/0/matches/0/path/value", "/api/battels")),
     "serves"),
    ("paths_of_functions", patched("HTTPRoute", ".*", put("/spec/rules/0/matches/-", {
        "path": {"type": "PathPrefix", "value": "/api/killmails"}})), "stands twice"),
    ("default_deny", without("NetworkPolicy", "default-deny"), "denies both ways"),
    ("default_deny", patched("NetworkPolicy", "default-deny", put("/spec/policyTypes", ["Ingress"])),
     "denies both ways"),
    ("exact_flows", without("NetworkPolicy", "battle-api"), "which no NetworkPolicy allows"),
    ("exact_flows", without("NetworkPolicy", "dns"), "needs egress dns"),
    ("exact_flows", patched("NetworkPolicy", "battle-api", put("/spec/egress/-", BROAD_RULE)), "does not need"),
    ("exact_flows", patched("NetworkPolicy", "battle-api", put("/spec/egress/0/ports/0/port", 5433)), "does not need"),
    ("exact_flows", patched("NetworkPolicy", "functions-ingress", put("/spec/ingress/0/ports/-", {
        "protocol": "TCP", "port": 8080})), "does not need"),
    ("exact_flows", patched("NetworkPolicy", "functions-ingress", put("/spec/ingress/0/from/-", {
        "namespaceSelector": {}})), "does not need"),
    ("exact_flows", patched("Service", "battle-close", put(f"{CONTAINER}/envFrom/-", {
        "secretRef": {"name": "cache"}})), "needs egress valkey"),
    ("exact_flows", patched("Service", "battle-api", drop("/spec/template/metadata/labels/battlescope.dev~1function")),
     "which no NetworkPolicy allows"),
    ("exact_flows", prerequisites(lambda raw: entry(raw, "workloads", "postgresql").update(ports=[])),
     "no port is listed"),
    ("exact_flows", prerequisites(lambda raw: entry(raw, "workloads", "postgresql").update(
        namespace=None, cidrs=["10.20.0.0/28"])), "needs egress the network 10.20.0.0/28 (TCP 5432)"),
    ("exact_flows", prerequisites(lambda raw: entry(raw, "workloads", "dns").update(cidrs=["169.254.20.10/32"])),
     "needs egress the network 169.254.20.10/32 (TCP 53, UDP 53)"),
    ("internet_is_public", patched("NetworkPolicy", "ingest-poll", drop("/spec/egress/4/to/0/ipBlock/except")),
     "10.0.0.0/8"),
    ("exact_flows", patched("NetworkPolicy", "ingest-poll", put(
        "/spec/egress/4/to/0/ipBlock/cidr", "10.0.0.0/8")), "the network 10.0.0.0/8"),
    ("internet_is_public", patched("NetworkPolicy", "ingest-poll", put("/spec/egress/4/to/1/ipBlock", {
        "cidr": "::/0"})), "fc00::/7"),
    ("internet_is_public", patched("NetworkPolicy", "ingest-poll", put("/spec/egress/4/to/1/ipBlock/cidr", "x")),
     "no network"),
    ("upstreams_over_https", patched("ConfigMap", "upstreams", put("/data/ESI_URL", "http://esi.evetech.net")),
     "must be https"),
    ("upstreams_over_https", patched("ConfigMap", "upstreams", put("/data/ESI_URL", "https://esi.evetech.net:8443/a")),
     "at port 443"),
    ("policies_select_pods", patched("NetworkPolicy", "battle-api", put(
        "/spec/podSelector/matchLabels", {"battlescope.dev/function": "battleapi"})), "selects no pod"),
    ("policies_select_pods", patched("NetworkPolicy", "battle-api", put("/spec/policyTypes", ["Ingress"])),
     "no effect"),
    ("secrets_open_what_they_name", prerequisites(
        lambda raw: entry(raw, "secrets", "cache").update(opens="postgresql")), "must be valkey"),
    ("secrets_open_what_they_name", prerequisites(lambda raw: entry(raw, "secrets", "cache").pop("opens")), "valkey"),
    ("dns_has_its_port", prerequisites(lambda raw: entry(raw, "workloads", "dns").update(ports=[54])), "53"),
    ("images_by_digest", patched("Service", "battle-api", put(
        f"{CONTAINER}/image", "registry.example.org/battlescope/battle-api:latest")), "@sha256:DIGEST"),
    ("images_by_digest", patched("Service", "battle-api", put(
        f"{CONTAINER}/image", "battlescope/battle-api@sha256:" + 64 * "0")), "must be REGISTRY/"),
    ("images_by_digest", patched("Service", "battle-api", put(
        f"{CONTAINER}/image", "other.example.org/battle-api@sha256:" + 64 * "0")), "the same registry"),
    ("images_by_digest", patched("Service", "battle-cluster", put(
        f"{CONTAINER}/image", "registry.example.org/battlescope/battle-cluster@sha256:" + 64 * "1")), "another digest"),
    ("images_by_digest", lambda found: patched("Service", "battle-api", put(
        f"{CONTAINER}/image", "registry.example.org/battlescope/battle-api@sha256:" + 64 * "1"))(patched(
            "Service", "battle-close", put(
                f"{CONTAINER}/image", "registry.example.org/battlescope/battle-close@sha256:" + 64 * "1"))(found)),
     "which is another image"),
    ("jobs_named_by_digest", patched("Job", "migrate-battles", put("/metadata/name", "migrate-battles")),
     "-0000000000"),
    ("jobs_named_by_digest", patched("Job", "migrate-battles", put("/metadata/name", 60 * "m" + "-0000000000")), "63"),
    ("schema_versions", patched("Service", "battle-cluster", put(f"{CONTAINER}/env/0/value", "20200101000000")),
     "must be"),
    ("schema_versions", patched("Job", "static-data", drop(f"{CONTAINER}/env")), "SCHEMA_VERSION must be"),
    ("replicated_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-manifests")["replication"].update(production=1)), "3 at least"),
    ("replicated_topics", prerequisites(
        lambda raw: entry(raw, "topics", "battlescope-manifests")["replication"].pop("production")), "3 at least"),
    ("replicated_topics", patched("ConfigMap", "kafka-broker", put("/data/default.topic.replication.factor", "1")),
     "must be the replication"),
    ("pods_for_readers", patched("Service", "battle-api", drop(f"{SCALING}min-scale")), "readers wait"),
    ("bounded_scale", patched("Service", "killmail-enrich", drop(f"{SCALING}max-scale")), "0 means no limit"),
    ("bounded_scale", patched("Service", "battle-api", put(f"{SCALING}min-scale", "9")), "not be above max-scale"),
    ("bounded_scale", patched("Service", "battle-api", put(f"{SCALING}target", "64")),
     "not be above containerConcurrency"),
    ("rates_of_upstreams", patched("ConfigMap", "upstreams", put("/data/FEED_MAX_RATE", "80")), "from 0.1 to 11.9"),
    ("rates_of_upstreams", patched("ConfigMap", "upstreams", put("/data/FEED_IDLE_SECONDS", "1")), "from 6 to 60"),
    ("one_pod_per_rate", patched("Service", "ingest-poll", put(f"{SCALING}max-scale", "2")), "must be 1"),
    ("environment_is_named", patched("ConfigMap", "runtime", put("/data/ENVIRONMENT", "staging")),
     "must be production"),
    ("environment_is_named", patched("ConfigMap", "runtime", drop("/data/ENVIRONMENT")), "must be set"),
    ("everybody_logs_in", patched("ConfigMap", "access", put("/data/ACCESS_MODE", "off")), "must be sso"),
    ("everybody_logs_in", patched("ConfigMap", "access", drop("/data/ACCESS_MODE")), "must be set"),
]  # fmt: skip
RULES_BY_NAME = {rule.__name__: rule for rule in RULES}


@pytest.mark.parametrize(("rule", "change", "sentence"), FAULTS, ids=[f"{rule}-{text}" for rule, _, text in FAULTS])
def test_rule_finds_its_fault(rule: str, change: Change, sentence: str) -> None:
    found = [str(finding) for finding in RULES_BY_NAME[rule](change(deployment("production")))]
    assert any(sentence in text for text in found), found


def test_a_function_that_publishes_nothing_needs_no_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function of today publishes something."""
    original = Deployment.services_with_code

    def without_events(checked: Deployment) -> Iterator[Any]:
        yield from ((service, replace(function, emits=())) for service, function in original(checked))

    monkeypatch.setattr(Deployment, "services_with_code", without_events)
    found = [str(finding) for finding in RULES_BY_NAME["publishers_have_a_sink"](deployment("production"))]
    assert any("publishes no events" in text for text in found)


def test_every_rule_is_tripped_by_some_fault() -> None:
    assert {rule for rule, _, _ in FAULTS} == set(RULES_BY_NAME)


def test_base_names_no_registry() -> None:
    """Only overlays know where images are; base with a registry would hide that an overlay sets none."""
    image = put(f"{CONTAINER}/image", "registry.example.org/battlescope/battle-api")
    found = list(RULES_BY_NAME["images_by_digest"](patched("Service", "battle-api", image)(deployment("base"))))
    assert ["must be battlescope/battle-api" in str(finding) for finding in found] == [True]


def with_deployment(change: Change, title: str = "production") -> WholeProject:
    changed = tuple(change(found) if found.title == title else found for found in project().deployments)
    return replace(project(), deployments=changed)


def with_component(name: str, change: Change) -> WholeProject:
    objects = change(replace(deployment("base"), objects=project().components[name])).objects
    return replace(project(), components={**project().components, name: objects})


def equal_overlays() -> WholeProject:
    staging = replace(deployment("production"), environment="staging")
    return replace(project(), deployments=(deployment("base"), deployment("production"), staging))


def stale() -> WholeProject:
    (path, text), *others = project().generated
    return replace(project(), generated=((path, text + "# edited\n"), *others))


PROJECT_FAULTS: list[tuple[str, Any, str]] = [
    ("environments_differ", equal_overlays, "must differ"),
    ("generated_files_are_fresh", stale, "run `make generate`"),
    ("every_file_is_listed", lambda: replace(project(), deployments=()), "no kustomization lists this file"),
    ("optional_components", lambda: with_component("gateway", patched(
        "Gateway", "public", put("/spec/listeners/0/prot", 80))), "no known field"),
    ("optional_components", lambda: with_component("secrets-sops", patched(
        "Secret", "cache", put("/stringData/REDIS_URL", "redis://host"))), "never stand in the project"),
    ("optional_components", lambda: with_component("gateway", added({**SECRET, "kind": "Role"})), "is no kind of"),
    ("templates_of_all_secrets", lambda: with_component("secrets-external", without("ExternalSecret", "cache")),
     "cache"),
    ("templates_of_all_secrets", lambda: with_component("secrets-external", patched(
        "ExternalSecret", "cache", put("/spec/data/0/remoteRef/property", "URL"))), "must be REDIS_URL, like the key"),
    ("rates_of_environments_together", lambda: with_deployment(patched(
        "ConfigMap", "upstreams", put("/data/ESI_MAX_RATE", "2"))), "2 at most in all environments together, not 2.5"),
    ("certificate_fits_the_gateway", lambda: with_component("certificate", patched(
        "Certificate", ".*", put("/spec/dnsNames", []))), "must have the host of each environment on this cluster"),
    ("used_workloads", lambda: with_component("ingress-fence", patched(
        "NetworkPolicy", ".*", put("/spec/ingress/0/from/0/podSelector", {"matchLabels": {"a": "b"}}))),
     "lists no such"),
    ("used_workloads", lambda: with_component("ingress-fence", without("NetworkPolicy", "cluster-local")), "needs it"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "cluster-local", put("/spec/podSelector/matchLabels", {"app": "kourier-gateway"}))),
     "no NetworkPolicy encloses ingress"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "cluster-local", put("/metadata/namespace", "battlescope"))), "in their namespace"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "cluster-local", put("/spec/ingress/2/ports/-", {"protocol": "TCP", "port": 8081}))),
     "are open to everyone"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "cluster-local", put("/spec/ingress/0/ports/-", {"protocol": "TCP", "port": 8444}))),
     "lets gateway in at 8444"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "cluster-local", drop("/spec/ingress/0/from/1"))), "must let gateway in at 8081"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "cluster-local", put("/spec/policyTypes", ["Egress"]))), "must be [Ingress]"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, without("NetworkPolicy", "broker-receiver")),
     "no NetworkPolicy encloses broker-ingress"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "broker-receiver", drop("/spec/ingress/0/from"))), "are open to everyone"),
    ("fence_encloses_what_is_shared", lambda: with_component(FENCE, patched(
        "NetworkPolicy", "broker-receiver", put("/spec/ingress/0/from/0/namespaceSelector", {}))),
     "which it does not need"),
    ("routes_fit_the_gateway", lambda: with_component("gateway", patched(
        "Gateway", "public", put("/spec/listeners/1/name", "tls"))), "must be a listener of the Gateway"),
    ("routes_fit_the_gateway", lambda: with_component("gateway", patched(
        "Gateway", "public", drop("/spec/listeners/1/tls"))), "must be HTTPS with a certificate"),
    ("gateway_makes_what_is_listed", lambda: with_component("gateway", without(
        "ReferenceGrant", "battlescope")), "makes no ReferenceGrant"),
    ("grant_allows_the_routes", lambda: with_component("gateway", patched(
        "ReferenceGrant", ".*", put("/spec/from/0/namespace", "default"))), "the HTTPRoutes of battlescope"),
    ("grant_allows_the_routes", lambda: with_component("gateway", patched(
        "ReferenceGrant", ".*", drop("/spec/to/0/name"))), "the backends of the routes"),
    ("certificate_fits_the_gateway", lambda: with_component("certificate", patched(
        "Certificate", ".*", put("/spec/secretName", "tls"))), "must be the Secret of a listener"),
    ("certificate_fits_the_gateway", lambda: with_component("certificate", patched(
        "Certificate", ".*", put("/spec/dnsNames/0", "other.example.org"))), "the host of an environment"),
]  # fmt: skip
FOUND_IN_FILES = {"local_mode_reads_base", "templates_are_encrypted"}  # by the tests in test_project.py
PROJECT_RULES_BY_NAME = {rule.__name__: rule for rule in PROJECT_RULES}


@pytest.mark.parametrize(("rule", "fault", "sentence"), PROJECT_FAULTS, ids=[f"{r}-{t}" for r, _, t in PROJECT_FAULTS])
def test_rule_of_the_project_finds_its_fault(rule: str, fault: Any, sentence: str) -> None:
    found = [str(finding) for finding in PROJECT_RULES_BY_NAME[rule](fault())]
    assert any(sentence in text for text in found), found


def test_every_rule_of_the_project_is_tripped_by_some_fault() -> None:
    tripped = {rule for rule, _, _ in PROJECT_FAULTS} | FOUND_IN_FILES
    assert tripped == set(PROJECT_RULES_BY_NAME)
