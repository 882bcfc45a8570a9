"""CCP's static data for a replay: groups of types, neighbours and names of systems."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from battle_cluster.detection.classification import CAPSULE_GROUP, SHIP_CATEGORY
from battle_cluster.statistics.participants import CAPSULES
from battlescope_events.errors import PermanentError
from battlescope_local.errors import UserError
from battlescope_local.replay.esi_killmail import StaticData
from killmail_enrich.prices.build_cost import Blueprint, Blueprints
from killmail_enrich.static_data.parser import (
    BLUEPRINTS,
    MEMBERS,
    STARGATES,
    Row,
    adjacency,
    blueprint_rows,
    nearby,
    rows,
)

ZIP_PATTERN: Final = "eve-online-static-data-*-jsonl.zip"
NO_STATIC_DATA: Final = (
    "No static data was found (--sde, BATTLESCOPE_SDE, or a zip beside the killmails): capsules are the only known"
    " type, and no system has neighbours, so that fights across systems are separate battles."
)


@dataclass(frozen=True, slots=True)
class Universe:
    """Static data and system names; `source` is their file, None without one.

    type_names, blueprints: of all types, empty without a file; blueprints also where the file has none.
    """

    static_data: StaticData
    names: dict[int, str]
    source: Path | None
    type_names: dict[int, str] = field(default_factory=dict[int, str])
    blueprints: Blueprints = field(default_factory=dict[int, Blueprint])


EMPTY_UNIVERSE: Final = Universe(StaticData(dict.fromkeys(CAPSULES, (CAPSULE_GROUP, SHIP_CATEGORY)), {}), {}, None)


def find_static_data(chosen: Path | None, files: Iterable[Path]) -> Path | None:
    """The chosen zip, else the newest zip beside the killmail files."""
    if chosen is not None:
        return chosen
    folders = dict.fromkeys(file.resolve().parent for file in files)
    adjacent_zips = (
        zips
        for folder in folders
        for search_folder in _search_folders(folder)
        if (zips := sorted(search_folder.glob(ZIP_PATTERN)))
    )
    return next((zips[-1] for zips in adjacent_zips), None)


def _search_folders(folder: Path) -> tuple[Path, ...]:
    return folder, folder / "sde", folder.parent / "sde"


def load_universe(source: Path | None) -> Universe:
    """Read the zip.

    Raises:
        UserError: the zip cannot be read, or does not contain static data.
    """
    if source is None:
        return EMPTY_UNIVERSE
    try:
        with zipfile.ZipFile(source) as archive:
            return _read(archive, source)
    except (OSError, EOFError, KeyError, PermanentError, zipfile.BadZipFile, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).rstrip(".")
        raise UserError(f"The static data {source} cannot be read: {reason}.") from error


def _read(archive: zipfile.ZipFile, source: Path) -> Universe:
    tables = {member.table: member for member in MEMBERS}

    def table(name: str) -> Iterator[Row]:
        with _open_member(archive, tables[name].file_name) as lines:
            yield from rows(tables[name], lines)

    category = {group: number for group, _, number in table("groups")}
    types: dict[int, tuple[int, int | None]] = {}
    type_names: dict[int, str] = {}
    for type_id, name, group in table("types"):
        types[type_id], type_names[type_id] = (group, category.get(group)), name
    with _open_member(archive, STARGATES) as lines:
        connections = adjacency(lines)
    neighbours = {system: frozenset(nearby(system, connections)) for system in connections}
    names = {row[0]: row[1] for row in table("systems")}
    return Universe(StaticData(types, neighbours), names, source, type_names, _blueprints(archive))


def _blueprints(archive: zipfile.ZipFile) -> Blueprints:
    if not any(Path(name).name == BLUEPRINTS for name in archive.namelist()):
        return {}
    with _open_member(archive, BLUEPRINTS) as lines:
        rows_of_products = blueprint_rows(lines)
    return {
        product: Blueprint(batch, dict(zip(materials, quantities, strict=True)))
        for product, _, batch, materials, quantities in rows_of_products
    }


def _open_member(archive: zipfile.ZipFile, file_name: str) -> IO[bytes]:
    """The member with this file name in any folder of the zip."""
    name = next((name for name in archive.namelist() if Path(name).name == file_name), file_name)
    return archive.open(name)
