"""What providers accept, as `terraform providers schema -json` prints it; the project holds no copy."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from battlescope_local.devtools.project import ROOT

SCHEMAS: Final = ROOT.parent / "shared" / "terraform-schemas"
# Terraform's own resource, which no provider describes, and the attributes of hashicorp/helm 3.0 that are used here,
# from its documentation, since its schema is missing here.
BUILT_IN: Final[Mapping[str, Any]] = {
    "helm_release": {
        "block": {
            "attributes": {
                **{name: {"type": "string", "required": True} for name in ("name", "chart")},
                **{name: {"type": "string", "optional": True} for name in ("repository", "version", "namespace")},
                **{name: {"type": "bool", "optional": True} for name in ("create_namespace", "atomic", "wait")},
                "timeout": {"type": "number", "optional": True},
                "values": {"type": ["list", "string"], "optional": True},
                **{name: {"type": ["list", "dynamic"], "optional": True} for name in ("set", "set_sensitive")},
                "id": {"type": "string", "computed": True},
            }
        }
    },
    "terraform_data": {
        "block": {
            "attributes": {
                "input": {"type": "dynamic", "optional": True},
                "triggers_replace": {"type": "dynamic", "optional": True},
                "output": {"type": "dynamic", "computed": True},
                "id": {"type": "string", "computed": True},
            }
        }
    },
}


@dataclass(frozen=True, slots=True)
class Schemas:
    """Schemas of resources, data sources and providers by type; `sources` are the providers that have one."""

    resources: Mapping[str, Any] = field(default_factory=dict[str, Any])
    data_sources: Mapping[str, Any] = field(default_factory=dict[str, Any])
    providers: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def describes(self, kind: str) -> bool:
        """Whether the provider of a type of resource has a schema here, so that an unknown type is an error."""
        return kind.partition("_")[0] in {*self.providers, "terraform", "helm"}


@cache
def load_schemas(folder: Path) -> Schemas:
    """The schemas of a folder, read once; without it only the built-in ones are known."""
    resources, data_sources, providers = dict(BUILT_IN), dict[str, Any](), dict[str, Any]()
    for file in sorted(folder.glob("*.json.gz")):
        document: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()))
        resources |= document["resource_schemas"]
        data_sources |= document["data_source_schemas"]
        providers[file.name.partition(".")[0]] = document["provider"]
    return Schemas(resources, data_sources, providers)
