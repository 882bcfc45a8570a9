"""Attacks on the login: each one is refused with its error, and recorded."""

import asyncio
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from account_harness import ALT, DIRECTOR, MEMBER, ORIGIN, OUTSIDER, AccountHarness, Browser

from battlescope_upstream.content.sso_tokens import FORGERIES, VALID_FORMS

LOGIN_FAILED = "account.login_failed"
# What a record says about a forged token, where the name does not contain it.
REASONS = {
    "alg": "alg", "audience": "aud", "no-audience": "aud", "issuer": "iss", "no-issuer": "iss", "party": "azp",
    "expired": "exp", "no-expiry": "exp", "expiry": "exp", "issued": "iat", "not-valid": "nbf", "subject": "sub",
    "no-subject": "sub", "name": "name", "no-name": "name", "owner": "owner", "no-owner": "owner", "scopes": "scp",
    "unknown-kid": "kid", "no-kid": "kid", "kid": "kid", "unpublished": "signature", "key-in": "signature",
    "critical": "signature", "tampered": "signature", "broken": "signature", "no-signature": "signature",
    "two-parts": "form", "five-parts": "form", "empty": "form", "opaque": "form", "claims-as-list": "form",
    "no-json": "signature", "deep-json": "signature",
}  # fmt: skip


def error_of(location: str) -> str | None:
    return parse_qs(urlsplit(location).query).get("error", [None])[0]


def reason_of(forgery: str) -> str:
    return max(((len(key), reason) for key, reason in REASONS.items() if forgery.startswith(key)), default=(0, ""))[1]


async def assert_refused(harness: AccountHarness, browser: Browser, location: str, error: str, reason: str) -> None:
    """The browser has this error and no session, and the last record has the reason."""
    assert (error_of(location), browser.token) == (error, None)
    record = harness.records(LOGIN_FAILED)[-1]
    assert record["metadata"]["reason"] == reason
    assert record["ip"].startswith("10.")
    assert (await browser.get("/api/me")).status_code == 401


async def test_every_forged_token_is_refused_and_recorded(harness: AccountHarness) -> None:
    reasons: dict[str, str] = {}
    for forgery in FORGERIES:
        await harness.sso(token=forgery)
        browser = await harness.browser()
        response = await browser.log_in(MEMBER)
        location = response.headers["location"]
        assert (error_of(location), browser.token) == ("auth_failed", None), forgery
        record = harness.records(LOGIN_FAILED)[-1]
        reasons[forgery] = record["metadata"]["reason"]
        if "oversized" not in forgery:
            assert reasons[forgery] == f"token_{reason_of(forgery)}", forgery
    print(f"{len(FORGERIES)} forged tokens refused and recorded")
    assert len(harness.records(LOGIN_FAILED)) == len(FORGERIES) >= 40
    assert harness.sql("SELECT count(*) FROM accounts") == [(0,)]
    assert {reasons["oversized"], reasons["oversized-for-us"]} <= {"token_size", "sso_unavailable", "token_signature"}


@pytest.mark.parametrize("form", VALID_FORMS)
async def test_every_form_of_a_valid_token_is_accepted(harness: AccountHarness, form: str) -> None:
    await harness.sso(token=form)
    assert (await (await harness.logged_in(MEMBER)).me())["primaryCharacter"]["eveCharacterId"] == str(MEMBER)


async def test_rotated_keys_are_fetched_again_but_not_for_every_token(harness: AccountHarness) -> None:
    await harness.logged_in(MEMBER)
    await harness.sso(rotate=True)
    harness.clock.advance(seconds=31)
    await harness.logged_in(DIRECTOR)
    answers = (await harness.outside.get(f"{harness.upstream}/control/answers")).json()
    assert answers["/sso/oauth/jwks 200"] == 2
    await harness.sso(token="unknown-kid")
    for _ in range(5):
        await (await harness.browser()).log_in(MEMBER)
    answers = (await harness.outside.get(f"{harness.upstream}/control/answers")).json()
    assert answers["/sso/oauth/jwks 200"] == 2  # within 30 seconds of the last time


async def test_state_works_once(harness: AccountHarness) -> None:
    browser = await harness.browser()
    callback = await browser.choose(await browser.begin(), MEMBER)
    assert error_of((await browser.finish(callback)).headers["location"]) is None
    other = await harness.browser()
    response = await other.finish(callback)
    await assert_refused(harness, other, response.headers["location"], "invalid_state", "unknown_or_used_state")


