"""Checks of `terraform/` without a provider: what `terraform validate` finds, and what only a cluster would show."""
