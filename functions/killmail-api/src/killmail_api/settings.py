"""Configuration from environment variables; their names are those of Knative and of the manifests."""

from typing import Annotated

from pydantic import Field

from battlescope_events.access.settings import AccessSettings
from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings, AccessSettings, ObjectStorageSettings):
    """What killmail-api needs.

    stream_seconds: the longest life of a stream, which must be below the function's timeout.
    """

    stream_seconds: Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)] = 570.0
