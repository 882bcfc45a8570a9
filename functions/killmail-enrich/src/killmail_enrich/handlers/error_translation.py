"""Translates this function's errors into those of the event shell, which decide whether the sender retries."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from battlescope_events.errors import PermanentError, TransientError
from killmail_enrich.errors import Unavailable, Unusable


@asynccontextmanager
async def translate_errors() -> AsyncGenerator[None]:
    try:
        yield
    except Unavailable as error:
        raise TransientError(str(error)) from error
    except Unusable as error:
        raise PermanentError(str(error)) from error
