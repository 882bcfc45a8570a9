"""The two ways in which processing can fail.

`handlers/error_translation.py` turns them into the errors of the event shell, which the pure packages do not know.
"""


class Unavailable(Exception):  # noqa: N818  # an outcome
    """A dependency of this function does not answer now; the text names it. A retry may succeed."""


class Unusable(Exception):  # noqa: N818  # an outcome
    """The input can never be processed; the text gives the reason. A retry would fail in the same way."""
