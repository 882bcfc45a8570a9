"""Fields of Kubernetes' own kinds, of the Gateway API and of the optional components."""

from typing import Final

from battlescope_local.manifest_checks.fields.common import HOST, NAME, PORT, spec, top_level
from battlescope_local.manifest_checks.fields.shapes import (
    Flag,
    ListOf,
    Text,
    TextMap,
    Whole,
    choice,
    mapped,
)

NAMESPACE: Final = top_level({})
# An operator's own Secret, of the type kubernetes.io/dockerconfigjson: prerequisites.yaml does not list it.
PULL_SECRETS: Final = ListOf(mapped({"name": NAME}))
SERVICE_ACCOUNT: Final = top_level(
    {"automountServiceAccountToken": Flag(only=False)}, {"imagePullSecrets": PULL_SECRETS}
)
CONFIG_MAP: Final = top_level({"data": TextMap()}, {"immutable": Flag()})

SELECTOR: Final = mapped(
    {},
    {
        "matchLabels": TextMap(),
        "matchExpressions": ListOf(
            mapped(
                {"key": Text(), "operator": choice("In", "NotIn", "Exists", "DoesNotExist")}, {"values": ListOf(Text())}
            )
        ),
    },
)
CIDR: Final = Text(r"[0-9a-f.:]+/[0-9]+", "a network such as 10.0.0.0/8")
PEER: Final = mapped(
    {},
    {
        "namespaceSelector": SELECTOR,
        "podSelector": SELECTOR,
        "ipBlock": mapped({"cidr": CIDR}, {"except": ListOf(CIDR)}),
    },
)
PORTS: Final = ListOf(mapped({"protocol": choice("TCP", "UDP"), "port": PORT}))
# A rule without peers or ports allows everything: both are required.
NETWORK_POLICY: Final = spec(
    {"podSelector": SELECTOR, "policyTypes": ListOf(choice("Ingress", "Egress"))},
    {
        "ingress": ListOf(mapped({"from": ListOf(PEER), "ports": PORTS})),
        "egress": ListOf(mapped({"to": ListOf(PEER), "ports": PORTS})),
    },
)

MATCH: Final = mapped(
    {"path": mapped({"type": choice("PathPrefix"), "value": Text("/.*", "a path that starts with a slash")})}
)
REWRITE: Final = mapped(
    {"type": choice("URLRewrite"), "urlRewrite": mapped({"hostname": HOST})},
)
OPEN_RULE: Final = mapped({"ports": PORTS}, {"from": ListOf(PEER)})
INGRESS_FENCE: Final = spec(
    {"podSelector": SELECTOR, "policyTypes": ListOf(choice("Ingress")), "ingress": ListOf(OPEN_RULE)}
)
REDIRECT: Final = spec(
    {
        "parentRefs": ListOf(mapped({"name": NAME, "sectionName": NAME})),
        "rules": ListOf(
            mapped(
                {
                    "filters": ListOf(
                        mapped(
                            {
                                "type": choice("RequestRedirect"),
                                "requestRedirect": mapped({"scheme": choice("https"), "statusCode": Whole(301, 308)}),
                            }
                        )
                    )
                }
            )
        ),
    },
    {"hostnames": ListOf(HOST)},
)
HTTP_ROUTE: Final = spec(
    {
        "parentRefs": ListOf(mapped({"name": NAME, "namespace": NAME}, {"sectionName": NAME})),
        "rules": ListOf(
            mapped(
                {
                    "matches": ListOf(MATCH),
                    "filters": ListOf(REWRITE),
                    "backendRefs": ListOf(mapped({"name": NAME, "namespace": NAME, "port": PORT})),
                },
                {"name": NAME},
            )
        ),
    },
    {"hostnames": ListOf(HOST)},
)

GATEWAY: Final = spec(
    {
        "gatewayClassName": NAME,
        "listeners": ListOf(
            mapped(
                {"name": NAME, "port": PORT, "protocol": choice("HTTP", "HTTPS")},
                {
                    "hostname": HOST,
                    "tls": mapped(
                        {
                            "certificateRefs": ListOf(
                                mapped({"name": NAME}, {"kind": choice("Secret"), "group": Text()})
                            )
                        },
                        {"mode": choice("Terminate")},
                    ),
                    "allowedRoutes": mapped(
                        {"namespaces": mapped({"from": choice("Same", "Selector")}, {"selector": SELECTOR})},
                    ),
                },
            )
        ),
    }
)
REFERENCE_GRANT: Final = spec(
    {
        "from": ListOf(mapped({"group": Text(), "kind": Text(), "namespace": NAME})),
        "to": ListOf(mapped({"group": Text(r".*", "text"), "kind": Text()}, {"name": NAME})),
    }
)
CERTIFICATE: Final = spec(
    {
        "secretName": NAME,
        "dnsNames": ListOf(HOST),
        "issuerRef": mapped({"name": NAME, "kind": choice("ClusterIssuer", "Issuer")}, {"group": Text()}),
    },
    {
        "duration": Text(r"[0-9]+h", "hours such as 2160h"),
        "renewBefore": Text(r"[0-9]+h", "hours such as 360h"),
        "privateKey": mapped({}, {"rotationPolicy": Text(), "algorithm": Text(), "size": Whole(256, 8192)}),
    },
)
EMPTY_VALUE: Final = Text(r"", "empty: the values of Secrets never stand in the project")
SECRET: Final = top_level({"type": choice("Opaque"), "stringData": TextMap(EMPTY_VALUE)})
EXTERNAL_SECRET: Final = spec(
    {
        "refreshInterval": Text(r"[0-9]+(s|m|h)", "a duration such as 1h"),
        "secretStoreRef": mapped({"name": NAME, "kind": choice("ClusterSecretStore", "SecretStore")}),
        "target": mapped({"name": NAME}, {"creationPolicy": choice("Owner", "Merge")}),
        "data": ListOf(
            mapped({"secretKey": Text(), "remoteRef": mapped({"key": Text()}, {"property": Text()})}),
        ),
    }
)
