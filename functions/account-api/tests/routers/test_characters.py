"""Characters of an account."""

import json
from urllib.parse import parse_qs, urlsplit

from account_harness import ALT, DIRECTOR, MEMBER, OUTSIDER, AccountHarness, Browser


async def link(browser: Browser, character: int) -> str:
    """The address to which the browser returns."""
    return (await browser.log_in(character, "/auth/login", add_character="true")).headers["location"]


def ids(me: dict) -> dict[int, str]:
    return {int(character["eveCharacterId"]): character["id"] for character in me["characters"]}


def primary(me: dict) -> int:
    return int(me["primaryCharacter"]["eveCharacterId"])


async def test_second_character_is_linked_and_becomes_the_primary_one(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    assert await link(browser, ALT) == "/profile"
    me = await browser.me()
    assert (list(ids(me)), primary(me)) == ([MEMBER, ALT], MEMBER)
    response = await browser.change("POST", "/api/me/profile/primary-character", json={"characterId": ids(me)[ALT]})
    assert response.status_code == 204
    assert primary(await browser.me()) == ALT
    (record,) = harness.records("account.primary_character_changed")
    assert record["metadata"] == {"before": str(MEMBER), "after": str(ALT)}
    session = await harness.dependencies.changes.sessions.expires_at(me["id"])
    assert session is not None


async def test_login_with_any_linked_character_finds_its_account(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    await link(browser, ALT)
    account = (await browser.me())["id"]
    other = await harness.logged_in(ALT)
    assert (await other.me())["id"] == account
    assert (await browser.get("/api/me")).status_code == 401  # one session an account


async def test_only_the_primary_character_is_gated(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    await link(browser, ALT)
    harness.sql("INSERT INTO auth_config (require_membership, denied_corporation_ids) VALUES (false, '{98000103}')")
    assert "error" not in (await (await harness.browser()).log_in(ALT)).headers["location"]
    harness.sql("UPDATE auth_config SET denied_corporation_ids = '{98000102}'")
    response = await (await harness.browser()).log_in(ALT)
    assert parse_qs(urlsplit(response.headers["location"]).query) == {
        "error": ["org_not_allowed"],
        "rule": ["denied_corporation"],
    }


async def test_tokens_of_a_denied_organisation_work_only_after_an_allowed_login(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    created = (await browser.change("POST", "/api/me/access-tokens", json={"name": "script"})).json()
    program = {"authorization": f"Bearer {created['token']}"}
    stranger = await harness.browser()
    assert (await stranger.get("/api/me", headers=program)).status_code == 200
    harness.sql("INSERT INTO auth_config (require_membership, denied_corporation_ids) VALUES (false, '{98000102}')")
    assert "org_not_allowed" in (await (await harness.browser()).log_in(MEMBER)).headers["location"]
    assert (await browser.get("/api/me")).status_code == 401
    assert (await stranger.get("/api/me", headers=program)).status_code == 401
    changed = [json.loads(m.body) for m in harness.published if m.type.endswith("account.changed.v1")]
    assert changed[-1]["roles"] == {}
    await harness.dependencies.login.states._valkey._redis.flushall()
    await harness.dependencies.access_tokens.restore()  # a Valkey that lost everything gets no denied token back
    assert (await stranger.get("/api/me", headers=program)).status_code == 401
    harness.sql("UPDATE auth_config SET denied_corporation_ids = '{}'")
    await (await harness.browser()).log_in(MEMBER)
    assert (await stranger.get("/api/me", headers=program)).status_code == 200


async def test_another_method_of_link_deletes_no_character(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    response = await browser.change("DELETE", "/api/me/characters/link")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_character_of_another_account_is_never_moved(harness: AccountHarness) -> None:
    await harness.logged_in(OUTSIDER)
    browser = await harness.logged_in(MEMBER)
    assert await link(browser, OUTSIDER) == "/profile?error=character_exists"
    assert list(ids(await browser.me())) == [MEMBER]


async def test_linking_again_renews_the_tokens(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    before = harness.sql("SELECT refresh_token FROM characters")
    assert await link(browser, MEMBER) == "/profile"
    assert harness.sql("SELECT count(*) FROM characters") == [(1,)]
    assert harness.sql("SELECT refresh_token FROM characters") != before


async def test_oldest_remaining_character_follows_an_unlinked_primary_one(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    (only,) = ids(await browser.me()).values()
    path = "/api/me/profile/characters"
    assert (await browser.change("DELETE", f"{path}/{only}")).status_code == 400
    await link(browser, ALT)
    await link(browser, OUTSIDER)
    linked = ids(await browser.me())
    response = await browser.change("DELETE", f"{path}/{linked[MEMBER]}")
    assert (response.status_code, response.headers["x-primary-character"]) == (204, linked[ALT])
    me = await browser.me()
    assert (list(ids(me)), primary(me)) == ([ALT, OUTSIDER], ALT)
    assert (await harness.sso())["revoked"] == 1
    assert (await browser.change("DELETE", f"{path}/{linked[MEMBER]}")).status_code == 404


async def test_sold_character_leaves_the_account_of_its_old_owner(harness: AccountHarness) -> None:
    old = await harness.logged_in(MEMBER)
    await link(old, ALT)
    await harness.sso(owners={MEMBER: "second owner"})
    new = await harness.logged_in(MEMBER)
    assert list(ids(await new.me())) == [MEMBER]
    me = await old.me()
    assert (list(ids(me)), primary(me), me["id"] != (await new.me())["id"]) == ([ALT], ALT, True)
    (record,) = harness.records("character.unlinked")
    assert (record["metadata"]["reason"], "actor" in record) == ("owner_changed", False)


async def test_account_whose_only_character_was_sold_ends(harness: AccountHarness) -> None:
    old = await harness.logged_in(MEMBER)
    created = await old.change("POST", "/api/me/access-tokens", json={"name": "script"})
    account = (await old.me())["id"]
    await harness.sso(owners={MEMBER: "second owner"})
    new = await harness.logged_in(MEMBER)
    assert (await new.me())["id"] != account
    assert (await old.get("/api/me")).status_code == 401
    token = {"authorization": f"Bearer {created.json()['token']}"}
    assert (await (await harness.browser()).get("/api/me", headers=token)).status_code == 401
    query = "SELECT display_name, deleted_at IS NULL, primary_character_id FROM accounts WHERE id = %s"
    assert harness.sql(query, account) == [("Deleted account", False, None)]


async def test_renewal_returns_to_the_profile(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    (character,) = ids(await browser.me()).values()
    response = await browser.log_in(MEMBER, f"/api/me/profile/characters/{character}/refresh")
    assert response.headers["location"] == f"/profile?token_refreshed=true&character_id={character}"
    foreign = await harness.logged_in(DIRECTOR)
    assert (await foreign.get(f"/api/me/profile/characters/{character}/refresh")).status_code == 404


async def test_profile_groups_characters_by_alliance_and_corporation(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    await link(browser, ALT)
    await link(browser, DIRECTOR)
    profile = (await browser.get("/api/me/profile")).json()
    groups = [
        (group["allianceId"], [corporation["corpId"] for corporation in group["corporations"]])
        for group in profile["charactersGrouped"]
    ]
    assert (groups[0][0], sorted(groups[0][1])) == ("99000101", ["98000101", "98000102"])
    assert groups[1] == (None, ["98000103"])
    assert profile["stats"] == {"totalCharacters": 3, "uniqueAlliances": 1, "uniqueCorporations": 3}
    assert profile["primaryCharacter"]["tokenStatus"] == "valid"
