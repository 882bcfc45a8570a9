"""Ids of a ruleset are looked up: who exists has a name, who does not is refused, and ESI's absence stops nobody."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_desk import AGENT, ApiHarness

from battlescope_upstream.testing import running_upstream
from ingest_api.clients import esi as esi_client
from ingest_api.clients.esi import EsiClient
from ingest_api.domain.entity_validation import (
    ESI_CATEGORIES,
    NameLookup,
    ids_to_resolve,
    names_by_id,
    unverified_ids,
    validation_errors,
)
from ingest_api.main import app

RULESETS = "/api/ingestion/rulesets"
CURRENT = "/api/rulesets/current"
CONFIG = "/api/admin/config/ingest"
HOME, ALLIANCE, CORPORATION, NOBODY = 30009001, 99_000_001, 98_000_001, 5


@asynccontextmanager
async def esi(**dials: Any) -> AsyncGenerator[tuple[EsiClient, list[httpx2.Request]]]:
    """The stand-in's ESI, and what it is asked."""
    asked: list[httpx2.Request] = []

    async def note(request: httpx2.Request) -> None:
        asked.append(request)

    async with (
        running_upstream(**dials) as url,
        httpx2.AsyncClient(headers=AGENT, event_hooks={"request": [note]}) as c,
    ):
        yield EsiClient(c, f"{url}/esi"), asked


@pytest.mark.postgres
async def test_who_exists_is_named_and_asked_for_once(desk: ApiHarness) -> None:
    wanted = {"name": "home", "trackedSystemIds": [HOME], "trackedAllianceIds": [ALLIANCE]}
    async with esi() as (app.state.esi, asked):
        told = (await desk.api.post(RULESETS, json=wanted)).json()
        assert (told["names"][str(HOME)], told["unverifiedIds"]) == ("Sushoshur", [])
        assert told["names"].keys() == {str(HOME), str(ALLIANCE)}
        path = f"{RULESETS}/{told['id']}"
        more = {"trackedAllianceIds": [ALLIANCE, ALLIANCE + 1], "trackedSystemIds": []}
        changed = (await desk.api.put(path, json=more)).json()
    assert changed["names"].keys() == {str(ALLIANCE), str(ALLIANCE + 1)}
    assert [sorted(json.loads(request.content)) for request in asked] == [[HOME, ALLIANCE], [ALLIANCE + 1]]
    assert {request.headers["x-compatibility-date"] for request in asked} == {esi_client.COMPATIBILITY_DATE}
    assert asked[0].headers["user-agent"] == AGENT["user-agent"]
    history = (await desk.api.get(f"{path}/history")).json()["versions"]
    assert [version["ruleset"]["names"] for version in history] == [changed["names"], told["names"]]


@pytest.mark.postgres
async def test_who_does_not_exist_or_is_somebody_else_is_told_and_nothing_is_kept(desk: ApiHarness) -> None:
    wrong = {"trackedAllianceIds": [ALLIANCE, NOBODY], "trackedCorpIds": [CORPORATION, ALLIANCE + 1, 2**31]}
    async with esi() as (app.state.esi, _):
        answers = [
            await desk.api.post(RULESETS, json={"name": "x"} | wrong),
            await desk.api.put(CURRENT, json=wrong),
            await desk.api.put(CONFIG, json={"ruleset": wrong}),
        ]
    for answer in answers:
        assert answer.status_code == 400
        said = answer.json()["message"]
        assert f"trackedAllianceIds: ESI knows nobody and nothing by {NOBODY}." in said
        assert f"trackedCorpIds: ESI knows nobody and nothing by {2**31}." in said
        assert f"not of the kind corporation: {ALLIANCE + 1} (alliance, " in said
        assert str(CORPORATION) not in said
    assert desk.sql("SELECT count(*) FROM ruleset_history") == [(1,)]


