"""Quantities of Kubernetes."""

import re
from typing import Final

CPU_QUANTITY: Final = re.compile(r"[1-9][0-9]*m?")


def millicores(text: str) -> int:
    """`250m` or `2` of a request of CPU, in thousandths of a core."""
    return int(text.removesuffix("m")) if text.endswith("m") else int(text) * 1000
