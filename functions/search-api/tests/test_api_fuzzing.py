"""schemathesis against the running function: no answer that its description does not declare."""

from collections.abc import Callable
from pathlib import Path

import pytest
from search_documents import BIG
from search_harness import TOKEN

from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.http.api_fuzzing import fuzz
from battlescope_local.testing.processes import FunctionProcess, HeldSink

_SHORT = "A query has two characters, or one sign of Chinese, Japanese or Korean."
_RANGES = f"{_SHORT} No minimum may be above its maximum."
NARROWER = {
    **{f"GET /api/search/{path}": _SHORT for path in ("entities", "systems", "ships", "global")},
    "POST /api/search/battles": _RANGES,
    "POST /api/search/killmails": _RANGES,
}
pytestmark = pytest.mark.postgres


def test_every_answer_is_declared(
    databases: Databases,
    world: Database,
    new_process: Callable[..., FunctionProcess],
    held_sink: HeldSink,
    tmp_path: Path,
) -> None:
    held_sink.released.set()
    database = databases.clone(world)
    settings = {
        "DATABASE_URL": database.url("search-api"),
        "K_SINK": held_sink.url,
        "ACCESS_MODE": "off",
        "OWNER_TOKEN": TOKEN,
        "REDIS_URL": "redis://127.0.0.1:9",
    }
    process = new_process("search_api.main:app", settings).start().wait_until_ready()
    result = fuzz(process.url, tmp_path, TOKEN, {"q": "pandemic", "query": BIG}, NARROWER)
    process.kill()
    databases.drop(database)
    print(f"{result.cases} requests, {len(result.failures)} failures")
    assert result.failures == (), result.output
    assert result.cases > 300
