"""The apps of the functions that serve HTTP."""

import importlib
import json
from collections.abc import Mapping
from typing import Any

from battlescope_events.http_api.app import ApiApp
from battlescope_local.devtools.project import ROOT, functions


def http_apps() -> Mapping[str, ApiApp]:
    """Each app by the name of its function."""
    apps: dict[str, Any] = {f.name: importlib.import_module(f"{f.package}.main").app for f in functions()}
    return {name: app for name, app in apps.items() if isinstance(app, ApiApp)}


def written_descriptions() -> Mapping[str, dict[str, Any]]:
    """The OpenAPI documents that `make generate` wrote, by function.

    A test of the generator holds them equal to those of the apps.
    """
    files = sorted((ROOT / "functions").glob("*/openapi.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}
