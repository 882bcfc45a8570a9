"""Errors that users can fix; the commands print their message instead of a traceback."""

from collections.abc import Iterator
from typing import Final, cast


class UserError(Exception):
    """An error that the user can fix; the message names the remedy."""


USER_ERRORS: Final = (UserError, OSError, ValueError)
REPORTABLE_ERRORS: Final = (*USER_ERRORS, ExceptionGroup)


def error_message(error: BaseException) -> str:
    """Message of the first error that users can fix; a group that holds none is raised again."""
    reported_errors = [leaf for leaf in _leaves(error) if isinstance(leaf, USER_ERRORS)]
    if not reported_errors and isinstance(error, ExceptionGroup):
        raise error
    return _sentence(reported_errors[0] if reported_errors else error)


def _sentence(error: BaseException) -> str:
    """The message; for an error of the operating system, `[Errno 13]` is left out."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error) or type(error).__name__


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for member in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(member)
    else:
        yield error
