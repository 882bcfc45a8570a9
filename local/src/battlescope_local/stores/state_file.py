"""Values that outlive the node: ports and passwords."""

import json
import os
import secrets
from pathlib import Path
from threading import Lock


class StateFile:
    """A small JSON file of names and values that outlives the node, readable for its owner only.

    The stores of a node start in threads of their own, and all of them remember something.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_writes = Lock()
        self._values: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> str:
        with self._one_writes:
            self._values[name] = value
            fresh = self._path.with_suffix(".new")
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 -- pathlib cannot create with a mode
                json.dump(self._values, file, indent=1)
            fresh.replace(self._path)
        return value

    def password(self, name: str) -> str:
        key = f"password-{name}"
        return self.get(key) or self.put(key, secrets.token_urlsafe(24))
