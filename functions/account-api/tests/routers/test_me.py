"""What an account does with itself."""

import asyncio

from account_harness import DIRECTOR, MEMBER, OUTSIDER, AccountHarness

from account_api.services.access_tokens import MAX_TOKENS
from account_api.services.own_account import ANONYMISE_AFTER

TOKENS = "/api/me/access-tokens"


async def test_logout_ends_the_session(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    token = browser.token
    response = await browser.change("POST", "/auth/logout")
    assert (response.status_code, browser.token) == (204, None)
    browser.http.cookies.set("battlescope_session", token or "", domain="127.0.0.1", path="/")
    assert (await browser.get("/api/me")).status_code == 401
    assert len(harness.records("account.logout")) == 1


async def test_change_from_a_foreign_page_is_refused(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}):
        response = await browser.http.request("POST", "/auth/logout", headers=headers)
        assert response.status_code == 403
    assert (await browser.http.request("POST", "/auth/logout")).status_code == 403  # no Origin at all
    await browser.me()


async def test_capabilities_answer_everything_at_once(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    body = (await browser.get("/api/me/capabilities")).json()
    assert (body["mode"], body["canWrite"], body["account"]["displayName"]) == ("sso", True, "Mira Talvos")
    assert [feature["key"] for feature in body["features"]] == ["battle-intel", "battle-reports"]
    assert body["preferences"] == {"theme": "system", "density": "comfortable", "iskForm": "short", "columns": {}}
    assert body["sessionExpiresAt"] is not None


async def test_preferences_are_kept(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    wanted = {"theme": "dark", "density": "compact", "iskForm": "full", "columns": {"battles": ["system", "isk"]}}
    assert (await browser.change("PUT", "/api/me/preferences", json=wanted)).json() == wanted
    assert (await browser.get("/api/me/preferences")).json() == wanted


async def test_two_accounts_cannot_take_one_address_at_once(harness: AccountHarness) -> None:
    browsers = [await harness.logged_in(character) for character in (MEMBER, OUTSIDER)]
    responses = await asyncio.gather(
        *(browser.change("PATCH", "/api/me", json={"email": "a@example.org"}) for browser in browsers)
    )
    assert sorted(response.status_code for response in responses) == [200, 409]


async def test_access_token_reads_and_is_revoked_at_once(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    created = (await browser.change("POST", TOKENS, json={"name": "script", "canWrite": True})).json()
    assert created["token"].startswith("bsp_")
    program = await harness.browser()
    headers = {"authorization": f"Bearer {created['token']}"}
    assert (await program.get("/api/me", headers=headers)).status_code == 200
    for method, path in (("POST", TOKENS), ("PATCH", "/api/me"), ("DELETE", "/api/me"), ("POST", "/auth/logout")):
        response = await program.http.request(method, path, headers=headers, json={"name": "x"})
        assert response.status_code == 403, path
    assert (await program.get("/api/me/characters/link", headers=headers)).status_code == 404
    listed = (await browser.get(TOKENS)).json()["tokens"]
    assert [(token["name"], "token" in token) for token in listed] == [("script", False)]
    assert (await browser.change("DELETE", f"{TOKENS}/{created['id']}")).status_code == 204
    assert (await program.get("/api/me", headers=headers)).status_code == 401
    assert (await browser.change("DELETE", f"{TOKENS}/{created['id']}")).status_code == 404


async def test_access_token_of_another_account_cannot_be_revoked(harness: AccountHarness) -> None:
    browser, other = await harness.logged_in(MEMBER), await harness.logged_in(OUTSIDER)
    created = (await browser.change("POST", TOKENS, json={"name": "script"})).json()
    assert (await other.change("DELETE", f"{TOKENS}/{created['id']}")).status_code == 404
    assert len((await browser.get(TOKENS)).json()["tokens"]) == 1


async def test_number_of_tokens_is_bounded_also_at_once(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    for number in range(MAX_TOKENS - 2):
        await browser.change("POST", TOKENS, json={"name": f"t{number}"})
    responses = await asyncio.gather(*(browser.change("POST", TOKENS, json={"name": "x"}) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [201, 201, 409, 409, 409]


async def test_tokens_come_back_to_an_empty_valkey(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    created = (await browser.change("POST", TOKENS, json={"name": "script"})).json()
    headers, program = {"authorization": f"Bearer {created['token']}"}, await harness.browser()
    await harness.dependencies.access_tokens.restore()
    await harness.dependencies.login.states._valkey._redis.flushall()
    fresh = await harness.browser()
    await harness.dependencies.access_tokens.restore()
    for client in (program, fresh):
        assert (await client.get("/api/me", headers=headers)).status_code == 200
    assert (await browser.get("/api/me")).status_code in {
        200,
        401,
    }  # the session is lost; a cache may know it for a minute


async def test_export_has_everything_but_tokens(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    created = (await browser.change("POST", TOKENS, json={"name": "script"})).json()
    response = await browser.get("/api/me/export")
    body = response.json()
    assert (body["account"]["displayName"], [t["name"] for t in body["accessTokens"]]) == ("Mira Talvos", ["script"])
    assert created["token"] not in response.text
    assert "v1.k1" not in response.text
    assert len(harness.records("account.exported")) == 1


async def test_deleted_account_is_refused_until_it_is_anonymised(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    account = (await browser.me())["id"]
    await browser.change("PATCH", "/api/me", json={"email": "a@example.org"})
    assert (await browser.change("DELETE", "/api/me", json={"confirm": "Somebody else"})).status_code == 400
    assert (await browser.change("DELETE", "/api/me", json={"confirm": "Mira Talvos"})).status_code == 204
    assert (await harness.sso())["refreshTokens"] == 0
    refused = await (await harness.browser()).log_in(MEMBER)
    assert refused.headers["location"] == "/login?error=access_denied"
    assert await harness.dependencies.own_account.anonymise_due() == 0
    harness.clock.advance(seconds=ANONYMISE_AFTER.total_seconds() + 1)
    assert await harness.dependencies.own_account.anonymise_due() == 1
    row = harness.sql(
        "SELECT display_name, email, primary_character_id, preferences FROM accounts WHERE id = %s", account
    )
    assert row == [("Deleted account", None, None, {})]
    assert harness.sql("SELECT count(*) FROM characters") == [(0,)]
    harness.clock.advance(seconds=-ANONYMISE_AFTER.total_seconds() - 1)
    assert (await (await harness.logged_in(MEMBER)).me())["id"] != account
    deleted = [m for m in harness.published if b'"deleted":true' in m.body]
    assert deleted


async def test_without_a_session_nothing_is_answered(harness: AccountHarness) -> None:
    browser = await harness.browser()
    for path in ("/api/me", "/api/me/capabilities", "/api/me/export", "/api/admin/accounts"):
        assert (await browser.get(path)).status_code == 401
    assert (await (await harness.logged_in(DIRECTOR)).get("/api/admin/accounts")).status_code == 200
