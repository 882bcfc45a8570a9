"""Runs schemathesis against an HTTP function: requests made from its OpenAPI document, valid ones and broken ones.

The document is the oracle: an answer with an undeclared status, content type, header or body is a failure, and so is an
accepted request that breaks the document, or a refused one that follows it. Operations with a rule that a JSON
Schema cannot state (one field less than another one, a text that must be a cursor of ours) are exempt from the last
check only, each with its reason.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

DEFAULT_CASES: Final = 5  # for each operation and phase; `make test-long` sets more
SEED: Final = "20260301"
TIME_LIMIT: Final = 3600.0  # seconds
REQUEST_TIMEOUT: Final = 300.0  # seconds; on a loaded machine the first answer takes more than the usual ten
# Answers to a request that follows its description: preconditions (412, 428) are not a matter of data.
ACCEPTED: Final = ("2xx", "3xx", "401", "403", "404", "409", "412", "428", "429")
# Answers to a request that breaks its description; a query of megabytes is refused before it is read (414).
REFUSED: Final = ("400", "401", "403", "404", "405", "406", "409", "414", "415", "422", "428", "429", "5xx")
# Settings of schemathesis; all its other checks run. Not on the command line, which would override single operations.
CHECKS: Final = (
    "[checks]",
    "use_after_free.enabled = false",  # the versions of a deleted ruleset and an undone edit stay readable
    "missing_required_header.enabled = false",  # a request without If-Match is 428 only where an edit exists
    "object_level_authorization.enabled = false",  # everybody reads everything
    "ignored_auth.enabled = false",  # in the access mode `off` reads are open; test_guarded_routes.py tries each route
    f"positive_data_acceptance.expected-statuses = {json.dumps(ACCEPTED)}",
    f"negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}",
)


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """The number of requests that were checked, and the message of schemathesis for each failure."""

    cases: int
    failures: tuple[str, ...]
    output: str


def fuzz(
    url: str,
    folder: Path,
    token: str | None = None,
    known: Mapping[str, str] | None = None,
    narrower: Mapping[str, str] | None = None,
) -> FuzzResult:
    """Send requests to the function at `url`; `folder` gets the report.

    With values of parameters that are `known` to exist, a second run goes beyond the 404 of random ids. `narrower`: the
    operations (`POST /api/x`) that refuse some requests which follow their description, each with the rule.
    BATTLESCOPE_FUZZ_CASES is the number of cases for each operation and phase, BATTLESCOPE_FUZZ_SEED the seed.
    """
    httpx2.get(f"{url}/openapi.json", timeout=REQUEST_TIMEOUT).raise_for_status()  # built at the first request
    checks = [*CHECKS, *(line for operation in narrower or {} for line in _exemption(operation))]
    (folder / "schemathesis.toml").write_text("\n".join([*checks, ""]))
    result = _run(url, folder, token, "examples,coverage,fuzzing,stateful")
    if known is None:
        return result
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in known.items()]
    (folder / "schemathesis.toml").write_text("\n".join(["[parameters]", *lines, *checks, ""]))
    second = _run(url, folder, token, "fuzzing,stateful")
    return FuzzResult(
        result.cases + second.cases, result.failures + second.failures, f"{result.output}\n{second.output}"
    )


def _exemption(operation: str) -> list[str]:
    return [
        "[[operations]]",
        f"include-name = {json.dumps(operation)}",
        "checks.positive_data_acceptance.enabled = false",
    ]


def _run(url: str, folder: Path, token: str | None, phases: str) -> FuzzResult:
    report = folder / "report.json"
    cases = os.environ.get("BATTLESCOPE_FUZZ_CASES", str(DEFAULT_CASES))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"),
        *("--phases", phases, "--max-examples", cases),
        *("--request-timeout", str(REQUEST_TIMEOUT)),
        *("--seed", os.environ.get("BATTLESCOPE_FUZZ_SEED", SEED), "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(report), "--continue-on-failure", "--no-color"),
        *(("--header", f"Authorization: Bearer {token}") if token else ()),
    ]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIME_LIMIT)
    summary: dict[str, Any] = json.loads(report.read_text())
    failures = tuple(
        f"{failure['title']} ({failure['count']}): {', '.join(failure['operations'])}"
        for failure in summary["failures"]
    )
    errors = tuple(f"Not tested: {error}" for error in summary["errors"])
    return FuzzResult(summary["test_cases"]["generated"], failures + errors, run.stdout + run.stderr)
