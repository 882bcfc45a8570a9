"""`battlescope login` and `battlescope token`: how commands on this machine prove to the HTTP APIs who asks."""

import http.client
import json
import sys
from contextlib import closing
from getpass import getpass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from battlescope_events.edge.modes import AccessMode
from battlescope_local.errors import UserError
from battlescope_local.node.access import OWNER_TOKEN_NAME
from battlescope_local.node.client import request_json
from battlescope_local.node.state import NodeState
from battlescope_local.node.workload_config import stored_password
from battlescope_local.stores.state_file import write_private
from battlescope_schemas.accounts.session import ACCESS_TOKEN_PREFIX

TOKEN_FILE: Final = "access-token"  # noqa: S105 -- the name of a file
ACCOUNT_PATH: Final = "/api/me"
RESPONSE_TIMEOUT: Final = 30.0  # seconds, because account-api may have to start


def api_token(folder: Path, mode: str) -> str:
    """The token for requests to the HTTP APIs: that of the owner, or in the mode `sso` the one of `battlescope login`.

    Raises:
        UserError: there is none yet.
    """
    if mode == AccessMode.OFF:
        return stored_password(folder, OWNER_TOKEN_NAME)
    file = folder / TOKEN_FILE
    if not file.is_file():
        raise UserError("This needs a personal access token; `battlescope login` stores one.")
    return file.read_text().strip()


def owner_link(node: NodeState) -> str | None:
    """A new one-time link for the owner's browser; None in the mode `sso`."""
    return request_json(node, "/node/owner-links", "POST")["url"]


def login(folder: Path, node: NodeState) -> None:
    """Print a link for the browser, or in the mode `sso` ask for a personal access token, check and store it.

    Raises:
        UserError: what was entered is no valid personal access token.
    """
    if node.access_mode == AccessMode.OFF:
        print("Commands on this machine need no login. Open this link once to make changes in a browser:")
        print(owner_link(node))
        return
    print(f"Log in at {node.gateway_url}, create a personal access token in your profile, and paste it here.")
    token = _entered_token()
    if not token.startswith(ACCESS_TOKEN_PREFIX) or not token.isascii():
        raise UserError(f"This is no personal access token; they begin with {ACCESS_TOKEN_PREFIX}.")
    account = _account(node.gateway_url, token)
    write_private(folder / TOKEN_FILE, token)
    print(f"Stored a token of {account.get('displayName', 'your account')} in {folder / TOKEN_FILE}.")


def _entered_token() -> str:
    """What is typed without being shown, or comes from a pipe; never from an argument, which `ps` shows."""
    return (getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()


def _account(gateway: str, token: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=RESPONSE_TIMEOUT)
    with closing(connection):
        connection.request("GET", ACCOUNT_PATH, headers={"authorization": f"Bearer {token}"})
        response = connection.getresponse()
        text = response.read()
    if response.status != http.client.OK:
        raise UserError(f"{gateway}{ACCOUNT_PATH} answers {response.status} to this token; it is not stored.")
    return json.loads(text)
