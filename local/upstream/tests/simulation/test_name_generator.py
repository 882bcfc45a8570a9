"""Generated names."""

from battlescope_upstream.simulation.name_generator import alliance_name, corporation_name, pilot_name


def test_generated_names_are_constant_and_unique() -> None:
    ids = [*range(90_000_000, 90_005_000), *range(2_110_000_000, 2_110_005_000)]
    for name in (pilot_name, corporation_name, alliance_name):
        assert len({name(entity_id) for entity_id in ids}) == len(ids)
    assert pilot_name(2_112_813_010) == "Stoshu Kopumir"
