"""The apps of the functions that serve HTTP."""

import importlib
from collections.abc import Mapping
from typing import Any

from battlescope_events.http_api.app import ApiApp
from battlescope_local.devtools.project import functions


def http_apps() -> Mapping[str, ApiApp]:
    """Each app by the name of its function."""
    apps: dict[str, Any] = {f.name: importlib.import_module(f"{f.package}.main").app for f in functions()}
    return {name: app for name, app in apps.items() if isinstance(app, ApiApp)}
