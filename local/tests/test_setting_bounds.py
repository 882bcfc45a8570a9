"""Every number among the settings has bounds, and what is computed from it has a value."""

from collections.abc import Iterator
from importlib import import_module
from inspect import getmembers, isclass
from typing import Annotated, get_args

import annotated_types
import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from battlescope_events.settings import EnvironmentSettings
from battlescope_local.devtools.project import ROOT, functions

LOWER, UPPER = (annotated_types.Ge, annotated_types.Gt), (annotated_types.Le, annotated_types.Lt)


def modules() -> Iterator[str]:
    for folder in [ROOT / "events" / "src", *(member.folder / "src" for member in functions())]:
        for file in sorted(folder.rglob("settings.py")):
            yield ".".join(file.relative_to(folder).with_suffix("").parts)


def numbers() -> Iterator[object]:
    for module in modules():
        for name, found in getmembers(import_module(module), isclass):
            if issubclass(found, EnvironmentSettings) and found.__module__ == module:
                for field, info in found.model_fields.items():
                    if field in found.__annotations__ and {int, float} & {info.annotation, *get_args(info.annotation)}:
                        yield pytest.param(info, id=f"{module}.{name}.{field}")


@pytest.mark.parametrize("field", list(numbers()))
def test_number_has_bounds(field: FieldInfo) -> None:
    assert any(isinstance(part, LOWER) for part in field.metadata), "no lower bound"
    assert any(isinstance(part, UPPER) for part in field.metadata), "no upper bound"
    adapter = TypeAdapter(Annotated[field.annotation, *field.metadata])
    for text in ("inf", "-inf", "nan", "1e400", "-1e18", "1e18", ""):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


def test_every_function_with_settings_is_looked_at() -> None:
    packages = {module.partition(".")[0] for module in modules()}
    assert packages == {"battlescope_events", *(member.package for member in functions())}
