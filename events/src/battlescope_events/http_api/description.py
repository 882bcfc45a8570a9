"""The OpenAPI description of an HTTP function: FastAPI's, completed by what the conventions answer for every route.

A route declares only what is its own, such as 404 and 409. Errors are components, so that each stands once.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from battlescope_events.http_api.error_body import ERROR_NAMES, HTML
from battlescope_events.http_api.errors import Problem
from battlescope_events.http_api.guard import Right
from battlescope_schemas.accounts.session import SESSION_COOKIE

Examples = Mapping[str, Mapping[str, Any]]
"""Bodies of real answers by operation id and status."""
EVENT_STREAM: Final = "text/event-stream"
_SAFE: Final = {"get"}
_ALWAYS: Final[Mapping[int, str]] = {
    400: "The request is invalid; `message` names the field.",
    413: "The request body is too large.",
    414: "The query is too long.",
    421: "On one machine without logins: the header Host is no name of this machine.",
    429: "Too many requests; `retryAfter` says when the next one may work.",
    500: "An unexpected error.",
    503: "A part of the service does not answer.",
}
_GUARDED: Final[Mapping[int, str]] = {
    401: "There is no valid session or access token.",
    403: "The caller does not have the right that the operation needs, or a foreign web page asks for a change.",
}
_WRITES: Final[Mapping[int, str]] = {403: _GUARDED[403], 415: "The request body is not JSON."}
_NOT_MODIFIED: Final = {"description": "The client has the current representation already (If-None-Match)."}
_ETAG: Final = {"description": "The version of the representation.", "schema": {"type": "string"}, "required": True}
_REQUEST_ID: Final = {
    "description": "The id of the request, the client's own if it sent a plain one.",
    "schema": {"type": "string"},
    "required": True,
}
_SECURITY_SCHEMES: Final = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The session of a browser, made by a login with EVE Online.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A personal access token; on one machine without logins, the owner's token.",
    },
}
_RETRY_AFTER: Final = {"description": "Seconds until the next request may work.", "schema": {"type": "string"}}
_OVERLOAD_SECONDS: Final = {
    "description": "Where too many requests wait: seconds until the next one may work; absent otherwise.",
    "schema": {"type": "string"},
}
_RATE_LIMIT_HEADERS: Final = {
    "X-RateLimit-Limit": {
        "description": "How many requests the caller may make in a minute; absent where nothing is limited.",
        "schema": {"type": "string"},
    },
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "string"}},
    "X-RateLimit-Reset": {
        "description": "Seconds until the oldest counted request is a minute old.",
        "schema": {"type": "string"},
    },
}
_RATE_LIMIT_REFERENCES: Final = {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE_LIMIT_HEADERS}
_CHALLENGE: Final = {"description": "The scheme that the operation needs.", "schema": {"type": "string"}}
_PAGE: Final = {"schema": {"type": "string", "description": "The sentence as a page, for people in a browser."}}
_PROBLEM_EXAMPLE: Final = {"message": "A sentence for people.", "requestId": "0c9d7c0e-5c1e-4c55-8f2b-5d3c5a3f7c11"}


def headers(**descriptions: str) -> dict[str, Any]:
    """Response headers for the description of a route; underscores in their names stand for hyphens."""
    return {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in descriptions.items()
    }


STALE: Final = headers(
    Warning="`110` while the database does not answer and an earlier answer stands in for it; absent otherwise."
)
"""Headers of answers that `response_cache` keeps."""


def links(operations: Mapping[str, str], **parameters: str) -> dict[str, Any]:
    """OpenAPI links from an answer to what can be asked next: operation ids by name, parameters as expressions.

    Two underscores in the name of a parameter stand for a hyphen.
    """
    return {
        name: {
            "operationId": operation_id,
            "parameters": {key.replace("__", "-"): value for key, value in parameters.items()},
        }
        for name, operation_id in operations.items()
    }


def complete(document: dict[str, Any], examples: Examples, rights: Mapping[tuple[str, str], Right]) -> dict[str, Any]:
    """The description with the answers that every operation shares, errors as components, rights, and examples."""
    components: dict[str, Any] = document.setdefault("components", {})
    components["responses"] = {ERROR_NAMES[status]: _problem(status, text) for status, text in _common().items()}
    components["headers"] = _RATE_LIMIT_HEADERS
    components["securitySchemes"] = _SECURITY_SCHEMES
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            right = rights.get((method.upper(), path))
            if right is not None:
                operation["security"] = [{name: []} for name in _SECURITY_SCHEMES]
                operation["x-required-role"] = f"{right.feature}:{right.role.name.lower()}"
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
            operation["responses"] = _responses(
                _shared(method, is_guarded=right is not None),
                method,
                operation,
                examples.get(operation["operationId"], {}),
            )
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _common() -> dict[int, str]:
    return {**_ALWAYS, **_GUARDED, **_WRITES}


def _shared(method: str, *, is_guarded: bool) -> dict[int, str]:
    return {**_ALWAYS, **(_GUARDED if is_guarded else {}), **({} if method in _SAFE else _WRITES)}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be absent, which a query or header cannot say by null."""
    members = [member for member in schema.get("anyOf", ()) if member != {"type": "null"}]
    if len(members) == len(schema.get("anyOf", ())):
        return schema
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**others, **members[0]} if len(members) == 1 else {**others, "anyOf": members}


