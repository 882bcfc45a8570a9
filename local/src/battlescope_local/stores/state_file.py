"""File of values that a node stores for its next start: ports and passwords."""

import json
import os
import secrets
from pathlib import Path
from threading import Lock


def write_private(path: Path, text: str) -> None:
    """Replace the file by one with `text` that only its owner can read; a kill leaves the old file or the new one."""
    new_file = path.with_name(f"{path.name}.new")
    with open(os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123  # pathlib cannot create with a mode
        file.write(text)
    new_file.replace(path)


class StateFile:
    """A small JSON file of names and values that only its owner can read.

    A lock protects writes, because stores start in threads and all of them store values.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = Lock()
        self._values: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> str:
        with self._write_lock:
            self._values[name] = value
            write_private(self._path, json.dumps(self._values, indent=1))
        return value

    def password(self, name: str) -> str:
        """The stored password `name`; generated at its first use."""
        key = f"password-{name}"
        return self.get(key) or self.put(key, secrets.token_urlsafe(24))
