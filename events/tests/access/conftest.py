"""A small API whose guard reads sessions from a real Valkey, and the side that writes them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from guarded_api import Instance, Line, instance

from battlescope_local.testing.sessions import AccountWriter


@pytest.fixture
async def api(valkey: str) -> AsyncIterator[Instance]:
    async with instance(valkey) as running:
        yield running


@pytest.fixture
def accounts(valkey: str) -> Iterator[AccountWriter]:
    writer = AccountWriter(valkey)
    yield writer
    writer.close()


@pytest.fixture
async def line(valkey: str) -> AsyncIterator[Line]:
    line = Line(valkey)
    await line.mend()
    yield line
    await line.cut()
