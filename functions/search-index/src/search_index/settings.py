"""Configuration of search-index, from environment variables."""

from pydantic import SecretStr

from battlescope_events.object_storage.settings import ObjectStorageSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings
from battlescope_events.typesense.settings import SearchEngineSettings


class Settings(DatabaseSettings, SinkSettings, ObjectStorageSettings, SearchEngineSettings):
    """Database, event sink, object storage with the batches, and the search engine.

    typesense_search_key: the key that search-api uses, which may only search; empty for one that is made elsewhere.
    """

    typesense_search_key: SecretStr = SecretStr("")
