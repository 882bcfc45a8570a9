"""How a route gets what it depends on.

A function has one frozen dataclass of its dependencies. Its `main.py` opens them; a route takes them as
`deps: Annotated[Dependencies, OF_APP]`; a test sets `app.state.dependencies`.
"""

from typing import Any, Final

from fastapi import Depends
from fastapi.requests import HTTPConnection


def _of_app(connection: HTTPConnection) -> Any:
    return connection.app.state.dependencies


OF_APP: Final[Any] = Depends(_of_app)
