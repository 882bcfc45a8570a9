"""The static data zip: CCP's files and keys, and the same bytes for the same universe."""

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from battlescope_upstream.content.reference_data import reference_from_universe, reference_from_zip
from battlescope_upstream.content.sde import build_sde
from battlescope_upstream.simulation.universe import make_universe

# Keys of CCP's original that the sample leaves out.
EXTRA = {"mapStargates": {"position", "typeID"}}


def _tables(archive: ZipFile) -> dict[str, list[dict[str, Any]]]:
    return {name: [json.loads(row) for row in archive.read(name).splitlines()] for name in sorted(archive.namelist())}


def test_same_universe_gives_same_bytes() -> None:
    assert build_sde(make_universe(7)) == build_sde(make_universe(7))
    assert build_sde(make_universe(7)) != build_sde(make_universe(8))


def test_reference_data_from_zip_equals_that_from_the_universe(tmp_path: Path) -> None:
    universe = make_universe(7)
    path = tmp_path / "sde.zip"
    path.write_bytes(build_sde(universe))
    assert reference_from_zip(path) == reference_from_universe(universe)


def test_wormhole_class_is_on_system_or_region() -> None:
    tables = _tables(ZipFile(io.BytesIO(build_sde(make_universe(7)))))
    regions = {row["_key"]: row.get("wormholeClassID") for row in tables["mapRegions.jsonl"]}
    classes = {row.get("wormholeClassID") or regions[row["regionID"]] for row in tables["mapSolarSystems.jsonl"]}
    assert {7, 8, 9, 25} < classes <= {*range(1, 7), 7, 8, 9, 25}


def test_suns_are_those_of_wormhole_systems_and_of_all_kinds() -> None:
    tables = _tables(ZipFile(io.BytesIO(build_sde(make_universe(7)))))
    names = {row["_key"]: row["name"]["en"] for row in tables["types.jsonl"] if row["groupID"] == 995}
    wormholes = {row["_key"] for row in tables["mapSolarSystems.jsonl"] if row["_key"] // 1_000_000 == 31}
    suns = {row["solarSystemID"]: names[row["typeID"]] for row in tables["mapSecondarySuns.jsonl"]}
    assert suns.keys() < wormholes
    assert len(suns) == len(tables["mapSecondarySuns.jsonl"])
    assert len(set(suns.values())) > 2


@pytest.mark.shared
def test_files_and_keys_match_the_sample(shared: Path) -> None:
    with ZipFile(shared / "sde" / "eve-online-static-data-sample-jsonl.zip") as archive:
        sample = _tables(archive)
    ours = _tables(ZipFile(io.BytesIO(build_sde(make_universe(7)))))
    # CCP has these, the sample does not.
    assert ours.keys() == sample.keys() | {"blueprints.jsonl", "mapSecondarySuns.jsonl"}
    for name in sample:
        rows = ours[name]
        allowed: dict[str, set[type]] = {}
        for row in sample[name]:
            for key, value in row.items():
                allowed.setdefault(key, set()).add(type(value))
        for row in rows:
            extra = EXTRA.get(name.removesuffix(".jsonl"), set())
            assert all(type(value) in allowed[key] for key, value in row.items() if key not in extra)
            assert row.keys() - extra >= set(sample[name][0]) - {"stargateIDs", "wormholeClassID"}


@pytest.mark.shared
def test_types_and_groups_match_the_real_ones(shared: Path) -> None:
    real = reference_from_zip(shared / "sde" / "eve-online-static-data-sample-jsonl.zip")
    ours = reference_from_universe(make_universe(7))
    for type_id, group_id in ours.type_groups.items():
        assert real.type_groups[type_id] == group_id
        assert real.names[type_id] == ours.names[type_id]
        assert real.category_of(type_id) == ours.category_of(type_id)
