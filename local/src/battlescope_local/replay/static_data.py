"""CCP's static data for a replay: which types are capsules or structures, which systems are neighbours, their names."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from battle_cluster.detection.classification import CAPSULE_GROUP, SHIP_CATEGORY
from battle_cluster.statistics.participants import CAPSULES
from battlescope_local.errors import UserError
from battlescope_local.replay.esi_killmail import StaticData
from killmail_enrich.errors import Unusable
from killmail_enrich.static_data.parser import MEMBERS, STARGATES, Row, adjacency, nearby, rows

ZIPS: Final = "eve-online-static-data-*-jsonl.zip"
WITHOUT: Final = (
    "No static data was found (--sde, BATTLESCOPE_SDE, or a zip beside the killmails): only capsules are known by"
    " their type, and no system has neighbours, so fights that move are told apart."
)


@dataclass(frozen=True, slots=True)
class Universe:
    """`source` is the file it came from, None where there was none."""

    static_data: StaticData
    names: dict[int, str]
    source: Path | None


NOTHING: Final = Universe(StaticData(dict.fromkeys(CAPSULES, (CAPSULE_GROUP, SHIP_CATEGORY)), {}), {}, None)


def found(chosen: Path | None, files: Iterable[Path]) -> Path | None:
    """The chosen zip, else the newest that lies beside the killmail files."""
    if chosen is not None:
        return chosen
    folders = dict.fromkeys(file.resolve().parent for file in files)
    near = (zips for folder in folders for place in _places(folder) if (zips := sorted(place.glob(ZIPS))))
    return next((zips[-1] for zips in near), None)


def _places(folder: Path) -> tuple[Path, ...]:
    return folder, folder / "sde", folder.parent / "sde"


def universe(source: Path | None) -> Universe:
    """What the zip says.

    Raises:
        Problem: it cannot be read, or is no static data.
    """
    if source is None:
        return NOTHING
    try:
        with zipfile.ZipFile(source) as archive:
            return _read(archive, source)
    except (OSError, EOFError, KeyError, Unusable, zipfile.BadZipFile, zlib.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error).rstrip(".")
        raise UserError(f"The static data {source} cannot be read: {why}.") from error


def _read(archive: zipfile.ZipFile, source: Path) -> Universe:
    tables = {member.table: member for member in MEMBERS}

    def table(name: str) -> Iterator[Row]:
        with _member(archive, tables[name].file_name) as lines:
            yield from rows(tables[name], lines)

    category = {group: number for group, _, number in table("groups")}
    types = {ship: (group, category.get(group)) for ship, _, group in table("types")}
    with _member(archive, STARGATES) as lines:
        linked = adjacency(lines)
    around = {system: frozenset(nearby(system, linked)) for system in linked}
    return Universe(StaticData(types, around), {row[0]: row[1] for row in table("systems")}, source)


def _member(archive: zipfile.ZipFile, file_name: str) -> IO[bytes]:
    """Wherever in the zip it lies."""
    name = next((name for name in archive.namelist() if Path(name).name == file_name), file_name)
    return archive.open(name)
