"""The limit of request bodies."""

from typing import Any

import pytest
from battle_api_harness import ApiHarness, assert_error

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"


async def test_endless_body_is_rejected(harness: ApiHarness) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b" " * 1024

    response = await harness.api.post(f"/api/battles/{FIRST}/edits", content=endless())
    assert_error(response, 413, "larger than")
