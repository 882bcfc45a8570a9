"""Every id in an answer about a battle has a name; an unknown one is `Unknown Character #123` and the like."""

from typing import Any

from battle_api_harness import ApiHarness

BATTLE = "/api/battles/00000000-0000-0000-0000-000000000001"
PATHS = (
    "/api/battles", BATTLE, f"{BATTLE}/killmails", f"{BATTLE}/participants", f"{BATTLE}/timeline",
    f"{BATTLE}/party-graph", f"{BATTLE}/killmails/2/why", "/api/stats/summary", "/api/statistics/global?period=30d",
    "/api/activity/recent",
)  # fmt: skip


def unnamed(value: Any, path: str = "$") -> list[str]:
    """Where an object has an id and no name beside it."""
    if isinstance(value, list):
        return [found for item in value for found in unnamed(item, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    found = [name for child, member in value.items() for name in unnamed(member, f"{path}.{child}")]
    for name, text in value.items():
        entity_id = value.get(f"{name.removesuffix('Name')}Id") if name.endswith("Name") else None
        if entity_id is not None and not text:
            found.append(f"{path}.{name}")
    return found


async def test_every_id_has_a_name_although_the_database_knows_none(harness: ApiHarness) -> None:
    harness.sql("DELETE FROM entity_names")
    for path in PATHS:
        response = await harness.api.get(path)
        assert response.status_code == 200, path
        assert unnamed(response.json()) == [], path
    battle = (await harness.api.get(BATTLE)).json()
    assert battle["systemName"] == "Unknown System #30000142"
    assert battle["regionName"] == "Unknown Region #10000002"
    assert battle["sides"][0]["parties"][0]["partyName"] == "Unknown Alliance #99000001"
    assert battle["unassigned"][0]["partyName"] == "Unknown Corporation #98000002"
    assert battle["killmails"][0]["shipTypeName"] == "Unknown Ship #587"
    assert battle["entities"]["characters"][0]["name"] == "Unknown Character #90000001"
