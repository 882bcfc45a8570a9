"""functions/Dockerfile: what the images of a release have to be, read off the recipe."""

import re
from functools import cache

import pytest
import yaml

from battlescope_local.deploy.image_root import can_make_roots, check_start
from battlescope_local.devtools.project import ROOT, Member, functions
from battlescope_local.manifest_generator.pods import USER_ID

FUNCTIONS = functions()
# Each kind of function starts in the tests; `make images-check` starts all, nightly in CI.
SAMPLE = [function for function in FUNCTIONS if function.name in {"battle-cluster", "web-serve"}]
named = pytest.mark.parametrize("function", SAMPLE, ids=lambda function: function.name)


@cache
def instructions() -> list[tuple[str, str]]:
    """Instruction and argument of each line, comments removed and continued lines joined."""
    text = (ROOT / "functions" / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def arguments(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


def test_interpreter_is_an_argument_with_a_version() -> None:
    """CI passes it by digest; `latest` would change the image of an old commit."""
    assert all(base.startswith("${PYTHON}") for base in arguments("FROM"))
    (default,) = [argument for argument in arguments("ARG") if argument.startswith("PYTHON=")]
    assert re.fullmatch(r"PYTHON=python:3\.\d+-slim", default)


def test_user_is_that_of_the_manifests() -> None:
    assert arguments("USER") == [f"{USER_ID}:{USER_ID}"]
    assert [word for word, _ in instructions()][-2:] == ["USER", "CMD"]


def test_every_requirement_comes_by_its_hash_and_nothing_is_built() -> None:
    """A build backend comes without a pin, so that the same commit would give another image."""
    (install,) = [rest for rest in arguments("RUN") if " install " in rest]
    for option in ("--require-hashes", "--only-binary=:all:", "--no-cache-dir", "--no-compile"):
        assert option in install


def test_bytecode_has_no_times() -> None:
    (compiled,) = [rest for rest in arguments("RUN") if "compileall" in rest]
    assert "--invalidation-mode unchecked-hash" in compiled
    assert "/usr/local/lib/python3.13 /app" in compiled
    assert any("PYTHONHASHSEED=0" in rest for rest in arguments("ENV"))


def test_nothing_is_downloaded_beside_requirements() -> None:
    assert arguments("ADD") == []
    assert not [rest for rest in arguments("RUN") if re.search(r"\b(curl|wget|apt-get|git)\b", rest)]


def test_process_of_the_server_gets_the_signals() -> None:
    (command,) = arguments("CMD")
    assert command.startswith('["sh", "-c", "exec ')


def test_context_has_what_the_recipe_copies_and_no_more() -> None:
    """Everything else, such as .git or the data of a node, never reaches the engine."""
    ignore = (ROOT / "functions" / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = {path.rstrip("/") for rest in arguments("COPY") if "--from" not in rest for path in rest.split()[:-1]}
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    for path in copied - {"functions/${FUNCTION}"}:
        assert path.replace("${FUNCTION}", "*") in allowed, f"{path} is not in the context"


def test_every_scanned_and_signed_image_is_built_for_both_platforms() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "images.yml").read_text())
    steps = workflow["jobs"]["image"]["steps"]
    build = next(step["with"] for step in steps if "build-push-action" in step.get("uses", ""))
    scan = next(step["with"] for step in steps if "trivy" in step.get("uses", ""))
    assert build["platforms"] == "linux/amd64,linux/arm64"
    assert build["sbom"] is True
    assert build["provenance"] == "mode=max"
    assert scan["exit-code"] == "1"
    assert "HIGH" in scan["severity"]
    assert any("cosign sign" in step.get("run", "") for step in steps)


@named
@pytest.mark.skipif(not can_make_roots(), reason="needs Linux and root, for a mount namespace and another user")
def test_function_starts_in_a_read_only_root_as_another_user(function: Member) -> None:
    """`web-serve` has no store and is ready; a function with a database waits for it."""
    expected = "ready" if function.name == "web-serve" else "waits for its stores"
    assert check_start(function).startswith(expected)
