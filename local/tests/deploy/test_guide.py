"""docs/deploy.md: every block of commands says whether it was run, and names what exists."""

import re

from battlescope_local.devtools.project import ROOT
from battlescope_local.terraform_checks.configuration import load_configuration, text

TEXT = (ROOT / "docs" / "deploy.md").read_text()
README = ROOT / "terraform" / "README.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_every_block_says_whether_it_was_run() -> None:
    """An operator trusts a copied command more than one that was only thought of."""
    marks = {block.splitlines()[0].partition(",")[0] for block in BLOCKS}
    assert marks == {"# run", "# not run here"}


def test_tools_are_named_before_the_first_step() -> None:
    needs = TEXT[TEXT.index("You need:") : TEXT.index("## 1. Install")].lower()
    tool = re.compile(r"(?:^ *|[|&] |\$\()(kubectl|kn|terraform|jq|make|gh|curl)\b", re.MULTILINE)
    used = set(tool.findall("\n".join(BLOCKS)))
    assert {name for name in used if not re.search(rf"\b{name}\b", needs)} == set()
    assert len(used) == 7


def test_paths_and_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = "\n".join(BLOCKS)
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", commands)) - targets == set()
    paths = set(re.findall(r"\b((?:terraform|knative)/[\w./-]+)", commands))
    made = {path for path in paths if path.endswith(".auto.tfvars.json")}
    assert {path for path in paths - made if not (ROOT / path).exists()} == set()


def test_secrets_that_are_written_to_files_are_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"*.auto.tfvars.json", "*.tfstate", ".terraform/"} <= set(ignored)


def test_every_secret_has_its_rotation() -> None:
    """Secrets of databases are one row; the others are named."""
    section = TEXT[TEXT.index("## 3. Rotate every secret") : TEXT.index("## 4.")]
    for name in ("database roles", "Kafka", "bucket", "Valkey", "`token-encryption`", "`sso`", "certificate"):
        assert name in section


def test_every_chart_and_image_has_its_source() -> None:
    """A version that is changed is looked up where it is published."""
    modules = load_configuration(ROOT).modules.values()
    charts = {
        (text(block.body["chart"]), text(block.body["version"]))
        for module in modules
        for block in module.resources("helm_release")
    }
    images = {
        tuple(text(block.body["image"]).split(":"))
        for module in modules
        for block in module.of_kind("module")
        if "image" in block.body
    }
    rows = re.findall(r"^\| ([\w./-]+) \| (v?\d[\w.]*) \| \S", README.read_text(), re.MULTILINE)
    assert set(rows) == charts | images
