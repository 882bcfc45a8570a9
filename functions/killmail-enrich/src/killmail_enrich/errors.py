"""The two ways in which processing can fail.

`handlers/error_translation.py` turns them into the errors of the event shell, which the pure packages do not know.
"""

from battlescope_events.errors import PermanentError, TransientError


class Unavailable(TransientError):  # noqa: N818  # an outcome
    """A dependency of this function does not answer now; the text names it. A retry may succeed."""


class Unusable(PermanentError):  # noqa: N818  # an outcome
    """The input can never be processed; the text gives the reason. A retry would fail in the same way."""
