"""Administration: blocks and roles take effect at once, and nobody locks everybody out."""

import asyncio
import time
from operator import attrgetter

import pytest
from account_harness import DIRECTOR, FC, MEMBER, OUTSIDER, AccountHarness, Browser

from account_api.domain.accounts import AccountState
from account_api.services.maintenance import run_once
from account_api.services.organisation_gate import OrganisationGate
from account_api.services.unit import AccountUnit

ACCOUNTS = "/api/admin/accounts"
GATE = "/api/admin/auth-config"


async def account_id(browser: Browser) -> str:
    return (await browser.me())["id"]


async def ends_within_a_second(browser: Browser) -> float:
    """Seconds until the session of the browser is refused."""
    started = time.monotonic()
    while (await browser.get("/api/me")).status_code != 401:
        assert time.monotonic() - started < 1
        await asyncio.sleep(0.005)
    return time.monotonic() - started


async def test_configured_character_makes_its_account_a_super_admin(harness: AccountHarness) -> None:
    browser = await harness.logged_in(DIRECTOR)
    assert (await browser.me())["isSuperAdmin"]
    (record,) = harness.records("account.superadmin.promoted")
    assert record["metadata"]["reason"] == "configured"


async def test_super_admin_passes_a_gate_that_lets_nobody_in(harness: AccountHarness) -> None:
    harness.sql("INSERT INTO auth_config (require_membership) VALUES (true)")
    await harness.logged_in(DIRECTOR)
    response = await (await harness.browser()).log_in(MEMBER)
    assert response.headers["location"] == "/login?error=org_not_allowed&rule=not_a_member"
    assert harness.sql("SELECT count(*) FROM accounts") == [(1,)]


async def test_blocked_account_is_thrown_out_and_cannot_log_in(harness: AccountHarness) -> None:
    admin, member = await harness.logged_in(DIRECTOR), await harness.logged_in(MEMBER)
    created = await member.change("POST", "/api/me/access-tokens", json={"name": "script"})
    token = {"authorization": f"Bearer {created.json()['token']}"}
    other = await harness.browser()
    assert (await other.get("/api/me", headers=token)).status_code == 200
    member_id = await account_id(member)
    response = await admin.change("POST", f"{ACCOUNTS}/{member_id}/block", json={"reason": "spy"})
    assert response.status_code == 204
    await ends_within_a_second(member)
    assert (await other.get("/api/me", headers=token)).status_code == 401
    refused = await (await harness.browser()).log_in(MEMBER)
    assert refused.headers["location"] == "/login?error=access_denied"
    assert harness.records("account.login_failed")[-1]["metadata"]["reason"] == "account_blocked"
    (record,) = harness.records("account.blocked")
    assert (record["actor"], record["metadata"]) == (await account_id(admin), {"reason": "spy"})
    assert (await admin.change("POST", f"{ACCOUNTS}/{member_id}/unblock")).status_code == 204
    assert (await other.get("/api/me", headers=token)).status_code == 200
    await harness.logged_in(MEMBER)


async def test_role_takes_effect_in_the_running_session(harness: AccountHarness) -> None:
    admin, member = await harness.logged_in(DIRECTOR), await harness.logged_in(MEMBER)
    path = f"{ACCOUNTS}/{await account_id(member)}/roles"
    body = {"featureKey": "battle-reports", "roleKey": "director"}
    assert (await admin.change("PUT", path, json=body)).status_code == 204
    features = {f["key"]: f["rank"] for f in (await member.get("/api/me/capabilities")).json()["features"]}
    assert features["battle-reports"] == 30
    assert (await admin.change("DELETE", f"{path}/battle-reports")).status_code == 204
    assert (await member.get("/api/me/permissions")).json()["permissions"].keys() == {"battle-intel"}
    assert [r["action"] for r in harness.records() if r["action"].startswith("role.")] == [
        "role.changed",
        "role.revoked",
    ]
    unknown = {"featureKey": "no-such", "roleKey": "fc"}
    assert (await admin.change("PUT", path, json=unknown)).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("POST", "/block"), ("POST", "/superadmin"), ("PUT", "/roles")])
async def test_only_super_admins_administer_and_denials_are_recorded(
    harness: AccountHarness, method: str, path: str
) -> None:
    member = await harness.logged_in(MEMBER)
    member_id = await account_id(member)
    assert (await member.change(method, f"{ACCOUNTS}/{member_id}{path}", json={})).status_code == 403
    async with asyncio.timeout(20):
        while not (records := harness.records("authorization.denied")):
            await asyncio.sleep(0.01)
    (record,) = records
    assert (record["actor"], record["metadata"]["path"]) == (member_id, f"{ACCOUNTS}/{member_id}{path}")


async def test_last_super_admin_stays(harness: AccountHarness) -> None:
    admin = await harness.logged_in(DIRECTOR)
    admin_id = await account_id(admin)
    assert (await admin.change("DELETE", f"{ACCOUNTS}/{admin_id}/superadmin")).status_code == 409
    assert (await admin.change("POST", f"{ACCOUNTS}/{admin_id}/block", json={"reason": "x"})).status_code == 409
    assert (await admin.change("DELETE", "/api/me", json={"confirm": "Vela Torrin"})).status_code == 409
    fc = await harness.logged_in(FC)
    fc_id = await account_id(fc)
    assert (await admin.change("POST", f"{ACCOUNTS}/{fc_id}/superadmin")).status_code == 204
    assert (await fc.change("DELETE", f"{ACCOUNTS}/{admin_id}/superadmin")).status_code == 204
    assert (await admin.get(ACCOUNTS)).status_code == 403


