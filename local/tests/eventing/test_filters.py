"""Filters of Triggers."""

from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.eventing.filters import matches, passes
from battlescope_local.manifests.model import AllOf, AnyOf, Exact, Filter, Not, Prefix, Suffix

NAMES = st.sampled_from(["type", "source", "subject", "partitionkey"])
VALUES = st.text("ab.", min_size=1, max_size=4)
ATTRIBUTES = st.dictionaries(NAMES, VALUES)
EXPECTED = st.dictionaries(NAMES, VALUES, min_size=1)
LEAVES: st.SearchStrategy[Filter] = st.one_of(EXPECTED.map(Exact), EXPECTED.map(Prefix), EXPECTED.map(Suffix))
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda filters: AllOf(tuple(filters))),
        st.lists(inner, min_size=1, max_size=3).map(lambda filters: AnyOf(tuple(filters))),
        inner.map(Not),
    ),
    max_leaves=6,
)


def test_event_passes_without_filters() -> None:
    assert passes((), {})


def test_every_attribute_of_a_filter_must_match() -> None:
    expected = Exact({"type": "a", "source": "b"})
    assert matches(expected, {"type": "a", "source": "b", "subject": "c"})
    assert not matches(expected, {"type": "a"})


@given(EXPECTED, ATTRIBUTES)
def test_exact_match_is_also_a_prefix_and_suffix_match(expected: dict[str, str], attributes: dict[str, str]) -> None:
    all_attributes = {**attributes, **expected}
    assert all(matches(kind(expected), all_attributes) for kind in (Exact, Prefix, Suffix))


@given(EXPECTED, st.text("ab.", max_size=3))
def test_prefix_and_suffix_match_at_their_end(expected: dict[str, str], more: str) -> None:
    longer = {name: value + more + "!" for name, value in expected.items()}
    assert matches(Prefix(expected), longer)
    assert not matches(Suffix(expected), longer)


@given(LEAVES)
def test_absent_attribute_matches_nothing(leaf: Filter) -> None:
    assert not matches(leaf, {})


@given(FILTERS, ATTRIBUTES)
def test_not_inverts_every_filter(event_filter: Filter, attributes: dict[str, str]) -> None:
    assert matches(Not(event_filter), attributes) != matches(event_filter, attributes)


@given(st.lists(FILTERS, min_size=1, max_size=4), ATTRIBUTES)
def test_all_and_any_follow_de_morgan(filters: list[Filter], attributes: dict[str, str]) -> None:
    none_of_the_opposites = Not(AnyOf(tuple(Not(event_filter) for event_filter in filters)))
    assert matches(AllOf(tuple(filters)), attributes) == matches(none_of_the_opposites, attributes)


@given(st.lists(FILTERS, max_size=4), ATTRIBUTES)
def test_event_must_match_all_filters_of_a_trigger(filters: list[Filter], attributes: dict[str, str]) -> None:
    assert passes(filters, attributes) == all(matches(event_filter, attributes) for event_filter in filters)
