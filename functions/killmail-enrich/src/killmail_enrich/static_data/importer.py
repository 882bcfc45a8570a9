"""Imports the latest static data: `python -m killmail_enrich.static_data.importer`, and once a day on a timer event.

The command runs as a Job beside the migration Job of the same release, and waits for the schema version.
"""

import asyncio
import logging
import random  # noqa: TID251  # the Job's own composition
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.logs import configure
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.retry import retry
from battlescope_events.settings import RuntimeSettings, SettingsError, from_environment
from battlescope_events.upstream.client import UpstreamClient
from battlescope_events.upstream.http import external_http
from killmail_enrich.settings import ImportSettings
from killmail_enrich.static_data import repository
from killmail_enrich.static_data.download import POLICY, UPSTREAM, StaticDataExport

SCHEMA_CHECKS: Final = 45  # in ten minutes, the deadline of the migration Job
FIRST_CHECK_DELAY_SECONDS: Final = 1.0
MAX_CHECK_DELAY_SECONDS: Final = 15.0
_log = logging.getLogger(__name__)


async def wait_for_schema(
    database: Database, sleep: Callable[[float], Awaitable[object]], checks: int = SCHEMA_CHECKS
) -> None:
    """Wait until the database has its schema version. Raises `TransientError` after the last check."""

    async def check() -> None:
        try:
            await database.ready()
        except TransientError as error:
            _log.info("Waiting to import static data: %s", error)
            raise

    await retry(
        check,
        on=TransientError,
        tries=checks,
        first_delay=FIRST_CHECK_DELAY_SECONDS,
        max_delay=MAX_CHECK_DELAY_SECONDS,
        sleep=sleep,
        jitter=lambda: 1.0,  # one process waits
    )


async def refresh(database_url: str, export: StaticDataExport) -> bool:
    """Import the latest build; False where the database has it already."""
    build = await export.latest_build()
    if await asyncio.to_thread(repository.imported_build, database_url) == build:
        return False
    async with export.tables(build) as tables:
        replaced = await asyncio.to_thread(repository.replace, database_url, build, tables)
    _log.info("Static data is at build %d", build)
    return replaced


async def refresh_from_upstream(settings: ImportSettings) -> bool:
    """Import the latest build from the address in the settings, with connections of its own."""
    async with (
        open_pool(settings.database_url, "static-data", max_size=1) as pool,
        external_http(settings.user_agent, follow_redirects=True) as http,
    ):
        cooldowns = PostgresCooldowns(Database(pool, "killmail"))
        now = partial(datetime.now, UTC)  # noqa: TID251  # as above
        upstream = UpstreamClient(UPSTREAM, http, cooldowns, POLICY, now=now, jitter=random.random)
        return await refresh(settings.database_url.get_secret_value(), StaticDataExport(settings.sde_url, upstream))


async def _import_once_migrated(settings: ImportSettings) -> None:
    async with open_pool(settings.database_url, "static-data", max_size=1) as pool:
        await wait_for_schema(Database(pool, "killmail", settings.schema_version), asyncio.sleep)
    try:
        await refresh_from_upstream(settings)
    except TransientError as error:
        build = await asyncio.to_thread(repository.imported_build, settings.database_url.get_secret_value())
        if build is None:
            raise
        _log.warning("Static data stays at build %d until the next daily import: %s", build, error)


def main() -> None:
    try:
        configure(from_environment(RuntimeSettings))
        settings = from_environment(ImportSettings)
        asyncio.run(_import_once_migrated(settings))
    except (SettingsError, TransientError, PermanentError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
