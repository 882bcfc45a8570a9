"""Builds kustomizations in memory: the part of kustomize that the overlays use; anything else is an error."""

from battlescope_local.manifests.kustomize.build import build
from battlescope_local.manifests.kustomize.kustomization import KUSTOMIZATION
from battlescope_local.manifests.kustomize.objects import ManifestObject

__all__ = ["KUSTOMIZATION", "ManifestObject", "build"]
