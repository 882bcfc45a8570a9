"""Files of a small market in the layout of EVE Ref, and the folder of a source."""

import bz2
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

OLD_COLUMNS = ("date", "region_id", "type_id", "average", "highest", "lowest", "volume", "order_count")
COLUMNS = (
    "average",
    "date",
    "highest",
    "lowest",
    "order_count",
    "volume",
    "http_last_modified",
    "region_id",
    "type_id",
)
FORGE = 10000002


def row(type_id: object, average: float | str, region_id: int = FORGE, **cells: object) -> dict[str, object]:
    cells = {"highest": 1, "lowest": 1, "order_count": 3, "volume": 10, "http_last_modified": ""} | cells
    return cells | {"type_id": type_id, "average": average, "region_id": region_id}


def csv_text(day: date, rows: Iterable[Mapping[str, object]], columns: tuple[str, ...] = COLUMNS) -> str:
    lines = [
        ",".join(str((entry if "date" in entry else {**entry, "date": day})[name]) for name in columns)
        for entry in rows
    ]
    return "\n".join([",".join(columns), *lines]) + "\n"


def price_file(day: date, rows: Iterable[Mapping[str, object]], columns: tuple[str, ...] = COLUMNS) -> bytes:
    return bz2.compress(csv_text(day, rows, columns).encode())


def write_market(folder: Path, days: Mapping[date, Mapping[int, float]]) -> str:
    """A source at a `file://` URL with The Forge's prices by day and type."""
    for day, prices in days.items():
        path = folder / f"{day:%Y}" / f"market-history-{day}.csv.bz2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(price_file(day, [row(type_id, average) for type_id, average in prices.items()]))
    (folder / "totals.json").write_text(json.dumps({day.isoformat(): len(prices) for day, prices in days.items()}))
    return folder.as_uri()
