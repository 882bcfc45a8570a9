"""The committed OpenAPI description."""

from pathlib import Path

from battle_api import openapi


def test_committed_description_is_fresh() -> None:
    committed = Path(__file__).parents[1] / "openapi.json"
    assert committed.read_text() == openapi.text()
