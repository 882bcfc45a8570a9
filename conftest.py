"""Registers the pytest plugin of the suite."""

pytest_plugins = ["battlescope_local.testing"]
