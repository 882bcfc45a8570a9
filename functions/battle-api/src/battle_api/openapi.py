"""Writes the OpenAPI description to standard output: `python -m battle_api.openapi > openapi.json`."""

import json
import sys

from battle_api.main import app


def text() -> str:
    """The content of `openapi.json`."""
    return json.dumps(app.openapi(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
