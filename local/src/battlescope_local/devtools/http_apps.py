"""The apps of the functions that serve HTTP."""

import importlib
import json
from collections.abc import Mapping
from typing import Any

from battlescope_events.http_api.app import ApiApp
from battlescope_events.http_api.routing import api_routes
from battlescope_local.devtools.project import ROOT, functions


def http_apps() -> Mapping[str, ApiApp]:
    """Each app by the name of its function, with the modules of all its routes and models imported."""
    modules: dict[str, Any] = {f.name: importlib.import_module(f"{f.package}.main").app for f in functions()}
    apps = {name: app for name, app in modules.items() if isinstance(app, ApiApp)}
    for app in apps.values():
        list(api_routes(app.routers))
    return apps


def written_descriptions() -> Mapping[str, dict[str, Any]]:
    """The OpenAPI documents that `make generate` wrote, by function.

    A test of the generator holds them equal to those of the apps.
    """
    files = sorted((ROOT / "functions").glob("*/openapi.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}
