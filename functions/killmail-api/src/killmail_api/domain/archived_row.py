"""What the database has of a killmail in the archive."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ArchivedRow:
    """Where the raw killmail is, and by which prices its items were valued; None while they are not."""

    archive_key: str
    ship_type_id: int
    ship_type_name: str | None
    unit_prices: list[tuple[int, int, str, int, str | None]] | None
    rules: int | None
    price_day: date | None
