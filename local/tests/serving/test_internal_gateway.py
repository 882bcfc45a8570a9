"""Parameters of the node's internal HTTP API."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from battlescope_local.serving.internal_gateway import MAX_DEAD_LETTERS, internal_app

WRONG = ("abc", "0", "-1", "1.5", "%C2%B2", "", "9" * 5000, str(MAX_DEAD_LETTERS + 1))


async def limits(limit: int) -> Sequence[Mapping[str, Any]]:
    return [{"limit": limit}]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?limit=1", 200),
        (f"?limit={MAX_DEAD_LETTERS}", 200),
        *(
            (f"?limit={value}", 400)
            for value in ("abc", "0", "-1", "1.5", "%C2%B2", "", "9" * 5000, MAX_DEAD_LETTERS + 1)
        ),
    ],
)
async def test_limit_of_dead_letters_is_a_number_in_its_range(query: str, status: int) -> None:
    app = internal_app(
        {},
        web.Application(),
        status=dict,
        trigger_stats=list,
        dead_letters=limits,
        token="t",
        stop_requested=asyncio.Event(),
    )
    async with (
        TestServer(app) as server,
        ClientSession(server.make_url("/")) as client,
        client.get(f"/node/dead-letters{query}") as response,
    ):
        assert response.status == status
        assert status == 200 or "limit must be a whole number" in await response.text()
