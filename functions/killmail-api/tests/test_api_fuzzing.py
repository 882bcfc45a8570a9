"""schemathesis against the running function: no answer that its description does not declare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from battlescope_local.testing.http.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess, HeldSink

pytestmark = pytest.mark.postgres
TOKEN = "a-token-for-tests"
NARROWER = {"POST /api/admin/killmails/revaluations": "The first day must not be after the last one."}


def test_every_answer_is_declared(
    rows: Any,
    environment: dict[str, str],
    new_process: Callable[..., FunctionProcess],
    held_sink: HeldSink,
    tmp_path: Path,
) -> None:
    """With the owner's token, so that requests for changes are more than refused."""
    held_sink.released.set()
    for killmail_id in range(1, 4):
        rows.insert_killmail(killmail_id)
    settings = {**environment, "STREAM_SECONDS": "0.05", "OWNER_TOKEN": TOKEN, "K_SINK": held_sink.url}
    process = new_process("killmail_api.main:app", settings).start().wait_until_ready()
    result = fuzz(process.url, tmp_path, TOKEN, narrower=NARROWER)
    print(f"{result.cases} requests, {len(result.failures)} failures")
    assert result.failures == (), result.output
    assert result.cases > 100
