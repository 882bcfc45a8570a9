"""Strict reading of YAML: every field is read, ignored explicitly because one machine does not need it, or an error."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, NoReturn, Self, cast

# Days to seconds of ISO 8601; months and years have no fixed length.
DURATION: Final = re.compile(
    r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)
# Durations of Go, as in annotations of Knative Serving: `60s`, `5m`, `1h30m`.
GO_DURATION: Final = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?")
UNIT_SECONDS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}


class ManifestError(ValueError):
    """A manifest is invalid or needs something that local mode lacks; the message names file, object and path."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Position in the manifests, like `knative/base/x.yaml: Trigger one: spec.delivery.retry`."""

    file: str
    object_name: str
    path: str = ""

    def __truediv__(self, key: str) -> "SourceLocation":
        return SourceLocation(self.file, self.object_name, f"{self.path}.{key}" if self.path else key)

    def fail(self, message: str) -> NoReturn:
        where = ": ".join(part for part in (self.file, self.object_name, self.path) if part)
        raise ManifestError(f"{where}: {message}")


class Fields:
    """A YAML mapping that records which keys were read; the end of its `with` block rejects unread ones."""

    def __init__(self, raw: object, location: SourceLocation) -> None:
        if not isinstance(raw, dict):
            location.fail("must be a mapping")
        self.location = location
        self._raw: dict[str, object] = {str(key): value for key, value in cast("dict[object, object]", raw).items()}
        self._read: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.reject_unread()

    def reject_unread(self) -> None:
        for key in self._raw.keys() - self._read:
            (self.location / key).fail("local mode does not support this field")

    def __contains__(self, key: str) -> bool:
        return self._raw.get(key) is not None

    def ignore(self, keys: Iterable[str]) -> None:
        """Accept fields that one machine does not need."""
        self._read.update(keys)

    def ignore_within(self, key: str, keys: Iterable[str]) -> None:
        """Accept a mapping that one machine does not need, and reject other keys in it, which may be misspelt."""
        with self.optional(key) as nested:
            nested.ignore(keys)

    def take(self, key: str) -> object:
        self._read.add(key)
        return self._raw.get(key)

    def _required(self, key: str) -> object:
        value = self.take(key)
        if value is None:
            (self.location / key).fail("is required")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self:
            self.take(key)
            return default
        value = self._required(key)
        if not isinstance(value, str):
            (self.location / key).fail(f"must be text (a number needs quotes), not {value!r}")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        if default is not None and key not in self:
            self.take(key)
            return default
        value = self._required(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            (self.location / key).fail(f"must be a whole number from 0, not {value!r}")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            (self.location / key).fail(f"local mode supports only {', '.join(allowed)}, not {value!r}")
        return value

    def duration(self, key: str, default: float) -> float:
        if key not in self:
            self.take(key)
            return default
        seconds = iso_seconds(self.text(key))
        if seconds is None:
            (self.location / key).fail("must be an ISO 8601 duration such as PT0.5S")
        return seconds

    def mapping(self, key: str) -> "Fields":
        return Fields(self._required(key), self.location / key)

    def optional(self, key: str) -> "Fields":
        """The mapping; an empty one if it is absent."""
        return Fields(self.take(key) or {}, self.location / key)

    def items(self, key: str) -> Iterator[tuple[object, SourceLocation]]:
        value = self.take(key)
        if value is None:
            return
        if not isinstance(value, list):
            (self.location / key).fail("must be a list")
        for number, item in enumerate(cast("list[object]", value)):
            yield item, self.location / f"{key}[{number}]"

    def mappings(self, key: str) -> Iterator["Fields"]:
        for item, location in self.items(key):
            yield Fields(item, location)

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(_text(item, location) for item, location in self.items(key))

    def text_map(self, key: str) -> Mapping[str, str]:
        fields = self.optional(key)
        return {name: fields.text(name) for name in fields.names()}

    def names(self) -> tuple[str, ...]:
        return tuple(self._raw)


def _text(value: object, location: SourceLocation) -> str:
    if not isinstance(value, str):
        location.fail(f"must be text (a number needs quotes), not {value!r}")
    return value


def iso_seconds(text: str) -> float | None:
    return _seconds(DURATION, text) if text.startswith("P") else None


def go_seconds(text: str) -> float | None:
    return _seconds(GO_DURATION, text)


def _seconds(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.fullmatch(text)
    parts = {unit: value for unit, value in match.groupdict().items() if value} if match else {}
    return sum(float(value) * UNIT_SECONDS[unit] for unit, value in parts.items()) if parts else None
