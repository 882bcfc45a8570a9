"""What an installation stands on fits into the nodes, together with the functions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from battlescope_local.manifest_checks.nodes import Finding, node
from battlescope_local.manifests.quantities import millicores
from battlescope_local.terraform_checks.configuration import Configuration
from battlescope_local.terraform_checks.schemas import Schemas

FILE: Final = "terraform/modules/platform/sizes.yaml"
OPTIONAL: Final = frozenset({"typesense", "prometheus"})
ENGINE: Final = "SEARCH_ENGINE"
MAX_MEMORY_MIB: Final = 24 * 1024  # what the operators of this product have
QUEUE_PROXY_MIB: Final = 32
QUEUE_PROXY_CPU: Final = "queue.sidecar.serving.knative.dev/cpu-resource-request"


@dataclass(frozen=True, slots=True)
class Pod:
    """What one pod requests; pods with `one_per_node` and the same name do not share a node."""

    name: str
    cpu_millicores: int
    memory_mib: int
    one_per_node: bool = False


@dataclass(slots=True)
class FreeNode:
    """What is left of a node, and the names of the pods on it."""

    cpu_millicores: int
    memory_mib: int
    names: set[str] = field(default_factory=set[str])

    def has_room(self, pod: Pod) -> bool:
        taken = pod.one_per_node and pod.name in self.names
        return self.cpu_millicores >= pod.cpu_millicores and self.memory_mib >= pod.memory_mib and not taken

    def take(self, pod: Pod) -> None:
        self.cpu_millicores -= pod.cpu_millicores
        self.memory_mib -= pod.memory_mib
        self.names.add(pod.name)


def searches_by_typesense(configuration: Configuration, environment: str) -> bool:
    """What the ConfigMap of the overlay says."""
    return any(
        node(built)["data"].texts.get(ENGINE) == "typesense"
        for built in configuration.overlays[environment]
        if built.kind == "ConfigMap"
    )


def optional_parts(configuration: Configuration) -> frozenset[str]:
    """What production does without."""
    needed = {"typesense"} if searches_by_typesense(configuration, "production") else set[str]()
    return OPTIONAL - needed


def platform_pods(configuration: Configuration, layout: str, *, optional: bool) -> list[Pod]:
    """Pods of the platform and of Knative: what production needs, and the rest where `optional` is set."""
    sizes = configuration.sizes
    left_out = frozenset[str]() if optional else optional_parts(configuration)
    parts = {**sizes[layout]["components"], **sizes["knative"]}
    return [
        Pod(name, part["cpu_millicores"], part["memory_mib"], part.get("one_per_node", False))
        for name, part in parts.items()
        if name not in left_out
        for _ in range(part["instances"])
    ]


def function_pods(configuration: Configuration, environment: str) -> list[Pod]:
    """One pod of each Service as the overlay requests it, with its queue-proxy: all of them awake."""
    pods = list[Pod]()
    for built in configuration.overlays[environment]:
        if built.kind == "Service":
            (container,) = node(built).at("spec.template.spec.containers")
            requests = container.at("resources.requests")
            cpu, memory = requests["cpu"].text, requests["memory"].text
            proxy_cpu = node(built).at("spec.template.metadata.annotations")[QUEUE_PROXY_CPU].text
            pods.append(
                Pod(
                    built.name,
                    millicores(cpu) + millicores(proxy_cpu),
                    int(memory.removesuffix("Mi")) + QUEUE_PROXY_MIB,
                )
            )
    return pods


def place(pods: list[Pod], count: int, cpu_millicores: int, memory_mib: int) -> list[str]:
    """Names of the pods for which no node has room, the largest placed first as a scheduler that is lucky would."""
    nodes = [FreeNode(cpu_millicores, memory_mib) for _ in range(count)]
    homeless = list[str]()
    for pod in sorted(pods, key=lambda pod: (-pod.memory_mib, pod.name)):
        candidates = [node for node in nodes if node.has_room(pod)]
        if candidates:
            max(candidates, key=lambda node: node.memory_mib).take(pod)
        else:
            homeless.append(pod.name)
    return homeless


def everything_fits(configuration: Configuration, _: Schemas) -> Iterator[Finding]:
    """A pod without a place waits for ever, and an operator learns it after an evening."""
    for layout in ("three", "five"):
        nodes = configuration.sizes[layout]["nodes"]
        if nodes["count"] * nodes["memory_mib"] > MAX_MEMORY_MIB:
            yield Finding(FILE, layout, "nodes", f"have more than {MAX_MEMORY_MIB} MiB in all")
        pods = [
            *platform_pods(configuration, layout, optional=False),
            *function_pods(configuration, "production"),
        ]
        free = nodes["memory_mib"] - nodes["reserved_memory_mib"]
        homeless = place(pods, nodes["count"], nodes["cpu_millicores"] - nodes["reserved_cpu_millicores"], free)
        if homeless:
            yield Finding(FILE, layout, "components", f"no node has room for {', '.join(sorted(set(homeless)))}")
