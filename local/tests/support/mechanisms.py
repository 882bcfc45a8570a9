"""Which shared modules of `battlescope_events.postgres` a function uses."""

import re

from battlescope_local.devtools.project import Member

MECHANISM = re.compile(r"^from (battlescope_events\.postgres\.\w+) import", re.MULTILINE)


def mechanisms_of(function: Member) -> list[str]:
    """The modules whose statements the function executes with its own role."""
    texts = [path.read_text() for path in (function.folder / "src").rglob("*.py")]
    return sorted({name for text in texts for name in MECHANISM.findall(text)})
