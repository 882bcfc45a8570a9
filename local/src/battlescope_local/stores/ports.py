"""Ports of the servers that the node starts."""

import secrets
import socket
from collections.abc import Callable
from typing import Final

from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.state_file import StateFile

# Below the ports that the system hands out for outgoing connections, so that nobody takes ours by chance while a
# server restarts; and 10000 below another such range, because SeaweedFS derives gRPC ports by adding that.
PORT_RANGE: Final = range(20_000, 22_700)


class Ports:
    """A port for each name, the same one every time as long as it is free."""

    def __init__(self, memory: StateFile) -> None:
        self._memory = memory
        self._given: dict[str, int] = {}

    def get(self, name: str, usable: Callable[[int], bool] = lambda _: True) -> int:
        """`usable`: what else must hold for whoever listens there."""
        if name not in self._given:
            remembered = int(self._memory.get(f"port-{name}") or 0)
            fits = remembered and self._free(remembered) and usable(remembered)
            self._given[name] = remembered if fits else self._choose(usable)
            self._memory.put(f"port-{name}", str(self._given[name]))
        return self._given[name]

    def _choose(self, usable: Callable[[int], bool]) -> int:
        for _ in range(len(PORT_RANGE)):
            port = secrets.choice(PORT_RANGE)
            if self._free(port) and self._free(port + 10_000) and usable(port):
                return port
        message = f"No port between {PORT_RANGE.start} and {PORT_RANGE.stop} is free."
        raise StoreError(message)

    def _free(self, port: int) -> bool:
        return port not in self._given.values() and is_free(port)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
