"""Imports the latest static data: `python -m killmail_enrich.static_data.importer`, and once a day on a timer event."""

import asyncio
import logging
import random  # noqa: TID251  # the Job's own composition
import sys
from datetime import UTC, datetime
from functools import partial

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.logs import configure
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.settings import RuntimeSettings
from battlescope_events.upstream.client import UpstreamClient, external_http
from killmail_enrich.settings import ImportSettings
from killmail_enrich.static_data import repository
from killmail_enrich.static_data.download import POLICY, UPSTREAM, StaticDataExport

_log = logging.getLogger(__name__)


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
        external_http(settings.user_agent, settings.sde_url, follow_redirects=True) as http,
    ):
        cooldowns = PostgresCooldowns(Database(pool, "killmail"))
        now = partial(datetime.now, UTC)  # noqa: TID251  # as above
        upstream = UpstreamClient(UPSTREAM, http, cooldowns, POLICY, now=now, jitter=random.random)
        return await refresh(settings.database_url.get_secret_value(), StaticDataExport(settings.sde_url, upstream))


def main() -> None:
    configure(RuntimeSettings())
    settings = ImportSettings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    try:
        asyncio.run(refresh_from_upstream(settings))
    except (TransientError, PermanentError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
