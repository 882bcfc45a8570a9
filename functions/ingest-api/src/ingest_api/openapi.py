"""Writes the API's description: `python -m ingest_api.openapi > openapi.json`."""

import json
import sys

from ingest_api.main import app


def text() -> str:
    """The description as it is committed."""
    return json.dumps(app.openapi(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
