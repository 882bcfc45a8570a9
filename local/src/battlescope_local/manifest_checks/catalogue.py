"""All rules, in groups; the docstring of each says what it prevents."""

from collections.abc import Callable, Iterator
from typing import Final

from battlescope_local.manifest_checks.deployments import Deployment, WholeProject
from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.manifest_checks.rules import (
    delivery,
    environments,
    events,
    fence,
    gateway,
    names,
    network,
    pods,
    references,
    releases,
    routing,
    syntax,
    whole_project,
)

Rule = Callable[[Deployment], Iterator[Finding]]
ProjectRule = Callable[[WholeProject], Iterator[Finding]]

RULES: Final[tuple[Rule, ...]] = (
    *(syntax.known_fields, syntax.known_annotations, syntax.known_labels),
    *(syntax.broker_class, syntax.resolvable_refs, syntax.one_namespace, syntax.schedules),
    syntax.probes_of_the_port,
    *(delivery.complete_delivery, delivery.retries_long_enough, delivery.timeouts_in_order),
    *(delivery.progress_deadline_covers_migrations, delivery.external_topics, delivery.retention_of_topics),
    delivery.own_consumer_groups,
    *(delivery.signed_in_to_kafka, delivery.servers_of_kafka, delivery.publishers_have_a_sink),
    *(pods.restricted_containers, pods.bounded_resources, pods.scratch_fits_its_limit),
    *(pods.own_accounts_without_token, pods.pull_secrets_on_all_accounts, pods.no_credentials),
    *(names.service_for_each_function, names.name_of_function_everywhere, names.jobs_belong_to_owners),
    *(names.databases_have_a_migration, names.roles_of_databases, names.parts_of_a_function_together),
    *(names.labels_name_functions, names.job_names_are_their_accounts),
    names.jobs_run_what_their_image_has,
    *(references.existing_secrets, references.existing_config_maps, references.complete_settings),
    *(references.values_fit_settings, references.variables_are_read),
    *(
        references.existing_topics,
        references.prerequisites_listed_once,
        references.buckets_are_used,
        references.existing_foreign_objects,
    ),
    references.used_eventing_parts,
    *(events.known_types_in_filters, events.accepted_types, events.published_to_the_broker),
    *(events.consumed_where_published, events.ordered_where_needed, events.one_delivery_of_each_type),
    events.live_events_wait_for_no_batch,
    *(events.known_timer_tasks, events.complete_transformations),
    *(routing.cluster_local, routing.routes_to_functions, routing.parents_and_hosts, routing.paths_of_functions),
    *(network.default_deny, network.exact_flows, network.internet_is_public),
    network.upstreams_over_https,
    *(network.policies_select_pods, network.secrets_open_what_they_name, network.dns_has_its_port),
    *(releases.images_by_digest, releases.jobs_named_by_digest, releases.schema_versions),
    *(environments.replicated_topics, environments.pods_for_readers, environments.bounded_scale),
    *(environments.one_pod_per_rate, environments.rates_of_upstreams, environments.environment_is_named),
    environments.everybody_logs_in,
)
PROJECT_RULES: Final[tuple[ProjectRule, ...]] = (
    *(environments.environments_differ, whole_project.local_mode_reads_base, whole_project.generated_files_are_fresh),
    *(whole_project.every_file_is_listed, whole_project.optional_components, whole_project.templates_of_all_secrets),
    environments.rates_of_environments_together,
    whole_project.templates_are_encrypted,
    *(whole_project.used_workloads, fence.fence_encloses_what_is_shared),
    *(gateway.routes_fit_the_gateway, gateway.gateway_makes_what_is_listed),
    *(gateway.grant_allows_the_routes, gateway.certificate_fits_the_gateway),
)


def findings(project: WholeProject) -> Iterator[tuple[str, Finding]]:
    """Each finding with the name of its rule; what base and overlays share stands once."""
    seen = set[Finding]()
    for rule, finding in _all_findings(project):
        if finding not in seen:
            seen.add(finding)
            yield rule, finding


def _all_findings(project: WholeProject) -> Iterator[tuple[str, Finding]]:
    for deployment in project.deployments:
        for rule in RULES:
            yield from ((rule.__name__, finding) for finding in rule(deployment))
    for rule in PROJECT_RULES:
        yield from ((rule.__name__, finding) for finding in rule(project))
