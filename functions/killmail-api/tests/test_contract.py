"""What the description declares is answered, and what is answered is declared: every answer of every operation."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

import killmail_api
from battlescope_events.http_api.app import read_examples
from battlescope_events.http_api.guard import TokenGuard
from battlescope_events.postgres.database import Database, open_pool
from battlescope_local.testing.http_contract import (
    HttpContract,
    hook,
    provoke_common_answers,
    repeat_with_etag,
    shape,
    write_examples,
)
from killmail_api.dependencies import Dependencies
from killmail_api.main import app

pytestmark = pytest.mark.postgres
EXAMPLES = Path(killmail_api.__file__).parent / "examples.json"


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(database: str, rows: Any) -> None:
    rows.insert_killmail(1)
    rows.connection.execute("INSERT INTO battle_killmails VALUES (1, '00000000-0000-0000-0000-000000000001')")
    contract, guard = HttpContract(app.openapi()), TokenGuard(None)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    hooks = {"response": [hook(contract)]}
    urls = {path: path.format(killmailId=1) for path in app.openapi()["paths"]}

    def set_guard(other: Any) -> None:
        app.state.dependencies = replace(app.state.dependencies, guard=other)

    async with (
        open_pool(SecretStr(database), "killmail-api", max_size=2) as pool,
        httpx2.AsyncClient(transport=transport, base_url="http://killmail-api", event_hooks=hooks) as client,
    ):
        app.state.dependencies = Dependencies(Database(pool, "killmail"), guard)
        await repeat_with_etag(contract, client, urls)
        await client.get("/api/killmails/404404")
        await provoke_common_answers(contract, client, set_guard, guard)
    assert contract.bodies.keys() == contract.declared
    if os.environ.get("WRITE_EXAMPLES"):
        write_examples(EXAMPLES, contract.examples())
    assert shape(read_examples("killmail_api")) == shape(contract.examples())
