"""Workflows of CI: what actionlint does not know about the project."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from battlescope_local.devtools.project import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
named = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
ZIZMOR = Path(sys.executable).with_name("zizmor")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")


def read(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


def jobs(file: Path) -> dict[str, Any]:
    """Those with steps; others call a workflow that is checked itself."""
    return {name: job for name, job in read(file)["jobs"].items() if "steps" in job}


@named
def test_rights_are_named_and_jobs_end(file: Path) -> None:
    """Without `permissions` a job may do everything to the repository, and without a limit it runs six hours."""
    assert "permissions" in read(file)
    assert [name for name, job in jobs(file).items() if not job.get("timeout-minutes")] == []


@pytest.mark.parametrize(
    "file", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda file: file.parent.name + file.stem
)
def test_actions_are_pinned_to_commits(file: Path) -> None:
    """A tag can be moved to other code, as those of scanners were; the comment says which version the commit is."""
    used = re.findall(r"\buses: (?!\./)(.+)$", file.read_text(), re.MULTILINE)
    assert [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", name)] == []


def test_workflows_leave_nothing_open() -> None:
    """Injected commands, kept tokens, triggers that others can use, actions that somebody can replace."""
    command = [str(ZIZMOR), "--offline", "--no-progress", "--min-severity=medium", str(ROOT / ".github")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@named
def test_targets_exist(file: Path) -> None:
    """A renamed target is noticed at night otherwise."""
    existing = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {
        found for job in jobs(file).values() for step in job["steps"] for found in TARGET.findall(step.get("run", ""))
    }
    assert used - existing == set()


@named
def test_input_of_others_never_stands_in_a_command(file: Path) -> None:
    """An expression in `run` is pasted into the script: a branch or an input could be a command."""
    commands = [step["run"] for job in jobs(file).values() for step in job["steps"] if "run" in step]
    assert [command for command in commands if "${{" in command] == []


def test_production_asks_a_person_and_takes_what_staging_has() -> None:
    job = jobs(FOLDER / "promote.yml")["production"]
    commands = " ".join(step.get("run", "") for step in job["steps"])
    assert job["environment"] == "production"
    assert "--from-kustomization knative/overlays/staging/release/kustomization.yaml" in commands
    assert "cosign verify" in commands


def test_images_are_built_only_after_ci_passed() -> None:
    """CI of main is a job of that workflow: it has passed for the same commit, and no other event starts it."""
    workflow = read(FOLDER / "images.yml")
    first = [job for job in workflow["jobs"].values() if "needs" not in job]
    assert first == [{"uses": "./.github/workflows/ci.yml"}]
    assert workflow[True] == {"push": {"branches": ["main"]}}  # YAML reads `on` as true
    assert "workflow_call" in read(FOLDER / "ci.yml")[True]


def test_image_jobs_name_no_function() -> None:
    """A new function gets its image without a change here; only the web app needs another step."""
    names = {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "pyproject.toml").is_file()}
    text = (FOLDER / "images.yml").read_text()
    assert {name for name in names if name in text} == {"web-serve"}
