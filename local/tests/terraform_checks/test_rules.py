"""`make terraform-check`: the project has no finding, and each rule finds the fault that it is there for."""

import shutil
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest
from terraform_faults import FAULTS, UNREADABLE, Fault, copy_project, found_by, plant

from battlescope_local.devtools.project import ROOT
from battlescope_local.terraform_checks.catalogue import RULES, findings
from battlescope_local.terraform_checks.configuration import ConfigurationError, load_configuration
from battlescope_local.terraform_checks.rules.sizes import Pod, place
from battlescope_local.terraform_checks.schemas import SCHEMAS, Schemas, load_schemas

needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="../shared/terraform-schemas is absent")
# Rules that compare with the schemas of providers.
WITH_SCHEMAS = {"known_attributes", "known_types"}
BY_NAME = {rule.__name__: rule for rule in RULES}


@cache
def existing() -> frozenset[str]:
    return frozenset(str(finding) for _, finding in findings(load_configuration(ROOT), load_schemas(SCHEMAS)))


def test_project_has_no_findings() -> None:
    """Without the schemas beside the project, attributes are not compared."""
    assert sorted(existing()) == []


# Rule, and the fault that it must find.
PLANTED = [
    ("known_attributes", Fault("", "modules/postgres/main.tf", "lc_collate = ", "lc_colate = ")),
    ("known_attributes", Fault("", "modules/server/main.tf", "        period_seconds = 5", "x = 5")),
    ("known_attributes", Fault("", "modules/postgres/main.tf", "login    = true", 'login    = "yes"')),
    ("known_attributes", Fault("", "modules/dns/main.tf", "  chart  ", "  charts ")),
    ("known_types", Fault("", "modules/topics/main.tf", '"kafka_acl" "group"', '"kafka_acls" "group"')),
    ("known_structure", Fault("", "modules/dns/variables.tf", "    condition ", "    conditions ")),
    ("attributes_of_objects", Fault("", "environments/local/providers.tf", "var.postgres.host", "var.postgres.hosts")),
    ("attributes_of_objects", Fault("", "environments/local/main.tf", '    ssl_mode = "disable"\n', "")),
    ("attributes_are_read", Fault("", "modules/postgres/variables.tf", "    name  = string", "    nam   = string")),
    (
        "attributes_are_read",
        Fault("", "modules/installation/main.tf", "var.stores.object_storage.lifecycle_enabled", "true"),
    ),
    ("existing_references", Fault("", "modules/object-storage/main.tf", "local.notified", "local.notify")),
    ("existing_references", Fault("", "modules/search/outputs.tf", "module.server.port", "module.server.ports")),
    ("existing_references", Fault("", "modules/topics/main.tf", "kafka_topic.events[", "kafka_topic.event[")),
    ("declared_is_used", Fault("", "modules/postgres/main.tf", "var.maintenance_database", '"postgres"')),
    ("calls_fit_modules", Fault("", "modules/search/main.tf", "  port              = 8108\n", "")),
    ("calls_fit_modules", Fault("", "modules/search/main.tf", "  port   ", "  ports  ")),
    (
        "described_variables",
        Fault(
            "", "modules/topics/variables.tf", "Password of the user; empty for a Kafka without sign-in.", "Password"
        ),
    ),
    ("validated_variables", Fault("", "modules/platform/variables.tf", "  validation {", "  checked {")),
    ("pinned_versions", Fault("", "modules/platform/main.tf", '"v1.18.2"', '">= 1.18"')),
    ("pinned_versions", Fault("", "environments/production/versions.tf", '"5.100.0"', '"~> 5.100"')),
    ("declared_providers", Fault("", "modules/search/versions.tf", "    random = {", "    chance = {")),
    ("secrets_are_sensitive", Fault("", "modules/search/outputs.tf", "  sensitive   = true\n", "")),
    ("secret_variables_are_sensitive", Fault("", "modules/topics/variables.tf", "  sensitive   = true\n", "")),
    (
        "lists_come_from_prerequisites",
        Fault("", "environments/local/main.tf", "module.prerequisites.topics", '[{ name = "mine" }]'),
    ),
    ("public_is_revoked", Fault("", "modules/postgres/main.tf", 'role        = "public"', 'role        = "app"')),
    ("least_rights_on_databases", Fault("", "modules/postgres/main.tf", '["CONNECT"]', '["CONNECT", "CREATE"]')),
    ("least_rights_on_databases", Fault("", "modules/postgres/main.tf", "  login    = true", "  superuser = true")),
    ("rights_on_kafka", Fault("", "modules/topics/main.tf", '["Read", "Write", "Describe"]', '["Read"]')),
    ("consumer_groups", Fault("", "modules/topics/variables.tf", '"battlescope-manifests" ', '"manifests" ')),
    ("keys_of_secrets", Fault("", "modules/installation/main.tf", "      REDIS_URL =", "      REDIS_URI =")),
    ("environments_are_their_own", Fault("", "environments/staging/main.tf", '"staging"', '"production"')),
    (
        "states_are_kept_in_the_cluster",
        Fault("", "environments/staging/versions.tf", "battlescope-staging", "battlescope-production"),
    ),
    ("stores_are_where_policies_open", Fault("", "modules/platform/stores.tf", "= 6379", "= 6380")),
    (
        "stores_are_where_policies_open",
        Fault("", "modules/platform/main.tf", 'namespace        = "redpanda"', 'namespace = "kafka"'),
    ),
    ("restricted_servers", Fault("", "modules/server/main.tf", 'drop = ["ALL"]', "drop = []")),
    ("users_of_servers", Fault("", "modules/server/main.tf", "          fs_group        = tostring(var.user)\n", "")),
    ("requests_and_limits", Fault("", "modules/server/main.tf", "              memory =", "              memor =")),
    ("requests_and_limits", Fault("", "modules/server/main.tf", "            limits =", "            limit =")),
    ("requests_and_limits", Fault("", "modules/server/main.tf", "            storage =", "            storag =")),
    ("one_root_calls_each_part", Fault("", "modules/platform/outputs.tf", "      region  ", "      regions ")),
    (
        "search_engine_is_installed",
        Fault(
            "",
            "environments/production/platform/variables.tf",
            'instead of PostgreSQL."\n  default     = true',
            'instead of PostgreSQL."\n  default     = false',
        ),
    ),
    (
        "data_waits_for_its_release",
        Fault("", "modules/platform/main.tf", "  depends_on = [helm_release.redpanda]\n", ""),
    ),
    ("production_is_what_staging_tries", Fault("", "environments/production/providers.tf", "-sha512", "-sha256")),
    ("production_is_what_staging_tries", Fault("", "environments/staging/platform/main.tf", "module ", "modules ")),
    ("inputs_are_those_of_the_installation", Fault("", "environments/staging/variables.tf", '["v1"]', '["v2"]')),
    ("everything_fits", Fault("", "modules/platform/sizes.yaml", "memory_mib: 2560", "memory_mib: 7000")),
    ("values_are_read_by_the_chart", Fault("", "modules/platform/main.tf", "    webhook   =", "    webhooks  =")),
    ("values_are_read_by_the_chart", Fault("", "modules/observability/main.tf", "resources = {\n", "resource = {\n")),
    ("values_are_read_by_the_chart", Fault("", "modules/platform/main.tf", "auth.sasl.secretRef", "auth.sasl.secret")),
    ("values_are_read_by_the_chart", Fault("", "modules/dns/main.tf", '"1.19.0"', '"1.20.0"')),
    (
        "values_are_read_by_the_chart",
        Fault("", "modules/dns/main.tf", '= "external-dns"\n  version', '= "dns"\n  version'),
    ),
    ("needed_values_are_set", Fault("", "modules/platform/main.tf", "enableGatewayAPI = true", "other = true")),
    ("needed_values_are_set", Fault("", "modules/platform/main.tf", '"auth.sasl.enabled"', '"auth.enabled"')),
    ("needed_values_are_set", Fault("", "modules/dns/main.tf", "env[${index}].value", "env[${index}].values")),
]


