"""The HTTPRoute: public paths and the functions that serve them."""

from collections.abc import Iterable
from typing import Final

from battlescope_local.manifest_generator.declaration import NAMESPACE, Declaration
from battlescope_local.manifest_generator.yaml_text import Node

GATEWAY: Final[dict[str, Node]] = {"namespace": "gateway", "name": "public", "sectionName": "https"}
KNATIVE_INGRESS: Final[dict[str, Node]] = {"namespace": "kourier-system", "name": "kourier-internal", "port": 80}


def http_route(functions: Iterable[Declaration]) -> dict[str, Node]:
    """Knative routes by host, so that each rule sends to Knative's ingress with the host of its function."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": NAMESPACE},
        "spec": {
            "parentRefs": [GATEWAY],
            "rules": [_rule(function) for function in functions if function.paths],
        },
    }


def _rule(function: Declaration) -> Node:
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": path}} for path in function.paths],
        "filters": [
            {
                "type": "URLRewrite",
                "urlRewrite": {"hostname": f"{function.name}.{NAMESPACE}.svc.cluster.local"},
            }
        ],
        "backendRefs": [KNATIVE_INGRESS],
    }
