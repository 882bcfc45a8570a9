"""A running simulated upstream with a clock and a client, for tests of its hosts."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from battlescope_upstream.testing import running_upstream

FIRST = 96_088_891


class Client:
    """An HTTP session with the few calls that these tests make."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def get(self, path: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.session.get(path, headers=names, allow_redirects=False) as response:
            return response.status, await response.read(), response.headers

    async def json(self, path: str) -> Any:
        status, body, _ = await self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    async def status(self, path: str) -> int:
        return (await self.get(path))[0]

    async def names(self, *ids: int) -> tuple[int, Any, Mapping[str, str]]:
        async with self.session.post("/esi/universe/names/", json=ids) as response:
            return response.status, await response.json(), response.headers

    async def change_faults(self, **settings: Any) -> int:
        async with self.session.post("/control/dials", json=settings) as response:
            return response.status


class Clock:
    """A clock that tests set; it starts late enough for the day of the simulated feed to be in the history."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def upstream(**options: Any) -> AsyncIterator[tuple[Client, Clock]]:
    clock = Clock()
    values = {"mails": 60, "speed": "max", **options}
    async with running_upstream(clock=clock, **values) as url, ClientSession(url) as session:
        yield Client(session), clock
