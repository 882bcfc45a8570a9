"""What commands ask of a running node, and which of the systems on this machine they mean."""

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from battlescope_local.errors import UserError
from battlescope_local.node import state

STOP_LIMIT: Final = 60.0  # seconds in which a node must end when asked
ANSWER_LIMIT: Final = 10.0  # seconds for one answer
POLL: Final = 0.05
# Each system keeps its state in its own folder below the data folder; `up` in the data folder itself.
SYSTEMS: Final[Mapping[str, str]] = {"up": ".", "dev": "dev", "demo": "demo"}


class NotRunningError(UserError):
    """No node works in this data folder."""


def system_folder(base: Path, system: str) -> Path:
    return base / SYSTEMS[system]


def running_folders(base: Path) -> tuple[Path, ...]:
    """The folders in which a node works now."""
    return tuple(folder for name in SYSTEMS if state.read(folder := system_folder(base, name)) is not None)


def chosen_folder(base: Path) -> Path:
    """The folder of the system that runs: `up` before `dev` before `demo`; without any, the data folder itself."""
    return next(iter(running_folders(base)), base)


def running(folder: Path) -> state.State:
    found = state.read(folder)
    if found is None:
        raise NotRunningError(f"No BattleScope runs in {folder}; `battlescope up` or `battlescope dev` starts one.")
    return found


def ask(node: state.State, path: str, method: str = "GET") -> Any:
    status, text = request(node, path, method)
    if status >= http.client.BAD_REQUEST:
        raise NotRunningError(f"The node answers {status} to {path}: {text.decode(errors='replace')}")
    return json.loads(text) if text else None


def request(node: state.State, path: str, method: str = "GET", limit: float = ANSWER_LIMIT) -> tuple[int, bytes]:
    """Status and body of the node's answer."""
    address = urlsplit(node.fabric).netloc
    with contextlib.closing(http.client.HTTPConnection(address, timeout=limit)) as connection:
        connection.request(method, path, headers={"authorization": f"Bearer {node.token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def stop(folder: Path) -> None:
    """End the node of `folder` and wait until its process is gone.

    Raises:
        NotRunningError: there is none, or it does not end.
    """
    node = running(folder)
    ask(node, "/node/stop", method="POST")
    limit = time.monotonic() + STOP_LIMIT
    while state.read(folder) is not None or _alive(node.pid):
        if time.monotonic() > limit:
            raise NotRunningError(f"The node {node.pid} does not end; see {folder / 'node.log'}.")
        time.sleep(POLL)


def _alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False