@pytest.mark.parametrize(
    ("rule", "fault"), PLANTED, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(PLANTED)]
)
def test_rule_finds_its_fault(rule: str, fault: Fault) -> None:
    if rule in WITH_SCHEMAS and not SCHEMAS.is_dir():
        pytest.skip("../shared/terraform-schemas is absent")
    assert list(found_by(fault, existing(), [BY_NAME[rule]])) == [rule]


PLATFORM_PLANTED = [
    ("pinned_releases", "definitions", "v1.4.1", "v1.4.0"),
    ("pinned_releases", "components", "download/knative-v1.23.0/kourier.yaml", "latest/kourier.yaml"),
    ("requests_of_the_table", "components", "memory: 448Mi", "memory: 1000Mi"),
]


@pytest.mark.parametrize(("rule", "folder", "before", "after"), PLATFORM_PLANTED)
def test_rule_of_the_platform_finds_its_fault(rule: str, folder: str, before: str, after: str, tmp_path: Path) -> None:
    root = copy_project(tmp_path)
    plant(Fault("", "", before, after), root / "knative" / "platform" / folder / "kustomization.yaml")
    found = {name for name, _ in findings(load_configuration(root), Schemas())}
    assert rule in found


# Lines of production, by file, and what they are in staging, which has tried everything else before.
OWN_LINES = {
    "main.tf": {'  environment          = "production"': '  environment          = "staging"'},
    "versions.tf": {
        '    secret_suffix = "battlescope-production"': '    secret_suffix = "battlescope-staging"',
    },
    "platform/main.tf": {'  environment = "production"': '  environment = "staging"'},
    # `typesense_enabled`: the small cluster of staging searches in PostgreSQL.
    "platform/variables.tf": {"  default     = true": "  default     = false"},
    "platform/versions.tf": {
        '    secret_suffix = "battlescope-production-platform"': '    secret_suffix = "battlescope-staging-platform"',
    },
}


