"""Checks of the manifests as a cluster gets them, without a cluster: what API server and webhooks let through, too."""
