"""Which errors people can do something about; the commands tell those in a sentence instead of a traceback."""

from collections.abc import Iterator
from typing import Final, cast


class UserError(Exception):
    """Something that people can do something about; the message is the sentence they read."""


KNOWN: Final = (UserError, OSError, ValueError)
PROBLEMS: Final = (*KNOWN, ExceptionGroup)


def sentence(error: BaseException) -> str:
    """The first cause that people can do something about; a group without one is raised again."""
    known = [one for one in _leaves(error) if isinstance(one, KNOWN)]
    if not known and isinstance(error, ExceptionGroup):
        raise error
    return str(known[0] if known else error)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(one)
    else:
        yield error