@pytest.mark.postgres
async def test_while_esi_is_away_ids_are_taken_and_told_and_looked_up_when_they_are_saved_again(
    desk: ApiHarness,
) -> None:
    lists = {"trackedSystemIds": [HOME], "trackedAllianceIds": [ALLIANCE]}
    told = (await desk.api.put(CURRENT, json=lists)).json()
    assert (told["names"], told["unverifiedIds"]) == ({}, [str(HOME), str(ALLIANCE)])
    answer = await desk.api.put(CONFIG, json={"ruleset": {"minPilots": 3}})
    assert answer.json() == {"success": True, "unverifiedIds": [str(HOME), str(ALLIANCE)]}
    async with esi() as (app.state.esi, _):
        assert (await desk.api.put(CURRENT, json={"minPilots": 4})).json()["unverifiedIds"] != []
        assert (await desk.api.put(CURRENT, json=lists)).json()["unverifiedIds"] == []


async def test_the_ids_that_do_not_exist_are_found_among_many() -> None:
    ids = [*range(98_000_000, 98_001_400), NOBODY, NOBODY + 1]
    async with esi() as (client, asked):
        found = await client.resolve_names(ids)
    assert found.unknown == {NOBODY, NOBODY + 1}
    assert len(found.names) == 1_400
    assert all(len(json.loads(request.content)) <= esi_client.MAX_IDS_PER_REQUEST for request in asked)


async def test_many_that_do_not_exist_do_not_spend_what_all_share() -> None:
    async with esi(esi_bad_ids=1.0) as (client, asked):
        found = await client.resolve_names(range(98_000_000, 98_000_900))
    assert found.unknown, "some are told"
    assert len(asked) <= esi_client.MAX_NOT_FOUND + 1


@pytest.mark.parametrize(("dials", "asked_again"), [
    ({"esi_down": True}, 1), ({"esi_failing": 1.0}, 1), ({"esi_error_limit": 0}, 0),
])  # fmt: skip
async def test_a_refusal_is_heeded_and_a_failure_is_of_the_moment(dials: dict[str, Any], asked_again: int) -> None:
    async with esi(**dials) as (client, asked):
        assert await client.resolve_names([HOME]) == NameLookup()
        assert await client.resolve_names([HOME]) == NameLookup()
    assert len(asked) == 1 + asked_again


async def test_esi_that_says_something_else_or_nothing_in_time_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esi_client, "SECONDS", 0.1)
    async with running_upstream() as url, httpx2.AsyncClient(headers=AGENT) as client:
        page = httpx2.MockTransport(lambda _: httpx2.Response(200, text="<html>"))
        async with httpx2.AsyncClient(transport=page) as other:
            assert await EsiClient(other, url).resolve_names([HOME]) == NameLookup()
        monkeypatch.setattr(EsiClient, "_ask", _sleeps)
        assert await EsiClient(client, f"{url}/esi").resolve_names([HOME]) == NameLookup()


async def _sleeps(*_: object) -> None:
    await esi_client.asyncio.sleep(5)


IDS = st.lists(st.integers(1, 12), max_size=6)
LISTS = st.fixed_dictionaries(dict.fromkeys(ESI_CATEGORIES, IDS))
NAMED = st.dictionaries(
    st.integers(1, 12), st.tuples(st.sampled_from([*ESI_CATEGORIES.values(), "region"]), st.just("x"))
)


@given(LISTS, LISTS, st.sets(st.integers(1, 12)), NAMED)
def test_every_listed_id_is_named_asked_for_or_objected_to(
    wanted: dict[str, Sequence[int]], before: dict[str, Sequence[int]], known: set[int], answers: dict[int, Any]
) -> None:
    named = {str(one): "y" for one in known}
    asked = ids_to_resolve(wanted, before, named)
    found = NameLookup({one: answers[one] for one in asked if one in answers}, asked - answers.keys())
    fits = all(
        answers.get(i, ("",))[0] == kind for name, kind in ESI_CATEGORIES.items() for i in wanted[name] if i in asked
    )
    assert (not validation_errors(wanted, found)) == fits
    if fits:
        names = names_by_id(wanted, named, found)
        assert unverified_ids(wanted, names) == []
        assert set(map(int, names)) == {one for ids in wanted.values() for one in ids}
    assert all(one in before[name] for name in ESI_CATEGORIES for one in wanted[name] if one not in asked)
