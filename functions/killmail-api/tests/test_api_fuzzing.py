"""schemathesis against the running function: no answer that its description does not declare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from battlescope_local.testing.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess

pytestmark = pytest.mark.postgres


def test_every_answer_is_declared(
    rows: Any, database: str, new_process: Callable[..., FunctionProcess], tmp_path: Path
) -> None:
    for killmail_id in range(1, 4):
        rows.insert_killmail(killmail_id)
    settings = {
        "DATABASE_URL": database,
        "REDIS_URL": "redis://127.0.0.1:9",
        "K_SINK": "http://127.0.0.1:9",
        "ACCESS_MODE": "off",
    }
    process = new_process("killmail_api.main:app", settings).start().wait_until_ready()
    result = fuzz(process.url, tmp_path)
    print(f"{result.cases} requests, {len(result.failures)} failures")  # noqa: T201 -- what `make fuzz-apis` shows
    assert result.failures == (), result.output
    assert result.cases > 100
