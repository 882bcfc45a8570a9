"""The search engine of this machine: PostgreSQL, or a Typesense that runs elsewhere."""

import hmac
import os
from collections.abc import Mapping
from typing import Final

SEARCH_CONFIG_MAP: Final = "search"
SEARCH_SECRET: Final = "search-engine"  # noqa: S105  # its name
READER_SECRET: Final = "search-engine-reader"  # noqa: S105  # its name
URL_VARIABLE: Final = "BATTLESCOPE_TYPESENSE_URL"
KEY_VARIABLE: Final = "BATTLESCOPE_TYPESENSE_API_KEY"
_PURPOSE: Final = "searches only"

Values = Mapping[str, Mapping[str, str]]


def search_secrets(environ: Mapping[str, str] = os.environ) -> Values:
    """The Secrets with the address of Typesense and its keys, all empty without one.

    The key that may only search is derived from the other one, so that nobody must choose it.
    """
    url, key = environ.get(URL_VARIABLE, ""), environ.get(KEY_VARIABLE, "")
    search_key = hmac.new(key.encode(), _PURPOSE.encode(), "sha256").hexdigest() if key else ""
    return {
        SEARCH_SECRET: {"TYPESENSE_URL": url, "TYPESENSE_API_KEY": key, "TYPESENSE_SEARCH_KEY": search_key},
        READER_SECRET: {"TYPESENSE_URL": url, "TYPESENSE_API_KEY": search_key},
    }


def search_values(config_maps: Values, overrides: Values, environ: Mapping[str, str] = os.environ) -> Values:
    """The overrides with those of the ConfigMap `search`: an address of Typesense chooses it."""
    if SEARCH_CONFIG_MAP not in config_maps or not environ.get(URL_VARIABLE):
        return overrides
    chosen = {"SEARCH_ENGINE": "typesense"}
    return {**overrides, SEARCH_CONFIG_MAP: {**chosen, **overrides.get(SEARCH_CONFIG_MAP, {})}}
