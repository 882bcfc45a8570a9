"""What account-api does by itself while it runs: lost tokens come back to Valkey, deleted accounts are anonymised."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from account_api.services.access_tokens import AccessTokens
from account_api.services.own_account import OwnAccount
from battlescope_events.background import start_in_background
from battlescope_events.errors import PermanentError, TransientError

INTERVAL_SECONDS: Final = 15.0
_RUNS_BETWEEN_ANONYMISATIONS: Final = 240  # an hour
_log = logging.getLogger(__name__)


@asynccontextmanager
async def maintenance(tokens: AccessTokens, own_account: OwnAccount) -> AsyncGenerator[None]:
    """Run maintenance in the background during the `async with` block."""
    task = start_in_background(_repeat(tokens, own_account), "maintenance of accounts")
    try:
        yield
    finally:
        task.cancel()


async def run_once(tokens: AccessTokens, own_account: OwnAccount, *, anonymises: bool) -> None:
    """One run; a failure is logged, and the next run tries again."""
    try:
        await tokens.restore()
        if anonymises:
            await own_account.anonymise_due()
    except (TransientError, PermanentError) as error:
        _log.warning("Maintenance of accounts has failed: %s", error)


async def _repeat(tokens: AccessTokens, own_account: OwnAccount) -> None:
    run = 0
    while True:
        await run_once(tokens, own_account, anonymises=run % _RUNS_BETWEEN_ANONYMISATIONS == 0)
        run += 1
        await asyncio.sleep(INTERVAL_SECONDS)
