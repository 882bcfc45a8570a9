"""Events: what a Trigger lets through exists, is published to its Broker, and is what its function accepts."""

from collections.abc import Iterator, Mapping
from typing import Final

from battlescope_events.catalog import KILLMAIL_REREAD_REQUESTED, REVALUATION_REQUESTED
from battlescope_local.manifest_checks.deployments import Deployment
from battlescope_local.manifest_checks.fields.kinds import EVENT_TRANSFORM
from battlescope_local.manifest_checks.nodes import Finding, Node
from battlescope_local.manifests.eventing import DELIVERY_ORDER
from battlescope_local.manifests.loading import PING_SOURCE, SINK_BINDING, TRIGGER

# Broker and type whose events must come one after the other for each partition key, with the reason.
ORDERED: Final[Mapping[tuple[str, str], str]] = {
    ("killmails", "com.battlescope.killmail.enriched.v1"): "killmails of one system would wait for each other's lock",
    ("backfill", "com.battlescope.killmail.ingested.v1"): "only order limits how many batches are in progress at once",
    ("backfill", "com.battlescope.killmail.enriched.v1"): "only order limits how many batches are in progress at once",
}

# Function, Broker and type that need no order all the same, with the reason.
UNORDERED: Final[Mapping[tuple[str, str, str], str]] = {
    ("search-index", "killmails", "com.battlescope.killmail.enriched.v1"): "killmails in flight share a transaction",
}

# Function and type that it posts to another Broker than that of its SinkBinding, with that Broker.
BESIDE_THE_SINK: Final[Mapping[tuple[str, str], str]] = {
    ("killmail-enrich", REVALUATION_REQUESTED.name): "backfill",  # with the killmails that get other values
}

# No function publishes these: an operator who replays a dead letter does.
OPERATORS_EVENTS: Final = frozenset({KILLMAIL_REREAD_REQUESTED.name})
TRANSFORMED_ATTRIBUTES: Final = ("specversion", "id", "type", "source", "subject", "partitionkey", "datacontenttype")


def known_types_in_filters(deployment: Deployment) -> Iterator[Finding]:
    """A misspelt type matches nothing; a Trigger without a type gets every event of its Broker.

    By any other attribute events would be missed that its function accepts.
    """
    for trigger in deployment.of_kind(TRIGGER):
        for exact in (value["exact"] for value in trigger.at("spec.filters").below()):
            for name, attribute in exact.entries():
                if name != "type":
                    yield attribute.finding("events are distinguished by their type alone")
        for joined in (trigger.at("spec.filters"), *(value["all"] for value in trigger.at("spec.filters").below())):
            if len([kind for event_filter in joined for kind in _types(event_filter)]) > 1 and len(list(joined)) > 1:
                yield joined.finding("an event has one type, so that it never matches all of these; must be any")
        types = list(filtered_types(trigger))
        if not types:
            yield trigger.at("spec.filters").finding("must name the types of the events")
        for kind in types:
            if kind.text not in deployment.event_types:
                yield kind.finding(f"there is no event type {kind.text} in the catalogue")


def filtered_types(trigger: Node) -> Iterator[Node]:
    """Each type that the filters of a Trigger let through."""
    for event_filter in trigger.at("spec.filters"):
        yield from _types(event_filter)


def _types(event_filter: Node) -> Iterator[Node]:
    if event_filter.at("exact.type").exists:
        yield event_filter.at("exact.type")
    for dialect in ("any", "all"):
        for nested in event_filter[dialect]:
            yield from _types(nested)


def accepted_types(deployment: Deployment) -> Iterator[Finding]:
    """A type that a function does not accept fills the dead letters; one that it never gets is dead code."""
    received = _received(deployment)
    for service, function in deployment.services_with_code():
        if service.name != function.name:
            continue  # what the Services of a function get counts together
        kinds = received.get(function.name, {})
        for name, kind in sorted(kinds.items()):
            if name not in function.accepts:
                yield kind.finding(f"{function.name} does not accept {name}")
        for name in sorted(function.accepts - kinds.keys()):
            yield service.finding(
                f"accepts {name}, but no {'PingSource' if name == deployment.timer else 'Trigger'} sends it"
            )


def _received(deployment: Deployment) -> Mapping[str, Mapping[str, Node]]:
    """Types that the Services of each function get, with the place that declares it."""
    received: dict[str, dict[str, Node]] = {}
    for trigger in deployment.of_kind(TRIGGER):
        function = deployment.function_behind(trigger.at("spec.subscriber.ref.name").text)
        if function:
            received.setdefault(function.name, {}).update({kind.text: kind for kind in filtered_types(trigger)})
    for source in deployment.of_kind(PING_SOURCE):
        sink = source.at("spec.sink.ref.name")
        function = deployment.function_behind(sink.text)
        if function:
            received.setdefault(function.name, {})[deployment.timer] = sink
    return received


def published_to_the_broker(deployment: Deployment) -> Iterator[Finding]:
    """A Trigger on a Broker to which nobody publishes its type never gets an event, and nothing fails."""
    published = _published(deployment)
    anywhere = set[str]().union(*published.values())
    for trigger in deployment.of_kind(TRIGGER):
        broker = trigger.at("spec.broker")
        for kind in filtered_types(trigger):
            if deployment.environment is None and kind.text not in anywhere:
                continue  # published by what only a cluster has; local mode has a part of its own for it
            if kind.text in OPERATORS_EVENTS:
                continue
            if kind.text in deployment.event_types and kind.text not in published.get(broker.text, set()):
                brokers = sorted(name for name, types in published.items() if kind.text in types)
                yield kind.finding(
                    f"nobody publishes {kind.text} to the Broker {broker.text}; use {', '.join(brokers) or 'none'}"
                )


