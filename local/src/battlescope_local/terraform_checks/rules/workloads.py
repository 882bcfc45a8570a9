"""Pods that Terraform creates itself have few rights, and request what a scheduler needs to place them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from battlescope_local.manifest_checks.nodes import Finding
from battlescope_local.terraform_checks.configuration import Block, Configuration, nested_blocks, object_keys
from battlescope_local.terraform_checks.expressions import literals
from battlescope_local.terraform_checks.schemas import Schemas

CONTAINERS: Final = ("container", "init_container")
POD_REQUESTS: Final = {"cpu", "memory"}
POD_LIMITS: Final = {"memory"}  # a limit of CPU would slow a server that the node has time for
CLAIM_REQUESTS: Final = {"storage"}


def restricted_servers(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """The namespace of a server is `restricted`: pods that are more are refused, and a server does not need it."""
    for stateful_set in _stateful_sets(configuration):
        pod = _nested(stateful_set.body, "spec", "template", "spec")
        container = _nested(pod, "container")
        wanted = (
            (_nested(pod, "security_context"), "run_as_non_root", True),
            (_nested(container, "security_context"), "read_only_root_filesystem", True),
            (_nested(container, "security_context"), "allow_privilege_escalation", False),
            (pod, "automount_service_account_token", False),
        )
        for body, name, value in wanted:
            if body.get(name) is not value:
                yield stateful_set.finding(name, f"must be {str(value).lower()}")
        if list(literals(_nested(container, "security_context", "capabilities").get("drop"))) != ["ALL"]:
            yield stateful_set.finding("capabilities.drop", "must be ALL")


def users_of_servers(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Without a user the image decides, which may be root; without its group the volume cannot be written to."""
    for stateful_set in _stateful_sets(configuration):
        security = _nested(stateful_set.body, "spec", "template", "spec", "security_context")
        for name in ("run_as_user", "run_as_group", "fs_group"):
            if name not in security:
                yield stateful_set.finding(f"security_context.{name}", "must be set")


def requests_and_limits(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """Providers accept any name here; Kubernetes refuses unknown ones, and places a pod without requests anywhere."""
    for stateful_set in _stateful_sets(configuration):
        pod = _nested(stateful_set.body, "spec", "template", "spec")
        for kind in CONTAINERS:
            for container in nested_blocks(pod.get(kind)):
                yield from _wrong_keys(stateful_set, container, "requests", POD_REQUESTS)
                yield from _wrong_keys(stateful_set, container, "limits", POD_LIMITS)
        for claim in nested_blocks(_nested(stateful_set.body, "spec").get("volume_claim_template")):
            yield from _wrong_keys(stateful_set, _nested(claim, "spec"), "requests", CLAIM_REQUESTS)


def _wrong_keys(block: Block, body: Mapping[str, Any], name: str, wanted: set[str]) -> Iterator[Finding]:
    if object_keys(_nested(body, "resources").get(name)) != wanted:
        yield block.finding(f"resources.{name}", f"must have {' and '.join(sorted(wanted))}, nothing else")


def _stateful_sets(configuration: Configuration) -> Iterator[Block]:
    for module in configuration.modules.values():
        yield from module.resources("kubernetes_stateful_set_v1")


def _nested(body: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The first block at a path of nested blocks; an empty one where there is none."""
    for name in path:
        blocks = nested_blocks(body.get(name))
        body = blocks[0] if blocks else {}
    return body
