"""Strict YAML: what Go's parser and Python's read differently is an error, so that both see the same document."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import yaml

from battlescope_local.manifests.fields import ManifestError

# Booleans, octal and sexagesimal numbers of YAML 1.1, which YAML 1.2 reads as text and decimal numbers.
AMBIGUOUS: Final = re.compile(r"(?i:yes|no|on|off)|[-+]?0[0-9_]+|[-+]?[0-9]+(?::[0-5]?[0-9])+|[-+]?[0-9]+_[0-9_]+")
TEXT_TAG: Final = "tag:yaml.org,2002:str"
TIME_TAG: Final = "tag:yaml.org,2002:timestamp"  # text in JSON, and so in Kubernetes


def read_documents(file: Path, display_path: str) -> Iterator[object]:
    return parse_documents(file.read_text(), display_path)


def parse_documents(text: str, display_path: str) -> Iterator[object]:
    """Documents of a YAML text, without empty ones.

    Raises:
        ManifestError: the text is not YAML, or means something else to another parser.
    """
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            _check(node, display_path)
            document = cast("object", loader.construct_document(node))  # pyright: ignore[reportUnknownMemberType]  # its stub names no types
            if document is not None:
                yield document
    except yaml.YAMLError as error:
        raise ManifestError(f"{display_path}: is not YAML: {error}") from error
    finally:
        loader.dispose()


def _check(node: yaml.Node | None, display_path: str) -> None:
    match node:
        case yaml.ScalarNode():
            _check_scalar(node, display_path)
        case yaml.SequenceNode():
            for item in node.value:
                _check(item, display_path)
        case yaml.MappingNode():
            _check_mapping(node, display_path)
        case _:
            pass  # an empty document


def _check_mapping(node: yaml.MappingNode, display_path: str) -> None:
    names = set[str]()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in names:
            raise ManifestError(f"{_position(key, display_path)}: a key must be text and stand once")
        names.add(key.value)
        _check(value, display_path)


def _check_scalar(node: yaml.ScalarNode, display_path: str) -> None:
    if not node.style and AMBIGUOUS.fullmatch(node.value):
        where = _position(node, display_path)
        raise ManifestError(f"{where}: {node.value} differs between YAML 1.1 and 1.2; put it in quotes")
    if node.tag == TIME_TAG:
        node.tag = TEXT_TAG


def _position(node: yaml.Node, display_path: str) -> str:
    return f"{display_path}: line {node.start_mark.line + 1}"
