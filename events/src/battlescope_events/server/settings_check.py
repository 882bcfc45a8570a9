"""Ends a function that cannot start with its settings, before the server would log a stack for it."""

import logging
import sys
from importlib import import_module
from importlib.util import find_spec

from battlescope_events.logs import configure
from battlescope_events.settings import WRONG_SETTINGS, RuntimeSettings, SettingsError, from_environment

_log = logging.getLogger(__name__)


def require_settings(app: str) -> None:
    """Read the `Settings` of the package of `app`, like `ingest_poll.main:app`; a package without them needs none.

    Raises:
        SystemExit: a setting is missing or wrong; the log has one line about all of them.
    """
    package, _, module = app.partition(":")[0].partition(".")
    if module != "main" or not find_spec(package) or not find_spec(f"{package}.settings"):
        return
    try:
        configure(from_environment(RuntimeSettings))
        from_environment(import_module(f"{package}.settings").Settings)
    except SettingsError as error:
        _log.critical("%s", error)
        sys.exit(WRONG_SETTINGS)
