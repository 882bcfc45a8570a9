"""All rules; the docstring of each says what it prevents."""

from collections.abc import Callable, Iterator
from typing import Final

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Configuration
from battlescope_local.terraform_checks.rules import (
    blocks,
    chart_values,
    declarations,
    installation,
    knative_platform,
    references,
    roots,
    sizes,
    structure,
    workloads,
)
from battlescope_local.terraform_checks.schemas import Schemas

Rule = Callable[[Configuration, Schemas], Iterator[Finding]]

RULES: Final[tuple[Rule, ...]] = (
    *(blocks.known_types, blocks.known_attributes, structure.known_structure),
    *(structure.attributes_of_objects, structure.attributes_are_read),
    *(references.existing_references, references.declared_is_used),
    *(references.calls_fit_modules, references.modules_are_called),
    *(declarations.described_variables, declarations.validated_variables),
    *(declarations.pinned_versions, declarations.declared_providers),
    *(declarations.secrets_are_sensitive, declarations.secret_variables_are_sensitive),
    *(installation.lists_come_from_prerequisites, installation.public_is_revoked),
    *(installation.least_rights_on_databases, installation.rights_on_kafka, installation.consumer_groups),
    *(installation.keys_of_secrets, installation.environments_are_their_own),
    *(installation.states_are_kept_in_the_cluster, installation.stores_are_where_policies_open),
    *(installation.one_root_calls_each_part, installation.data_waits_for_its_release),
    *(installation.search_engine_is_installed,),
    *(workloads.restricted_servers, workloads.users_of_servers, workloads.requests_and_limits),
    *(roots.production_is_what_staging_tries, roots.inputs_are_those_of_the_installation),
    *(chart_values.values_are_read_by_the_chart, chart_values.needed_values_are_set),
    *(sizes.everything_fits, knative_platform.pinned_releases, knative_platform.requests_of_the_table),
)


def findings(configuration: Configuration, schemas: Schemas) -> Iterator[tuple[str, Finding]]:
    """Each finding with the name of its rule."""
    for rule in RULES:
        yield from ((rule.__name__, finding) for finding in rule(configuration, schemas))
