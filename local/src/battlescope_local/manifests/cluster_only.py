"""Objects that only a cluster needs: they are read for their fields, and a node does nothing with them."""

from battlescope_local.manifests.documents import Document


def namespace(document: Document) -> str:
    """Name of the Namespace. Its labels ask for pod security, which processes do not have."""
    document.annotations.reject_unread()
    document.fields.reject_unread()
    return document.name


def service_account(document: Document) -> str:
    """Name of the ServiceAccount. A process has no token of the Kubernetes API."""
    document.annotations.reject_unread()
    with document.fields as fields:
        fields.ignore(["automountServiceAccountToken", "imagePullSecrets"])
    return document.name


def network_policy(document: Document) -> str:
    """Name of the NetworkPolicy. The processes of one machine reach each other on the loopback address."""
    document.annotations.reject_unread()
    with document.fields as fields, fields.mapping("spec") as spec:
        spec.ignore(["podSelector", "policyTypes", "ingress", "egress"])
    return document.name