async def test_two_super_admins_cannot_demote_each_other_at_once(harness: AccountHarness) -> None:
    admin, fc = await harness.logged_in(DIRECTOR), await harness.logged_in(FC)
    ids = [await account_id(admin), await account_id(fc)]
    await admin.change("POST", f"{ACCOUNTS}/{ids[1]}/superadmin")
    responses = await asyncio.gather(
        admin.change("DELETE", f"{ACCOUNTS}/{ids[1]}/superadmin"),
        fc.change("DELETE", f"{ACCOUNTS}/{ids[0]}/superadmin"),
    )
    assert sorted(response.status_code for response in responses) in ([204, 409], [204, 403])
    assert harness.sql("SELECT count(*) FROM accounts WHERE is_super_admin") == [(1,)]


async def test_accounts_are_listed_by_name_character_and_status(harness: AccountHarness) -> None:
    admin = await harness.logged_in(DIRECTOR)
    for character in (MEMBER, OUTSIDER):
        await harness.logged_in(character)
    everyone = (await admin.get(ACCOUNTS)).json()
    assert (everyone["total"], [a["displayName"] for a in everyone["accounts"]][::-1]) == (
        3,
        ["Vela Torrin", "Mira Talvos", "Dain Ashkar"],
    )
    for query in ("mira", str(MEMBER)):
        (found,) = (await admin.get(ACCOUNTS, params={"query": query})).json()["accounts"]
        assert (found["displayName"], found["roles"]["battle-reports"]) == ("Mira Talvos", "user")
    await admin.change("POST", f"{ACCOUNTS}/{found['id']}/block", json={"reason": "spy"})
    (blocked,) = (await admin.get(ACCOUNTS, params={"status": "blocked"})).json()["accounts"]
    assert (blocked["id"], blocked["blockedReason"]) == (found["id"], "spy")


async def test_denied_organisation_is_thrown_out_at_once(harness: AccountHarness) -> None:
    admin, member = await harness.logged_in(DIRECTOR), await harness.logged_in(MEMBER)
    outsider = await harness.logged_in(OUTSIDER)
    created = await member.change("POST", "/api/me/access-tokens", json={"name": "script"})
    token = {"authorization": f"Bearer {created.json()['token']}"}
    other = await harness.browser()
    assert (await other.get("/api/me", headers=token)).status_code == 200
    member_id = await account_id(member)
    denied = await admin.change("PUT", GATE, json={"deniedCorpIds": ["98000102"]})
    assert denied.status_code == 200
    await ends_within_a_second(member)
    assert (await other.get("/api/me", headers=token)).status_code == 401
    (record,) = harness.records("session.invalidated")
    assert (record["target"]["id"], record["actor"]) == (member_id, await account_id(admin))
    assert record["metadata"] == {"reason": "denied_corporation"}
    assert (await outsider.get("/api/me")).status_code == 200
    await admin.change("PUT", GATE, json={"deniedCorpIds": []})
    await harness.logged_in(MEMBER)
    assert (await other.get("/api/me", headers=token)).status_code == 200


async def test_denied_access_ends_by_itself_where_the_change_of_the_rules_was_interrupted(
    harness: AccountHarness,
) -> None:
    member = await harness.logged_in(MEMBER)
    harness.sql("INSERT INTO auth_config (require_membership, denied_alliance_ids) VALUES (false, '{99000101}')")
    assert (await member.get("/api/me")).status_code == 200
    tokens, own_account, gate = attrgetter("access_tokens", "own_account", "gate")(harness.dependencies)
    await run_once(tokens, own_account, gate, is_hourly=True)
    await ends_within_a_second(member)
    (record,) = harness.records("session.invalidated")
    assert ("actor" in record, record["metadata"]) == (False, {"reason": "denied_alliance"})


async def test_account_that_is_created_while_the_rules_change_is_thrown_out_too(
    harness: AccountHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change waits for logins that have read the rules, so that it finds their accounts."""
    admin = await harness.logged_in(DIRECTOR)
    gate_is_read, check = asyncio.Event(), OrganisationGate.check

    async def check_slowly(gate: OrganisationGate, unit: AccountUnit, state: AccountState) -> str | None:
        denied_rule = await check(gate, unit, state)
        gate_is_read.set()
        await asyncio.sleep(0.3)
        return denied_rule

    monkeypatch.setattr(OrganisationGate, "check", check_slowly)
    browser = await harness.browser()
    login = asyncio.create_task(browser.log_in(OUTSIDER))
    await gate_is_read.wait()
    await admin.change("PUT", GATE, json={"requireMembership": True})
    await login
    await ends_within_a_second(browser)


async def test_gate_is_changed_over_http_and_holds_for_the_next_login(harness: AccountHarness) -> None:
    admin = await harness.logged_in(DIRECTOR)
    assert (await admin.get(GATE)).json()["requireMembership"] is False
    changed = await admin.change("PUT", GATE, json={"requireMembership": True, "allowedAllianceIds": ["99000101"]})
    assert (changed.status_code, changed.json()["allowedAllianceIds"]) == (200, ["99000101"])
    await harness.logged_in(MEMBER)
    denied = await (await harness.browser()).log_in(OUTSIDER)
    assert denied.headers["location"] == "/login?error=org_not_allowed&rule=not_a_member"
    (record,) = harness.records("auth_config.updated")
    assert record["metadata"]["before"]["requireMembership"] is False