async def test_two_callbacks_with_one_state_at_once_give_one_session(harness: AccountHarness) -> None:
    browser = await harness.browser()
    callback = await browser.choose(await browser.begin(), MEMBER)
    responses = await asyncio.gather(*(browser.finish(callback) for _ in range(4)))
    errors = sorted(str(error_of(response.headers["location"])) for response in responses)
    assert errors == ["None", "invalid_state", "invalid_state", "invalid_state"]


async def test_login_of_an_attacker_cannot_be_finished_in_the_browser_of_a_victim(harness: AccountHarness) -> None:
    attacker, victim = await harness.browser(), await harness.browser()
    callback = await attacker.choose(await attacker.begin(), MEMBER)
    response = await victim.finish(callback)
    await assert_refused(harness, victim, response.headers["location"], "invalid_state", "state_of_another_browser")
    again = await attacker.finish(callback)  # the state is used up
    await assert_refused(harness, attacker, again.headers["location"], "invalid_state", "unknown_or_used_state")


async def test_character_of_a_victim_cannot_be_linked_to_an_attacker(harness: AccountHarness) -> None:
    attacker = await harness.logged_in(MEMBER)
    victim = await harness.logged_in(OUTSIDER)
    begun = await attacker.begin("/auth/login", add_character="true")
    response = await victim.finish(await victim.choose(begun, ALT))
    assert error_of(response.headers["location"]) == "invalid_state"
    assert len((await attacker.me())["characters"]) == len((await victim.me())["characters"]) == 1


