"""The TypeScript client of the web application, written from the OpenAPI document of all functions.

Types alone carry the API: each operation is a key of `Operations`, so that a wrong path, parameter, body or field of an
answer does not compile. The one function of it is `request`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from battlescope_local.devtools.merged_openapi import Document, operations

_NOT_IN_A_NAME: Final = re.compile(r"\W")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_PRIMITIVES: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_HEAD: Final = """\
// Generated from openapi.json by `make generate`.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
    readonly headers: Headers,
  ) {
    super(problem.message);
  }
}

export type Input<K extends keyof Operations> = Pick<
  Operations[K],
  { [P in "path" | "query" | "body"]: Operations[K][P] extends undefined ? never : P }["path" | "query" | "body"]
> & { headers?: Record<string, string>; signal?: AbortSignal };

/** The answer of an operation; `base` is the host, empty for that of the page. Raises `ApiError`. */
export async function request<K extends keyof Operations>(
  operation: K,
  input: Input<K>,
  base = "",
): Promise<Operations[K]["answer"]> {
  const [method, template] = (operation as string).split(" ") as [string, string];
  const parts = input as { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };
  const path = template.replace(/\\{(\\w+)\\}/g, (_, name) => encodeURIComponent(String(parts.path?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) query.append(name, String(one));
    }
  }
  const headers: Record<string, string> = { accept: "application/json", ...input.headers };
  // A kept answer is asked for again with its ETag: after an edit of one's own it is another one.
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-cache" };
  if (input.signal) init.signal = input.signal;
  if (parts.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(parts.body);
  }
  const text = query.toString();
  const response = await fetch(base + path + (text ? "?" + text : ""), init);
  if (!response.ok) throw new ApiError(response.status, await problemOf(response), response.headers);
  return (response.status === 204 ? undefined : await response.json()) as Operations[K]["answer"];
}

/** What failed; a proxy in between may answer without a problem of its own. */
async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get("x-request-id") ?? "";
  const unknown: Problem = { error: "unknown", message: `The server answered ${response.status}.`, requestId };
  return response.json().then((body) => ({ ...unknown, ...(body as Problem) }), () => unknown);
}
"""


def typescript_client(document: Document) -> str:
    """The module."""
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    types = "\n".join(_declaration(name, schema) for name, schema in schemas.items())
    entries = "\n".join(_operation(method, path, operation) for method, path, operation in operations(document))
    return f"{_HEAD}\n{types}\nexport interface Operations {{\n{entries}\n}}\n"


def _declaration(name: str, schema: Mapping[str, Any]) -> str:
    return f"{_comment(schema.get('description', ''), '')}export type {_name(name)} = {_type(schema)};\n"


def _name(schema: str) -> str:
    """The name of a type: FastAPI calls a schema that differs between request and answer `Pin-Input`."""
    return _NOT_IN_A_NAME.sub("", schema)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parameters = operation.get("parameters", ())
    fields = {
        "path": _parameters(p for p in parameters if p["in"] == "path"),
        "query": _parameters(p for p in parameters if p["in"] == "query"),
        "body": _content(operation.get("requestBody", {})) or "undefined",
        "answer": _answer(operation["responses"]),
    }
    lines = "\n".join(f"    {name}: {text};" for name, text in fields.items())
    return f"{_comment(operation.get('description', ''), '  ')}  {json.dumps(f'{method} {path}')}: {{\n{lines}\n  }};"


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    members = [
        f"{_key(p['name'])}{'' if p.get('required') else '?'}: {_parameter_type(p['schema'])}" for p in parameters
    ]
    return f"{{ {'; '.join(members)} }}" if members else "undefined"


def _parameter_type(schema: Mapping[str, Any]) -> str:
    """A parameter is text in the end, so that ids may be given as text."""
    text = _type(schema)
    return f"{text} | string" if text == "number" else text.replace("number[]", "(number | string)[]")


def _answer(responses: Mapping[str, Any]) -> str:
    answers = {_content(answer) or "undefined" for status, answer in responses.items() if status.startswith("2")}
    return " | ".join(sorted(answers)) or "undefined"


def _content(holder: Mapping[str, Any]) -> str | None:
    schema = holder.get("content", {}).get("application/json", {}).get("schema")
    return None if schema is None else _type(schema)


def _type(schema: Mapping[str, Any]) -> str:
    """The type of a schema; what has no narrower one is unknown."""
    if "$ref" in schema:
        return _name(schema["$ref"].rpartition("/")[2])
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else ())
    if values:
        return " | ".join(json.dumps(value) for value in values)
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(_type(alternative) for alternative in alternatives))
    kinds: list[str] = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type", "")]
    return " | ".join(_type_of_kind(kind, schema) for kind in kinds)


def _type_of_kind(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        return _array(schema)
    return _object(schema) if kind == "object" else _PRIMITIVES.get(kind, "unknown")


def _array(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
    item = _type(schema.get("items", {}))
    return f"({item})[]" if " | " in item else f"{item}[]"


def _object(schema: Mapping[str, Any]) -> str:
    if "properties" not in schema:
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"  # pyright: ignore[reportUnknownArgumentType]  # JSON
    return "{\n" + "\n".join(_members(schema)) + "\n}"


def _members(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, value in schema["properties"].items():
        text = _type(value).replace("\n", "\n  ")
        yield f"  {_key(name)}{'' if name in required else '?'}: {text};"


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name)


def _comment(text: str, indent: str) -> str:
    lines = [line.rstrip() for line in text.strip().replace("*/", "* /").splitlines()]
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "\n".join(f"{indent} * {line}".rstrip() for line in lines)
    return f"{indent}/**\n{body}\n{indent} */\n"
