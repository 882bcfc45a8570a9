"""The conventions of every HTTP function, for every operation, parameter and field of their descriptions.

Nothing here needs a database: a request that breaks a convention is refused before one is asked.
"""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import httpx2
import pytest
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy, origin_policy
from battlescope_events.http_api.guard import NOBODY, Caller, Guard
from battlescope_events.http_api.request_types import RequestBody
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_local.devtools.http_apps import http_apps, written_descriptions
from battlescope_local.devtools.project import ROOT
from battlescope_local.testing.callers import authored_operations

_PARAMETER = re.compile(r"\{([^}]+)\}")
UUID = "00000000-0000-0000-0000-000000000001"
APPS = http_apps()
DESCRIPTIONS = written_descriptions()
SOME_TEXT = "abc"
NO_NUMBERS = ("1_0", "+1", " 1", "1.0", "1e1", "0x1", "\u0663", "true", "", "null", "9" * 30)
NO_BOOLEANS = ("1", "0", "yes", "on", "t", "TRUE", "", "null")
NO_TIMES = ("2026", "0", "1700000000", "yesterday", "2026-03-01", "2026-02-30T00:00:00Z", "infinity", "NaN", "")


class Allowed(Guard):
    origins = OriginPolicy()

    async def check(self, right: Any, connection: Any) -> Caller:
        return NOBODY

    async def admit(self, limit: Any, connection: Any) -> None: ...

    def record_denial(self, connection: Any, reason: str) -> None: ...


class Operation(NamedTuple):
    function: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]

    @property
    def url(self) -> str:
        """The path with ids that are valid, but of nothing."""
        kinds = {parameter["name"]: parameter["schema"].get("type") for parameter in self.parameters}
        return _PARAMETER.sub(lambda match: "1" if kinds[match[1]] == "integer" else UUID, self.path)

    @property
    def query(self) -> list[dict[str, Any]]:
        return [parameter for parameter in self.parameters if parameter["in"] == "query"]


def operations() -> Iterator[Operation]:
    for name, description in DESCRIPTIONS.items():
        for path, methods in description["paths"].items():
            for method, operation in methods.items():
                yield Operation(name, method.upper(), path, tuple(operation.get("parameters", ())))


OPERATIONS = list(operations())
PARAMETERS = [(operation, parameter) for operation in OPERATIONS for parameter in operation.query]


def typed(kind: str, key: str = "type") -> list[Any]:
    """The query parameters of a JSON type or format, lists of them too."""
    return [
        pytest.param(operation, parameter["name"], id=f"{operation.method} {operation.path} {parameter['name']}")
        for operation, parameter in PARAMETERS
        if (parameter["schema"].get("items") or parameter["schema"]).get(key) == kind
    ]


async def send(
    operation: Operation, query: dict[str, str] | None = None, *, again: str = "", **options: Any
) -> httpx2.Response:
    """Send the query, and `again` after it."""
    app = APPS[operation.function]
    app.state.dependencies = SimpleNamespace(guard=Allowed(), clock=None, responses=ResponseCache(lambda: 0.0))
    url = f"{options.pop('url', operation.url)}?{httpx2.QueryParams(query or {})}{again}" if query else operation.url
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
        return await client.request(operation.method, url, **options)


def refused(response: httpx2.Response) -> str:
    assert response.status_code == 400, (response.status_code, response.text)
    return response.json()["message"]


def test_every_http_function_is_here() -> None:
    assert len(APPS) >= 3
    assert DESCRIPTIONS.keys() == APPS.keys()
    assert len(OPERATIONS) >= 48
    assert len(typed("integer")) >= 30


@pytest.mark.parametrize("function", APPS)
def test_every_http_function_is_tried_by_schemathesis(function: str) -> None:
    """`make fuzz-apis` runs these files; a function without one would be left out without a word."""
    assert (ROOT / "functions" / function / "tests" / "test_api_fuzzing.py").is_file()


