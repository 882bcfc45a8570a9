"""Filters of Triggers."""

from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.eventing.filters import matches, passes
from battlescope_local.manifests.model import AllOf, AnyOf, Exact, Filter, Not, Prefix, Suffix

NAMES = st.sampled_from(["type", "source", "subject", "partitionkey"])


VALUES = st.text("ab.", min_size=1, max_size=4)


ATTRIBUTES = st.dictionaries(NAMES, VALUES)


WANTED = st.dictionaries(NAMES, VALUES, min_size=1)


LEAVES: st.SearchStrategy[Filter] = st.one_of(WANTED.map(Exact), WANTED.map(Prefix), WANTED.map(Suffix))


FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda several: AllOf(tuple(several))),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: AnyOf(tuple(several))),
        inner.map(Not),
    ),
    max_leaves=6,
)


def test_event_passes_without_filters() -> None:
    assert passes((), {})


def test_every_attribute_of_a_filter_must_match() -> None:
    wanted = Exact({"type": "a", "source": "b"})
    assert matches(wanted, {"type": "a", "source": "b", "subject": "c"})
    assert not matches(wanted, {"type": "a"})


@given(WANTED, ATTRIBUTES)
def test_exact_match_is_also_a_prefix_and_suffix_match(wanted: dict[str, str], attributes: dict[str, str]) -> None:
    whole = {**attributes, **wanted}
    assert all(matches(kind(wanted), whole) for kind in (Exact, Prefix, Suffix))


@given(WANTED, st.text("ab.", max_size=3))
def test_prefix_and_suffix_match_at_their_end(wanted: dict[str, str], more: str) -> None:
    longer = {name: value + more + "!" for name, value in wanted.items()}
    assert matches(Prefix(wanted), longer)
    assert not matches(Suffix(wanted), longer)


@given(LEAVES)
def test_absent_attribute_matches_nothing(leaf: Filter) -> None:
    assert not matches(leaf, {})


@given(FILTERS, ATTRIBUTES)
def test_not_inverts_every_filter(one: Filter, attributes: dict[str, str]) -> None:
    assert matches(Not(one), attributes) != matches(one, attributes)


@given(st.lists(FILTERS, min_size=1, max_size=4), ATTRIBUTES)
def test_all_and_any_follow_de_morgan(several: list[Filter], attributes: dict[str, str]) -> None:
    none_of_the_opposites = Not(AnyOf(tuple(Not(one) for one in several)))
    assert matches(AllOf(tuple(several)), attributes) == matches(none_of_the_opposites, attributes)


@given(st.lists(FILTERS, max_size=4), ATTRIBUTES)
def test_event_must_match_all_filters_of_a_trigger(several: list[Filter], attributes: dict[str, str]) -> None:
    assert passes(several, attributes) == all(matches(one, attributes) for one in several)