def _responses(
    shared: Iterable[int], method: str, operation: dict[str, Any], examples: Mapping[str, Any]
) -> dict[str, Any]:
    declared: dict[str, Any] = operation["responses"]
    declared.pop("422", None)  # FastAPI's own; an invalid request is answered with 400
    responses: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{ERROR_NAMES[status]}"} for status in shared
    }
    if method in _SAFE and has_representation(declared.get("200")):
        responses["304"] = {
            **_NOT_MODIFIED,
            "headers": {
                **{name: header for name, header in declared["200"].get("headers", {}).items() if name in STALE},
                "ETag": _ETAG,
                "X-Request-Id": _REQUEST_ID,
                **_RATE_LIMIT_REFERENCES,
            },
        }
    for status, response in declared.items():
        responses[status] = _own_response(method, status, response, examples.get(status))
    return dict(sorted(responses.items()))


def has_representation(response: Mapping[str, Any] | None) -> bool:
    """Whether an answer has a body that a client can keep and compare; a redirect and a stream have none."""
    return response is not None and EVENT_STREAM not in response.get("content", ())


def _own_response(method: str, status: str, response: dict[str, Any], example: Any) -> dict[str, Any]:
    headers = {**response.get("headers", {}), "X-Request-Id": _REQUEST_ID, **_RATE_LIMIT_REFERENCES}
    if method in _SAFE and status == "200" and has_representation(response):
        headers["ETag"] = _ETAG
    content = response.get("content", {})
    if "application/json" in content:
        if int(status) in ERROR_NAMES:
            content["application/json"]["example"] = {"error": ERROR_NAMES[int(status)], **_PROBLEM_EXAMPLE}
            content[HTML] = _PAGE
        elif example is not None:
            content["application/json"]["example"] = example
    return {**response, "headers": headers}


def _problem(status: int, description: str) -> dict[str, Any]:
    own_headers = {
        HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": _CHALLENGE},
        HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": _RETRY_AFTER},
        HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": _OVERLOAD_SECONDS},
    }.get(HTTPStatus(status), {})
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": {"error": ERROR_NAMES[status], **_PROBLEM_EXAMPLE},
    }
    return {
        "description": description,
        "headers": {"X-Request-Id": _REQUEST_ID, **own_headers, **_RATE_LIMIT_REFERENCES},
        "content": {"application/json": content, HTML: _PAGE},
    }
