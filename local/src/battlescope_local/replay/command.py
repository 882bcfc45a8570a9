"""The command: reads files, clusters killmails, writes and shows battles."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from battlescope_local.errors import UserError
from battlescope_local.replay.batches import build_batches
from battlescope_local.replay.group_batch import BatchResult, BattleRecord
from battlescope_local.replay.hourly_buckets import HourlyBuckets
from battlescope_local.replay.killmail_files import FileContents
from battlescope_local.replay.output import IdentifiedBattle, assign_ids, check_output_path, write_csv, write_jsonl
from battlescope_local.replay.price_folder import FolderPrices, open_price_folder
from battlescope_local.replay.report import RunStatistics, StageProgress, print_report, track_stage
from battlescope_local.replay.rule_overrides import rules_with_overrides
from battlescope_local.replay.static_data import NO_STATIC_DATA, Universe, find_static_data, load_universe
from battlescope_local.replay.workers import (
    BatchGrouper,
    FileReader,
    completed_results,
    garbage_collection_paused,
    processes_for,
    worker_pool,
)
from battlescope_local.text_output import print_text

if TYPE_CHECKING:
    from concurrent.futures import Future

POLL_INTERVAL: Final = 0.1  # seconds between updates of the progress bar


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Files to read, files to write and changed rules (NAME=VALUE)."""

    files: Sequence[Path]
    out: Path
    csv: Path | None = None
    sde: Path | None = None
    rules: Sequence[str] = ()
    prices: Path | None = None


def replay(request: ReplayRequest, console: Console) -> list[IdentifiedBattle]:
    """Run the command and return the battles that it wrote.

    Raises:
        UserError: a file, the static data or a rule is invalid; in this case nothing was written.
    """
    run = _ReplayRun(request, console)
    with garbage_collection_paused():
        buckets, universe = run.read()
        written = run.write(run.cluster(buckets, universe), universe)
    print_report(console, run.statistics, written, universe.names)
    return written


class _ReplayRun:
    """State that the stages share; its construction makes all checks that are possible before the first stage."""

    def __init__(self, request: ReplayRequest, console: Console) -> None:
        self.statistics = RunStatistics()
        self._request, self._console = request, console
        self._rules = rules_with_overrides(request.rules)
        for output in filter(None, (request.out, request.csv)):
            check_output_path(output, request.files)
        if request.csv is not None and request.csv.resolve() == request.out.resolve():
            raise UserError(f"--out and --csv both name {request.out}; choose two files.")
        missing = [file for file in request.files if not file.is_file()]
        if missing:
            raise UserError(f"There is no file {missing[0]}.")
        self._sizes = {file: file.stat().st_size for file in request.files}
        self._processes = processes_for(sum(self._sizes.values()))

    def read(self) -> tuple[HourlyBuckets, Universe]:
        """Read the largest file first, so that no worker reads it alone at the end."""
        static_universe, reader, sizes = None, FileReader(), self._sizes
        if self._request.prices is not None:  # every worker needs static data and prices before it reads
            static_universe = self._load_universe()
            reader = FileReader(self._folder_prices(self._request.prices, static_universe).value)
        with self._stage("read", sum(sizes.values())) as bar, worker_pool(self._processes, reader) as readers:
            jobs = {file: readers.submit(file) for file in sorted(sizes, key=sizes.__getitem__, reverse=True)}
            static_universe = static_universe or self._load_universe()
            pending: set[Future[FileContents]] = set(jobs.values())
            while pending:
                for _ in completed_results(pending, 0, POLL_INTERVAL):
                    pass
                bar.update(reader.bytes_read)
        source_line = NO_STATIC_DATA if static_universe.source is None else f"  Static data: {static_universe.source}"
        self._console.print(source_line, highlight=False, markup=False, soft_wrap=True)
        return self._merge([jobs[file].result() for file in sizes]), static_universe

    def _load_universe(self) -> Universe:
        return load_universe(find_static_data(self._request.sde, self._request.files))

    def _folder_prices(self, folder: Path, universe: Universe) -> FolderPrices:
        prices, problems = open_price_folder(folder, universe.static_data.types, universe.blueprints)
        for problem in problems:
            print(f"battlescope: {problem}", file=sys.stderr)
        first, last = prices.history.days[0], prices.history.days[-1]
        line = f"  Prices: {folder}, {len(prices.history.days)} days from {first} to {last}"
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        return prices

    def _merge(self, files: Sequence[FileContents]) -> HourlyBuckets:
        buckets = HourlyBuckets()
        for contents in files:
            buckets.merge(contents.buckets)
            self.statistics.read += contents.killmails
            self.statistics.invalid += contents.invalid
            for message in contents.messages:
                print_text(f"battlescope: {message}", sys.stderr)
        return buckets

    def cluster(self, buckets: HourlyBuckets, static_universe: Universe) -> list[BattleRecord]:
        battles: list[BattleRecord] = []
        grouper = BatchGrouper(self._rules, static_universe.static_data)
        with self._stage("cluster", self.statistics.read) as bar, worker_pool(self._processes, grouper) as groupers:
            pending: set[Future[BatchResult]] = set()
            for batch in build_batches(buckets, self._rules, static_universe.static_data):
                pending.add(groupers.submit(batch.packed_killmails))
                self.statistics.unique += batch.read
                self._collect(completed_results(pending, 2 * self._processes), battles)
                bar.update(self.statistics.unique)
            self._collect(completed_results(pending, 0), battles)
        return battles

    def _collect(self, results: Iterable[BatchResult], battles: list[BattleRecord]) -> None:
        for result in results:
            battles.extend(result.battles)
            self.statistics.add_cpu_seconds("for clustering", result.clustering_seconds)
            self.statistics.add_cpu_seconds("for sides", result.sides_seconds)

    def write(self, battles: Sequence[BattleRecord], static_universe: Universe) -> list[IdentifiedBattle]:
        with self._stage("write", len(battles)):
            identified = assign_ids(battles)
            write_jsonl(self._request.out, identified)
            if self._request.csv is not None:
                write_csv(self._request.csv, identified, static_universe.names)
        return identified

    def _stage(self, name: str, total: int) -> AbstractContextManager[StageProgress]:
        return track_stage(self._console, name, total, self.statistics)
