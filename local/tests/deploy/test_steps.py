"""Commands of `make deploy`, from the real overlays with a release of invented digests."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from battlescope_local.deploy.__main__ import main
from battlescope_local.deploy.errors import DeployError
from battlescope_local.deploy.steps import (
    CURRENT,
    UNPUBLISHED,
    Step,
    all_steps,
    current_revision,
    function_steps,
    previous_revision,
    revisions_command,
    rollback_steps,
)
from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests.kustomize import ManifestObject, build

FLAGS = yaml.safe_load(Path(__file__).with_name("kn_flags.yaml").read_text())
OWNER, READER = "battle-cluster", "battle-api"


@cache
def overlay(environment: str = "production") -> tuple[ManifestObject, ...]:
    """The overlay as a release would have it: with digests of images that exist."""
    published = f"sha256:{'a' * 64}"
    objects = build(ROOT / "knative" / "overlays" / environment)
    return tuple(found.replace(json.loads(json.dumps(found.raw).replace(UNPUBLISHED, published))) for found in objects)


def objects_of(steps: Sequence[Step]) -> list[str]:
    return [f"{found.kind} {found.name}" for step in steps for found in step.objects]


def position(steps: Sequence[Step], kind: str) -> list[int]:
    return [number for number, step in enumerate(steps) if any(found.kind == kind for found in step.objects)]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_everything_of_an_overlay_is_applied_once(environment: str) -> None:
    steps = all_steps(overlay(environment), "battlescope")
    expected = sorted(f"{found.kind} {found.name}" for found in overlay(environment))
    assert sorted(objects_of(steps)) == expected


def test_order_lets_no_event_meet_code_that_does_not_know_it() -> None:
    """Migrations before the revisions that wait for them; Triggers, timers and routes behind what they lead to."""
    steps = all_steps(overlay(), "battlescope")
    jobs, services = position(steps, "Job"), position(steps, "Service")
    waits = [number for number, step in enumerate(steps) if step.command[:2] == ("kubectl", "wait")]
    assert max(jobs) < max(waits) < min(services)
    assert max(services) < min(position(steps, "Trigger")) < min(position(steps, "HTTPRoute"))
    assert max(services) < min(position(steps, "PingSource"))
    assert max(position(steps, "Broker") + position(steps, "ConfigMap")) < min(jobs)


def test_each_job_is_waited_for_as_long_as_it_may_run() -> None:
    steps = all_steps(overlay(), "battlescope")
    jobs = {found.name for found in overlay() if found.kind == "Job"}
    waited = {step.command[-1].removeprefix("job/"): step.command[-2] for step in steps if "wait" in step.command}
    assert waited.keys() == jobs
    assert all(argument.startswith("--timeout=") for argument in waited.values())


def test_one_function_brings_what_is_its_own() -> None:
    steps = function_steps(overlay(), "battlescope", OWNER)
    own = [found for found in overlay() if found.labels.get("battlescope.dev/function") == OWNER]
    assert sorted(objects_of(steps)) == sorted(f"{found.kind} {found.name}" for found in own)
    assert "Job" in {found.kind for found in own}


def test_canary_changes_the_share_of_requests_only() -> None:
    describe, apply = function_steps(overlay(), "battlescope", READER, canary=10)
    assert describe.command[:3] == ("kn", "service", "describe")
    (service,) = apply.objects
    raw: Any = service.raw
    assert raw["spec"]["traffic"] == [
        {"revisionName": CURRENT, "percent": 90},
        {"latestRevision": True, "percent": 10, "tag": "canary"},
    ]


def target(name: str, percent: int, **fields: object) -> dict[str, Any]:
    return {"revisionName": name, "percent": percent, **fields}


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        ([target("one", 100, latestRevision=True)], "one"),
        ([target("one", 90), target("two", 10, latestRevision=True, tag="canary")], "one"),
        ([target("one", 10), target("two", 90, latestRevision=True, tag="canary")], "one"),
        ([target("one", 100), target("two", 0, latestRevision=True)], "one"),
    ],
)
def test_rest_of_the_requests_stays_with_the_revision_that_had_them(
    traffic: list[dict[str, Any]], expected: str
) -> None:
    """The newest ready revision is the canary itself when its share is raised."""
    assert current_revision({"status": {"latestReadyRevisionName": "two", "traffic": traffic}}) == expected


@pytest.mark.parametrize("description", [{}, {"status": {"traffic": [target("one", 100, tag="canary")]}}])
def test_canary_needs_a_revision_beside_it(description: dict[str, Any]) -> None:
    with pytest.raises(DeployError, match="without CANARY first"):
        current_revision(description)


def test_full_deployment_ends_a_canary() -> None:
    step = next(step for step in function_steps(overlay(), "battlescope", READER) if "kn" in step.command)
    raw: Any = step.objects[0].raw
    assert raw["spec"]["traffic"] == [{"latestRevision": True, "percent": 100}]


def test_services_of_a_function_are_deployed_and_rolled_back_together(capsys: pytest.CaptureFixture[str]) -> None:
    services = [OWNER, f"{OWNER}-background"]
    canary = function_steps(overlay(), "battlescope", OWNER, canary=10)
    assert [found.name for step in canary for found in step.objects] == services
    main(["production", "--function", OWNER, "--rollback", "--dry-run"])
    updates = [line.split()[3] for line in capsys.readouterr().out.splitlines() if line.startswith("kn service update")]
    assert updates == services
    main(["production", "--function", OWNER, "--rollback", "--revision", f"{services[1]}-00003", "--dry-run"])
    updates = [line.split()[3] for line in capsys.readouterr().out.splitlines()]
    assert updates == services[1:]


@pytest.mark.parametrize("revision", ["battle-apis-00003", f"{READER}-00003"])
def test_revision_of_another_function_is_refused(revision: str) -> None:
    with pytest.raises(SystemExit, match=rf"{revision} is no revision of {OWNER} or {OWNER}-background"):
        main(["production", "--function", OWNER, "--rollback", "--revision", revision, "--dry-run"])


def test_rollback_of_an_unknown_function_is_refused() -> None:
    with pytest.raises(SystemExit, match="There is no function nonsense, only"):
        main(["production", "--function", "nonsense", "--rollback", "--dry-run"])


@pytest.mark.parametrize("revision", [[], ["--revision", f"{READER}-00003"]])
def test_missing_program_is_named(revision: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"^kn is not installed; docs/deploy\.md says where to get it\.$"):
        main(["production", "--function", READER, "--rollback", *revision])


@pytest.mark.parametrize("percent", [0, 100, -1])
def test_share_of_a_canary_is_a_part(percent: int) -> None:
    with pytest.raises(DeployError, match="1 to 99 percent"):
        function_steps(overlay(), "battlescope", READER, canary=percent)


def test_unknown_function_is_refused() -> None:
    with pytest.raises(DeployError, match="There is no function battle-apis, only"):
        function_steps(overlay(), "battlescope", "battle-apis")


def test_unpublished_image_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The committed release names no published image."""
    with pytest.raises(SystemExit, match="is not published; write a release first"):
        main(["production", "--dry-run"])
    assert capsys.readouterr().out == ""


