"""What functions refuse of their settings, before any of them starts."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec

from battlescope_events.settings import RuntimeSettings, SettingsError, from_environment
from battlescope_local.errors import UserError
from battlescope_local.manifests.labels import function_of
from battlescope_local.manifests.model import Service


def check_settings(services: Iterable[Service], environments: Mapping[str, Mapping[str, str]]) -> None:
    """`environments` has the variables of each Service by its name.

    Raises:
        UserError: a Service would end at its start, because a setting is missing or wrong.
    """
    for service in services:
        package = function_of(service).replace("-", "_")
        if find_spec(package) is None or find_spec(f"{package}.settings") is None:
            continue
        for settings in (RuntimeSettings, import_module(f"{package}.settings").Settings):
            try:
                from_environment(settings, environments[service.name])
            except SettingsError as error:
                message = f"{service.name} refuses its settings: {error} Here each is set as BATTLESCOPE_<name>."
                raise UserError(message) from None
