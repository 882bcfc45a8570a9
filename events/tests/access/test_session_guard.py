"""Sessions and access tokens in a real Valkey decide on requests; without Valkey nothing is let through for long."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import redis
from guarded_api import Instance, Line, instance, until

from battlescope_events.access.session_cache import CACHE_SECONDS
from battlescope_events.access.session_guard import refusal_of
from battlescope_events.http_api.guard import ANY_FEATURE, INSTALLATION, OWN_ACCOUNT, Right, Role
from battlescope_local.testing.sessions import RANKS, AccountWriter, Login
from battlescope_schemas.accounts.session import AccessToken, Session

pytestmark = pytest.mark.stores
OWN = "https://battlescope.example"
READ = "/api/sample/note"


async def read(api: Instance, login: Login | None, **headers: str) -> httpx2.Response:
    return await api.client.get(READ, headers={**(login.headers if login else {}), **headers})


async def write(api: Instance, login: Login) -> httpx2.Response:
    return await api.client.post(READ, json={"text": "x"}, headers={**login.headers, "origin": OWN})


def sample(role: str) -> dict[str, dict[str, int]]:
    return {"roles": {"sample": RANKS[role]}}


async def status(api: Instance, login: Login | None) -> int:
    return (await read(api, login)).status_code


async def test_roles_decide(api: Instance, accounts: AccountWriter) -> None:
    user, fc = accounts.log_in(**sample("user")), accounts.log_in(**sample("fc"))
    assert [await status(api, login) for login in (user, fc)] == [200, 200]
    assert [(await write(api, login)).status_code for login in (user, fc)] == [403, 201]
    assert await status(api, accounts.log_in(roles={"another": 40})) == 403
    assert (await write(api, accounts.log_in(roles={}, is_super_admin=True))).status_code == 201


@pytest.mark.parametrize("value", ["", "guess", "x" * 5000, '"', "%00"])
@pytest.mark.usefixtures("accounts")
async def test_unknown_callers_are_401(api: Instance, value: str) -> None:
    response = await read(api, None, cookie=f"battlescope_session={value}")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("header", ["Bearer bsp_x", "Bearer guess", "Bearer", "Basic YTpi", "Bearer bsp_" + "x" * 5000])
@pytest.mark.usefixtures("accounts")
async def test_wrong_access_tokens_are_401(api: Instance, header: str) -> None:
    assert (await read(api, None, authorization=header)).status_code == 401


async def test_a_token_that_is_no_session_key_opens_nothing(api: Instance, accounts: AccountWriter) -> None:
    """The key in Valkey is a digest; who reads Valkey or a dump cannot log in with it."""
    login = accounts.log_in(**sample("user"))
    digest = login.key.removeprefix("session:")
    assert (await read(api, None, cookie=f"battlescope_session={digest}")).status_code == 401
    token = login.headers["cookie"].removeprefix("battlescope_session=")
    assert (await read(api, None, authorization=f"Bearer {token}")).status_code == 401


async def test_blocked_is_403_and_expired_is_401(api: Instance, accounts: AccountWriter) -> None:
    assert await status(api, accounts.log_in(**sample("admin"), is_blocked=True)) == 403
    past = datetime.now(UTC) - timedelta(seconds=1)
    assert await status(api, accounts.log_in(**sample("admin"), expires_at=past)) == 401
    login = accounts.log_in(**sample("user"))
    assert await status(api, login) == 200
    api.clock.offset = 8 * 3600 + 1.0  # the kept session expires too
    assert await status(api, login) == 401


async def test_access_tokens_read_and_write_only_with_the_right(api: Instance, accounts: AccountWriter) -> None:
    token = accounts.create_access_token(**sample("fc"))
    assert await status(api, token) == 200
    assert (await write(api, token)).status_code == 403
    assert await status(api, accounts.create_access_token(**sample("fc"), is_blocked=True)) == 403


def token(**values: object) -> AccessToken:
    fields = {"account_id": "5f0e9a52-6a39-4b0e-9d0c-0a4f6f0c1a11", "token_id": "5f0e9a52-6a39-4b0e-9d0c-0a4f6f0c1a12"}
    rest = {"primary_character_id": 1, "roles": {}, "account_version": 1, "expires_at": datetime.now(UTC)}
    return AccessToken.model_validate({**fields, **rest, **values})


WRITES = Right("battle-reports", Role.FC, writes=True)


@pytest.mark.parametrize(
    ("identity", "right", "is_allowed"),
    [
        (token(roles={"battle-reports": 20}, can_write=True), WRITES, True),
        (token(roles={"battle-reports": 20}), WRITES, False),
        (token(roles={"battle-reports": 10}, can_write=True), WRITES, False),
        (token(is_super_admin=True), WRITES, False),
        (token(is_super_admin=True, can_write=True), Right(INSTALLATION, Role.ADMIN, writes=True), False),
        (token(is_super_admin=True), Right(INSTALLATION, Role.ADMIN), True),
        (token(can_write=True), Right(OWN_ACCOUNT, Role.NONE, writes=True), False),
        (token(), Right(OWN_ACCOUNT, Role.NONE), True),
        (token(roles={"installation": 40}), Right(INSTALLATION, Role.ADMIN), False),
        (token(roles={"battle-intel": 10}), Right(ANY_FEATURE, Role.USER), True),
        (token(), Right(ANY_FEATURE, Role.USER), False),
        (token(is_blocked=True, is_super_admin=True), Right(OWN_ACCOUNT, Role.NONE), False),
    ],
)  # fmt: skip
def test_rights_of_access_tokens(identity: AccessToken, right: Right, is_allowed: bool) -> None:
    assert (refusal_of(identity, right) is None) is is_allowed


async def test_changes_are_effective_at_once_although_sessions_are_kept(
    api: Instance, accounts: AccountWriter, valkey: str
) -> None:
    async with instance(valkey) as other:
        login, token = accounts.log_in(**sample("user")), accounts.create_access_token(**sample("user"))
        for running in (api, other):
            assert [await status(running, login), await status(running, token)] == [200, 200]
        accounts.lose(login)
        assert await status(api, login) == 200  # it is kept
        accounts.end(login)
        accounts.change(token, is_blocked=True)
        for running in (api, other):
            async with asyncio.timeout(30):
                while [await status(running, login), await status(running, token)] != [401, 403]:
                    pass


async def test_without_the_subscription_nothing_new_is_kept(valkey: str, accounts: AccountWriter) -> None:
    async with instance(valkey, subscribed=False) as api:
        login = accounts.log_in(**sample("user"))
        assert await status(api, login) == 200
        accounts.lose(login)
        assert await status(api, login) == 401


async def test_a_change_while_a_session_is_read_is_not_overwritten(api: Instance, accounts: AccountWriter) -> None:
    login = accounts.log_in(**sample("user"))
    request = asyncio.create_task(read(api, login))
    while not request.done():
        api.sessions.account_changed(login.account_id)
        await asyncio.sleep(0)
    accounts.lose(login)
    assert (request.result().status_code, await status(api, login)) == (200, 401)


async def test_valkey_that_is_lost_and_back(line: Line, accounts: AccountWriter) -> None:
    """What is kept lives out its minute, then and for everybody else the answer is 503, never 401."""
    async with instance(line.url) as api:
        login, stranger = accounts.log_in(**sample("user")), accounts.log_in(**sample("user"))
        assert await status(api, login) == 200
        await line.cut()
        await until(lambda: not api.sessions.is_subscribed)
        response = await read(api, stranger)
        assert (response.status_code, response.json()["error"]) == (503, "sessions-unavailable")
        assert await status(api, login) == 200
        api.clock.offset += CACHE_SECONDS
        assert await status(api, login) == 503
        accounts.change(login, roles={})  # nobody receives it
        await line.mend()
        await until(lambda: api.sessions.is_subscribed)
        assert [await status(api, login), await status(api, stranger)] == [403, 200]


async def test_access_tokens_that_valkey_has_lost_are_503_until_they_are_back(
    api: Instance, accounts: AccountWriter, valkey: str
) -> None:
    token = accounts.create_access_token(**sample("user"))
    with redis.Redis.from_url(valkey) as client:
        client.flushdb()
    assert (await read(api, token)).json()["error"] == "sessions-unavailable"
    AccountWriter(valkey).close()  # which marks them as complete
    assert await status(api, token) == 401


async def test_last_access_is_written_at_most_once_a_minute_and_keeps_everything_else(
    api: Instance, accounts: AccountWriter, valkey: str
) -> None:
    login = accounts.log_in(
        **sample("user"), user_agent='":"\u00e9\\', last_accessed_at=datetime.now(UTC) - timedelta(hours=1)
    )
    with redis.Redis.from_url(valkey, decode_responses=True) as client:
        before = Session.model_validate_json(str(client.get(login.key)))
        client.expire(login.key, 500)
        assert await status(api, login) == 200
        after = Session.model_validate_json(str(client.get(login.key)))
        assert 0 < client.ttl(login.key) <= 500
    assert after.last_accessed_at - before.last_accessed_at > timedelta(minutes=59)
    assert after == before.model_copy(update={"last_accessed_at": after.last_accessed_at})


async def test_what_cannot_be_read_is_nobodys_session(api: Instance, accounts: AccountWriter, valkey: str) -> None:
    login = accounts.log_in()
    with redis.Redis.from_url(valkey) as client:
        for text in ("", "{}", "[1]", "\x00", '{"accountId": 1}'):
            client.set(login.key, text)
            assert await status(api, login) == 401