def test_functions_whose_requests_state_an_author_show_that_the_login_decides() -> None:
    """Tests of each of these functions try every operation: `test_authors.py`, or those of its jobs."""
    functions = {name for name, description in DESCRIPTIONS.items() if authored_operations(description)}
    assert functions == {"battle-api", "ingest-api", "killmail-api", "search-api"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_unknown_parameter_is_refused_with_the_nearest_known_one(operation: Operation) -> None:
    message = refused(await send(operation, {"zzzzqqqq": "1"}))
    assert message.startswith("zzzzqqqq: is not a known parameter")
    for parameter in operation.query:
        misspelled = f"{parameter['name']}x"
        message = refused(await send(operation, {misspelled: "1"}))
        nearest = re.sub(r"_([a-z])", lambda word: word[1].upper(), parameter["name"])
        assert message == f"{misspelled}: is not a known parameter; the nearest known one is {nearest}."


@pytest.mark.parametrize(("operation", "name"), typed("integer"))
async def test_every_integer_of_a_query_is_digits_within_its_declared_bounds(operation: Operation, name: str) -> None:
    (schema,) = [parameter["schema"] for parameter in operation.query if parameter["name"] == name]
    bounds = schema.get("items", schema)
    required = {
        other["name"]: SOME_TEXT for other in operation.query if other.get("required") and other["name"] != name
    }
    for value in (*NO_NUMBERS, str(bounds["minimum"] - 1), str(bounds["maximum"] + 1)):
        message = refused(await send(operation, {**required, name: value}))
        assert message.startswith((f"{name}: must be", f"{name}.0: must be")), message


PATH_INTEGERS = [
    pytest.param(operation, parameter["name"], parameter["schema"], id=f"{operation.method} {operation.path}")
    for operation in OPERATIONS
    for parameter in operation.parameters
    if parameter["in"] == "path" and parameter["schema"].get("type") == "integer"
]


@pytest.mark.parametrize(("operation", "name", "schema"), PATH_INTEGERS)
async def test_every_integer_of_a_path_is_digits_within_its_declared_bounds(
    operation: Operation, name: str, schema: dict[str, Any]
) -> None:
    for value in ("1_0", "%2B1", "1.0", "abc", str(schema["minimum"] - 1), str(schema["maximum"] + 1)):
        other = operation._replace(path=operation.path.replace(f"{{{name}}}", value))
        assert refused(await send(other)).startswith(f"{name}: must be")


@pytest.mark.parametrize(("operation", "name"), typed("boolean"))
async def test_every_boolean_of_a_query_is_true_or_false(operation: Operation, name: str) -> None:
    for value in NO_BOOLEANS:
        assert refused(await send(operation, {name: value})) == f"{name}: must be true or false."


@pytest.mark.parametrize(("operation", "name"), typed("date-time", "format"))
async def test_every_time_of_a_query_is_iso_8601(operation: Operation, name: str) -> None:
    for value in NO_TIMES:
        message = refused(await send(operation, {name: value}))
        assert message == f"{name}: must be a time in ISO 8601, such as 2026-03-01T20:00:00Z."


@pytest.mark.parametrize(
    ("operation", "name"), [(o, p["name"]) for o, p in PARAMETERS], ids=lambda value: getattr(value, "path", value)
)
async def test_nul_is_refused_with_the_name_of_its_parameter(operation: Operation, name: str) -> None:
    message = refused(await send(operation, {name: "a\0b"}))
    assert message == f"{name}: must not contain the character NUL."


WITH_BODY = [
    operation
    for operation in OPERATIONS
    if "requestBody" in DESCRIPTIONS[operation.function]["paths"][operation.path][operation.method.lower()]
]
BROKEN_BODIES = {
    "half": b"{",
    "no text": b"\xff",
    "deep list": b"[" * 60_000,
    "deep object": b'{"a":' * 10_000,
    "long number": b'{"limit": ' + b"9" * 5000 + b"}",
    "not a number": b'{"minKills": NaN, "startTime": Infinity}',
    "a list": b"[]",
    "a text": b'"x"',
}


@pytest.mark.parametrize("body", BROKEN_BODIES)
@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_every_broken_body_is_400_with_a_sentence_of_ours(operation: Operation, body: str) -> None:
    headers = {"content-type": "application/json"}
    message = refused(await send(operation, content=BROKEN_BODIES[body], headers=headers))
    assert message.endswith(".")
    assert not re.search("Expecting|Input|recursion|pydantic|parsing|string", message), message


def ranges() -> Iterator[Any]:
    for operation in OPERATIONS:
        names = {parameter["name"] for parameter in operation.query}
        for lower in sorted(names):
            upper = lower.replace("min_", "max_", 1) if lower.startswith("min_") else lower.replace("_after", "_before")
            if upper != lower and upper in names:
                yield pytest.param(operation, lower, upper, id=f"{operation.path} {lower}")


@pytest.mark.parametrize(("operation", "lower", "upper"), list(ranges()))
async def test_lower_end_of_a_range_is_not_above_its_upper_end(operation: Operation, lower: str, upper: str) -> None:
    values = ("5", "2") if lower.startswith("min_") else ("2026-03-02T00:00", "2026-03-01T00:00")
    message = refused(await send(operation, {lower: values[0], upper: values[1]}))
    assert message == f"{lower} must not be greater than {upper}."


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_path_with_a_slash_too_many_redirects_without_a_host(operation: Operation) -> None:
    headers = {"host": "evil.example"}
    response = await send(operation, {"limit": "1"}, url=f"{operation.url}/", headers=headers)
    assert (response.status_code, response.headers["location"]) == (307, f"{operation.url}?limit=1")


EMPTY_IDS = [
    pytest.param(operation, parent, id=f"{operation.method} {operation.path}")
    for operation in OPERATIONS
    for parent, _, last in [operation.path.rpartition("/")]
    if last.startswith("{")
]


@pytest.mark.parametrize(("operation", "parent"), EMPTY_IDS)
async def test_empty_id_is_no_redirect_to_another_operation(operation: Operation, parent: str) -> None:
    """`DELETE .../edits/` comes of a client that lost an id; a redirect would make another request of it."""
    app = APPS[operation.function]
    methods = {other.method for other in OPERATIONS if other.path == parent}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
        response = await client.request(operation.method, operation._replace(path=f"{parent}/").url)
    assert response.status_code == (307 if operation.method in methods else 404)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_parameter_that_is_given_twice_is_refused_unless_it_is_a_list(operation: Operation) -> None:
    for parameter in operation.query:
        name, is_list = parameter["name"], "items" in parameter["schema"]
        for first, second in ((name, name), (name, camel_case(name)), (f"{name}[]", name)):
            response = await send(operation, {first: "1"}, again=f"&{second}=1")
            is_refused = f"{second}: is given more than once; it takes one value." in response.text
            assert is_refused != is_list, (first, second, response.text)


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_person_in_a_browser_sees_a_page_and_a_program_json(operation: Operation) -> None:
    for accept, media_type in (
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("*/*", "application/json"),
        ("text/event-stream", "application/json"),
    ):
        response = await send(operation, {"zzzzqqqq": "1"}, headers={"accept": accept})
        expected = media_type if operation.method == "GET" else "application/json"
        assert (response.status_code, response.headers["content-type"]) == (400, expected)
        assert ('<a href="/">' in response.text) == (expected != "application/json")
        assert "zzzzqqqq: is not a known parameter" in response.text


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
async def test_without_logins_no_operation_answers_for_a_foreign_host(operation: Operation) -> None:
    """A page whose own name was made to mean this machine (DNS rebinding) reads nothing: its Host stays its own."""
    app = APPS[operation.function]
    app.state.dependencies = SimpleNamespace(guard=OwnerGuard(SecretStr("t"), origin_policy(["https://our.example"])))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    headers = {"authorization": "Bearer t"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://evil.example", headers=headers) as client:
        for host, is_refused in (("evil.example:3000", True), ("", True), ("our.example", False), ("localhost", False)):
            response = await client.request(operation.method, operation.url, headers={"host": host})
            assert (response.status_code == 421) == is_refused, (host, response.status_code)


def bodies() -> list[type[RequestBody]]:
    """Every model of a request body of a function, in an order that does not depend on what was imported first."""
    packages = {name.replace("-", "_") for name in APPS}
    pending: list[type[RequestBody]] = [RequestBody]
    found: list[type[RequestBody]] = []
    while pending:
        model = pending.pop()
        pending += model.__subclasses__()
        if model.__module__.partition(".")[0] in packages:
            found.append(model)
    return sorted(found, key=lambda model: (model.__qualname__, model.__module__))


def fields_of(kind: str, key: str = "type") -> list[Any]:
    found: list[Any] = []
    for model in bodies():
        schema = model.model_json_schema()
        for name, declared in schema["properties"].items():
            members = [declared, *declared.get("anyOf", ())]
            if any(member.get(key) == kind for member in members) and "pattern" not in str(declared):
                found.append(pytest.param(model, name, id=f"{model.__qualname__}.{name}"))
    return found


def rejects(model: type[RequestBody], field: str, value: object) -> bool:
    with pytest.raises(ValidationError) as raised:
        model.model_validate({field: value, "no such field": PydanticUndefined})
    return any(error["loc"][0] == field for error in raised.value.errors())


@pytest.mark.parametrize(("model", "field"), fields_of("boolean"))
def test_every_boolean_of_a_body_is_a_json_boolean(model: type[RequestBody], field: str) -> None:
    assert not rejects(model, field, value=True)
    assert all(rejects(model, field, value) for value in (0, 1, "true", "false", 1.0, "yes"))


@pytest.mark.parametrize(("model", "field"), fields_of("integer"))
def test_every_integer_of_a_body_is_a_bounded_json_integer(model: type[RequestBody], field: str) -> None:
    declared = model.model_json_schema()["properties"][field]
    (bounds,) = [member for member in (declared, *declared.get("anyOf", ())) if member.get("type") == "integer"]
    values = ("5", "1_0", 5.5, 5.0, True, bounds["minimum"] - 1, bounds["maximum"] + 1)
    assert not rejects(model, field, bounds["minimum"])
    assert all(rejects(model, field, value) for value in values)


@pytest.mark.parametrize(("model", "field"), [*fields_of("date-time", "format"), *fields_of("date", "format")])
def test_every_time_of_a_body_is_iso_8601(model: type[RequestBody], field: str) -> None:
    assert all(rejects(model, field, value) for value in (0, 1700000000, 1.5, True, "2026", "1700000000", "yesterday"))


def texts() -> list[Any]:
    return [
        pytest.param(model, name, id=f"{model.__qualname__}.{name}")
        for model in bodies()
        for name, declared in model.model_json_schema()["properties"].items()
        for member in [next((m for m in (declared, *declared.get("anyOf", ())) if m.get("type") == "string"), {})]
        if member and not {"format", "enum", "const", "pattern"} & member.keys() - {"pattern"}
    ]


@pytest.mark.parametrize(("model", "field"), texts())
@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u2028", "\ud800"])
def test_every_text_of_a_body_is_free_of_control_characters(
    model: type[RequestBody], field: str, character: str
) -> None:
    assert rejects(model, field, f"a{character}b")
