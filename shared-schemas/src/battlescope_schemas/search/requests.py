"""Requests to the indexing half of search."""

from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import Schema


class ReindexRequested(Schema):
    """The next part of a job that rebuilds the search index; parts count from 0."""

    job_id: str
    part: Annotated[int, Field(ge=0)]
