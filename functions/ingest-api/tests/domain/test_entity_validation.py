"""Property tests of the validation of ruleset ids."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest_api.domain.entity_validation import (
    ESI_CATEGORIES,
    NameLookup,
    ids_to_resolve,
    names_by_id,
    unverified_ids,
    validation_errors,
)

IDS = st.lists(st.integers(1, 12), max_size=6)
LISTS = st.fixed_dictionaries(dict.fromkeys(ESI_CATEGORIES, IDS))
ESI_NAMES = st.dictionaries(
    st.integers(1, 12), st.tuples(st.sampled_from([*ESI_CATEGORIES.values(), "region"]), st.just("x"))
)


@given(LISTS, LISTS, st.sets(st.integers(1, 12)), ESI_NAMES)
def test_every_listed_id_is_named_resolved_or_rejected(
    requested: dict[str, Sequence[int]],
    previous: dict[str, Sequence[int]],
    named_ids: set[int],
    esi_names: dict[int, Any],
) -> None:
    stored_names = {str(i): "y" for i in named_ids}
    new_ids = ids_to_resolve(requested, previous, stored_names)
    lookup = NameLookup({i: esi_names[i] for i in new_ids if i in esi_names}, new_ids - esi_names.keys())
    is_valid = all(
        esi_names.get(i, ("",))[0] == category
        for name, category in ESI_CATEGORIES.items()
        for i in requested[name]
        if i in new_ids
    )
    assert (not validation_errors(requested, lookup)) == is_valid
    if is_valid:
        names = names_by_id(requested, stored_names, lookup)
        assert unverified_ids(requested, names) == []
        assert set(map(int, names)) == {i for ids in requested.values() for i in ids}
    assert all(i in previous[name] for name in ESI_CATEGORIES for i in requested[name] if i not in new_ids)
