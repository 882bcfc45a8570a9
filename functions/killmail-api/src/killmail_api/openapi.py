"""Writes the OpenAPI description of this API: `python -m killmail_api.openapi [FILE]`."""

import json
import sys
from pathlib import Path

from killmail_api.main import app

FILE = Path(__file__).parents[2] / "openapi.json"


def text() -> str:
    return json.dumps(app.openapi(), indent=2) + "\n"


def main() -> None:
    (Path(sys.argv[1]) if len(sys.argv) > 1 else FILE).write_text(text())


if __name__ == "__main__":
    main()
