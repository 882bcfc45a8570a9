"""Does a test notice when any one rule changes? One mutant at a time, the fast tests first, until one of them fails.

make mutations                       every figure of the rules
make mutations ARGS="--decisions"    every comparison, connective, condition and link in the rule modules
make mutations ARGS="--decisions --only links,quiet --real"
"""

import argparse
import contextlib
import io
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from multiprocessing import get_context
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from equivalents import EQUIVALENT
from hypothesis import strategies
from hypothesis.configuration import set_hypothesis_home_dir
from mutants import Mutant, of_decisions, of_figures
from report import ROOT, report

FUNCTION = Path("functions") / "battle-cluster"
UNIT = (
    "test_rules.py", "test_clustering.py", "test_clustering_edges.py", "test_clustering_suggestions.py",
    "test_sides.py", "test_sides_edges.py", "test_accounting.py", "test_tallies_edges.py", "test_identity.py",
)  # fmt: skip
WHOLE = ("test_clustering_properties.py", "test_sides_simulated.py", "test_arrivals.py")
REAL = ("test_clustering_real.py", "test_sides_real.py")
PRELOADED = "ignore::pytest.PytestAssertRewriteWarning"
LOADED_ONCE = (strategies,)
LONGEST = 60
"""Seconds for the unit tests, thrice as many for the others; a mutant that loops is noticed as well."""


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    killed_by: str | None


class Mutated(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        return compile(self._source, self.path, "exec")


class Finder(PathFinder):
    """Finds one module of the function with another source."""

    mutant: Mutant

    @classmethod
    def find_spec(cls, fullname: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if fullname != f"battle_cluster.{cls.mutant.module}":
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = Mutated(fullname, spec.origin, cls.mutant.source)
        return spec


class FirstFailure:
    """A pytest plugin that remembers what failed first."""

    name: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.name = self.name or report.nodeid.rpartition("/")[2]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.name = self.name or "the import"


def judged(mutant: Mutant, tree: Path, files: Sequence[str]) -> Verdict:
    """In a process of its own, forked before the function was ever imported."""
    Finder.mutant = mutant
    sys.meta_path.insert(0, Finder)
    sys.path[:0] = [str(tree / FUNCTION / "src"), str(tree / FUNCTION / "tests")]
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, _took_too_long)
    signal.alarm(LONGEST if tuple(files) == UNIT else 3 * LONGEST)
    return Verdict(mutant, _first_failure(tree, files))


def _took_too_long(*_: object) -> None:
    raise TimeoutError("the mutant does not come to an end")


def _first_failure(tree: Path, files: Sequence[str]) -> str | None:
    plugin = FirstFailure()
    paths = [str(path) for name in files if (path := tree / FUNCTION / "tests" / name).exists()]
    options = ["-x", "--noconftest", "-p", "no:cacheprovider", "-p", "no:cov", "-W", PRELOADED, "--rootdir", str(tree)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        pytest.main([*options, *paths], plugins=[plugin])
    return plugin.name


def snapshot(folder: Path) -> Path:
    """A copy of the function, so that nobody's editing disturbs the run; real mails stay where they are."""
    tree = folder / "tree"
    for part in ("src", "tests"):
        shutil.copytree(ROOT / FUNCTION / part, tree / FUNCTION / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "bench").mkdir()
    if (ROOT.parent / "shared").is_dir():
        (folder / "shared").symlink_to(ROOT.parent / "shared")
    return tree


def run(mutants: Sequence[Mutant], judge: Callable[[Mutant], Verdict], processes: int) -> list[Verdict]:
    found: list[Verdict] = []
    with get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for verdict in pool.imap_unordered(judge, mutants):
            found.append(verdict)
            sys.stdout.write(f"{verdict.killed_by or 'SURVIVED':<110.110} {verdict.mutant.name}\n")
            sys.stdout.flush()
    return found


def through_stages(mutants: Sequence[Mutant], tree: Path, options: argparse.Namespace) -> list[Verdict]:
    """What one stage lets live, the next and slower one judges; who can live for ever is not judged again."""
    found: list[Verdict] = []
    for files in (UNIT, *([] if options.quick else [WHOLE]), *([REAL] if options.real else [])):
        if _first_failure_without_any(tree, files) is not None:
            sys.exit("The tests fail as they are; mend that first.")
        alive = [one.mutant for one in found if one.killed_by is None and one.mutant.name not in EQUIVALENT]
        again = run(alive if found else mutants, partial(judged, tree=tree, files=files), options.processes)
        found = [*(one for one in found if one.mutant not in alive), *again]
    return found


def told(kind: str, found: Iterable[Verdict]) -> dict[str, Any]:
    verdicts = sorted(found, key=lambda verdict: verdict.mutant.name)
    alive = [verdict.mutant.name for verdict in verdicts if verdict.killed_by is None]
    return {
        "mutants": len(verdicts),
        "killed": len(verdicts) - len(alive),
        "equivalent": {name: EQUIVALENT[name] for name in alive if name in EQUIVALENT},
        "survived": [name for name in alive if name not in EQUIVALENT],
        "kind": kind,
    }


def main() -> None:
    options = _options()
    kind = "decisions" if options.decisions else "figures"
    os.nice(10)
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        tree = snapshot(Path(name))
        set_hypothesis_home_dir(name)
        only = {part for part in options.only.split(",") if part}
        make = of_decisions if options.decisions else of_figures
        mutants = [m for m in make(tree / FUNCTION / "src" / "battle_cluster") if not only or m.module in only]
        found = through_stages(mutants, tree, options)
    figures = told(kind, found)
    report(f"mutations-{kind}" + "".join(f"-{part}" for part in sorted(only)), figures)
    if figures["survived"]:
        sys.exit(f"No test noticed {len(figures['survived'])} of {len(found)} mutants.")


def _first_failure_without_any(tree: Path, files: Sequence[str]) -> str | None:
    unchanged = Mutant("rules", "unchanged", (tree / FUNCTION / "src" / "battle_cluster" / "rules.py").read_text())
    with get_context("fork").Pool(1) as pool:
        return pool.apply(judged, (unchanged, tree, files)).killed_by


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", action="store_true", help="decisions instead of figures")
    parser.add_argument("--only", default="", help="modules, separated by commas")
    parser.add_argument("--real", action="store_true", help="let the real days judge what the other tests let live")
    parser.add_argument("--quick", action="store_true", help="unit tests only")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
