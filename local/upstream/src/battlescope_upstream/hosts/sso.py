"""CCP's single sign-on, version 2: a page to choose a character, codes, tokens, keys, and faults of each."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from battlescope_upstream.content.sso_grants import Authorization, GrantError, Grants
from battlescope_upstream.content.sso_tokens import FORGERIES, LIFETIME, VALID_FORMS, SigningKeys, sign
from battlescope_upstream.hosts.state import UpstreamState

CLIENT_ID: Final = "battlescope-local"
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_UNAVAILABLE: Final = "The SSO is not available."
ENDPOINTS: Final = ("discovery", "jwks", "token", "revoke")
_STYLE: Final = (
    "body{font:16px system-ui;background:#0b0f14;color:#dce3ea;max-width:30rem;margin:2rem auto;padding:0 1rem}"
    "button{display:block;width:100%;margin:.5rem 0;padding:.8rem;text-align:left;font:inherit;color:inherit;"
    "background:#17202b;border:1px solid #2c3a4a;border-radius:6px;cursor:pointer}small{color:#8a97a6}"
)


@dataclass(slots=True)
class SsoFaults:
    """token: the name of a forged or unusual token; down: the endpoints that respond with 503."""

    token: str | None = None
    down: frozenset[str] = frozenset()
    rotates: bool = True  # whether a renewal gives another refresh token


@dataclass(slots=True)
class Sso:
    """Routes below `/sso`; those below `/control/sso` only where `changeable`."""

    state: UpstreamState
    changeable: bool
    keys: SigningKeys = field(default_factory=SigningKeys)
    grants: Grants = field(default_factory=Grants)
    faults: SsoFaults = field(default_factory=SsoFaults)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sso/.well-known/oauth-authorization-server", self._discovery),
            web.get("/sso/oauth/jwks", self._jwks),
            web.get("/sso/v2/oauth/authorize", self._authorize),
            web.post("/sso/v2/oauth/authorize", self._choose),
            web.post("/sso/v2/oauth/token", self._token),
            web.post("/sso/v2/oauth/revoke", self._revoke),
            web.post(r"/esi/characters/affiliation{slash:/?}", self._affiliation),
            web.get(r"/esi/characters/{id:\d+}{slash:/?}", self._public_info),
            *([web.post("/control/sso", self._change)] if self.changeable else []),
        ]

    async def _discovery(self, request: web.Request) -> web.Response:
        issuer = _issuer(request)
        return self._unless_down("discovery") or web.json_response({
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/v2/oauth/authorize",
            "token_endpoint": f"{issuer}/v2/oauth/token",
            "revocation_endpoint": f"{issuer}/v2/oauth/revoke",
            "jwks_uri": f"{issuer}/oauth/jwks",
            "response_types_supported": ["code", "token"],
            "code_challenge_methods_supported": ["S256"],
        })  # fmt: skip

    async def _jwks(self, _: web.Request) -> web.Response:
        return self._unless_down("jwks") or web.json_response(self.keys.key_set())

    async def _authorize(self, request: web.Request) -> web.Response:
        """The page on which a person chooses a character."""
        problem = _request_problem(request.query)
        if problem:
            return web.Response(status=400, text=problem)
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in request.query.items()
        )
        choices = "".join(
            f'<button name="character" value="{player.character_id}">{escape(player.name)}<br>'
            f"<small>{escape(player.part)}</small></button>"
            for player in self.state.characters.players.values()
        )
        body = (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Simulated EVE SSO</title>'
            f"<style>{_STYLE}</style><h1>Choose a character</h1><p>This is the simulated EVE SSO of BattleScope.</p>"
            f'<form method="post">{hidden}{choices}<button name="character" value="">Cancel</button></form></html>'
        )
        return web.Response(text=body, content_type="text/html")

    async def _choose(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        problem = _request_problem(form)
        if problem:
            return web.Response(status=400, text=problem)
        character = form.get("character", "")
        if character and (not character.isdigit() or int(character) not in self.state.characters.players):
            return web.Response(status=400, text="There is no such character.")
        answer = {"error": "access_denied"} if not character else {"code": self._code(form, int(character))}
        query = urlencode({**answer, "state": form["state"]})
        return web.Response(status=303, headers={"Location": f"{form['redirect_uri']}?{query}"})

    def _code(self, form: Mapping[str, str], character_id: int) -> str:
        scopes = tuple(form.get("scope", "").split())
        authorization = Authorization(
            form["client_id"], form["redirect_uri"], scopes, form["code_challenge"], character_id
        )
        return self.grants.issue_code(authorization, self.state.clock())

    async def _token(self, request: web.Request) -> web.Response:
        if (unavailable := self._unless_down("token")) is not None:
            return unavailable
        form = {name: str(value) for name, value in (await request.post()).items()}
        client_id = _client_id(request, form)
        try:
            authorization = self._redeem(form, client_id)
        except GrantError as error:
            return web.json_response({"error": str(error)}, status=400)
        body: dict[str, Any] = {
            "access_token": self._access_token(_issuer(request), authorization),
            "expires_in": LIFETIME,
            "token_type": "Bearer",
        }
        refresh_token = self._refresh_token(form, authorization)
        return web.json_response(body if refresh_token is None else {**body, "refresh_token": refresh_token})

    def _redeem(self, form: Mapping[str, str], client_id: str | None) -> Authorization:
        if client_id != CLIENT_ID:
            raise GrantError("invalid_client")
        if form.get("grant_type") == "refresh_token":
            return self.grants.redeem_refresh_token(form.get("refresh_token", ""), client_id)
        if form.get("grant_type") != "authorization_code":
            raise GrantError("unsupported_grant_type")
        verifier, redirect_uri = form.get("code_verifier", ""), form.get("redirect_uri", "")
        return self.grants.redeem_code(form.get("code", ""), client_id, verifier, redirect_uri, self.state.clock())

    def _refresh_token(self, form: Mapping[str, str], authorization: Authorization) -> str | None:
        if form.get("grant_type") == "refresh_token" and not self.faults.rotates:
            self.grants.refresh_tokens[form["refresh_token"]] = authorization
            return form["refresh_token"]
        return self.grants.issue_refresh_token(authorization)

    def _access_token(self, issuer: str, authorization: Authorization) -> str:
        player, now = self.state.characters.players[authorization.character_id], int(self.state.clock())
        claims: dict[str, Any] = {
            "scp": list(authorization.scopes),
            "jti": token_hex(16),
            "kid": self.keys.rsa.kid,
            "sub": f"CHARACTER:EVE:{player.character_id}",
            "azp": authorization.client_id,
            "tenant": "tranquility",
            "tier": "live",
            "region": "world",
            "aud": [authorization.client_id, "EVE Online"],
            "name": player.name,
            "owner": self.state.characters.owner_hash(player.character_id),
            "exp": now + LIFETIME,
            "iat": now,
            "iss": issuer.partition("://")[2],
        }
        make = {**VALID_FORMS, **FORGERIES}.get(self.faults.token or "", sign)
        return make(self.keys, claims)

    async def _revoke(self, request: web.Request) -> web.Response:
        if (unavailable := self._unless_down("revoke")) is not None:
            return unavailable
        form = {name: str(value) for name, value in (await request.post()).items()}
        if _client_id(request, form) != CLIENT_ID:
            return web.json_response({"error": "invalid_client"}, status=400)
        self.grants.revoke(form.get("token", ""))
        return web.Response()

    async def _affiliation(self, request: web.Request) -> web.Response:
        if self.state.faults.esi_down:
            return web.json_response({"error": _UNAVAILABLE}, status=503)
        ids: Any = json.loads(await request.read())
        rows = [self.state.characters.affiliation(character_id) for character_id in ids]
        if None in rows:
            return web.json_response({"error": "Invalid character ID"}, status=400)
        return web.json_response(rows)

    async def _public_info(self, request: web.Request) -> web.Response:
        character_id = int(request.match_info["id"])
        row, player = self.state.characters.affiliation(character_id), self.state.characters.players.get(character_id)
        if row is None or player is None:
            return web.json_response({"error": "Character not found"}, status=404)
        organisation = {name: value for name, value in row.items() if name != "character_id"}
        return web.json_response({"name": player.name, "birthday": "2020-01-01T00:00:00Z", **organisation})

    async def _change(self, request: web.Request) -> web.Response:
        """Set faults (`token`, `down`, `rotates`), `rotate` keys, `owners` and `affiliations` of characters."""
        order: dict[str, Any] = await request.json()
        if "token" in order and order["token"] not in {None, *VALID_FORMS, *FORGERIES}:
            return web.Response(status=400, text=f"There is no token {order['token']}.")
        self.faults.token = order.get("token", self.faults.token)
        self.faults.down = frozenset(order.get("down", self.faults.down))
        self.faults.rotates = order.get("rotates", self.faults.rotates)
        if order.get("rotate"):
            self.keys.rotate()
        book = self.state.characters
        book.owners.update({int(i): owner for i, owner in order.get("owners", {}).items()})
        for character_id, (corporation_id, alliance_id) in order.get("affiliations", {}).items():
            player = book.players[int(character_id)]
            book.players[player.character_id] = replace(player, corporation_id=corporation_id, alliance_id=alliance_id)
        return web.json_response({
            "revoked": len(self.grants.revoked),
            "refreshTokens": len(self.grants.refresh_tokens),
        })  # fmt: skip

    def _unless_down(self, endpoint: str) -> web.Response | None:
        return web.Response(status=503, text=_UNAVAILABLE) if endpoint in self.faults.down else None


def _issuer(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}/sso"


def _request_problem(values: Mapping[str, str]) -> str | None:
    """Why CCP's SSO would show an error page instead of the choice."""
    if values.get("response_type") != "code" or values.get("client_id") != CLIENT_ID:
        return "response_type must be code, and client_id that of a registered application."
    if urlsplit(values.get("redirect_uri", "")).hostname not in _LOOPBACK:
        return "redirect_uri must lead to this machine."
    if not values.get("state"):
        return "state is required."
    if values.get("code_challenge_method") != "S256" or not values.get("code_challenge"):
        return "A code challenge with S256 is required."
    return None


def _client_id(request: web.Request, form: Mapping[str, str]) -> str | None:
    """The client of Basic authentication, else of the form; a client secret is any."""
    scheme, _, content = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id")
    try:
        return b64decode(content, validate=True).decode().partition(":")[0]
    except (Base64Error, ValueError):
        return None
