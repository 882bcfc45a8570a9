"""Parameters of the part of the internal API that serves dead letters."""

from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from battlescope_local.eventing.runtime import start_eventing
from battlescope_local.log.sqlite_log import sqlite_log
from battlescope_local.manifests.model import Manifests
from battlescope_local.serving.dead_letter_api import dead_letter_app

WRONG = ("abc", "0", "-1", "1.5", "%C2%B2", "", "9" * 5000)


@pytest.mark.parametrize(
    ("query", "status"), [("", 200), ("?limit=1", 200), *((f"?limit={value}", 400) for value in WRONG)]
)
async def test_limit_of_dead_letters_is_a_number_from_one_on(tmp_path: Path, query: str, status: int) -> None:
    manifests = Manifests()
    async with (
        sqlite_log(tmp_path) as log,
        start_eventing(manifests, log, {}.__getitem__) as eventing,
        TestServer(dead_letter_app(eventing.dead_letters)) as server,
        ClientSession() as client,
        client.get(server.make_url(f"/{query}")) as response,
    ):
        assert response.status == status
        assert status == 200 or await response.text() == "limit must be a number from 1 on."
