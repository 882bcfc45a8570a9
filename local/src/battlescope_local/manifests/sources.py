"""PingSources and SinkBindings as values."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from battlescope_local.manifests.destinations import SERVICE, destination
from battlescope_local.manifests.documents import Document
from battlescope_local.manifests.fields import Fields
from battlescope_local.manifests.filtering import parse_attributes
from battlescope_local.manifests.model import PingSource, SinkBinding

MAX_CRON_FIELDS: Final = 6  # with seconds


def ping_source(document: Document) -> PingSource:
    """The timer. `data` and `contentType` are rejected: a timer event only triggers a run, and its work is in rows."""
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        return PingSource(
            document.name,
            document.namespace,
            _schedule(spec),
            destination(spec.mapping("sink"), document.namespace),
            _timezone(spec),
            _overrides(spec),
        )


def _schedule(spec: Fields) -> str:
    schedule = spec.text("schedule")
    if schedule.startswith("@every") or not croniter.is_valid(schedule, second_at_beginning=True):
        (spec.location / "schedule").fail("must be a cron schedule of five fields, or six with seconds first")
    if len(schedule.split()) > MAX_CRON_FIELDS:
        (spec.location / "schedule").fail("must have at most six fields")
    return schedule


def _timezone(spec: Fields) -> str:
    name = spec.text("timezone", "UTC")
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        (spec.location / "timezone").fail(f"there is no time zone {name!r}")


def _overrides(spec: Fields) -> Mapping[str, str]:
    with spec.optional("ceOverrides") as overrides:
        return parse_attributes(overrides, "extensions") if "extensions" in overrides else {}


def sink_binding(document: Document) -> SinkBinding:
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        with spec.mapping("subject") as subject:
            if (subject.text("apiVersion"), subject.text("kind")) != SERVICE:
                subject.location.fail("local mode binds only Knative Services, by name")
            if subject.text("namespace", document.namespace) != document.namespace:
                subject.location.fail("local mode runs only one namespace")
            name = subject.text("name")
        sink = destination(spec.mapping("sink"), document.namespace)
        return SinkBinding(document.name, name, sink, _overrides(spec))
