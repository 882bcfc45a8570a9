"""Which search engine is used, and where Typesense is, from environment variables."""

from enum import StrEnum
from typing import Self

from pydantic import SecretStr, model_validator

from battlescope_events.settings import EnvironmentSettings


class Engine(StrEnum):
    """postgres: the database of search searches its own rows. typesense: a server that has copies of them."""

    POSTGRES = "postgres"
    TYPESENSE = "typesense"


class SearchEngineSettings(EnvironmentSettings):
    """A block that the `Settings` of a function inherit. Address and key are needed with Typesense only."""

    search_engine: Engine = Engine.POSTGRES
    typesense_url: str = ""
    typesense_api_key: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.search_engine is Engine.TYPESENSE and not (
            self.typesense_url and self.typesense_api_key.get_secret_value()
        ):
            raise ValueError("SEARCH_ENGINE=typesense needs TYPESENSE_URL and TYPESENSE_API_KEY.")
        return self
