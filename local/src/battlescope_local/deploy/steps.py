"""Commands that bring an overlay into a cluster, in their order.

Jobs come first, since new revisions wait for their migrations. Triggers and timers come after the functions that they
start, so that no event of a new type meets code that does not know it; routes come last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from battlescope_local.deploy.errors import DeployError
from battlescope_local.manifests.kustomize import ManifestObject
from battlescope_local.manifests.labels import FUNCTION_LABEL, PHASE_LABEL

FILE: Final = "FILE"  # stands for the file that a step's objects are written to
CURRENT: Final = "CURRENT_REVISION"  # stands for what the cluster answers
PHASES: Final = ("migrate", "setup")
AFTER_FUNCTIONS: Final = frozenset({"Trigger", "PingSource", "KafkaSource", "EventTransform"})
WHOLE: Final = 100
CANARY_TAG: Final = "canary"
UNPUBLISHED: Final = "sha256:" + "0" * 64
PROGRESS_DEADLINE: Final = "serving.knative.dev/progress-deadline"


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and the objects that it reads from FILE."""

    command: tuple[str, ...]
    objects: tuple[ManifestObject, ...] = ()


def all_steps(objects: Sequence[ManifestObject], namespace: str) -> list[Step]:
    """Everything of an overlay.

    Raises:
        DeployError: an image is not published.
    """
    services = [found for found in objects if _is_service(found)]
    _check_published(services)
    shared = [found for found in objects if FUNCTION_LABEL not in found.labels and found.kind not in AFTER_FUNCTIONS]
    routes = [found for found in shared if found.kind == "HTTPRoute"]
    beside = [found for found in objects if FUNCTION_LABEL in found.labels and not _is_main(found)]
    late = [found for found in objects if found.kind in AFTER_FUNCTIONS]
    with_triggers = {found.labels.get(FUNCTION_LABEL) for found in late}
    ordered = sorted(services, key=lambda found: (found.name not in with_triggers, found.name))
    return [
        *_apply([found for found in shared if found not in routes]),
        *_apply(beside),
        *_jobs([found for found in objects if found.kind == "Job"], namespace),
        *(_apply_service(service, namespace) for service in ordered),
        *_apply(late),
        *_apply(routes),
    ]


def function_steps(
    objects: Sequence[ManifestObject], namespace: str, function: str, canary: int | None = None
) -> list[Step]:
    """One function with its Jobs, rights and Triggers; with `canary` its new revision gets that percentage of requests.

    A canary leaves Triggers, timers and Jobs alone: events of the old revision's release must stay those of both.

    Raises:
        DeployError: there is no such function, its image is not published, or the percentage is none.
    """
    own = [found for found in objects if found.labels.get(FUNCTION_LABEL) == function]
    services = services_of(objects, function)
    _check_published(services)
    if canary is not None:
        if not 0 < canary < WHOLE:
            raise DeployError("A canary gets 1 to 99 percent of the requests.")
        return [
            step
            for service in services
            for step in (_describe(service.name, namespace), _apply_service(service, namespace, canary))
        ]
    return [
        *_apply([found for found in own if not _is_main(found)]),
        *_jobs([found for found in own if found.kind == "Job"], namespace),
        *(_apply_service(service, namespace) for service in services),
        *_apply([found for found in own if found.kind in AFTER_FUNCTIONS]),
    ]


def services_of(objects: Sequence[ManifestObject], function: str) -> list[ManifestObject]:
    """The Services of a function: its own, and that for background work where it has one.

    Raises:
        DeployError: there is no such function.
    """
    services = [found for found in objects if _is_service(found)]
    own = [found for found in services if found.labels.get(FUNCTION_LABEL) == function]
    if not own:
        names = ", ".join(sorted({found.labels.get(FUNCTION_LABEL, found.name) for found in services}))
        raise DeployError(f"There is no function {function}, only {names}.")
    return own


def rollback_steps(service: str, namespace: str, revision: str) -> list[Step]:
    """All requests and events of a Service to an older revision, at once; the newer one stays for a look."""
    command = ("kn", "service", "update", service, "--namespace", namespace, "--traffic", f"{revision}={WHOLE}")
    return [Step(command)]