async def test_link_that_another_account_finishes_in_the_same_browser_is_refused(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    callback = await browser.choose(await browser.begin("/auth/login", add_character="true"), ALT)
    secret = browser.http.cookies.get("battlescope_login")
    await browser.log_in(OUTSIDER)
    browser.http.cookies.set("battlescope_login", secret, domain="127.0.0.1", path="/auth")
    response = await browser.finish(callback)
    assert error_of(response.headers["location"]) == "not_authenticated"
    assert harness.records(LOGIN_FAILED)[-1]["metadata"] == {"reason": "session_of_another_account", "mode": "link"}


async def test_link_needs_a_login(harness: AccountHarness) -> None:
    browser = await harness.browser()
    response = await browser.get("/auth/login", params={"add_character": "true"})
    await assert_refused(harness, browser, response.headers["location"], "not_authenticated", "no_session")


async def test_code_of_one_login_does_not_fit_the_verifier_of_another(harness: AccountHarness) -> None:
    first, second = await harness.browser(), await harness.browser()
    stolen = await first.choose(await first.begin(), DIRECTOR)
    own = await second.choose(await second.begin(), MEMBER)
    code, state = (parse_qs(urlsplit(url).query)[name][0] for url, name in ((stolen, "code"), (own, "state")))
    response = await second.finish(f"{ORIGIN}/auth/callback?{urlencode({'code': code, 'state': state})}")
    await assert_refused(harness, second, response.headers["location"], "auth_failed", "code_refused")


async def test_code_works_once(harness: AccountHarness) -> None:
    first, second = await harness.browser(), await harness.browser()
    used = await first.choose(await first.begin(), MEMBER)
    await first.finish(used)
    state = parse_qs(urlsplit(await second.begin()).query)["state"][0]
    code = parse_qs(urlsplit(used).query)["code"][0]
    response = await second.finish(f"{ORIGIN}/auth/callback?{urlencode({'code': code, 'state': state})}")
    await assert_refused(harness, second, response.headers["location"], "auth_failed", "code_refused")


@pytest.mark.parametrize(
    ("query", "error", "reason"),
    [
        ({}, "invalid_state", "unknown_or_used_state"),
        ({"state": "", "code": "a"}, "invalid_state", "unknown_or_used_state"),
        ({"state": "0" * 32, "code": "a"}, "invalid_state", "unknown_or_used_state"),
        ({"state": "0" * 5000, "code": "a"}, "invalid_state", "unknown_or_used_state"),
        ({"state": "*", "code": "a"}, "invalid_state", "unknown_or_used_state"),
        ({"code": ""}, "auth_failed", "no_code"),
        ({"code": "a" * 4000}, "auth_failed", "no_code"),
        ({"code": "a"}, "auth_failed", "code_refused"),
        ({"code": "a b&c=d\u00e9"}, "auth_failed", "code_refused"),
        ({"error": "access_denied"}, "access_denied", "refused_by_sso"),
        ({"error": "server_error", "error_description": "<script>"}, "auth_failed", "refused_by_sso"),
        ({"error": "access_denied", "code": "a"}, "access_denied", "refused_by_sso"),
    ],
)
async def test_malformed_callback_is_refused(
    harness: AccountHarness, query: dict[str, str], error: str, reason: str
) -> None:
    browser = await harness.browser()
    state = parse_qs(urlsplit(await browser.begin()).query)["state"][0]
    response = await browser.get("/auth/callback", params={"state": state, **query} if query else {})
    assert "<script>" not in response.headers["location"]
    await assert_refused(harness, browser, response.headers["location"], error, reason)


async def test_cancelled_choice_is_access_denied(harness: AccountHarness) -> None:
    browser = await harness.browser()
    response = await browser.finish(await browser.choose(await browser.begin(), None))
    await assert_refused(harness, browser, response.headers["location"], "access_denied", "refused_by_sso")


async def test_state_expires(harness: AccountHarness) -> None:
    browser = await harness.browser()
    callback = await browser.choose(await browser.begin(), MEMBER)
    valkey = harness.dependencies.login.states._valkey._redis
    (key,) = [key async for key in valkey.scan_iter("login-state:*")]
    assert 590 <= await valkey.ttl(key) <= 600
    await valkey.expire(key, 0)
    response = await browser.finish(callback)
    await assert_refused(harness, browser, response.headers["location"], "invalid_state", "unknown_or_used_state")


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_open_redirect_is_refused_and_recorded(harness: AccountHarness, target: str) -> None:
    browser = await harness.browser()
    response = await browser.get("/auth/login", params={"redirect_uri": target})
    assert (response.status_code, "location" in response.headers) == (400, False)
    assert harness.records(LOGIN_FAILED)[-1]["metadata"]["reason"] == "redirect_not_allowed"


async def test_session_cannot_be_fixed_by_a_cookie_that_an_attacker_sets(harness: AccountHarness) -> None:
    browser = await harness.browser()
    browser.http.cookies.set("battlescope_session", "a" * 64, domain="127.0.0.1", path="/")
    await browser.log_in(MEMBER)
    tokens = {cookie.value for cookie in browser.http.cookies.jar if cookie.name == "battlescope_session"}
    assert len(tokens - {"a" * 64}) == 1
    other = await harness.browser()
    other.http.cookies.set("battlescope_session", "a" * 64, domain="127.0.0.1", path="/")
    assert (await other.get("/api/me")).status_code == 401


async def test_session_of_the_browser_ends_when_another_account_logs_in(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    before = browser.token
    await browser.log_in(OUTSIDER)
    other = await harness.browser()
    other.http.cookies.set("battlescope_session", before or "", domain="127.0.0.1", path="/")
    assert (await other.get("/api/me")).status_code == 401


@pytest.mark.parametrize(("down", "reason"), [(["token"], "sso_unavailable"), (["jwks"], "sso_unavailable")])
async def test_login_while_the_sso_fails_is_refused(harness: AccountHarness, down: list[str], reason: str) -> None:
    browser = await harness.browser()
    callback = await browser.choose(await browser.begin(), MEMBER)
    await harness.sso(down=down)
    response = await browser.finish(callback)
    await assert_refused(harness, browser, response.headers["location"], "auth_failed", reason)


async def test_renewal_with_another_character_is_refused(harness: AccountHarness) -> None:
    browser = await harness.logged_in(MEMBER)
    (character,) = (await browser.me())["characters"]
    begun = await browser.begin(f"/api/me/profile/characters/{character['id']}/refresh")
    response = await browser.finish(await browser.choose(begun, OUTSIDER))
    assert error_of(response.headers["location"]) == "auth_failed"
    assert harness.records(LOGIN_FAILED)[-1]["metadata"] == {"reason": "another_character", "mode": "refresh"}
    assert len((await browser.me())["characters"]) == 1
