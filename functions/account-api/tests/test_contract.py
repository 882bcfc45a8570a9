"""What the description declares is answered, and what is answered is declared: every answer of every operation."""

from dataclasses import replace

from account_harness import (
    ALT,
    DIRECTOR,
    FC,
    MEMBER,
    OUTSIDER,
    AccountHarness,
    Browser,
    change_dependencies,
    lift_limits,
)
from pydantic import SecretStr

from account_api.main import app
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_local.testing.http.http_contract import assert_complete, provoke_common_answers

NOBODY = "00000000-0000-0000-0000-0000000000ff"
ME, PROFILE, TOKENS = "/api/me", "/api/me/profile/characters", "/api/me/access-tokens"
ACCOUNTS = "/api/admin/accounts"


async def use_own_account(browser: Browser) -> None:
    for path in ("/api/me/characters/link",):
        await browser.begin(path)
    await browser.change("POST", "/api/me/characters/link/start")
    await browser.log_in(ALT, "/auth/login", add_character="true")
    await browser.log_in(FC, "/auth/login", add_character="true")
    linked = {int(c["eveCharacterId"]): c["id"] for c in (await browser.me())["characters"]}
    await browser.get(f"{PROFILE}/{linked[ALT]}/refresh")
    choice = {"json": {"characterId": linked[ALT]}}
    await browser.change("POST", "/api/me/profile/primary-character", **choice)
    await browser.change("POST", "/api/me/characters/primary", **choice)
    await browser.change("PUT", "/api/me/primary-character", **choice)
    await browser.change("POST", f"/api/me/characters/{linked[MEMBER]}/set-primary")
    for path, character in ((PROFILE, linked[ALT]), ("/api/me/characters", linked[FC])):
        await browser.change("DELETE", f"{path}/{character}")
        await browser.change("DELETE", f"{path}/{character}")
    await browser.change("PATCH", ME, json={"displayName": "Mira", "email": "mira@example.org", "acceptTerms": True})
    await browser.change("PUT", "/api/me/preferences", json={"theme": "dark"})
    created = await browser.change("POST", TOKENS, json={"name": "script"})
    for number in range(20):
        await browser.change("POST", TOKENS, json={"name": f"t{number}"})
    await browser.change("DELETE", f"{TOKENS}/{created.json()['id']}")
    await browser.change("DELETE", f"{TOKENS}/{created.json()['id']}")


async def administer(admin: Browser, account: str) -> None:
    own = (await admin.me())["id"]
    for target in (account, NOBODY, own):
        await admin.change("POST", f"{ACCOUNTS}/{target}/block", json={"reason": "spy"})
        await admin.change("POST", f"{ACCOUNTS}/{target}/unblock")
        await admin.change("POST", f"{ACCOUNTS}/{target}/superadmin")
        await admin.change("DELETE", f"{ACCOUNTS}/{target}/superadmin")
        await admin.change("PUT", f"{ACCOUNTS}/{target}/roles", json={"featureKey": "battle-reports", "roleKey": "fc"})
        await admin.change("DELETE", f"{ACCOUNTS}/{target}/roles/battle-reports")
    await admin.change("PUT", "/api/admin/auth-config", json={"deniedCorpIds": ["98000901"]})


async def read_everything(browser: Browser) -> None:
    """Each resource, and again with its ETag. The export of a later second is the same one."""
    for path, methods in app.openapi()["paths"].items():
        if "get" in methods and "200" in methods["get"]["responses"]:
            etag = (await browser.get(path)).headers["etag"]
            repeated = await browser.get(path, headers={"if-none-match": etag})
            assert (repeated.status_code, path) == (304, path)


async def ask_without_an_account(harness: AccountHarness, browser: Browser) -> None:
    """The account of the session exists no more, as after a restored backup; and an installation without a login."""
    harness.sql("UPDATE accounts SET primary_character_id = NULL")
    harness.sql("DELETE FROM accounts")
    bodies = {
        ("patch", ME): {"displayName": "x"},
        ("delete", ME): {"confirm": "x"},
        ("put", "/api/me/preferences"): {},
        ("post", TOKENS): {"name": "x"},
    }
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            if path.startswith("/api/me"):
                url = path.format(character_id=NOBODY, token_id=NOBODY)
                body = {"json": bodies.get((method, path), {"characterId": NOBODY})} if method != "get" else {}
                await browser.change(method.upper(), url, **body)


async def ask_as_owner_of_one_machine(harness: AccountHarness) -> None:
    """In the access mode `off` there are no accounts."""
    change_dependencies(guard=OwnerGuard(SecretStr("owner"), OriginPolicy()))
    owner = await harness.browser()
    headers = {"authorization": "Bearer owner"}
    for path in ("/api/me/roles", TOKENS, "/api/me/characters/link"):
        assert (await owner.get(path, headers=headers)).status_code == 404
    for path in ("/api/me/characters/link/start", "/auth/logout"):
        assert (await owner.http.post(path, headers=headers)).status_code == 404
    capabilities = (await owner.get("/api/me/capabilities", headers=headers)).json()
    assert (capabilities["account"], capabilities["canWrite"]) == (None, True)


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(harness: AccountHarness) -> None:
    lift_limits(harness)
    admin, browser, other = [await harness.logged_in(character) for character in (DIRECTOR, MEMBER, OUTSIDER)]
    await other.change("PATCH", ME, json={"email": "dain@example.org"})
    await browser.change("PATCH", ME, json={"email": "dain@example.org"})
    await use_own_account(browser)
    await read_everything(admin)
    account = (await other.me())["id"]
    await administer(admin, account)
    await admin.change("DELETE", ME, json={"confirm": "Vela Torrin"})
    leaving = await harness.logged_in(FC)
    await leaving.change("DELETE", ME, json={"confirm": "Oskar Venn"})
    await browser.change("POST", "/auth/logout")
    browser = await harness.logged_in(MEMBER)
    guard = harness.dependencies.guard
    nobody = await harness.browser()  # without a cookie, for which a change would need an Origin
    await provoke_common_answers(harness.contract, nobody.http, lambda g: change_dependencies(guard=g), guard)
    await ask_without_an_account(harness, browser)
    change_dependencies(site=replace(harness.dependencies.site, has_login=False))
    await browser.get("/auth/login")
    await ask_as_owner_of_one_machine(harness)
    assert_complete(harness.contract, "account_api")