def revisions_command(service: str, namespace: str) -> tuple[str, ...]:
    """Lists the revisions of a Service as JSON."""
    return ("kn", "revision", "list", "--service", service, "--namespace", namespace, "--output", "json")


def previous_revision(listing: Mapping[str, Any], service: str) -> str:
    """The newest ready revision before the newest one.

    Raises:
        DeployError: there is none.
    """
    ready = [item for item in listing.get("items", []) if _is_ready(item)]
    newest_first = sorted(ready, key=_generation, reverse=True)
    latest = max(map(_generation, listing.get("items", [])), default=0)
    older = [item for item in newest_first if _generation(item) < latest]
    if not older:
        raise DeployError(f"{service} has no ready revision before the newest one; apply the previous release.")
    return older[0]["metadata"]["name"]


def _generation(item: Mapping[str, Any]) -> int:
    return int(item["metadata"]["labels"]["serving.knative.dev/configurationGeneration"])


def _is_ready(item: Mapping[str, Any]) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _is_service(found: ManifestObject) -> bool:
    return (found.api_version, found.kind) == ("serving.knative.dev/v1", "Service")


def _is_main(found: ManifestObject) -> bool:
    """Whether an object of a function is applied on its own, and not with what stands beside the function."""
    return _is_service(found) or found.kind == "Job" or found.kind in AFTER_FUNCTIONS


def _check_published(services: Sequence[ManifestObject]) -> None:
    for service in services:
        image = _container(service)["image"]
        if "@sha256:" not in image or image.endswith(UNPUBLISHED):
            raise DeployError(f"{image} is not published; write a release first: make release.")


def _container(service: ManifestObject) -> Mapping[str, Any]:
    raw: Any = service.raw
    return raw["spec"]["template"]["spec"]["containers"][0]


def _apply(objects: Sequence[ManifestObject]) -> Iterator[Step]:
    if objects:
        yield Step(("kubectl", "apply", "--filename", FILE), tuple(objects))


def _jobs(jobs: Sequence[ManifestObject], namespace: str) -> Iterator[Step]:
    """Jobs of each phase, and the wait for them; those of an older release that are done change nothing."""
    for phase in PHASES:
        of_phase = [job for job in jobs if job.labels.get(PHASE_LABEL) == phase]
        yield from _apply(of_phase)
        for job in of_phase:
            raw: Any = job.raw
            seconds = raw["spec"]["activeDeadlineSeconds"]
            wait = ("kubectl", "wait", "--namespace", namespace, "--for=condition=Complete", f"--timeout={seconds}s")
            yield Step((*wait, f"job/{job.name}"))


def _describe(service: str, namespace: str) -> Step:
    return Step(("kn", "service", "describe", service, "--namespace", namespace, "--output", "json"))


def current_revision(description: Mapping[str, Any]) -> str:
    """The revision that gets the requests beside a canary; a second canary must not take the first one for it.

    Raises:
        DeployError: none gets any.
    """
    targets = description.get("status", {}).get("traffic", [])
    serving = [target for target in targets if target.get("percent") and target.get("tag") != CANARY_TAG]
    if not serving:
        raise DeployError("No revision gets requests beside a canary; deploy the function without CANARY first.")
    return max(serving, key=lambda target: target["percent"])["revisionName"]


def _apply_service(service: ManifestObject, namespace: str, canary: int | None = None) -> Step:
    """Apply and wait until the revision is ready. The file says where requests go, so that a former split ends."""
    raw: Any = service.raw
    newest: dict[str, Any] = {"latestRevision": True, "percent": canary or WHOLE}
    traffic = [newest]
    if canary is not None:
        traffic = [{"revisionName": CURRENT, "percent": WHOLE - canary}, {**newest, "tag": CANARY_TAG}]
    deadline = raw["spec"]["template"]["metadata"]["annotations"].get(PROGRESS_DEADLINE, "600s")
    seconds = int(deadline.removesuffix("s")) + 30
    command = ("kn", "service", "apply", service.name, "--namespace", namespace, "--filename", FILE)
    return Step(
        (*command, "--wait-timeout", str(seconds)),
        (service.replace({**raw, "spec": {**raw["spec"], "traffic": traffic}}),),
    )
