"""The OpenAPI document as one page that needs no other host and no exception of the CSP."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final, NamedTuple

from web_serve.presenters.pages import document as html_document
from web_serve.presenters.schema_text import schema_rows, type_text

Document = Mapping[str, Any]
_CODE: Final = re.compile(r"`([^`]+)`")
# The web app's own file, which applies the theme that this browser chose. Without it the page is dark and complete.
_THEME: Final = '<script src="/theme.js"></script>'
_STYLE: Final = (
    "<style>nav ul{columns:18rem;padding-left:1rem}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "details{border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0;padding:.3rem .7rem}"
    "summary{cursor:pointer}b.method{display:inline-block;min-width:4.5rem}"
    ":target{outline:2px solid var(--accent);scroll-margin-top:3rem}"
    "small{opacity:.8}</style>"
)
_INTRODUCTION: Final = (
    "<p>Everything is under this host. Ids and ISK are strings, times are ISO 8601 in UTC. Every error has the body "
    '<a href="#schema-Problem">Problem</a>. A request needs a session of the browser, or the header '
    "<code>Authorization: Bearer TOKEN</code> with a personal access token; on one machine without logins, reads need "
    'nothing. <a href="/api/openapi.json">openapi.json</a> is the same for programs.</p>'
)


class _Operation(NamedTuple):
    method: str
    path: str
    description: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return f"operation-{self.description['operationId']}"

    @property
    def first_sentence(self) -> str:
        return self.description.get("description", self.description.get("summary", "")).partition("\n")[0]


def api_page(document: Document) -> str:
    """The page of a document of OpenAPI 3.1."""
    groups = _by_tag(document)
    body = "".join((
        f"<h1>{escape(document['info']['title'])} HTTP API</h1>",
        _INTRODUCTION,
        f"<nav>{''.join(_contents(tag, operations) for tag, operations in groups.items())}</nav>",
        *(_group(document, tag, operations) for tag, operations in groups.items()),
        "<h2>Schemas</h2>",
        *(_schema(name, schema) for name, schema in document["components"].get("schemas", {}).items()),
    ))  # fmt: skip
    return html_document(f"{document['info']['title']} HTTP API", body, _THEME + _STYLE)


def _by_tag(document: Document) -> Mapping[str, list[_Operation]]:
    groups: dict[str, list[_Operation]] = {}
    for path, methods in document["paths"].items():
        for method, description in methods.items():
            tag = next(iter(description.get("tags", ())), "other")
            groups.setdefault(tag, []).append(_Operation(method.upper(), path, description))
    return dict(sorted(groups.items()))


def _contents(tag: str, operations: list[_Operation]) -> str:
    items = "".join(
        f'<li><a href="#{escape(operation.anchor)}">{operation.method} {escape(operation.path)}</a></li>'
        for operation in operations
    )
    return f"<details><summary>{escape(tag.capitalize())} ({len(operations)})</summary><ul>{items}</ul></details>"


def _group(document: Document, tag: str, operations: list[_Operation]) -> str:
    return f"<h2>{escape(tag.capitalize())}</h2>{''.join(_operation(document, operation) for operation in operations)}"


def _operation(document: Document, operation: _Operation) -> str:
    parts = "".join((
        *_paragraphs(operation.description.get("description", "")),
        *_rights(operation.description),
        *_parameters(operation.description.get("parameters", ())),
        *_request_body(operation.description.get("requestBody")),
        _responses(document, operation.description["responses"]),
    ))  # fmt: skip
    return (
        f'<details><summary><b class="method">{operation.method}</b> '
        f"<code>{escape(operation.path)}</code> <small>{_text(operation.first_sentence)}</small></summary>"
        f'<div id="{escape(operation.anchor)}">{parts}</div></details>'  # a link to what is inside opens it
    )


def _text(plain: str) -> str:
    """Text as HTML, with what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(plain))


def _paragraphs(plain: str) -> Iterator[str]:
    for paragraph in plain.split("\n\n"):
        if paragraph.strip():
            yield f"<p>{_text(paragraph)}</p>"


def _rights(description: Mapping[str, Any]) -> Iterator[str]:
    role = description.get("x-required-role")
    yield f"<p>Needs <code>{escape(role)}</code>.</p>" if role else "<p>Needs no login.</p>"


def _parameters(parameters: Any) -> Iterator[str]:
    if parameters:
        rows = "".join(
            f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}"
            f"{', required' if parameter.get('required') else ''}</td><td>{type_text(parameter['schema'])}</td>"
            f"<td>{_text(parameter.get('description', parameter['schema'].get('description', '')))}</td></tr>"
            for parameter in parameters
        )
        yield f"<h4>Parameters</h4><table><tr><th>Name<th>In<th>Type<th>Meaning</tr>{rows}</table>"


def _request_body(body: Mapping[str, Any] | None) -> Iterator[str]:
    if body is not None:
        need = "" if body.get("required") else " (may be left out)"
        types = (f"{escape(media)}: {type_text(content['schema'])}" for media, content in body["content"].items())
        yield f"<h4>Body{need}</h4><p>{'; '.join(types)}</p>"


def _responses(document: Document, responses: Mapping[str, Any]) -> str:
    rows = "".join(_response(status, _resolved(document, response)) for status, response in responses.items())
    example = "".join(_examples(responses))
    return f"<h4>Answers</h4><table><tr><th>Status<th>Meaning<th>Body</tr>{rows}</table>{example}"


def _resolved(document: Document, response: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = response.get("$ref")
    return document["components"]["responses"][reference.rpartition("/")[2]] if reference else response


def _response(status: str, response: Mapping[str, Any]) -> str:
    types = (
        f"{escape(media)}: {type_text(content.get('schema', {}))}"
        for media, content in response.get("content", {}).items()
    )
    return f"<tr><td>{escape(status)}</td><td>{_text(response['description'])}</td><td>{'; '.join(types)}</td></tr>"


def _examples(responses: Mapping[str, Any]) -> Iterator[str]:
    """The real answers of successful requests, folded."""
    for status, response in responses.items():
        example = response.get("content", {}).get("application/json", {}).get("example")
        if status.startswith("2") and example is not None:
            text = escape(json.dumps(example, indent=1, ensure_ascii=False), quote=False)
            yield f"<details><summary>Example of {escape(status)}</summary><pre>{text}</pre></details>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(row.name)}</code>{'' if row.is_required else ' <small>optional</small>'}</td>"
        f"<td>{row.type_html}</td><td>{_text(row.description)}</td></tr>"
        for row in schema_rows(schema)
    )
    fields = f"<table><tr><th>Field<th>Type<th>Meaning</tr>{rows}</table>" if rows else f"<p>{type_text(schema)}</p>"
    description = "".join(_paragraphs(schema.get("description", "")))
    content = f'<div id="schema-{escape(name)}">{description}{fields}</div>'
    return f"<details><summary>{escape(name)}</summary>{content}</details>"
