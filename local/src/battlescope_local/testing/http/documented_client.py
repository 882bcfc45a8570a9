"""The Python client that `docs/api/README.md` shows, for tests that run it."""

import re

from battlescope_local.devtools.project import ROOT


def client_code() -> str:
    """The code of the client."""
    text = (ROOT / "docs" / "api" / "README.md").read_text()
    return "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
