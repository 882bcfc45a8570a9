"""Models and types of requests. Pure: schemas of functions import them."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from battlescope_schemas.base import Schema

DEFAULT_AUTHOR: Final = "developer"
ONE_LINE: Final = r"^[^\x00-\x1f\x7f]+$"  # PostgreSQL cannot store NUL; names must be a single line
SingleLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=ONE_LINE)]

CursorText = Annotated[str, Field(max_length=500)]


class OffsetPage(BaseModel):
    """The part of a list that a request wants; a route overrides a limit by a field of the same name."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class RequestBody(Schema):
    """Rejects unknown fields, so that a misspelled field cannot silently change the meaning of a request."""

    # Built at import: FastAPI needs the schema of request bodies when it registers the routes.
    model_config = ConfigDict(extra="forbid", defer_build=False)


class AuthoredBody(RequestBody):
    """A request with its author."""

    author: SingleLine = DEFAULT_AUTHOR
