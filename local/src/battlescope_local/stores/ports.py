"""Chooses ports for the servers that the node starts."""

import secrets
import socket
import weakref
from collections.abc import Callable
from typing import Final

from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.state_file import StateFile

# Below the ports of outgoing connections, so that none of them takes a port while its server restarts; and 10000 below
# another such range, because SeaweedFS adds 10000 for its gRPC ports.
PORT_RANGE: Final = range(20_000, 22_700)


class Ports:
    """Assigns a port to each name; the state file holds it for the next start, which takes it if it is free.

    A server listens only some time after its port is assigned, and not while it restarts. Until `release`, or until
    the object is gone, an open UDP socket of the same number reserves the port, so that no other start on this machine
    takes it, whoever its user is. The servers use no UDP.
    """

    def __init__(self, state_file: StateFile) -> None:
        self._state_file = state_file
        self._assigned: dict[str, int] = {}
        self._reservations: list[socket.socket] = []
        weakref.finalize(self, _close, self._reservations)

    def get(self, name: str, is_usable: Callable[[int], bool] = lambda _: True) -> int:
        """The port of `name`; `is_usable` is an additional condition for a port."""
        if name not in self._assigned:
            stored_port = int(self._state_file.get(f"port-{name}") or 0)
            is_taken = stored_port and self._take(stored_port, is_usable)
            self._assigned[name] = stored_port if is_taken else self._choose(is_usable)
            self._state_file.put(f"port-{name}", str(self._assigned[name]))
        return self._assigned[name]

    def release(self) -> None:
        """Let other starts take the ports: the servers have ended."""
        self._assigned.clear()
        _close(self._reservations)

    def _choose(self, is_usable: Callable[[int], bool]) -> int:
        for _ in range(len(PORT_RANGE)):
            port = secrets.choice(PORT_RANGE)
            if is_free(port + 10_000) and self._take(port, is_usable):
                return port
        message = f"No port between {PORT_RANGE.start} and {PORT_RANGE.stop} is free."
        raise StoreError(message)

    def _take(self, port: int, is_usable: Callable[[int], bool]) -> bool:
        """Reserve the port, unless another start has reserved it or a server listens on it."""
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            return False
        if is_free(port) and is_usable(port):
            self._reservations.append(reservation)
            return True
        reservation.close()
        return False


def _close(reservations: list[socket.socket]) -> None:
    while reservations:
        reservations.pop().close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
