"""Client of a running node's internal HTTP API, and the choice of the node that a command talks to."""

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError
from battlescope_local.node import state

STOP_TIMEOUT: Final = 60.0  # seconds in which a node must end after a request to stop
RESPONSE_TIMEOUT: Final = 10.0  # seconds for one response
POLL_INTERVAL: Final = 0.05
# Folder of each system below the data folder; `up` uses the data folder itself.
SYSTEM_FOLDERS: Final[Mapping[str, str]] = {"up": ".", "dev": "dev", "demo": "demo"}


class NotRunningError(UserError):
    """No node runs in this data folder, or it does not respond as expected."""


def system_folder(base: Path, system: str) -> Path:
    return base / SYSTEM_FOLDERS[system]


def running_folders(base: Path) -> tuple[Path, ...]:
    """Folders in which a node runs now."""
    return tuple(folder for name in SYSTEM_FOLDERS if state.read(folder := system_folder(base, name)) is not None)


def active_folder(base: Path) -> Path:
    """Folder of the running system: `up` before `dev` before `demo`; the data folder itself if none runs."""
    return next(iter(running_folders(base)), base)


def running_node(folder: Path) -> state.NodeState:
    node = state.read(folder)
    if node is None:
        if any(state.is_locked(system_folder(folder, name)) for name in SYSTEM_FOLDERS):
            raise NotRunningError("BattleScope is starting or stopping; try again in a few seconds.")
        raise NotRunningError(
            f"No BattleScope runs in {folder}; `{typed_command('up')}` or `{typed_command('dev')}` starts one."
        )
    return node


def request_json(node: state.NodeState, path: str, method: str = "GET") -> Any:
    return _json_answer(node, path, method)


def send_json(node: state.NodeState, path: str, value: Any, timeout: float = RESPONSE_TIMEOUT) -> Any:
    """The node's answer to a POST of a JSON value."""
    return _json_answer(node, path, "POST", timeout, json.dumps(value).encode())


def _json_answer(
    node: state.NodeState, path: str, method: str, timeout: float = RESPONSE_TIMEOUT, body: bytes | None = None
) -> Any:
    try:
        status, text = send_request(node, path, method, timeout, body)
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise NotRunningError(f"The node {node.pid} does not answer ({reason}); try again in a few seconds.") from error
    if status >= http.client.BAD_REQUEST:
        raise NotRunningError(f"The node responded {status} to {path}: {text.decode(errors='replace')}")
    return json.loads(text) if text else None


def send_request(
    node: state.NodeState, path: str, method: str = "GET", timeout: float = RESPONSE_TIMEOUT, body: bytes | None = None
) -> tuple[int, bytes]:
    """Status and body of the node's response."""
    address = urlsplit(node.internal_url).netloc
    with contextlib.closing(http.client.HTTPConnection(address, timeout=timeout)) as connection:
        connection.request(method, path, body, headers={"authorization": f"Bearer {node.token}"})
        response = connection.getresponse()
        return response.status, response.read()


def stop_node(folder: Path) -> None:
    """Stop the node of `folder` and wait until its process has ended.

    Raises:
        NotRunningError: no node runs in `folder`, or it does not end.
    """
    node = running_node(folder)
    request_json(node, "/node/stop", method="POST")
    deadline = time.monotonic() + STOP_TIMEOUT
    while state.read(folder) is not None or _is_alive(node.pid):
        if time.monotonic() > deadline:
            raise NotRunningError(f"The node {node.pid} does not end; see {folder / 'node.log'}.")
        time.sleep(POLL_INTERVAL)


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False
