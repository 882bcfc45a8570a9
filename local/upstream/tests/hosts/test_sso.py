"""The simulated SSO: the page, codes, tokens, and what a client may get wrong."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from upstream_client import Client, upstream

from battlescope_upstream.content.characters import PLAYERS
from battlescope_upstream.content.sso_tokens import FORGERIES, VALID_FORMS
from battlescope_upstream.hosts.sso import CLIENT_ID

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REQUEST = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": "http://127.0.0.1:3000/auth/callback",
    "scope": "publicData",
    "state": "s1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


async def code_for(client: Client, character: str = "2112000003", **changes: str) -> str:
    form = {**REQUEST, **changes, "character": character}
    async with client.session.post("/sso/v2/oauth/authorize", data=form, allow_redirects=False) as response:
        assert response.status == 303, await response.text()
        return parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]


async def token(client: Client, headers: dict[str, str] | None = None, **form: str) -> tuple[int, Any]:
    async with client.session.post("/sso/v2/oauth/token", data=form, headers=headers) as response:
        return response.status, await response.json()


async def redeem(client: Client, code: str, **changes: str) -> tuple[int, Any]:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "client_id": CLIENT_ID}
    return await token(client, **{**form, **changes})


async def test_page_offers_every_character() -> None:
    async with upstream() as (client, _), client.session.get("/sso/v2/oauth/authorize", params=REQUEST) as response:
        page = await response.text()
    assert response.status == 200
    assert all(player.name in page for player in PLAYERS)


@pytest.mark.parametrize(
    "change",
    [
        {"response_type": "token"},
        {"client_id": "x"},
        {"redirect_uri": "https://evil.example"},
        {"state": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
    ],
)
async def test_malformed_request_is_refused(change: dict[str, str]) -> None:
    async with upstream() as (client, _):
        async with client.session.get("/sso/v2/oauth/authorize", params={**REQUEST, **change}) as response:
            assert response.status == 400
        async with client.session.post("/sso/v2/oauth/authorize", data={**REQUEST, **change}) as response:
            assert response.status == 400


async def test_code_becomes_a_token_that_the_published_keys_verify() -> None:
    async with upstream() as (client, _):
        status, grant = await redeem(client, await code_for(client))
        keys = KeySet.import_key_set(await client.json("/sso/oauth/jwks"))
    claims = jwt.decode(grant["access_token"], keys, ["RS256", "ES256"]).claims
    assert (status, grant["expires_in"], claims["sub"]) == (200, 1200, "CHARACTER:EVE:2112000003")
    assert (claims["aud"], claims["scp"]) == ([CLIENT_ID, "EVE Online"], ["publicData"])
    assert [key.key_type for key in keys] == ["RSA", "EC"]


async def test_code_works_once_for_its_client_and_verifier_and_for_five_minutes() -> None:
    async with upstream() as (client, clock):
        code = await code_for(client)
        assert (await redeem(client, code))[0] == 200
        for change in ({}, {"code_verifier": "w" * 43}, {"client_id": "x"}, {"redirect_uri": "http://127.0.0.1:1/"}):
            fresh = code if not change else await code_for(client)
            assert (await redeem(client, fresh, **change))[0] == 400, change
        late = await code_for(client)
        clock.now += 301
        assert await redeem(client, late) == (400, {"error": "invalid_grant"})


async def test_refresh_token_rotates_and_can_be_revoked() -> None:
    async with upstream() as (client, _):
        _, grant = await redeem(client, await code_for(client))
        basic = {"Authorization": f"Basic {b64encode(f'{CLIENT_ID}:secret'.encode()).decode()}"}
        form = {"grant_type": "refresh_token", "refresh_token": grant["refresh_token"]}
        status, renewed = await token(client, basic, **form)
        assert (status, renewed["refresh_token"] != grant["refresh_token"]) == (200, True)
        assert (await token(client, basic, **form))[0] == 400
        async with client.session.post(
            "/sso/v2/oauth/revoke", data={"token": renewed["refresh_token"]}, headers=basic
        ) as response:
            assert response.status == 200
        form["refresh_token"] = renewed["refresh_token"]
        assert await token(client, basic, **form) == (400, {"error": "invalid_grant"})


async def test_without_a_scope_there_is_no_refresh_token() -> None:
    async with upstream() as (client, _):
        _, grant = await redeem(client, await code_for(client, scope=""))
    assert "refresh_token" not in grant


async def test_every_token_can_be_ordered() -> None:
    async with upstream() as (client, _):
        tokens: set[str] = set()
        for name in (*VALID_FORMS, *FORGERIES):
            async with client.session.post("/control/sso", json={"token": name}) as response:
                assert response.status == 200
            tokens.add((await redeem(client, await code_for(client)))[1]["access_token"])
        async with client.session.post("/control/sso", json={"token": "no-such"}) as response:
            assert response.status == 400
    assert len(tokens) == len(VALID_FORMS) + len(FORGERIES)


async def test_affiliations_and_owners_change() -> None:
    async with upstream() as (client, _):

        async def affiliation(*ids: int) -> tuple[int, Any]:
            async with client.session.post("/esi/characters/affiliation", json=ids) as response:
                return response.status, await response.json()

        row = {"character_id": 2112000003, "corporation_id": 98000102, "alliance_id": 99000101}
        assert await affiliation(2112000003) == (200, [row])
        order = {"affiliations": {"2112000003": [98000901, None]}, "owners": {"2112000003": "second"}}
        async with client.session.post("/control/sso", json=order) as response:
            assert response.status == 200
        assert await affiliation(2112000003) == (200, [{"character_id": 2112000003, "corporation_id": 98000901}])
        assert (await affiliation(1))[0] == 400
        assert (await client.json("/esi/characters/2112000003/"))["name"] == "Mira Talvos"
        assert await client.status("/esi/characters/1/") == 404


async def test_endpoints_can_be_down() -> None:
    async with upstream() as (client, _):
        async with client.session.post("/control/sso", json={"down": ["discovery", "jwks"]}) as response:
            assert response.status == 200
        assert await client.status("/sso/oauth/jwks") == 503
        assert await client.status("/sso/.well-known/oauth-authorization-server") == 503