def _published(deployment: Deployment) -> Mapping[str, set[str]]:
    """Types that functions and transformations publish to each Broker."""
    published: dict[str, set[str]] = {}
    for binding in deployment.of_kind(SINK_BINDING):
        function = deployment.function_behind(binding.at("spec.subject.name").text)
        brokers = {binding.at("spec.sink.ref.name").text}
        if function:
            for broker in brokers | deployment.second_brokers.get(function.name, frozenset()):
                published.setdefault(broker, set()).update(function.emits)
    for transform in deployment.of_kind(EVENT_TRANSFORM):
        expression = transform.at("spec.jsonata.expression").text
        types = {name for name in deployment.event_types if f'"{name}"' in expression}
        published.setdefault(transform.at("spec.sink.ref.name").text, set()).update(types)
    return published


def complete_transformations(deployment: Deployment) -> Iterator[Finding]:
    """What an EventTransform makes must be an event with a partition key, or the Broker refuses or shuffles it."""
    for transform in deployment.of_kind(EVENT_TRANSFORM):
        expression = transform.at("spec.jsonata.expression")
        for name in TRANSFORMED_ATTRIBUTES:
            if f'"{name}":' not in expression.text:
                yield expression.finding(f"must set {name}")
        for opening, closing in ("{}", "()", "[]"):
            if expression.text.count(opening) != expression.text.count(closing):
                yield expression.finding(f"has not as many {closing} as {opening}")


def consumed_where_published(deployment: Deployment) -> Iterator[Finding]:
    """Where a Broker carries a type that some function accepts, a Trigger there must send it to one of them."""
    filtered: dict[str, set[str]] = {}
    for trigger in deployment.of_kind(TRIGGER):
        filtered.setdefault(trigger.at("spec.broker").text, set()).update(kind.text for kind in filtered_types(trigger))
    accepted = {kind for function in deployment.functions.values() for kind in function.accepts}
    for binding in deployment.of_kind(SINK_BINDING):
        function = deployment.function_behind(binding.at("spec.subject.name").text)
        broker = binding.at("spec.sink.ref.name")
        for kind in sorted(function.emits & accepted if function else ()):
            carrier = BESIDE_THE_SINK.get((function.name if function else "", kind), broker.text)
            if kind not in filtered.get(carrier, set()):
                yield broker.finding(f"{binding.name} publishes {kind} there, but no Trigger of the Broker takes it")


def ordered_where_needed(deployment: Deployment) -> Iterator[Finding]:
    """Unordered delivery has up to a hundred events in progress, whatever their partition key."""
    for trigger in deployment.of_kind(TRIGGER):
        order = trigger.at("metadata.annotations")[DELIVERY_ORDER]
        function = deployment.function_behind(trigger.at("spec.subscriber.ref.name").text)
        for kind in filtered_types(trigger):
            key = (trigger.at("spec.broker").text, kind.text)
            reason = None if function and (function.name, *key) in UNORDERED else ORDERED.get(key)
            if reason and order.text != "ordered":
                yield order.finding(f"must be ordered: {reason}")


def one_delivery_of_each_type(deployment: Deployment) -> Iterator[Finding]:
    """Two Triggers that send the same events to one function double its work."""
    seen: dict[tuple[str, str, str], str] = {}
    for trigger in deployment.of_kind(TRIGGER):
        for kind in filtered_types(trigger):
            function = deployment.function_behind(trigger.at("spec.subscriber.ref.name").text)
            if function is None:
                continue
            key = (trigger.at("spec.broker").text, function.name, kind.text)
            if key in seen:
                yield kind.finding(f"the Trigger {seen[key]} sends {kind.text} to {key[1]} too")
            seen[key] = trigger.name


def live_events_wait_for_no_batch(deployment: Deployment) -> Iterator[Finding]:
    """One Service with the same events of two Brokers makes those of the one wait while it works through the other's.

    The function needs a second Service for background work; `background` in its declaration makes one.
    """
    seen: dict[tuple[str, str], str] = {}
    for trigger in deployment.of_kind(TRIGGER):
        broker, service = trigger.at("spec.broker").text, trigger.at("spec.subscriber.ref.name").text
        for kind in filtered_types(trigger):
            other = seen.setdefault((service, kind.text), broker)
            if other != broker:
                yield kind.finding(f"{service} gets {kind.text} from the Broker {other} too; one must wait apart")


def known_timer_tasks(deployment: Deployment) -> Iterator[Finding]:
    """A function rejects a timer event whose task it does not know, and its work is never done."""
    for source in deployment.of_kind(PING_SOURCE):
        function = deployment.function_behind(source.at("spec.sink.ref.name").text)
        for name, value in source.at("spec.ceOverrides.extensions").entries():
            if function and not any({name, value.text} <= texts for texts in function.words):
                yield value.finding(f"the code of {function.name} knows no {name} {value.text}")
    tasks: dict[str, list[Node]] = {}
    for source in deployment.of_kind(PING_SOURCE):
        task = source.at("spec.ceOverrides.extensions.task")
        tasks.setdefault(source.at("spec.sink.ref.name").text, []).append(task)
    for name, named in tasks.items():
        for task in named if len(named) > 1 else ():
            if [other.text for other in named].count(task.text) > 1 or not task.text:
                yield task.finding(f"each timer of {name} must have a task of its own")
