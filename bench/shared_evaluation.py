"""Battles and sides on real days: `../shared/eval` measures `battlescope replay`, this runs it and prints a table."""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.report import ROOT

EVALUATION = ROOT.parent / "shared" / "eval"
STATIC_DATA = ROOT.parent / "shared" / "data" / "sde" / "eve-online-static-data-sample-jsonl.zip"

Row = dict[str, float | str | None]


def measure_real_days(seeds: Sequence[int]) -> dict[str, Row] | None:
    """Value, target and best reference of each figure; None without `../shared/eval`. Prints at most 80 columns.

    Exit status 1 of the measurement says that a figure falls short, which the table says too.
    """
    if not (EVALUATION / "measure.py").is_file():
        sys.stdout.write("\n../shared/eval is absent: no figures of real days\n")
        return None
    targets = json.loads((EVALUATION / "targets.json").read_text())
    values = _measured_values(seeds)
    rows = {name: _row(value, *targets.get(name, (None, None, None))) for name, value in values.items()}
    sys.stdout.write(f"\n{'real days':<24}{'value':>8}  {'target':<10}{'reference':>9}\n")
    for name, row in rows.items():
        cells = (f"{row['value']:>8.3f}", f"{row['target'] or '':<10}", f"{row['reference'] or '':>9}")
        sys.stdout.write(f"{name:<24}{cells[0]}  {cells[1]}{cells[2]}  {'' if row['met'] else 'falls short'}\n")
    sys.stdout.flush()
    return rows


def _measured_values(seeds: Sequence[int]) -> dict[str, float]:
    replay = [str(Path(sys.executable).with_name("battlescope")), "replay", "--sde", str(STATIC_DATA)]
    command = f"{shlex.join(replay)} --out {{out}} {{files}}"
    with tempfile.TemporaryDirectory() as folder:
        values = Path(folder) / "values.json"
        done = subprocess.run(
            [
                sys.executable, EVALUATION / "measure.py", "--cmd", command, "--json", values,
                "--seeds", *map(str, seeds), "--work", Path(folder) / "work",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )  # fmt: skip
        if not values.is_file():
            raise SystemExit(f"{EVALUATION / 'measure.py'} failed:\n{done.stderr[-2000:]}")
        return json.loads(values.read_text())


def _row(value: float, sign: str | None, target: float | None, reference: float | None) -> Row:
    is_met = target is None or (value >= target if sign == ">=" else value <= target)
    return {
        "value": round(value, 4),
        "target": None if target is None else f"{sign} {target}",
        "reference": reference,
        "met": is_met,
    }
