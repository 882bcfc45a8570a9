"""The page of the API shows the whole document, and needs nothing but itself."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from battlescope_local.devtools.project import ROOT
from web_serve.presenters.api_page import api_page
from web_serve.presenters.schema_text import type_text

VOID = {"meta", "br", "hr", "img", "link", "input"}
OPTIONAL_END = {"th", "tr"}


class Page(HTMLParser):
    """Ids, links and elements of a page; raises on an element that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "action"}:
                self.links.add(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())


@pytest.fixture(scope="module")
def html(document: dict[str, Any]) -> str:
    return api_page(document)


def test_page_shows_every_operation_parameter_and_schema(document: dict[str, Any], html: str) -> None:
    page = Page(html)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"operation-{operation['operationId']}" in page.ids
            assert f"{method.upper()} {path}" in page.text
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in html
            for status in operation["responses"]:
                assert f"<td>{status}</td>" in html
    for name, schema in document["components"]["schemas"].items():
        assert f"schema-{name}" in page.ids
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in html
    assert len(page.ids) == len(set(page.ids))


def test_every_link_of_the_page_leads_somewhere(html: str) -> None:
    page = Page(html)
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"/api/openapi.json", "/theme.js"}


def test_page_needs_no_other_host_and_no_script_but_that_of_the_theme(html: str) -> None:
    page = Page(html)
    assert re.findall(r"<script[^>]*>", html) == ['<script src="/theme.js">']
    assert page.elements.isdisjoint({"iframe", "img", "link", "object", "form"})
    assert not [name for name in page.attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html


def test_texts_of_the_document_are_no_html() -> None:
    evil = "<script>alert(1)</script>"
    schema = {"type": "object", "description": evil, "properties": {evil: {"enum": [evil], "description": evil}}}
    operation = {
        "operationId": "x", "description": evil, "tags": [evil], "x-required-role": evil,
        "parameters": [{"name": evil, "in": "query", "schema": {"type": "string", "default": evil, "pattern": evil}}],
        "responses": {"200": {"description": evil, "content": {"application/json": {"schema": {}, "example": evil}}}},
    }  # fmt: skip
    html = api_page({
        "info": {"title": evil},
        "paths": {f"/{evil}": {"get": operation}},
        "components": {"schemas": {"X": schema}},
    })  # fmt: skip
    assert html.count("<script") == 1  # that of the theme
    assert unescape(html).count(evil) >= 10


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "#/components/schemas/X"}, "X"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "integer, from 1 or null"),
        ({"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 5},
         "list of string (uuid), at most 5 items"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "map of number"),
        ({"enum": ["a", "b"], "type": "string", "default": "a"}, "one of a, b, default a"),
        ({"const": None}, "one of null"),
        ({"type": "array", "items": {"type": "string"}, "default": []}, "list of string"),
        ({}, "any value"),
        ({"type": "boolean", "default": False}, "boolean, default false"),
    ],
)  # fmt: skip
def test_types_are_said_in_words(schema: dict[str, Any], text: str) -> None:
    assert re.sub(r"<[^>]+>", "", type_text(schema)) == text
