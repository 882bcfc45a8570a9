"""Filters of Triggers: the CloudEvents Subscriptions dialects that Knative evaluates, without `cesql`."""

from collections.abc import Mapping, Sequence

from battlescope_local.manifests.model import AllOf, AnyOf, Exact, Filter, Not, Prefix, Suffix


def passes(filters: Sequence[Filter], attributes: Mapping[str, str]) -> bool:
    """Whether the event matches all filters of a Trigger; without filters every event passes."""
    return all(matches(event_filter, attributes) for event_filter in filters)


def matches(event_filter: Filter, attributes: Mapping[str, str]) -> bool:
    """Whether the event matches the filter; an attribute that it lacks matches nothing, not even an empty prefix."""
    match event_filter:
        case Exact(expected):
            return all(attributes.get(name) == value for name, value in expected.items())
        case Prefix(expected):
            return all(name in attributes and attributes[name].startswith(value) for name, value in expected.items())
        case Suffix(expected):
            return all(name in attributes and attributes[name].endswith(value) for name, value in expected.items())
        case AllOf(filters):
            return passes(filters, attributes)
        case AnyOf(filters):
            return any(matches(nested, attributes) for nested in filters)
        case Not(negated):
            return not matches(negated, attributes)
