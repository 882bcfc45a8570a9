"""Logins on this machine: the client at EVE SSO, or the simulated one, and the key that encrypts stored tokens."""

import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from battlescope_local.settings import Settings
from battlescope_local.stores.state_file import StateFile

ACCOUNTS_CONFIG_MAP: Final = "accounts"
ENCRYPTION_KEY_NAME: Final = "token-encryption"
SIMULATED_CLIENT_ID: Final = "battlescope-local"
"""The one application that the simulated SSO knows."""

ACCOUNT_KEYS: Final = (
    "BOOTSTRAP_SUPERADMIN_CHARACTER_IDS",
    "DEFAULT_FEATURE_ROLES",
    "LOGIN_TARGET",
    "REQUIRE_MEMBERSHIP",
)
# One machine speaks HTTP, and its operator has to get in before there is a list of organisations. The gateway has one
# page, to which logins return, also those that fail.
_LOCAL_VALUES: Final = {
    "SESSION_COOKIE_SECURE": "false",
    "REQUIRE_MEMBERSHIP": "false",
    "LOGIN_TARGET": "/",
    "LOGIN_ERROR_TARGET": "/",
}

Values = Mapping[str, Mapping[str, str]]


def account_secrets(settings: Settings, state_file: StateFile, environ: Mapping[str, str] = os.environ) -> Values:
    """The Secrets of account-api. Those of CCP come from the environment, so that no list of processes shows them."""
    is_simulated = settings.simulator_arguments is not None and "SSO_URL" in settings.simulated_upstreams
    client_id = SIMULATED_CLIENT_ID if is_simulated else environ.get("BATTLESCOPE_SSO_CLIENT_ID", "")
    client_secret = "" if is_simulated else environ.get("BATTLESCOPE_SSO_CLIENT_SECRET", "")
    key = sha256(state_file.password(ENCRYPTION_KEY_NAME).encode()).hexdigest()
    return {
        "sso": {"SSO_CLIENT_ID": client_id.strip(), "SSO_CLIENT_SECRET": client_secret},
        "token-encryption": {"TOKEN_ENCRYPTION_KEY": f"local:{key}"},
    }


def account_values(config_maps: Values, overrides: Values, environ: Mapping[str, str] = os.environ) -> Values:
    """The overrides with those of the ConfigMap `accounts`; the environment sets some as BATTLESCOPE_<key>."""
    if ACCOUNTS_CONFIG_MAP not in config_maps:
        return overrides
    chosen = {name: value for name in ACCOUNT_KEYS if (value := environ.get(f"BATTLESCOPE_{name}", ""))}
    return {**overrides, ACCOUNTS_CONFIG_MAP: {**_LOCAL_VALUES, **chosen, **overrides.get(ACCOUNTS_CONFIG_MAP, {})}}
