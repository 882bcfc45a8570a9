"""The routes of ESI that consumers use: names, organisations, killmails, systems; both limits, conditional requests."""

import json
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Final

from aiohttp import web

from battlescope_upstream.content.names import is_unresolvable
from battlescope_upstream.hosts.rate_limits import ErrorLimit, TokenBucket
from battlescope_upstream.hosts.state import UpstreamState

_MAX_IDS: Final = 1000
_FIRST_ERROR_STATUS: Final = 400
_ERROR_LIMITED: Final = 420  # does not count as another error
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class EsiResponse:
    """A status with its content: a JSON value, or bytes that are JSON already."""

    status: int
    content: Any
    max_age: int = 0

    @property
    def body(self) -> bytes:
        content = self.content
        return content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()


def _error(status: int, text: str) -> EsiResponse:
    return EsiResponse(status, {"error": text})


@dataclass(slots=True)
class Esi:
    """Routes below `/esi`."""

    state: UpstreamState
    errors: ErrorLimit = field(default_factory=ErrorLimit)
    killmails: TokenBucket = field(default_factory=lambda: TokenBucket("killmail"))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(r"/esi/universe/names{slash:/?}", self._names),
            web.get(r"/esi/{kind:corporations|alliances}/{id:\d+}{slash:/?}", self._organisation),
            web.get(r"/esi/universe/systems/{id:\d+}{slash:/?}", self._system),
            web.get(r"/esi/killmails/{id:\d+}/{hash:\w+}{slash:/?}", self._killmail),
        ]

    def _fault_response(self) -> EsiResponse | None:
        """The error of the shared error limit or of a drawn fault, the same for every route."""
        faults = self.state.faults
        if self.errors.remaining(self.state.clock(), faults.esi_error_limit) == 0:
            return _error(_ERROR_LIMITED, "This software has exceeded the error limit for ESI.")
        if faults.esi_down:
            return _error(503, "The datasource tranquility is temporarily unavailable")
        return _error(502, "Bad gateway") if self.state.is_drawn(faults.esi_failing) else None

    def _with_error_limit(self, request: web.Request, response: EsiResponse) -> web.Response:
        """The response of a route that counts towards the shared error limit."""
        now, faults = self.state.clock(), self.state.faults
        if response.status >= _FIRST_ERROR_STATUS and response.status != _ERROR_LIMITED:
            self.errors.errors += 1
        return _conditional(request, response, self.errors.headers(now, faults.esi_error_limit))

    async def _names(self, request: web.Request) -> web.Response:
        response = self._fault_response() or self._resolve_names(await request.read())
        return self._with_error_limit(request, response)

    def _resolve_names(self, body: bytes) -> EsiResponse:
        ids = _parse_ids(body)
        if ids is None:
            return _error(400, "The body must be a list of 1 to 1000 ids.")
        if len(set(ids)) != len(ids):
            return _error(400, "The ids must be unique.")
        seed, share = self.state.seed, self.state.faults.esi_bad_ids
        entries = {i: None if is_unresolvable(i, seed, share) else self.state.names.lookup(i) for i in ids}
        if None in entries.values():
            return _error(404, "Ensure all IDs are valid before resolving.")
        return EsiResponse(
            _OK, [{"category": entry[0], "id": i, "name": entry[1]} for i, entry in entries.items() if entry]
        )

    async def _organisation(self, request: web.Request) -> web.Response:
        kind, entity_id = request.match_info["kind"], int(request.match_info["id"])
        response = self._fault_response() or self._organisation_response(kind, entity_id)
        return self._with_error_limit(request, response)

    def _organisation_response(self, kind: str, entity_id: int) -> EsiResponse:
        category = "corporation" if kind == "corporations" else "alliance"
        entry = self.state.names.lookup(entity_id)
        is_bad = is_unresolvable(entity_id, self.state.seed, self.state.faults.esi_bad_ids)
        if entry is None or entry[0] != category or is_bad:
            return _error(404, f"{category.capitalize()} not found")
        content = {"name": entry[1], "ticker": self.state.names.ticker(entity_id, entry[1])}
        return EsiResponse(_OK, content, 3600)

    async def _system(self, request: web.Request) -> web.Response:
        response = self._fault_response() or self._system_response(int(request.match_info["id"]))
        return self._with_error_limit(request, response)

    def _system_response(self, system_id: int) -> EsiResponse:
        system = self.state.reference.systems.get(system_id)
        if system is None:
            return _error(404, "Solar system not found!")
        content = {
            "constellation_id": system.constellation_id,
            "name": system.name,
            "position": dict(zip("xyz", system.position, strict=True)),
            "security_status": system.security,
            "system_id": system_id,
        }
        return EsiResponse(_OK, content, 3600)

    async def _killmail(self, request: web.Request) -> web.Response:
        """The only route here with a token bucket; a 429 costs no tokens."""
        now, limit = self.state.clock(), self.state.faults.esi_tokens
        if (fault_response := self._fault_response()) is not None:
            return self._with_error_limit(request, fault_response)
        if self.killmails.used(now) >= limit:
            headers = {"Retry-After": str(self.killmails.retry_after(now)), **self.killmails.headers(now, limit)}
            return _conditional(request, _error(429, "Too many requests"), headers)
        killmail_response = self._killmail_response(int(request.match_info["id"]), request.match_info["hash"])
        response = _conditional(request, killmail_response, {})
        self.killmails.spend(now, response.status)
        response.headers.update(self.killmails.headers(now, limit))
        return response

    def _killmail_response(self, killmail_id: int, killmail_hash: str) -> EsiResponse:
        killmail = self.state.killmails.get(killmail_id)
        if killmail is None or killmail.hash != killmail_hash:
            return _error(422, "Invalid killmail_id and/or killmail_hash")
        return EsiResponse(_OK, killmail.esi, 2_592_000)


def _parse_ids(body: bytes) -> list[int] | None:
    try:
        ids: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(ids, list) or not 1 <= len(ids) <= _MAX_IDS:  # pyright: ignore[reportUnknownArgumentType]  # JSON of others
        return None
    numbers = [i for i in ids if isinstance(i, int) and not isinstance(i, bool)]  # pyright: ignore[reportUnknownVariableType]  # JSON of others
    return numbers if len(numbers) == len(ids) else None  # pyright: ignore[reportUnknownArgumentType]  # JSON of others


def _conditional(request: web.Request, response: EsiResponse, headers: dict[str, str]) -> web.Response:
    """The response with its ETag, or 304 if the request names this ETag."""
    body = response.body
    if response.status == _OK and request.method == "GET":
        tag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {**headers, "ETag": tag, "Cache-Control": f"public, max-age={response.max_age}"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
    return web.Response(status=response.status, body=body, content_type="application/json", headers=headers)
