"""Which planted faults the checks of Terraform find: one fault at a time, in a copy of `terraform/`.

Two sets. Those in FAULTS were written down before the first rule, by who then wrote the rules. The others are drawn by
a seed from every line of the configuration: a name or a reference misspelt, an attribute deleted. None was exchanged.

    make terraform-faults
"""

import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from battlescope_local.devtools.project import ROOT
from battlescope_local.terraform_checks.catalogue import RULES, Rule, findings
from battlescope_local.terraform_checks.configuration import (
    ConfigurationError,
    Manifests,
    load_configuration,
    load_manifests,
)
from battlescope_local.terraform_checks.schemas import SCHEMAS, load_schemas

UNREADABLE: Final = "refused by the reader"
SEED: Final = 20
DRAWN: Final = 20
ATTRIBUTE: Final = re.compile(r"^(?P<indent> +)(?P<name>[a-z_]+)(?P<equals> += )(?P<value>.+)$")
TEXTS: Final = {"description", "error_message"}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first `before` of a file below `terraform/` becomes `after`."""

    sentence: str
    file: str
    before: str
    after: str


FAULTS: Final = (
    Fault("an attribute is misspelt", "modules/postgres/main.tf", "  lc_collate = ", "  lc_colate = "),
    Fault(
        "the type of a resource is misspelt",
        "modules/topics/main.tf",
        'resource "kafka_acl" "group"',
        'resource "kafka_acls" "group"',
    ),
    Fault(
        "a required attribute is missing",
        "modules/topics/main.tf",
        "  partitions         = each.value.partitions\n",
        "",
    ),
    Fault(
        "every role may connect to every database",
        "modules/postgres/main.tf",
        'resource "postgresql_grant" "revoke_public" {\n  for_each = postgresql_database.context',
        'resource "postgresql_grant" "revoke_public" {\n  for_each = {}',
    ),
    Fault(
        "every role may do everything in its database",
        "modules/postgres/main.tf",
        'privileges  = ["CONNECT"]',
        'privileges  = ["ALL"]',
    ),
    Fault(
        "a reference names a resource that does not exist",
        "modules/postgres/main.tf",
        "password = random_password.role[",
        "password = random_password.roles[",
    ),
    Fault("a literal has the wrong type", "modules/postgres/main.tf", "  login    = true", '  login    = "yes"'),
    Fault(
        "a variable has no effect",
        "modules/postgres/main.tf",
        "  database    = var.maintenance_database\n",
        '  database    = "postgres"\n',
    ),
    Fault(
        "a module is called without a required argument",
        "environments/local/main.tf",
        "  databases = module.prerequisites.databases\n",
        "",
    ),
    Fault(
        "a module is called with an unknown argument",
        "modules/installation/main.tf",
        "  namespace = var.namespace\n  expected ",
        "  name_space = var.namespace\n  expected ",
    ),
    Fault(
        "a provider has no version",
        "environments/production/versions.tf",
        '      source  = "hashicorp/aws"\n      version = "5.100.0"\n',
        '      source  = "hashicorp/aws"\n',
    ),
    Fault(
        "a key of a Secret is misspelt",
        "modules/installation/main.tf",
        "S3_BUCKET             =",
        "S3_BUCKETS            =",
    ),
    Fault(
        "a password is shown by every plan",
        "modules/postgres/outputs.tf",
        "  sensitive   = true\n",
        "",
    ),
    Fault(
        "PostgreSQL is in a namespace that no policy opens",
        "modules/platform/main.tf",
        '  namespace        = "postgresql"\n',
        '  namespace        = "postgres"\n',
    ),
    Fault(
        "the store listens on a port that no policy opens",
        "modules/platform/stores.tf",
        "  port              = 9000\n",
        "  port              = 8333\n",
    ),
    Fault("a chart has no version", "modules/platform/main.tf", '  version          = "v1.18.2"\n', ""),
    Fault(
        "production has the replicas of staging",
        "environments/production/main.tf",
        'environment          = "production"',
        'environment          = "staging"',
    ),
    Fault(
        "a variable accepts every value",
        "modules/object-storage/variables.tf",
        """
  validation {
    condition     = var.notification_queue_arn == "" || startswith(var.notification_queue_arn, "arn:")
    error_message = "A queue has an ARN."
  }
