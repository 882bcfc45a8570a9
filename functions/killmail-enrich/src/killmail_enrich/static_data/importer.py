"""Imports the latest static data: `python -m killmail_enrich.static_data.importer`, and once a day on a timer event."""

import logging
import sys

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.logs import configure
from battlescope_events.settings import RuntimeSettings
from killmail_enrich.settings import ImportSettings
from killmail_enrich.static_data import repository
from killmail_enrich.static_data.download import StaticDataExport

_log = logging.getLogger(__name__)


def refresh(database_url: str, export: StaticDataExport) -> bool:
    """Import the latest build; False where the database has it already. Blocks for seconds: not for an event loop."""
    build = export.latest_build()
    if repository.imported_build(database_url) == build:
        return False
    with export.tables(build) as tables:
        replaced = repository.replace(database_url, build, tables)
    _log.info("Static data is at build %d", build)
    return replaced


def main() -> None:
    configure(RuntimeSettings())
    settings = ImportSettings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    try:
        refresh(settings.database_url.get_secret_value(), StaticDataExport(settings.sde_url, settings.user_agent))
    except (TransientError, PermanentError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
