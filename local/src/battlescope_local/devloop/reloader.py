"""From changed files to replaced functions."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

logger = logging.getLogger(__name__)

SHARED: Final = frozenset({"events", "shared-schemas"})  # imported by every function
SHOWN: Final = 3  # names of files in one sentence


class Replaceable(Protocol):
    """A running function."""

    def replace(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change asks for: functions to replace, files read only at the start, migrations to apply."""

    functions: frozenset[str] = frozenset()
    restart: tuple[Path, ...] = ()
    migrations: tuple[Path, ...] = ()


def effect(project: Path, changed: Iterable[Path], functions: Collection[str]) -> Effect:
    """The effect of changed files on `functions`, all of which import events and shared-schemas."""
    names: set[str] = set()
    restart: list[Path] = []
    migrations: list[Path] = []
    for path in sorted(changed):
        match path.relative_to(project).parts:
            case ("functions", name, "src", *_):
                names |= {name}
            case ("functions", _, "migrations", *_):
                migrations.append(path)
            case (shared, *_) if shared in SHARED:
                names.update(functions)
            case _:
                restart.append(path)
    return Effect(frozenset(names) & frozenset(functions), tuple(restart), tuple(migrations))


def syntax_errors(paths: Iterable[Path]) -> Mapping[Path, str]:
    """The Python files that cannot be compiled, each with line and reason."""
    found: dict[Path, str] = {}
    for path in sorted(paths):
        if path.suffix == ".py" and path.is_file():
            try:
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except SyntaxError as error:
                found[path] = f"line {error.lineno}: {error.msg}: {(error.text or '').strip()}"
            except ValueError as error:
                found[path] = str(error)
    return found


class Reloader:
    """Replaces functions after each save.

    A function runs on with its previous code as long as one of its changed files has a syntax error.
    """

    def __init__(self, project: Path, services: Mapping[str, Replaceable]) -> None:
        self._project, self._services = project, services
        self._pending: dict[str, frozenset[Path]] = {}  # by function: changed files that it does not run yet

    def apply(self, changed: Collection[Path]) -> None:
        for path in changed:
            for name in self._effect([path]).functions:
                self._pending[name] = self._pending.get(name, frozenset()) | {path}
        broken = syntax_errors(frozenset[Path]().union(*self._pending.values()))
        for path, reason in broken.items():
            logger.error("%s, %s", path.relative_to(self._project), reason)
        blocked = sorted(name for name, paths in self._pending.items() if not paths.isdisjoint(broken))
        self._replace({name: self._pending.pop(name) for name in sorted(self._pending.keys() - set(blocked))})
        if blocked:
            logger.warning("Until that is corrected, %s the previous code.", _listed(blocked, "keeps", "keep"))
        self._report(self._effect(changed))

    def _replace(self, due: Mapping[str, frozenset[Path]]) -> None:
        if not due:
            return
        files = self._names(frozenset[Path]().union(*due.values()))
        replaced = [name for name in due if self._services[name].replace()]
        if replaced:
            logger.info("%s changed: %s replaced.", files, _listed(replaced, "is", "are"))
        else:
            logger.info("%s changed: the next start of %s has it.", files, ", ".join(due))

    def _report(self, found: Effect) -> None:
        if found.restart:
            logger.warning("%s is read only at the start: restart `battlescope dev`.", self._names(found.restart))
        if found.migrations:
            logger.warning("%s is applied by `make db-migrate`.", self._names(found.migrations))

    def _effect(self, paths: Iterable[Path]) -> Effect:
        return effect(self._project, paths, self._services.keys())

    def _names(self, paths: Collection[Path]) -> str:
        names = [path.name for path in sorted(paths)]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return ", ".join(names[:SHOWN]) + more


def _listed(names: Collection[str], one: str, several: str) -> str:
    return f"{', '.join(names)} {one if len(names) == 1 else several}"
