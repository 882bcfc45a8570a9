"""What account-api does by itself while it runs.

Lost tokens come back to Valkey, deleted accounts are anonymised, and access that is denied ends also where the change
of the rules was interrupted.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from account_api.events import SYSTEM
from account_api.services.access_tokens import AccessTokens
from account_api.services.organisation_gate import OrganisationGate
from account_api.services.own_account import OwnAccount
from battlescope_events.background import end_tasks, start_in_background
from battlescope_events.errors import PermanentError, TransientError

INTERVAL_SECONDS: Final = 15.0
_RUNS_AN_HOUR: Final = 240
_log = logging.getLogger(__name__)


@asynccontextmanager
async def maintenance(tokens: AccessTokens, own_account: OwnAccount, gate: OrganisationGate) -> AsyncGenerator[None]:
    """Run maintenance in the background during the `async with` block."""
    task = start_in_background(_repeat(tokens, own_account, gate), "maintenance of accounts")
    try:
        yield
    finally:
        await end_tasks(task)


async def run_once(tokens: AccessTokens, own_account: OwnAccount, gate: OrganisationGate, *, is_hourly: bool) -> None:
    """One run; a failure is logged, and the next run tries again."""
    try:
        await tokens.restore()
        if is_hourly:
            await own_account.anonymise_due()
            await gate.end_denied_access(SYSTEM)
    except (TransientError, PermanentError) as error:
        _log.warning("Maintenance of accounts has failed: %s", error)


async def _repeat(tokens: AccessTokens, own_account: OwnAccount, gate: OrganisationGate) -> None:
    run = 0
    while True:
        await run_once(tokens, own_account, gate, is_hourly=run % _RUNS_AN_HOUR == 0)
        run += 1
        await asyncio.sleep(INTERVAL_SECONDS)
