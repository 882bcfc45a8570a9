"""Which events pass a Trigger: the CloudEvents Subscriptions dialects that Knative evaluates, without `cesql`."""

from collections.abc import Mapping, Sequence

from battlescope_local.manifests.model import AllOf, AnyOf, Exact, Filter, Not, Prefix, Suffix


def passes(filters: Sequence[Filter], attributes: Mapping[str, str]) -> bool:
    """Whether every filter of a Trigger lets the event through; none at all lets everything through."""
    return all(matches(one, attributes) for one in filters)


def matches(one: Filter, attributes: Mapping[str, str]) -> bool:
    """An attribute that the event does not have matches nothing, not even an empty prefix."""
    match one:
        case Exact(wanted):
            return all(attributes.get(name) == value for name, value in wanted.items())
        case Prefix(wanted):
            return all(name in attributes and attributes[name].startswith(value) for name, value in wanted.items())
        case Suffix(wanted):
            return all(name in attributes and attributes[name].endswith(value) for name, value in wanted.items())
        case AllOf(filters):
            return passes(filters, attributes)
        case AnyOf(filters):
            return any(matches(each, attributes) for each in filters)
        case Not(inner):
            return not matches(inner, attributes)
