"""One set of servers for all workers of pytest-xdist: the controller runs them and returns their addresses."""

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from threading import Lock, Thread
from typing import Any, Final

from battlescope_local.settings import S3Access
from battlescope_local.stores.errors import StoreError
from battlescope_local.testing.servers import OwnServers, Template

LOOPBACK: Final = "127.0.0.1"
METHODS: Final = frozenset({"postgres", "valkey", "s3", "template", "passwords"})
REGISTER_GROUP: Final = "register_group"
Address = tuple[str, int, str]  # host, port and authentication key; execnet passes only plain values


@dataclass(frozen=True, slots=True)
class RemoteError:
    """An error of the controller, which the worker raises as StoreError."""

    message: str


class ServerHost:
    """Starts each server for the first worker that needs it, and returns the same address to all workers."""

    def __init__(self) -> None:
        self._key = secrets.token_hex(16)
        self._listener = Listener((LOOPBACK, 0), authkey=self._key.encode())
        self._servers: OwnServers | None = None
        self.groups: dict[str, str] = {}  # by the id of a test: the name of those that one worker runs one by one
        self._lock = Lock()
        self._closing = False
        self._thread = Thread(target=self._accept, name="office", daemon=True)
        self._thread.start()

    @property
    def address(self) -> Address:
        host, port = self._listener.address
        return str(host), int(port), self._key

    def servers(self) -> OwnServers:
        with self._lock:
            if self._servers is None:
                self._servers = OwnServers()
            return self._servers

    def close(self) -> None:
        self._closing = True
        host, port, key = self.address
        Client((host, port), authkey=key.encode()).close()  # ends the wait for the next connection
        self._thread.join()
        self._listener.close()
        if self._servers is not None:
            self._servers.close()

    def _accept(self) -> None:
        while not self._closing:
            with suppress(AuthenticationError, EOFError, OSError):
                connection = self._listener.accept()
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: "Connection[Any, Any]") -> None:
        with connection, suppress(EOFError, OSError):
            method, arguments = connection.recv()
            connection.send(self._call(method, arguments))

    def _call(self, method: str, arguments: tuple[str, ...]) -> object:
        if method == REGISTER_GROUP:
            group, *tests = arguments
            self.groups.update(dict.fromkeys(tests, group))
            return None
        if method not in METHODS:
            return RemoteError(f"The servers of a run have no {method}.")
        try:
            return getattr(self.servers(), method)(*arguments)
        except (StoreError, OSError, TimeoutError) as error:
            return RemoteError(str(error))


class SharedServers:
    """The servers of the controller, for a worker."""

    def __init__(self, address: Address) -> None:
        self._host, self._port, self._key = address

    def postgres(self) -> str:
        return self._request("postgres")

    def valkey(self, worker: str) -> str:
        return self._request("valkey", worker)

    def s3(self) -> S3Access:
        return self._request("s3")

    def template(self, context: str) -> Template:
        return self._request("template", context)

    def passwords(self) -> Mapping[str, str]:
        return self._request("passwords")

    def register_group(self, name: str, tests: Iterable[str]) -> None:
        """Register the ids of tests that the controller must give to one worker."""
        self._request(REGISTER_GROUP, name, *tests)

    def _request(self, method: str, *arguments: str) -> Any:
        with Client((self._host, self._port), authkey=self._key.encode()) as connection:
            connection.send((method, arguments))
            result: Any = connection.recv()
        if isinstance(result, RemoteError):
            raise StoreError(result.message)
        return result
