"""The search engine of this machine: PostgreSQL, or a Typesense that runs elsewhere."""

import os
from collections.abc import Mapping
from typing import Final

SEARCH_CONFIG_MAP: Final = "search"
SEARCH_SECRET: Final = "search-engine"  # noqa: S105  # its name
URL_VARIABLE: Final = "BATTLESCOPE_TYPESENSE_URL"
KEY_VARIABLE: Final = "BATTLESCOPE_TYPESENSE_API_KEY"

Values = Mapping[str, Mapping[str, str]]


def search_secrets(environ: Mapping[str, str] = os.environ) -> Values:
    """The Secret with the address of Typesense and its key, both empty without one."""
    values = {"TYPESENSE_URL": environ.get(URL_VARIABLE, ""), "TYPESENSE_API_KEY": environ.get(KEY_VARIABLE, "")}
    return {SEARCH_SECRET: values}


def search_values(config_maps: Values, overrides: Values, environ: Mapping[str, str] = os.environ) -> Values:
    """The overrides with those of the ConfigMap `search`: an address of Typesense chooses it."""
    if SEARCH_CONFIG_MAP not in config_maps or not environ.get(URL_VARIABLE):
        return overrides
    chosen = {"SEARCH_ENGINE": "typesense"}
    return {**overrides, SEARCH_CONFIG_MAP: {**chosen, **overrides.get(SEARCH_CONFIG_MAP, {})}}
