"""One set of servers for all workers of pytest-xdist: the controller runs them and answers where they are."""

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
ANNOUNCE: Final = "announce"
Address = tuple[str, int, str]  # host, port and the key that a worker shows; plain values, as execnet passes no others


@dataclass(frozen=True, slots=True)
class Failed:
    """What a worker raises as its own error."""

    message: str


class Office:
    """Starts servers for whichever worker needs one first, and answers each with the same address."""

    def __init__(self) -> None:
        self._key = secrets.token_hex(16)
        self._listener = Listener((LOOPBACK, 0), authkey=self._key.encode())
        self._servers: OwnServers | None = None
        self.alone: set[str] = set()  # ids of the tests that may not run beside each other
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
        Client((host, port), authkey=key.encode()).close()  # ends the wait for the next one
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
            connection.send(self._answer(method, arguments))

    def _answer(self, method: str, arguments: tuple[str, ...]) -> object:
        if method == ANNOUNCE:
            self.alone.update(arguments)
            return None
        if method not in METHODS:
            return Failed(f"The servers of a run have no {method}.")
        try:
            return getattr(self.servers(), method)(*arguments)
        except (StoreError, OSError, TimeoutError) as error:
            return Failed(str(error))


class SharedServers:
    """The servers as a worker has them: started, kept and stopped by the controller."""

    def __init__(self, address: Address) -> None:
        self._host, self._port, self._key = address

    def postgres(self) -> str:
        return self._ask("postgres")

    def valkey(self, worker: str) -> str:
        return self._ask("valkey", worker)

    def s3(self) -> S3Access:
        return self._ask("s3")

    def template(self, context: str) -> Template:
        return self._ask("template", context)

    def passwords(self) -> Mapping[str, str]:
        return self._ask("passwords")

    def announce(self, alone: Iterable[str]) -> None:
        """Name the tests that the controller may not give to two workers."""
        self._ask(ANNOUNCE, *alone)

    def _ask(self, method: str, *arguments: str) -> Any:
        with Client((self._host, self._port), authkey=self._key.encode()) as connection:
            connection.send((method, arguments))
            answer: Any = connection.recv()
        if isinstance(answer, Failed):
            raise StoreError(answer.message)
        return answer
