"""Parameters of statements."""

from collections.abc import Iterable


def bigint_array(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver takes ten times as long to write a list."""
    return f"{{{','.join(map(str, numbers))}}}"
