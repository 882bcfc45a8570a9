"""account-api over a fresh database, an empty Valkey and the simulated SSO."""

from collections.abc import AsyncGenerator

import pytest
from account_harness import AccountHarness, open_harness, simulated_upstream

from battlescope_local.testing.databases import Database


@pytest.fixture
async def harness(clone: Database, valkey: str) -> AsyncGenerator[AccountHarness]:
    async with (
        simulated_upstream(mails=1, speed="0") as upstream,
        open_harness(clone.url("account-api"), clone.owner, valkey, upstream) as harness,
    ):
        yield harness
