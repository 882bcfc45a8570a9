"""Looking up static data on a real PostgreSQL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Database
from killmail_enrich.enrichment.locations import ItemType
from killmail_enrich.prices.build_cost import Blueprint
from killmail_enrich.static_data.repository import StaticData


@pytest.mark.postgres
@pytest.mark.usefixtures("static_data")
async def test_systems_and_types_are_looked_up(store: Database) -> None:
    locations, types = await StaticData(store, lambda: 0.0).look_up([30000002], [587, 999, 31337])
    location = locations[30000002]
    assert (location.system_name, location.region_name, location.security_type) == ("System 2", "Derelik", "highsec")
    assert list(location.nearby_system_ids) == [30000001, 30000003, 30000004]
    assert list(location.adjacent_system_ids) == [30000001, 30000003]
    assert types == {
        587: ItemType(587, "Rifter", 25, "Frigate", 6),
        999: ItemType(999, None, 424242, None, None),
    }


@pytest.mark.postgres
async def test_effect_of_a_wormhole_system_is_that_of_its_sun(
    static_data: str, store: Database, universe: Any, write_export: Callable[..., Path],
    import_static_data: Callable[[str, str], bool],
) -> None:  # fmt: skip
    locations, _ = await StaticData(store, lambda: 0.0).look_up([30000002, 31000001], [])
    effects = {system_id: location.wire_fields["system_effect"] for system_id, location in locations.items()}
    assert effects == {30000002: None, 31000001: "Wolf-Rayet"}
    del universe["mapSecondarySuns.jsonl"]
    assert import_static_data(static_data, write_export(1001, universe).as_uri())
    locations, _ = await StaticData(store, lambda: 0.0).look_up([31000001], [])
    assert (locations[31000001].sun_name, locations[31000001].wormhole_class) == (None, 2)


@pytest.mark.postgres
async def test_unknown_system_is_left_out_and_missing_import_is_unavailable(static_data: str, store: Database) -> None:
    data = StaticData(store, lambda: 0.0)
    assert await data.look_up([30009999], []) == ({}, {})
    with psycopg.connect(static_data) as connection:
        connection.execute("TRUNCATE static_data")
    with pytest.raises(TransientError, match="No static data has been imported"):
        await StaticData(store, lambda: 0.0).look_up([30000002], [])


@pytest.mark.postgres
async def test_new_build_replaces_the_old_one_also_in_running_processes(
    static_data: str,
    store: Database,
    universe: Any,
    write_export: Callable[..., Path],
    import_static_data: Callable[[str, str], bool],
) -> None:
    now = 0.0
    data = StaticData(store, lambda: now)
    await data.look_up([30000002], [587])
    universe["mapSolarSystems.jsonl"][1]["name"]["en"] = "Renamed"
    url = write_export(1001, universe).as_uri()
    assert [import_static_data(static_data, url), import_static_data(static_data, url)] == [True, False]
    assert (await data.look_up([30000002], []))[0][30000002].system_name == "System 2"
    now = 301.0
    assert (await data.look_up([30000002], []))[0][30000002].system_name == "Renamed"


@pytest.mark.postgres
async def test_blueprints_are_those_of_the_build_and_go_with_it(
    static_data: str,
    store: Database,
    universe: Any,
    write_export: Callable[..., Path],
    import_static_data: Callable[[str, str], bool],
) -> None:
    blueprints = await StaticData(store, lambda: 0.0).blueprints()
    assert blueprints[35832] == Blueprint(1, {34: 1000, 35: 5})
    assert blueprints.keys() == {35832, 2233}  # the customs office is no blueprint, but it is put together
    del universe["blueprints.jsonl"]
    assert import_static_data(static_data, write_export(1002, universe).as_uri())
    assert (await StaticData(store, lambda: 0.0).blueprints()).keys() == {2233}


@pytest.mark.postgres
def test_build_of_a_release_that_imported_less_is_imported_again(
    static_data: str, universe_zip: Path, import_static_data: Callable[[str, str], bool]
) -> None:
    assert not import_static_data(static_data, universe_zip.as_uri())
    with psycopg.connect(static_data) as connection:
        connection.execute("UPDATE static_data SET imported_tables = 7")
        connection.execute("DELETE FROM blueprints")
    assert import_static_data(static_data, universe_zip.as_uri())
    with psycopg.connect(static_data) as connection:
        assert connection.execute("SELECT count(*) FROM blueprints").fetchone() == (1,)