def test_production_differs_from_staging_in_stated_lines_only() -> None:
    staging, production = (_lines_by_file(ROOT / "terraform/environments" / name) for name in ("staging", "production"))
    assert production.keys() == staging.keys()
    differences = {
        path: {ours: theirs for ours, theirs in zip_longest(lines, staging[path]) if ours != theirs}
        for path, lines in production.items()
    }
    assert {path: lines for path, lines in differences.items() if lines} == OWN_LINES


def _lines_by_file(root: Path) -> dict[str, list[str]]:
    return {path.relative_to(root).as_posix(): path.read_text().splitlines() for path in root.rglob("*.tf")}


def test_uncalled_module_is_found(tmp_path: Path) -> None:
    root = copy_project(tmp_path)
    shutil.copytree(root / "terraform" / "modules" / "dns", root / "terraform" / "modules" / "names")
    assert "modules_are_called" in {name for name, _ in findings(load_configuration(root), Schemas())}


def test_every_rule_has_a_planted_fault() -> None:
    tried = {rule for rule, *_ in [*PLANTED, *PLATFORM_PLANTED]} | {"modules_are_called"}
    assert {rule.__name__ for rule in RULES} - tried == set()


def test_file_that_is_no_hcl_is_refused(tmp_path: Path) -> None:
    root = copy_project(tmp_path)
    (root / "terraform" / "modules" / "dns" / "main.tf").write_text("resource {{")
    with pytest.raises(ConfigurationError, match=r"dns/main\.tf"):
        load_configuration(root)


@needs_schemas
@pytest.mark.parametrize("fault", FAULTS[::8], ids=lambda fault: fault.sentence)
def test_faults_of_the_mutator_are_found(fault: Fault) -> None:
    """A sample of `make terraform-faults`, which tries all."""
    assert set(found_by(fault, existing())) - {UNREADABLE}


def test_pods_are_placed_apart() -> None:
    pods = [Pod("store", 100, 600, one_per_node=True)] * 2
    assert place(pods, 2, 1000, 1000) == []
    assert place(pods, 1, 1000, 2000) == ["store"]
    assert place([Pod("large", 100, 1001)], 3, 1000, 1000) == ["large"]
    assert place([Pod("busy", 600, 100)] * 2, 1, 1000, 1000) == ["busy"]
