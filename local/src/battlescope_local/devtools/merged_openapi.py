"""The OpenAPI document of all HTTP functions together, and what of a released one a newer one breaks."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

Document = Mapping[str, Any]
_REFERENCE: Final = re.compile(r'"#/components/(\w+)/([^"]+)"')
_TITLE: Final = "BattleScope"
_BATTLE: Final = "get_battle_api_battles__battle_id__get"
_KILLMAIL: Final = "one_api_killmails__killmailId__get"
_KILLMAILS: Final = ("recent_api_killmails_recent_get", "top_api_killmails_top_get")
# Links from an answer of one function to an operation of another one: by both ids, with the name and the parameter.
# A function's own document cannot have them, since it does not have the operation.
LINKS_BETWEEN_FUNCTIONS: Final = (
    (_BATTLE, _KILLMAIL, "killmail", {"killmailId": "$response.body#/killmails/0/killmailId"}),
    (_KILLMAIL, _BATTLE, "battle", {"battle_id": "$response.body#/battleId"}),
    *((source, _BATTLE, "battle", {"battle_id": "$response.body#/items/0/battleId"}) for source in _KILLMAILS),
)


def merged(documents: Mapping[str, Document]) -> dict[str, Any]:
    """One document of those of functions, by their name.

    Components that functions share stay one; of others with the same name each gets the name of its function before it.

    Raises:
        ValueError: two functions serve the same operation.
    """
    clashing = _clashing_components(documents)
    result: dict[str, Any] = {
        "openapi": next(iter(documents.values()))["openapi"],
        "info": {"title": _TITLE, "version": "1"},
        "paths": {},
        "components": {},
    }
    for function, document in sorted(documents.items()):
        own = _renamed(document, clashing, _prefix(function))
        for path, operations in own["paths"].items():
            known = result["paths"].setdefault(path, {})
            if repeated := known.keys() & operations.keys():
                raise ValueError(f"{min(repeated).upper()} {path} is served by two functions.")
            known.update(operations)
        for kind, components in own["components"].items():
            result["components"].setdefault(kind, {}).update(components)
    result["paths"] = dict(sorted(result["paths"].items()))
    result["components"] = {
        kind: dict(sorted(components.items())) for kind, components in sorted(result["components"].items())
    }
    _check_operation_ids(result)
    _add_links(result)
    return result


def _clashing_components(documents: Mapping[str, Document]) -> set[tuple[str, str]]:
    """Components of one name and several meanings. What refers to such a component has several meanings, too."""
    texts: dict[tuple[str, str], set[str]] = {}
    for document in documents.values():
        for kind, components in document["components"].items():
            for name, component in components.items():
                texts.setdefault((kind, name), set()).add(json.dumps(component, sort_keys=True))
    clashing = {key for key, meanings in texts.items() if len(meanings) > 1}
    while True:
        users = {
            key
            for key, meanings in texts.items()
            if key not in clashing and any(_references(meaning) & clashing for meaning in meanings)
        }
        if not users:
            return clashing
        clashing |= users


def _references(text: str) -> set[tuple[str, str]]:
    return {(kind, name) for kind, name in _REFERENCE.findall(text)}


def _renamed(document: Document, clashing: set[tuple[str, str]], prefix: str) -> dict[str, Any]:
    def renamed_reference(match: re.Match[str]) -> str:
        name = prefix + match[2] if (match[1], match[2]) in clashing else match[2]
        return f'"#/components/{match[1]}/{name}"'

    own: dict[str, Any] = json.loads(_REFERENCE.sub(renamed_reference, json.dumps(document)))
    own["components"] = {
        kind: {(prefix + name if (kind, name) in clashing else name): value for name, value in components.items()}
        for kind, components in own["components"].items()
    }
    return own


def _prefix(function: str) -> str:
    return "".join(part.capitalize() for part in function.removesuffix("-api").split("-"))


def _add_links(document: Document) -> None:
    by_id = {operation["operationId"]: operation for _, _, operation in operations(document)}
    for source, target, name, parameters in LINKS_BETWEEN_FUNCTIONS:
        if source in by_id and target in by_id:
            links: dict[str, Any] = by_id[source]["responses"]["200"].setdefault("links", {})
            links[name] = {"operationId": target, "parameters": dict(parameters)}


def _check_operation_ids(document: Document) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    if len(ids) != len(set(ids)):
        raise ValueError("Two operations have the same operationId.")


def operations(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def breaking_changes(released: Document, current: Document) -> list[str]:
    """What a client of the released document can no longer do or read, one sentence each."""
    now = {(method, path): operation for method, path, operation in operations(current)}
    problems: list[str] = []
    for method, path, operation in operations(released):
        name = f"{method} {path}"
        if (method, path) not in now:
            problems.append(f"{name} was removed")
        else:
            problems += [
                f"{name}: {problem}" for problem in _of_operation(released, operation, current, now[method, path])
            ]
    return problems


def _of_operation(
    released: Document, before: Mapping[str, Any], current: Document, after: Mapping[str, Any]
) -> Iterator[str]:
    old, new = ({(p["in"], p["name"]): p for p in o.get("parameters", ())} for o in (before, after))
    for place, name in sorted(old.keys() - new.keys()):
        yield f"the {place} parameter {name} was removed"
    for place, name in sorted(new.keys()):
        if new[place, name].get("required") and not old.get((place, name), {}).get("required"):
            yield f"the {place} parameter {name} became required"
    body, new_body = (_schema(o.get("requestBody", {})) for o in (before, after))
    if new_body is not None:
        yield from _of_schema(released, body or {}, current, new_body, "body", is_request=True)
    for status, answer in before["responses"].items():
        schema = _schema(answer)
        if not status.startswith("2") or schema is None:
            continue
        new_schema = _schema(after["responses"].get(status, {}))
        if new_schema is None:
            yield f"the answer {status} was removed"
        else:
            yield from _of_schema(released, schema, current, new_schema, status, is_request=False)


def _schema(content_holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return content_holder.get("content", {}).get("application/json", {}).get("schema")


def _of_schema(
    released: Document, before: Any, current: Document, after: Any, path: str, *, is_request: bool, depth: int = 0
) -> Iterator[str]:
    """Differences that break: of answers fields that vanish or change, of requests fields that become required."""
    old, new = _resolved(released, before), _resolved(current, after)
    if depth > 12 or not old:  # noqa: PLR2004  # schemas may contain themselves
        return
    if old.get("type") != new.get("type"):
        yield f"{path} was {old.get('type')} and is {new.get('type')}"
        return
    if not is_request and (values := set(old.get("enum", ())) - set(new.get("enum", old.get("enum", ())))):
        yield f"{path} no longer has the value {min(values)}"
    if is_request and (values := set(old.get("enum", ())) - set(new.get("enum", ()))) and "enum" in new:
        yield f"{path} no longer accepts {min(values)}"
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))) if is_request else ():
        yield f"{path}.{name} became required"
    properties, others = old.get("properties", {}), new.get("properties", {})
    for name, schema in properties.items():
        if name not in others:
            yield f"{path}.{name} was removed"
        else:
            yield from _of_schema(
                released, schema, current, others[name], f"{path}.{name}", is_request=is_request, depth=depth + 1
            )
    if "items" in old:
        items = (old["items"], new.get("items", {}))
        yield from _of_schema(
            released, items[0], current, items[1], f"{path}[]", is_request=is_request, depth=depth + 1
        )


def _resolved(document: Document, schema: Any) -> Mapping[str, Any]:
    """The schema behind references; of a nullable one the other alternative."""
    fields = cast("Mapping[str, Any]", schema)
    while True:
        if "$ref" in fields:
            _, _, kind, name = fields["$ref"].split("/")
            fields = document["components"][kind][name]
        elif alternatives := [a for a in fields.get("anyOf", ()) if a.get("type") != "null"]:
            if len(alternatives) > 1:
                return {"type": "anyOf"}
            fields = alternatives[0]
        else:
            return fields
