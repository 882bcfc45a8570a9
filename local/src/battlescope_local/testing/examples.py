"""How many examples a property test tries: few in `make test`, many in `make test-long`."""

import os
from typing import Final

FACTOR: Final = float(os.environ.get("BATTLESCOPE_EXAMPLES", "1"))


def examples(count: int) -> int:
    """`count` examples, or as many times more as BATTLESCOPE_EXAMPLES states."""
    return max(1, round(count * FACTOR))
