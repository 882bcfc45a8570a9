"""The simulated universe: all five kinds of space, symmetric gates, unique names."""

from collections import Counter

from battlescope_upstream.simulation.universe import POCHVEN_REGION, make_universe


def test_all_kinds_of_space_have_ids_in_their_range() -> None:
    universe = make_universe(7)
    count = Counter(system.space for system in universe.systems)
    assert count == {"highsec": 42, "lowsec": 32, "nullsec": 40, "wormhole": 24, "pochven": 12}
    for system in universe.systems:
        assert (31_000_000 <= system.system_id < 32_000_000) == (system.space == "wormhole")
        assert (system.region_id == POCHVEN_REGION) == (system.space == "pochven")
    assert all(0 < system.security < 0.45 for system in universe.in_space("lowsec"))
    assert all(system.security >= 0.45 for system in universe.in_space("highsec"))
    assert all(system.security <= 0 for system in universe.in_space("nullsec"))


def test_gates_are_symmetric_and_reach_every_system_but_wormholes() -> None:
    universe = make_universe(7)
    by_id = {gate.gate_id: gate for gate in universe.gates}
    for gate in universe.gates:
        opposite = by_id[gate.to_gate_id]
        assert (opposite.system_id, opposite.to_system_id) == (gate.to_system_id, gate.system_id)
        assert opposite.to_gate_id == gate.gate_id
    unreached = {system_id for system_id, gates in universe.neighbours().items() if not gates}
    assert unreached == {system.system_id for system in universe.in_space("wormhole")}


def test_names_of_systems_and_constellations_are_unique() -> None:
    universe = make_universe(7)
    assert len({system.name for system in universe.systems}) == len(universe.systems)
    assert len({system.system_id for system in universe.systems}) == 150
    assert len({area.name for area in universe.constellations}) == len(universe.constellations) == 20
