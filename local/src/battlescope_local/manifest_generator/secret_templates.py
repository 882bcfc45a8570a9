"""Templates of the Secrets that the manifests refer to: keys without values."""

from typing import Final

from battlescope_local.manifest_generator.declaration import NAMESPACE
from battlescope_local.manifest_generator.yaml_text import Commented, Node
from battlescope_local.manifests.prerequisites import Database, Prerequisites, Secret

SECRET_STORE: Final = "battlescope"  # noqa: S105  # the name of a ClusterSecretStore
REFRESH_INTERVAL: Final = "1h"


def sops_secrets(prerequisites: Prerequisites) -> list[Node]:
    """Secrets with empty values, to be filled and encrypted in a copy."""
    return [
        Commented(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": secret.name},
                "type": "Opaque",
                "stringData": dict.fromkeys(secret.keys, ""),
            },
            _purpose(secret, prerequisites),
        )
        for secret in prerequisites.secrets
    ]


def external_secrets(prerequisites: Prerequisites) -> list[Node]:
    """ExternalSecrets: the entry of a store is the name of the Secret, its properties are the keys."""
    return [Commented(_external_secret(secret), _purpose(secret, prerequisites)) for secret in prerequisites.secrets]


def _external_secret(secret: Secret) -> dict[str, Node]:
    entry = f"{NAMESPACE}/{secret.name}"
    data: list[Node] = [{"secretKey": key, "remoteRef": {"key": entry, "property": key}} for key in secret.keys]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": secret.name},
        "spec": {
            "refreshInterval": REFRESH_INTERVAL,
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": SECRET_STORE},
            "target": {"name": secret.name},
            "data": data,
        },
    }


def _purpose(secret: Secret, prerequisites: Prerequisites) -> str:
    roles = {f"{role}-database": (role, database) for database in prerequisites.databases for role in database.roles}
    if secret.name in roles:
        return _database_purpose(*roles[secret.name])
    return secret.purpose


def _database_purpose(role: str, database: Database) -> str:
    owner = ", which owns it" if role == database.owner else ""
    return f"The role {role} of the database {database.name}{owner}: a URL postgresql://{role}:PASSWORD@HOST:5432/{database.name}."
