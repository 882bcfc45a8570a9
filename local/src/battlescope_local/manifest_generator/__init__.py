"""Writes the manifests of each function in full, from its declaration in `knative/declarations/`."""
