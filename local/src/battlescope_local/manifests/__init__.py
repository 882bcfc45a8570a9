"""Reads a kustomization into the values of `model.py`, and rejects everything that local mode does not support."""

from battlescope_local.manifests.fields import ManifestError
from battlescope_local.manifests.loading import load

__all__ = ["ManifestError", "load"]
