"""Chooses ports for the servers that the node starts."""

import secrets
import socket
from collections.abc import Callable
from typing import Final

from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.state_file import StateFile

# Below the ports of outgoing connections, so that none of them takes a port while its server restarts; and 10000 below
# another such range, because SeaweedFS adds 10000 for its gRPC ports.
PORT_RANGE: Final = range(20_000, 22_700)


class Ports:
    """Assigns a port to each name; the state file holds it for the next start, which takes it if it is free."""

    def __init__(self, state_file: StateFile) -> None:
        self._state_file = state_file
        self._assigned: dict[str, int] = {}

    def get(self, name: str, is_usable: Callable[[int], bool] = lambda _: True) -> int:
        """The port of `name`; `is_usable` is an additional condition for a port."""
        if name not in self._assigned:
            stored_port = int(self._state_file.get(f"port-{name}") or 0)
            is_reusable = stored_port and self._free(stored_port) and is_usable(stored_port)
            self._assigned[name] = stored_port if is_reusable else self._choose(is_usable)
            self._state_file.put(f"port-{name}", str(self._assigned[name]))
        return self._assigned[name]

    def _choose(self, is_usable: Callable[[int], bool]) -> int:
        for _ in range(len(PORT_RANGE)):
            port = secrets.choice(PORT_RANGE)
            if self._free(port) and self._free(port + 10_000) and is_usable(port):
                return port
        message = f"No port between {PORT_RANGE.start} and {PORT_RANGE.stop} is free."
        raise StoreError(message)

    def _free(self, port: int) -> bool:
        return port not in self._assigned.values() and is_free(port)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
