"""Mutation tests: does a test fail if a single rule changes? One mutant at a time, the fast tests first.

make mutations                       every constant of the rules
make mutations ARGS="--decisions"    every comparison, connective, condition and link in the rule modules
make mutations ARGS="--decisions --only detection.links,detection.guests --real"
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
from harness.report import ROOT, report
from hypothesis import strategies
from hypothesis.configuration import set_hypothesis_home_dir
from mutants import RULES, Mutant, of_decisions, of_figures, path_of

FUNCTION = Path("functions") / "battle-cluster"
PACKAGE = FUNCTION / "src" / "battle_cluster"
UNIT = (
    "detection/test_rules.py", "sides/test_rules.py", "sides/test_fit.py", "detection/test_clustering.py",
    "detection/test_clustering_edges.py", "detection/test_split_suggestions.py", "sides/test_assignment.py",
    "sides/test_assignment_edges.py", "statistics/test_battle_totals.py", "statistics/test_side_totals.py",
    "reconciliation/test_battle_identity.py", "detection/test_reach.py",
)  # fmt: skip
WHOLE = (
    "detection/test_clustering_properties.py", "sides/test_assignment_simulated.py", "detection/test_arrival_order.py",
    "detection/test_neighbourhood_loader.py",
)  # fmt: skip
REAL = ("detection/test_clustering_real.py", "sides/test_assignment_real.py")
PRELOADED = "ignore::pytest.PytestAssertRewriteWarning"
LOADED_ONCE = (strategies,)
LONGEST = 60
"""Seconds for the unit tests, three times as many for the others; so a test fails on a mutant that loops."""


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
    """Loads the mutated module from the mutant's source."""

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
    """A pytest plugin that records the first failure."""

    name: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.name = self.name or report.nodeid.rpartition("/")[2]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.name = self.name or "the import"


def judge(mutant: Mutant, tree: Path, files: Sequence[str]) -> Verdict:
    """Run the tests on one mutant. Runs in a new process, forked before any import of the function."""
    Finder.mutant = mutant
    sys.meta_path.insert(0, Finder)
    sys.path[:0] = [str(tree / FUNCTION / "src"), str(tree / FUNCTION / "tests" / "support")]
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, _took_too_long)
    signal.alarm(LONGEST if tuple(files) == UNIT else 3 * LONGEST)
    return Verdict(mutant, _first_failure(tree, files))


def _took_too_long(*_: object) -> None:
    raise TimeoutError("the mutant does not end")


def _first_failure(tree: Path, files: Sequence[str]) -> str | None:
    plugin = FirstFailure()
    paths = [str(tree / FUNCTION / "tests" / name) for name in files]
    options = ["-x", "--noconftest", "-p", "no:cacheprovider", "-p", "no:cov", "-W", PRELOADED, "--rootdir", str(tree)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main([*options, *paths], plugins=[plugin])
    return plugin.name or (f"pytest: {code!s}" if code else None)


def snapshot(folder: Path) -> Path:
    """Copy the function, so that edits during the run do not matter; real killmails are linked."""
    tree = folder / "tree"
    for part in ("src", "tests"):
        shutil.copytree(ROOT / FUNCTION / part, tree / FUNCTION / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "bench").mkdir()
    if (ROOT.parent / "shared").is_dir():
        (folder / "shared").symlink_to(ROOT.parent / "shared")
    return tree


def run(mutants: Sequence[Mutant], judge_one: Callable[[Mutant], Verdict], processes: int) -> list[Verdict]:
    verdicts: list[Verdict] = []
    with get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for verdict in pool.imap_unordered(judge_one, mutants):
            verdicts.append(verdict)
            sys.stdout.write(f"{verdict.killed_by or 'SURVIVED':<110.110} {verdict.mutant.name}\n")
            sys.stdout.flush()
    return verdicts


def through_stages(mutants: Sequence[Mutant], tree: Path, options: argparse.Namespace) -> list[Verdict]:
    """The survivors of each stage go to the next and slower one, apart from equivalent mutants."""
    verdicts: list[Verdict] = []
    for files in (UNIT, *([] if options.quick else [WHOLE]), *([REAL] if options.real else [])):
        if (failure := _first_failure_unchanged(tree, files)) is not None:
            sys.exit(f"The tests fail without a mutation; fix that first: {failure}")
        alive = [v.mutant for v in verdicts if v.killed_by is None and v.mutant.name not in EQUIVALENT]
        judge_one = partial(judge, tree=tree, files=files)
        new = run(alive if verdicts else mutants, judge_one, options.processes)
        verdicts = [*(verdict for verdict in verdicts if verdict.mutant not in alive), *new]
    return verdicts


def summary(kind: str, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    verdicts = sorted(verdicts, key=lambda verdict: verdict.mutant.name)
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
        mutants = [m for m in make(tree / PACKAGE) if not only or m.module in only]
        verdicts = through_stages(mutants, tree, options)
    figures = summary(kind, verdicts)
    report(f"mutations-{kind}" + "".join(f"-{part}" for part in sorted(only)), figures)
    if figures["survived"]:
        sys.exit(f"No test fails on {len(figures['survived'])} of {len(verdicts)} mutants.")


def _first_failure_unchanged(tree: Path, files: Sequence[str]) -> str | None:
    unchanged = Mutant(RULES[0], "unchanged", path_of(tree / PACKAGE, RULES[0]).read_text())
    with get_context("fork").Pool(1) as pool:
        return pool.apply(judge, (unchanged, tree, files)).killed_by


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", action="store_true", help="decisions instead of constants")
    parser.add_argument("--only", default="", help="modules by name inside the package, separated by commas")
    parser.add_argument("--real", action="store_true", help="run the tests of real days on the survivors")
    parser.add_argument("--quick", action="store_true", help="unit tests only")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
