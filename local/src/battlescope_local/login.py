"""`battlescope login` and `battlescope token`: how commands on this machine prove to the HTTP APIs who asks."""

import http.client
import json
import sys
import time
from contextlib import closing
from getpass import getpass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from battlescope_events.edge.modes import AccessMode
from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError
from battlescope_local.node.access import OWNER_TOKEN_NAME
from battlescope_local.node.client import request_json, send_json
from battlescope_local.node.state import NodeState
from battlescope_local.node.workload_config import stored_password
from battlescope_local.stores.state_file import write_private
from battlescope_schemas.accounts.session import ACCESS_TOKEN_PREFIX

TOKEN_FILE: Final = "access-token"  # noqa: S105  # the name of a file
ACCOUNT_PATH: Final = "/api/me"
POLL_SECONDS: Final = 0.5
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
        raise UserError(f"This needs a personal access token; `{typed_command('login')}` stores one.")
    return file.read_text().strip()


def owner_link(node: NodeState) -> str | None:
    """A new one-time link for the owner's browser; None in the mode `sso`."""
    return request_json(node, "/node/owner-links", "POST")["url"]


def login(folder: Path, node: NodeState, *, enters_token: bool = False) -> None:
    """Print a link for the browser; in the mode `sso`, store the personal access token that is confirmed there.

    With `enters_token` ask for a token that was created in the profile instead.

    Raises:
        UserError: nobody confirmed in time, or what was entered is no valid personal access token.
    """
    if node.access_mode == AccessMode.OFF:
        print("Commands on this machine need no login. Open this link once to make changes in a browser:")
        print(owner_link(node))
        return
    token = _entered_token() if enters_token else _confirmed_token(node)
    if not token.startswith(ACCESS_TOKEN_PREFIX) or not token.isascii():
        raise UserError(f"This is no personal access token; they begin with {ACCESS_TOKEN_PREFIX}.")
    account = _account(node.gateway_url, token)
    write_private(folder / TOKEN_FILE, token)
    print(f"Stored a token of {account.get('displayName', 'your account')} in {folder / TOKEN_FILE}.")


def _confirmed_token(node: NodeState) -> str:
    """The token that somebody lets this command have in a browser."""
    begun = send_json(node, "/node/command-logins/begin", {})
    print("Open this link in a browser, log in and confirm; this command waits for ten minutes.")
    print(begun["url"], flush=True)
    while True:
        answer = send_json(node, "/node/command-logins/take", {"secret": begun["secret"]})
        if answer["token"] is not None:
            return str(answer["token"])
        if not answer["isValid"]:
            raise UserError(f"Nobody confirmed the login in time; run `{typed_command('login')}` again.")
        time.sleep(POLL_SECONDS)


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
