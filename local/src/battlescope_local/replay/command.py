"""The command itself: files read, mails grouped, battles written and shown."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from battlescope_local.errors import UserError
from battlescope_local.replay.batches import batches
from battlescope_local.replay.group_batch import BatchResult, Battle
from battlescope_local.replay.hourly_buckets import HourlyBuckets
from battlescope_local.replay.killmail_files import FileContents
from battlescope_local.replay.output import Named, check, named, write_lines, write_table
from battlescope_local.replay.report import RunStatistics, Stage, show, stage
from battlescope_local.replay.rule_overrides import chosen_rules
from battlescope_local.replay.static_data import WITHOUT, Universe, found, universe
from battlescope_local.replay.workers import Grouper, Reader, crew, finished, processes_for, without_collector

if TYPE_CHECKING:
    from concurrent.futures import Future

LOOK: Final = 0.1  # seconds between two looks at how far the readers are


@dataclass(frozen=True, slots=True)
class Order:
    """What to read, where to write, by which rules."""

    files: Sequence[Path]
    out: Path
    csv: Path | None = None
    sde: Path | None = None
    rules: Sequence[str] = ()


def replay(order: Order, console: Console) -> list[Named]:
    """Everything the command does; gives the battles as they were written.

    Raises:
        Problem: a file, the static data or a rule is not what it must be; nothing was written.
    """
    run = _Run(order, console)
    with without_collector():
        hours, known = run.read()
        battles = run.group(hours, known)
        written = run.write(battles, known)
    show(console, run.told, written, known.names)
    return written


class _Run:
    """What the stages share; making one checks everything that can be checked before any work."""

    def __init__(self, order: Order, console: Console) -> None:
        self.told = RunStatistics()
        self._order, self._console = order, console
        self._rules = chosen_rules(order.rules)
        for out in filter(None, (order.out, order.csv)):
            check(out, order.files)
        missing = [file for file in order.files if not file.is_file()]
        if missing:
            raise UserError(f"There is no file {missing[0]}.")
        self._sizes = {file: file.stat().st_size for file in order.files}
        self._processes = processes_for(sum(self._sizes.values()))

    def read(self) -> tuple[HourlyBuckets, Universe]:
        """The largest file first, so that no worker is left alone with it at the end."""
        reader, sizes = Reader(), self._sizes
        with self._stage("read", sum(sizes.values())) as bar, crew(self._processes, reader) as readers:
            jobs = {file: readers.submit(file) for file in sorted(sizes, key=sizes.__getitem__, reverse=True)}
            known = universe(found(self._order.sde, self._order.files))
            pending: set[Future[FileContents]] = set(jobs.values())
            while pending:
                for _ in finished(pending, 0, LOOK):
                    pass
                bar.at(reader.bytes)
        where = WITHOUT if known.source is None else f"  Static data: {known.source}"
        self._console.print(where, highlight=False, markup=False, soft_wrap=True)
        return self._joined([jobs[file].result() for file in sizes]), known

    def _joined(self, harvests: Sequence[FileContents]) -> HourlyBuckets:
        hours = HourlyBuckets()
        for one in harvests:
            hours.join(one.hours)
            self.told.read += one.mails
            self.told.bad += one.bad
            for complaint in one.complaints:
                print(f"battlescope: {complaint}", file=sys.stderr)
        return hours

    def group(self, hours: HourlyBuckets, known: Universe) -> list[Battle]:
        battles: list[Battle] = []
        grouper = Grouper(self._rules, known.static_data)
        with self._stage("group", self.told.read) as bar, crew(self._processes, grouper) as groupers:
            pending: set[Future[BatchResult]] = set()
            for batch in batches(hours, self._rules, known.static_data):
                pending.add(groupers.submit(batch.packed))
                self.told.kept += batch.read
                self._take(finished(pending, 2 * self._processes), battles)
                bar.at(self.told.kept)
            self._take(finished(pending, 0), battles)
        return battles

    def _take(self, results: Iterable[BatchResult], battles: list[Battle]) -> None:
        for one in results:
            battles.extend(one.battles)
            self.told.work("of grouping", one.grouping)
            self.told.work("of siding", one.siding)

    def write(self, battles: Sequence[Battle], known: Universe) -> list[Named]:
        with self._stage("write", len(battles)):
            written = named(battles)
            write_lines(self._order.out, written)
            if self._order.csv is not None:
                write_table(self._order.csv, written, known.names)
        return written

    def _stage(self, name: str, total: int) -> AbstractContextManager[Stage]:
        return stage(self._console, name, total, self.told)
