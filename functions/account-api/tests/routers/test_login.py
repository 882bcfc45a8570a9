"""Login with EVE Online: the whole way, with the simulated SSO."""

from account_harness import MEMBER, AccountHarness


async def test_login_creates_an_account_with_default_roles(harness: AccountHarness) -> None:
    browser = await harness.browser()
    response = await browser.log_in(MEMBER)
    assert (response.status_code, response.headers["location"]) == (302, "/dashboard")
    cookie = next(c for c in response.headers.get_list("set-cookie") if c.startswith("battlescope_session="))
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=28800"} <= set(cookie.split("; "))
    me = await browser.me()
    assert me["primaryCharacter"]["eveCharacterName"] == "Mira Talvos"
    assert me["roles"] == [
        {"feature": "battle-intel", "role": "user", "rank": 10},
        {"feature": "battle-reports", "role": "user", "rank": 10},
    ]
    assert [record["action"] for record in harness.records()] == [
        "account.created",
        "character.linked",
        "account.login",
    ]