""",
        "",
    ),
    Fault(
        "Knative may not join the consumer groups of its Triggers",
        "modules/topics/variables.tf",
        '"knative-trigger-battlescope-" = "Prefixed"',
        '"knative-triggers-battlescope-" = "Prefixed"',
    ),
    Fault("a nested block is misspelt", "modules/object-storage/main.tf", "      filter {\n", "      filters {\n"),
    Fault(
        "Knative may not write to the topics",
        "modules/topics/main.tf",
        '["Read", "Write", "Describe"]',
        '["Read", "Describe"]',
    ),
    Fault(
        "the state with its passwords lies in a folder",
        "environments/staging/versions.tf",
        'backend "kubernetes" {\n    secret_suffix = "battlescope-staging"\n    namespace     = "terraform"\n  }',
        'backend "local" {\n  }',
    ),
    Fault(
        "Redpanda does not fit beside the others",
        "modules/platform/sizes.yaml",
        "cpu_millicores: 300, memory_mib: 2560",
        "cpu_millicores: 300, memory_mib: 3560",
    ),
    Fault(
        "a local value does not exist",
        "modules/object-storage/main.tf",
        "for_each = local.notified",
        "for_each = local.notify",
    ),
    Fault(
        "the pods of a StatefulSet may be root",
        "modules/server/main.tf",
        "          run_as_non_root = true\n",
        "          run_as_non_root = false\n",
    ),
)


def drawn_faults(root: Path) -> list[Fault]:
    """Faults of random lines; the same ones for the same configuration."""
    candidates = list[Fault]()
    for file in sorted((root / "terraform").rglob("*.tf")):
        if ".terraform" not in file.parts:
            candidates += _faults_of_lines(str(file.relative_to(root / "terraform")), file.read_text())
    return random.Random(SEED).sample(candidates, DRAWN)


def _faults_of_lines(file: str, text: str) -> Iterator[Fault]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = ATTRIBUTE.match(line)
        if match is None or match["name"] in TEXTS:
            continue
        name, value = match["name"], match["value"]
        changed = {f"{name} is misspelt": f"{match['indent']}{name[:-1]}{match['equals']}{value}"}
        if (
            value.count("{") == value.count("}")
            and value.count("[") == value.count("]")
            and value.count("(") == value.count(")")
        ):
            changed[f"{name} is deleted"] = ""
        if reference := re.search(r"(?:var|local|module)\.[a-z_]+", value):
            misspelt = value.replace(reference[0], reference[0][:-1], 1)
            changed[f"{reference[0]} is misspelt"] = f"{match['indent']}{name}{match['equals']}{misspelt}"
        for sentence, replacement in changed.items():
            after = "\n".join([*lines[:number], replacement, *lines[number + 1 :]])
            yield Fault(f"{file}:{number + 1} {sentence}", file, text, after)


def found_by(fault: Fault, existing: frozenset[str], rules: Sequence[Rule] = RULES) -> Iterator[str]:
    """Names of the rules that have a finding which they do not have without the fault."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _copy("terraform", root)
        plant(fault, root / "terraform" / fault.file)
        try:
            configuration = load_configuration(root, _manifests())
        except ConfigurationError:
            yield UNREADABLE
            return
        for rule in rules:
            if any(str(finding) not in existing for finding in rule(configuration, load_schemas(SCHEMAS))):
                yield rule.__name__


def copy_project(folder: Path) -> Path:
    """A copy of what the checks read below the project, in `folder`."""
    for name in ("terraform", "knative"):
        _copy(name, folder)
    return folder


def _copy(name: str, folder: Path) -> None:
    shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform"))


@cache
def _manifests() -> Manifests:
    """Faults are planted in terraform/ alone."""
    return load_manifests(ROOT)


def plant(fault: Fault, file: Path) -> None:
    text = file.read_text()
    if fault.before not in text:
        sys.exit(f"{fault.file} does not contain {fault.before!r}: adapt this fault to the configuration.")
    file.write_text(text.replace(fault.before, fault.after, 1))


def main() -> int:
    if not SCHEMAS.is_dir():
        print(f"Without the schemas of providers in {SCHEMAS}: faults in attributes are missed.")
    existing = frozenset(str(finding) for _, finding in findings(load_configuration(ROOT), load_schemas(SCHEMAS)))
    missed = report("Written down", FAULTS, existing) + report("Drawn", drawn_faults(ROOT), existing)
    return int(missed > (len(FAULTS) + DRAWN) // 10)


def report(title: str, faults: Sequence[Fault], existing: frozenset[str]) -> int:
    """Plant each fault, print what finds it, and count those that nothing finds."""
    missed = 0
    for number, fault in enumerate(faults, 1):
        rules = list(found_by(fault, existing))
        missed += not rules
        print(f"{number:>2} {fault.sentence}: {', '.join(rules) or 'MISSED'}", flush=True)
    print(f"{title}: {len(faults) - missed} of {len(faults)} found")
    return missed


if __name__ == "__main__":
    sys.exit(main())
