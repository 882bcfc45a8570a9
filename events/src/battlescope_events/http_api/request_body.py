"""Base classes and types of request bodies."""

from typing import Annotated, Final

from pydantic import ConfigDict, StringConstraints

from battlescope_schemas.base import Schema

DEFAULT_AUTHOR: Final = "developer"
ONE_LINE: Final = r"^[^\x00-\x1f\x7f]+$"
NO_NUL: Final = r"^[^\x00]*$"  # PostgreSQL cannot store NUL
SingleLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=ONE_LINE)]


class RequestBody(Schema):
    """Rejects unknown fields, so that a misspelled field cannot silently change the meaning of a request."""

    # Built at import: FastAPI needs the schema of request bodies when it registers the routes.
    model_config = ConfigDict(extra="forbid", defer_build=False)


class AuthoredBody(RequestBody):
    """A request with its author."""

    author: SingleLine = DEFAULT_AUTHOR
