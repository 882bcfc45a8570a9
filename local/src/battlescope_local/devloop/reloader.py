"""Replaces the functions that changed files affect."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from battlescope_local.command_name import typed_command

logger = logging.getLogger(__name__)

SHARED_PACKAGES: Final = frozenset({"events", "shared-schemas"})  # imported by every function
MAX_FILE_NAMES: Final = 3  # in one log line


class ReplaceableService(Protocol):
    """A running Service of a function."""

    def replace_instances(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ChangeEffect:
    """Effect of changed files: functions to replace, files that are read only at the start, migrations to apply."""

    functions: frozenset[str] = frozenset()
    restart: tuple[Path, ...] = ()
    migrations: tuple[Path, ...] = ()


def effect_of(project: Path, changed: Iterable[Path], functions: Collection[str]) -> ChangeEffect:
    """Effect of `changed` on `functions`, all of which import events and shared-schemas."""
    names: set[str] = set()
    restart: list[Path] = []
    migrations: list[Path] = []
    for path in sorted(changed):
        match path.relative_to(project).parts:
            case ("functions", name, "src", *_):
                names |= {name}
            case ("functions", _, "migrations", *_):
                migrations.append(path)
            case (shared, *_) if shared in SHARED_PACKAGES:
                names.update(functions)
            case _:
                restart.append(path)
    return ChangeEffect(frozenset(names) & frozenset(functions), tuple(restart), tuple(migrations))


def syntax_errors(paths: Iterable[Path]) -> Mapping[Path, str]:
    """Line and reason of the syntax error in each Python file that has one."""
    errors: dict[Path, str] = {}
    for path in sorted(paths):
        if path.suffix == ".py" and path.is_file():
            try:
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except SyntaxError as error:
                errors[path] = f"line {error.lineno}: {error.msg}: {(error.text or '').strip()}"
            except ValueError as error:
                errors[path] = str(error)
    return errors


class Reloader:
    """Replaces functions after each save.

    A function keeps its previous code as long as one of its changed files has a syntax error.
    """

    def __init__(self, project: Path, services: Mapping[str, Sequence[ReplaceableService]]) -> None:
        """`services`: those of each function, by its name."""
        self._project, self._services = project, services
        self._pending: dict[str, frozenset[Path]] = {}  # by function: changed files that it does not use yet

    def apply(self, changed: Collection[Path]) -> None:
        for path in changed:
            for name in self._effect_of([path]).functions:
                self._pending[name] = self._pending.get(name, frozenset()) | {path}
        broken = syntax_errors(frozenset[Path]().union(*self._pending.values()))
        for path, reason in broken.items():
            logger.error("%s, %s", path.relative_to(self._project), reason)
        blocked = sorted(name for name, paths in self._pending.items() if not paths.isdisjoint(broken))
        self._replace({name: self._pending.pop(name) for name in sorted(self._pending.keys() - set(blocked))})
        if blocked:
            logger.warning("Until this is fixed, %s the previous code.", _join_with_verb(blocked, "keeps", "keep"))
        self._report(self._effect_of(changed))

    def _replace(self, pending: Mapping[str, frozenset[Path]]) -> None:
        if not pending:
            return
        files = self._file_names(frozenset[Path]().union(*pending.values()))
        replaced = [name for name in pending if self._replace_instances(name)]
        if replaced:
            logger.info("%s changed: %s replaced.", files, _join_with_verb(replaced, "is", "are"))
        else:
            logger.info("%s changed: the next start of %s uses it.", files, ", ".join(pending))

    def _replace_instances(self, function: str) -> int:
        return sum(service.replace_instances() for service in self._services[function])

    def _report(self, change: ChangeEffect) -> None:
        if change.restart:
            files, again = self._file_names(change.restart), typed_command("dev")
            logger.warning("%s is read only at the start: restart `%s`.", files, again)
        if change.migrations:
            logger.warning("`make db-migrate` applies %s.", self._file_names(change.migrations))

    def _effect_of(self, paths: Iterable[Path]) -> ChangeEffect:
        return effect_of(self._project, paths, self._services.keys())

    def _file_names(self, paths: Collection[Path]) -> str:
        names = [path.name for path in sorted(paths)]
        more = f" and {len(names) - MAX_FILE_NAMES} more" if len(names) > MAX_FILE_NAMES else ""
        return ", ".join(names[:MAX_FILE_NAMES]) + more


def _join_with_verb(names: Collection[str], singular: str, plural: str) -> str:
    return f"{', '.join(names)} {singular if len(names) == 1 else plural}"
