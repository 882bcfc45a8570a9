"""Tickers of corporations and alliances: what ESI answered about one, and when it is asked again."""

from dataclasses import dataclass
from typing import Final

from battlescope_schemas.entity import EntityType
from battlescope_schemas.foreign_text import clean_name, parse_json

REFRESH_SECONDS: Final = 7 * 24 * 3600.0  # a ticker hardly ever changes
MAX_TICKER: Final = 10  # characters; the game has up to 5
ROUTES: Final = {EntityType.CORPORATION: "corporations", EntityType.ALLIANCE: "alliances"}


@dataclass(frozen=True, slots=True)
class Organisation:
    """A corporation or alliance whose ticker is due."""

    entity_id: int
    entity_type: EntityType
    entity_name: str


@dataclass(frozen=True, slots=True)
class TickerAnswer:
    """What ESI answered. `ticker` is None where it has none or its answer cannot be read.

    fetched_at: Unix time in seconds.
    """

    organisation: Organisation
    ticker: str | None
    fetched_at: float

    @property
    def due_at(self) -> float:
        """When ESI is asked again; without a ticker too, since an odd answer may be an incident."""
        return self.fetched_at + REFRESH_SECONDS


def read_ticker(body: bytes) -> str | None:
    """The ticker in an answer to `GET /corporations/{id}` or `/alliances/{id}`; None where it has none."""
    try:
        document = parse_json(body)
    except ValueError:
        return None
    ticker = clean_name(document.get("ticker")) if isinstance(document, dict) else None  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]  # JSON of others
    return ticker if ticker is not None and len(ticker) <= MAX_TICKER else None
