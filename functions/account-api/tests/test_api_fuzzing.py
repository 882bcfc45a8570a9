"""schemathesis against the running function: no answer that its description does not declare."""

from collections.abc import Callable
from pathlib import Path

import pytest
from account_harness import KEY

from battlescope_local.testing.databases import Database
from battlescope_local.testing.http.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess, HeldSink

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
TOKEN = "the-owner-of-one-machine"
_CHANGES = "At least one field must be there."
NARROWER = {
    "PATCH /api/me": _CHANGES,
    "PUT /api/admin/auth-config": _CHANGES,
    "POST /api/me/access-tokens": "A number of days is written without a fraction; 18.0 is an integer of JSON Schema.",
}


def test_every_answer_is_declared(
    clone: Database, valkey: str, new_process: Callable[..., FunctionProcess], held_sink: HeldSink, tmp_path: Path
) -> None:
    """In the access mode `off`, since limits of requests would answer nearly everything otherwise."""
    held_sink.released.set()
    settings = {
        "ACCESS_MODE": "off",
        "OWNER_TOKEN": TOKEN,
        "DATABASE_URL": clone.url("account-api"),
        "K_SINK": held_sink.url,
        "REDIS_URL": valkey,
        "SSO_URL": "http://127.0.0.1:9",
        "ESI_URL": "http://127.0.0.1:9",
        "USER_AGENT": "BattleScope tests (tests@example.org)",
        "TOKEN_ENCRYPTION_KEY": KEY,
    }
    process = new_process("account_api.main:app", settings).start().wait_until_ready()
    result = fuzz(process.url, tmp_path, TOKEN, narrower=NARROWER)
    process.kill()
    print(f"{result.cases} requests, {len(result.failures)} failures")
    assert result.failures == (), result.output
    assert result.cases > 500
