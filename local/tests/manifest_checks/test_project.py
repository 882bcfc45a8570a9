"""The command over a copy of the project with a fault in a file."""

import shutil
from pathlib import Path

import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_checks import __main__ as command
from battlescope_local.manifest_checks.catalogue import findings
from battlescope_local.manifest_checks.project import load_project
from battlescope_local.manifest_generator.files import generated_manifests
from battlescope_local.manifests import ManifestError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The manifests and what they are generated from."""
    shutil.copytree(ROOT / "knative", tmp_path / "knative")
    for migrations in (ROOT / "functions").glob("*/migrations"):
        shutil.copytree(migrations, tmp_path / "functions" / migrations.parent.name / "migrations")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def rules_tripped(root: Path) -> set[str]:
    return {rule for rule, _ in findings(load_project(root))}


def test_copy_has_no_findings(copy: Path) -> None:
    assert rules_tripped(copy) == set()


def test_database_outside_the_cluster_is_reached_by_its_network(copy: Path) -> None:
    edit(copy / "knative/base/prerequisites.yaml", "namespace: postgresql,", "cidrs: [10.20.0.0/28],")
    for path, text in generated_manifests(copy):
        path.write_text(text)
    assert rules_tripped(copy) == set()


def test_cache_of_dns_stands_beside_the_pods_of_dns(copy: Path) -> None:
    edit(
        copy / "knative/base/prerequisites.yaml",
        "kube-dns}, ports: [53]",
        "kube-dns}, cidrs: [169.254.20.10/32], ports: [53]",
    )
    assert rules_tripped(copy) == {"exact_flows"}
    block = "    - to:\n        - ipBlock:\n            cidr: 169.254.20.10/32\n        - namespaceSelector:"
    edit(copy / "knative/base/network.yaml", "    - to:\n        - namespaceSelector:", block)
    assert rules_tripped(copy) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("^(data|stringData)$", "^data$"),
        ("^(data|stringData)$", "("),
        (r"secrets\.yaml$", r"secret\.yaml$"),
        ("creation_rules:", "rules:"),
    ],
)
def test_secrets_that_stay_in_plain_text_are_found(copy: Path, old: str, new: str) -> None:
    edit(copy / "knative/optional/secrets-sops/.sops.yaml", old, new)
    assert rules_tripped(copy) == {"templates_are_encrypted"}


def test_accounts_may_have_a_secret_of_the_registry(copy: Path) -> None:
    """The patch that README.md shows."""
    patch = "- target: {kind: ServiceAccount}\n    patch: |-\n      - op: add\n        path: /imagePullSecrets\n"
    patch += "        value: [{name: registry}]\n  - path: scale.yaml"
    for environment in ("staging", "production"):
        edit(copy / "knative/overlays" / environment / "kustomization.yaml", "- path: scale.yaml", patch)
    assert rules_tripped(copy) == set()


def test_edit_of_a_generated_file_is_found(copy: Path) -> None:
    edit(copy / "knative/base/functions/battle-close.yaml", "memory: 128Mi", "memory: 100Mi")
    assert rules_tripped(copy) == {"generated_files_are_fresh"}


def test_fault_in_a_declaration_is_found_in_what_is_generated(copy: Path) -> None:
    edit(copy / "knative/declarations/ingest-verify.yaml", "retention.due.v1", "retention.du.v1")
    for path, text in load_project(copy).generated:
        path.write_text(text)
    assert rules_tripped(copy) >= {"known_types_in_filters", "accepted_types"}


def test_fault_in_an_overlay_is_found(copy: Path) -> None:
    edit(copy / "knative/overlays/production/scale.yaml", "min-scale", "minScale")
    assert rules_tripped(copy) == {"known_annotations", "pods_for_readers"}


def test_manifest_that_local_mode_cannot_read_is_found(copy: Path) -> None:
    edit(copy / "knative/base/brokers.yaml", "contentMode: binary", "contentMode: structured")
    assert rules_tripped(copy) == {"known_fields", "local_mode_reads_base"}


def test_file_that_nothing_lists_is_found(copy: Path) -> None:
    (copy / "knative/base/extra.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {}\n")
    assert rules_tripped(copy) == {"every_file_is_listed"}


def test_patch_that_its_overlay_does_not_list_is_found(copy: Path) -> None:
    edit(copy / "knative/overlays/staging/kustomization.yaml", "  - path: scale.yaml\n", "")
    assert rules_tripped(copy) == {"every_file_is_listed"}


def test_patch_of_nothing_is_an_error(copy: Path) -> None:
    edit(copy / "knative/overlays/production/scale.yaml", "name: battle-api", "name: battle-apy")
    with pytest.raises(ManifestError, match="no object matches its target"):
        load_project(copy)


def test_command_prints_findings_in_80_columns(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(copy / "knative/overlays/production/scale.yaml", "min-scale", "minScale")
    monkeypatch.setattr(command, "load_project", lambda: load_project(copy))
    assert command.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 110  # a path is never broken
    assert "[pods_for_readers]" in " ".join(lines)
    assert " rules, 2 findings, " in lines[-1]


def test_command_succeeds_without_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main() == 0
    assert ", 0 findings, " in capsys.readouterr().out
