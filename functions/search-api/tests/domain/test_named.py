"""Names are shown the best first, and misspelled ones only where few others fit."""

from datetime import UTC, datetime
from typing import Final

import pytest

from search_api.domain.named import FEW, NamedDocument, NamedKind, ranked, without_misspelled
from search_api.domain.search_text import read_search_text

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)


def document(kind: NamedKind, entity_id: int, name: str) -> NamedDocument:
    return NamedDocument(kind=kind, id=entity_id, name=name, battle_count=1, last_seen_at=NOW)


@pytest.mark.parametrize(("fitting", "systems"), [(FEW - 1, ["Jita"]), (FEW, [])])
def test_misspelled_names_are_left_out_where_enough_others_fit(fitting: int, systems: list[str]) -> None:
    pilots = [document(NamedKind.CHARACTER, number, f"Jitta {number}") for number in range(fitting)]
    documents = [*pilots, document(NamedKind.SYSTEM, 30000142, "Jita")]
    hits = ranked(read_search_text("jitta"), documents, NOW, 10)
    assert [hit.document.name for hit in hits[NamedKind.SYSTEM]] == ["Jita"]
    found = without_misspelled(hits, FEW)
    assert len(found[NamedKind.CHARACTER]) == fitting
    assert [hit.document.name for hit in found[NamedKind.SYSTEM]] == systems