def revision(generation: int, *, ready: bool = True) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"battle-api-{generation:05}",
            "labels": {"serving.knative.dev/configurationGeneration": str(generation)},
        },
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([revision(2), revision(3), revision(1)], "battle-api-00002"),
        ([revision(3, ready=False), revision(2)], "battle-api-00002"),
        ([revision(10), revision(9, ready=False), revision(8)], "battle-api-00008"),
    ],
)
def test_rollback_goes_to_the_newest_ready_revision_before(items: list[dict[str, Any]], expected: str) -> None:
    assert previous_revision({"items": items}, READER) == expected


def test_rollback_without_an_older_revision_is_refused() -> None:
    with pytest.raises(DeployError, match="has no ready revision before the newest one"):
        previous_revision({"items": [revision(1)]}, READER)


def test_rollback_moves_all_requests() -> None:
    (step,) = rollback_steps(READER, "battlescope", "battle-api-00002")
    assert step.command[-2:] == ("--traffic", "battle-api-00002=100")


def kn_commands() -> list[tuple[str, ...]]:
    steps = [
        *all_steps(overlay(), "battlescope"),
        *function_steps(overlay(), "battlescope", READER, canary=10),
        *rollback_steps(READER, "battlescope", "one"),
    ]
    return [step.command for step in steps if step.command[0] == "kn"] + [revisions_command(READER, "battlescope")]


def test_every_flag_of_kn_is_one_of_its_reference() -> None:
    """kn_flags.yaml is what kn itself prints; a command with another flag fails before it does anything."""
    wrong = {
        f"{' '.join(command[:3])} {argument}"
        for command in kn_commands()
        for argument in command
        if argument.startswith("--") and argument not in FLAGS["commands"][" ".join(command[1:3])]
    }
    assert wrong == set()


def test_commands_in_the_documents_have_flags_of_the_reference() -> None:
    """Flags of kn in the guides, too."""
    wrong = set[str]()
    for file in (ROOT / "docs" / "deploy.md", ROOT / "knative" / "README.md"):
        for line in file.read_text().replace("`", "\n").splitlines():
            words = line.strip().split()
            if words[:1] == ["kn"] and " ".join(words[1:3]) in FLAGS["commands"]:
                flags = {word.partition("=")[0] for word in words if word.startswith("--")}
                wrong |= {f"{file.name}: {flag}" for flag in flags - set(FLAGS["commands"][" ".join(words[1:3])])}
    assert wrong == set()
