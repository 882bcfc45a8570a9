"""Accuracy of detection and of sides on simulated fights with ground truth, twenty of each scenario, and on real days.

`scenarios.py` and `side_scenarios.py` in the tests of battle-cluster define the scenarios, `layouts.py` the
distributions of real days that they use. `../shared/eval` measures on the real days themselves, where it is present.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from statistics import mean
from typing import Any

from arrivals import Feed, arrivals
from harness.report import report
from judging import DetectionScores, SideScores, agreement, score_detection, score_sides
from measures import Bin, calibration_error, reliability
from scenarios import DETECTION, Detection, detection_scene
from shared_evaluation import measure_real_days
from side_scenarios import SIDES, mixed_scene, sides_scene
from two_colouring import two_colouring

F1_GOAL, ARI_GOAL = 0.985, 0.97
LOSSY = Feed(lost=0.05, repeated=0.0)
EDGES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
UNSEEN = 5000
"""The first seed of fights that were not used to choose a constant."""

PRINTED = {
    "f1": "F1", "f1_worst": "worst", "precision": "prec.", "recall": "rec.", "b_cubed": "B3", "fragments": "piece",
    "boundary_minutes": "min.", "f1_with_5_percent_lost": "lossy",
}  # fmt: skip
"""Headings of the figures of detection that fit into 80 columns; the result file has all."""

Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--real-seeds", type=int, nargs="*", default=[1, 2, 3], help="none: no real days")
    options = parser.parse_args()
    seeds = range(options.seeds)
    detection, buckets = _detection(seeds)
    sides, named = _sides(seeds)
    mixed = _predictions(score_sides(mixed_scene(seed)) for seed in range(UNSEEN, UNSEEN + 40 * len(seeds)))
    real_days = measure_real_days(options.real_seeds) if options.real_seeds else None
    report("battles", {
        "seeds": len(seeds),
        "real_days": real_days,
        "detection": detection,
        "recall_by_size": buckets,
        "sides": sides,
        "confidence": {
            "named": _calibration("named scenarios", named),
            "mixed": _calibration("half drawn, half hard", mixed),
        },
        "short": [name for name, row in (*detection.items(), *sides.items()) if _falls_short(row)],
    })  # fmt: skip


def _detection(seeds: Sequence[int]) -> tuple[dict[str, Row], dict[int, dict[str, float]]]:
    _line("detection", *PRINTED.values())
    rows: dict[str, Row] = {}
    all_scores: list[DetectionScores] = []
    for build in DETECTION:
        scores = [score_detection(detection_scene(build, seed)) for seed in seeds]
        all_scores += scores
        rows[build.__name__] = row = {
            "f1": _mean(score.pairs.f1 for score in scores),
            "f1_worst": round(min(score.pairs.f1 for score in scores), 4),
            "precision": _mean(score.pairs.precision for score in scores),
            "recall": _mean(score.pairs.recall for score in scores),
            "b_cubed": _mean(score.b_cubed.f1 for score in scores),
            "ari": _mean(score.ari for score in scores),
            "homogeneity": _mean(score.purity.homogeneity for score in scores),
            "completeness": _mean(score.purity.completeness for score in scores),
            "fragments": _mean(score.outline.fragments for score in scores),
            "boundary_minutes": _mean(score.outline.boundary_minutes for score in scores),
            "f1_with_5_percent_lost": _mean(_with_losses(build, seed) for seed in seeds),
        }
        _line(build.__name__, *(row[name] for name in PRINTED))
    return rows, _by_size(all_scores)


def _with_losses(build: Detection, seed: int) -> float:
    scene = detection_scene(build, seed)
    return score_detection(scene, [killmail for _, killmail in arrivals(scene.killmails, LOSSY, Random(seed))]).pairs.f1


def _by_size(all_scores: Iterable[DetectionScores]) -> dict[int, dict[str, float]]:
    counts: Counter[int] = Counter()
    recall: dict[int, float] = {}
    for scores in all_scores:
        for size, (count, share) in scores.recall.items():
            counts[size] += count
            recall[size] = recall.get(size, 0.0) + count * share
    _line("\nsize of battle, from", "kills", "rec.")
    for size in sorted(counts):
        _line(str(size), counts[size], recall[size] / counts[size])
    return {
        size: {"killmails": counts[size], "recall": round(recall[size] / counts[size], 4)} for size in sorted(counts)
    }


def _sides(seeds: Sequence[int]) -> tuple[dict[str, Row], list[tuple[float, bool]]]:
    _line("\nsides", "ARI", "worst", "floor", "pil.", "ISK", "un.", "3rd p", "3rd r")
    rows: dict[str, Row] = {}
    predictions: list[tuple[float, bool]] = []
    for name in SIDES:
        scenes = [sides_scene(name, seed) for seed in seeds]
        scores = [score_sides(scene) for scene in scenes]
        third = sum((score.third_party_counts for score in scores), Counter[str]())
        rows[name] = row = {
            "ari": _mean(score.ari for score in scores),
            "ari_worst": round(min(score.ari for score in scores), 4),
            "two_colours": _mean(agreement(scene, two_colouring(scene.killmails)) for scene in scenes),
            "right_by_pilots": _mean(score.right_by_pilots for score in scores),
            "right_by_isk": _mean(score.right_by_isk for score in scores),
            "unassigned": _mean(score.unassigned for score in scores),
        }
        if third["true"] or third["named"]:
            row["third_precision"] = round(third["both"] / max(third["named"], 1), 4)
            row["third_recall"] = round(third["both"] / third["true"], 4) if third["true"] else 1.0
        _line(name, *row.values())
        predictions += _predictions(scores)
    return rows, predictions


def _predictions(scores: Iterable[SideScores]) -> list[tuple[float, bool]]:
    return [(confidence, right) for score in scores for confidence, _, right in score.predictions]


def _calibration(title: str, predictions: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    bins = reliability(predictions, EDGES)
    error = calibration_error(bins)
    _line(f"\nconfidence, {title}", "count", "conf.", "right")
    for entry in bins:
        _line(f"from {entry.lower}", entry.count, entry.confidence, entry.accuracy)
    _line("ECE", error)
    return {"predictions": len(predictions), "ece": round(error, 4), "bins": list(map(_bin, bins))}


def _bin(entry: Bin) -> Row:
    return {
        "from": entry.lower,
        "parties": entry.count,
        "confidence": round(entry.confidence, 3),
        "right": round(entry.accuracy, 3),
    }


def _falls_short(row: Row) -> bool:
    return row["f1"] < F1_GOAL if "f1" in row else row["ari"] < ARI_GOAL


def _mean(values: Iterable[float]) -> float:
    return round(mean(values), 4)


def _line(name: str, *values: object) -> None:
    cells = [f"{value:>6.3f}" if isinstance(value, float) else f"{value!s:>6}" for value in values]
    sys.stdout.write(f"{name:<30}{''.join(cells)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
