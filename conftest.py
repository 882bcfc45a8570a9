"""Registers the suite's plugin once, for all rooms."""

pytest_plugins = ["battlescope_local.testing"]
