"""Requests at once: no update is lost, and neither database nor Valkey keep anything that belongs to nobody."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from types import ModuleType
from typing import Any

import pytest
from account_harness import (
    ALT,
    DIRECTOR,
    MEMBER,
    OUTSIDER,
    AccountHarness,
    Browser,
    lift_limits,
    open_harness,
    simulated_upstream,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from account_api.repositories import accounts, characters
from battlescope_local.testing.databases import Database
from battlescope_local.testing.examples import examples
from battlescope_schemas.accounts.session import AccessToken, Session

ACCOUNTS = "/api/admin/accounts"
ATTEMPTS = 8
PEOPLE = (MEMBER, OUTSIDER)
EXPECTED = {200, 201, 204, 302, 400, 401, 403, 404, 409, 503}  # 503: the machine is so busy that a store is late
operations = st.lists(
    st.tuples(
        st.sampled_from([
            "login", "login-alt", "link", "unlink", "primary", "role", "role", "revoke-role", "block", "unblock",
            "promote", "demote", "token", "revoke-token", "logout", "name", "sold",
        ]),
        st.sampled_from(PEOPLE),
        st.integers(0, 3),
    ),
    min_size=6,
    max_size=14,
)  # fmt: skip


class Crowd:
    """A SuperAdmin, and two people who share a further character."""

    def __init__(self, harness: AccountHarness, admin: Browser) -> None:
        self.harness, self.admin = harness, admin
        self.browsers: dict[int, Browser] = {}
        self.accounts: dict[int, str] = {}
        self.statuses: Counter[int] = Counter()

    async def log_in(self, person: int) -> None:
        self.browsers[person] = await self.harness.logged_in(person)
        self.accounts[person] = (await self.browsers[person].me())["id"]

    async def act(self, operation: str, person: int, number: int) -> None:
        browser, account = self.browsers[person], f"{ACCOUNTS}/{self.accounts[person]}"
        linked = self.harness.sql("SELECT id FROM characters WHERE account_id = %s", self.accounts[person])
        character = str(linked[number % len(linked)][0]) if linked else self.accounts[person]
        role = ("user", "fc", "director", "admin")[number]
        change = {
            "unlink": (browser, "DELETE", f"/api/me/characters/{character}", None),
            "primary": (browser, "POST", f"/api/me/characters/{character}/set-primary", None),
            "role": (self.admin, "PUT", f"{account}/roles", {"featureKey": "battle-reports", "roleKey": role}),
            "revoke-role": (self.admin, "DELETE", f"{account}/roles/battle-reports", None),
            "block": (self.admin, "POST", f"{account}/block", {"reason": "test"}),
            "unblock": (self.admin, "POST", f"{account}/unblock", None),
            "promote": (self.admin, "POST", f"{account}/superadmin", None),
            "demote": (self.admin, "DELETE", f"{account}/superadmin", None),
            "token": (browser, "POST", "/api/me/access-tokens", {"name": "script"}),
            "logout": (browser, "POST", "/auth/logout", None),
            "name": (browser, "PATCH", "/api/me", {"displayName": f"name {number}"}),
        }.get(operation)
        if change:
            client, method, path, body = change
            response = await client.change(method, path, **({"json": body} if body else {}))
        else:
            response = await self._act_otherwise(operation, person, browser)
        if response is not None:
            self.statuses[response.status_code] += 1

    async def _act_otherwise(self, operation: str, person: int, browser: Browser) -> Any:
        if operation == "revoke-token":
            rows = self.harness.sql("SELECT id FROM access_tokens WHERE account_id = %s", self.accounts[person])
            return await browser.change("DELETE", f"/api/me/access-tokens/{rows[0][0]}") if rows else None
        if operation == "link":
            return await self._link(browser)
        if operation == "sold":
            await self.harness.sso(owners={ALT: f"owner {person}"})
        return await (await self.harness.browser()).log_in(ALT if operation != "login" else person)

    async def _link(self, browser: Browser) -> Any:
        response = await browser.get("/auth/login", params={"add_character": "true"})
        if "/login" in response.headers["location"] and "error" in response.headers["location"]:
            return response
        return await browser.finish(await browser.choose(response.headers["location"], ALT))


async def check(harness: AccountHarness) -> None:
    """What must hold once every request has been answered."""
    versions: dict[str, list[int]] = defaultdict(list)
    for message in harness.published:
        if message.type.endswith("account.changed.v1"):
            payload = json.loads(message.body)
            versions[payload["accountId"]].append(payload["version"])
    rows = harness.sql(
        "SELECT id::text, version, is_blocked OR deleted_at IS NOT NULL, is_super_admin, anonymised_at IS NOT NULL, "
        "primary_character_id, (SELECT count(*) FROM characters c WHERE c.account_id = a.id), "
        "(SELECT eve_character_id FROM characters c WHERE c.id = a.primary_character_id), "
        "(SELECT name FROM characters c WHERE c.id = a.primary_character_id), "
        "(SELECT coalesce(jsonb_object_agg(feature_key, rank), '{}') FROM account_roles r WHERE r.account_id = a.id) "
        "FROM accounts a"
    )
    for account_id, version, _, _, is_anonymised, primary, count, *_ in rows:
        assert sorted(versions[account_id]) == list(range(1, version + 1)), "an update was lost"
        assert (primary is None, count == 0) == (is_anonymised, is_anonymised), "an orphan"
    assert set(versions) == {row[0] for row in rows}
    state = {row[0]: row for row in rows}
    valkey = harness.dependencies.login.states._valkey._redis
    sessions = [Session.model_validate_json(await valkey.get(k)) async for k in valkey.scan_iter("session:*")]
    owners = {key.partition(":")[2] async for key in valkey.scan_iter("account-session:*")}
    assert {str(session.account_id) for session in sessions} == owners
    assert len(sessions) == len(owners), "more than one session of an account"
    tokens = [AccessToken.model_validate_json(await valkey.get(k)) async for k in valkey.scan_iter("access-token:*")]
    for identity in [*sessions, *tokens]:
        _, version, has_ended, is_super_admin, _, _, _, character, name, roles = state[str(identity.account_id)]
        assert not has_ended
        assert (identity.account_version, identity.is_super_admin) == (version, is_super_admin)
        assert (identity.roles, identity.primary_character_id) == (roles, character)
        assert identity.primary_character_name == name
    active = [row[0] for row in rows if not row[2]]
    valid = harness.sql("SELECT id FROM access_tokens WHERE account_id::text = ANY(%s)", active)
    assert {token.token_id for token in tokens} == {row[0] for row in valid}


def delay_writes_to_valkey(harness: AccountHarness, delay: Callable[[bool], float]) -> None:
    """Let writes overtake each other where nothing keeps them in order.

    `delay`: the seconds by which a write is late; its argument is whether it follows the commit of a change.
    """
    sessions = harness.dependencies.changes.sessions
    apply = sessions.apply

    async def apply_late(*args: Any) -> None:
        await asyncio.sleep(delay(len(args) == 3))
        await apply(*args)

    sessions.apply = apply_late


async def scenario(
    database: Database, valkey: str, steps: list[tuple[str, int, int]], delay: Callable[[bool], float]
) -> None:
    async with (
        simulated_upstream(mails=1, speed="0") as upstream,
        open_harness(database.url("account-api"), database.owner, valkey, upstream) as harness,
    ):
        lift_limits(harness)
        await harness.dependencies.login.states._valkey._redis.flushall()
        await harness.dependencies.access_tokens.restore()
        crowd = Crowd(harness, await harness.logged_in(DIRECTOR))
        for person in PEOPLE:
            await crowd.log_in(person)
        delay_writes_to_valkey(harness, delay)
        for first in range(0, len(steps), 5):
            await asyncio.gather(*(crowd.act(*step) for step in steps[first : first + 5]))
        assert set(crowd.statuses) <= EXPECTED, crowd.statuses
        await check(harness)


@settings(max_examples=examples(3), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(operations)
def test_requests_at_once_lose_no_update_and_leave_no_orphan(
    new_database: Callable[[], Database], valkey: str, steps: list[tuple[str, int, int]]
) -> None:
    chance = Random(7)
    asyncio.run(scenario(new_database(), valkey, steps, lambda _: chance.choice((0, 0, 0.4))))


@pytest.mark.parametrize(
    ("module", "lock", "without", "steps"),
    [
        (
            accounts,
            "LOCK_ACCOUNT",
            f"{accounts.ACCOUNT} AND pg_sleep(0.3)::text IS NOT NULL",
            [("role", MEMBER, number) for number in (1, 2, 3, 0, 1)],
        ),
        (
            characters,
            "LOCK_CHARACTER",
            "SELECT %(eve_character_id)s::bigint",
            [("login-alt", MEMBER, 0)] * 5,
        ),
    ],
)
def test_without_a_lock_the_check_fails(
    new_database: Callable[[], Database],
    valkey: str,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    lock: str,
    without: str,
    steps: list[tuple[str, int, int]],
) -> None:
    """What the property test checks is not true by itself: it fails if the statement of a lock locks nothing.

    How requests meet is chance where they do not wait for each other, so there are several attempts.
    """
    monkeypatch.setattr(module, lock, without)

    def attempt() -> None:
        seconds = iter([1.0])  # the first write after a commit comes last, unless a lock forbids it
        delay = partial(_next_delay, seconds)
        asyncio.run(scenario(new_database(), valkey, steps, delay))

    with pytest.raises(AssertionError):
        all(attempt() is None for _ in range(ATTEMPTS))


def _next_delay(seconds: Iterator[float], is_after: bool) -> float:  # as `delay_writes_to_valkey` calls it
    return next(seconds, 0.0) if is_after else 0.0
