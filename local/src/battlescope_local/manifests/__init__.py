"""Reads a kustomization into the values of `model.py`, and refuses what local mode would not honour."""

from battlescope_local.manifests.fields import ManifestError
from battlescope_local.manifests.loading import load

__all__ = ["ManifestError", "load"]
