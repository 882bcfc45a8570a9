"""How well battles and sides are found where the truth is known: invented evenings and fights, twenty of each kind.

What the kinds are, and on which figures of real days they rest, stand in `scenarios.py`, `side_scenarios.py` and
`shapes.py` beside the tests of battle-cluster.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from statistics import mean
from typing import Any

from arrivals import Feed, arrivals
from judging import DetectionScores, SideScores, agreement, score_detection, score_sides
from measures import Bin, calibration_error, reliability
from report import report
from scenarios import DETECTION, Detection, detection_scene
from side_scenarios import SIDES, mixed_scene, sides_scene
from two_colouring import two_colouring

F1_GOAL, ARI_GOAL = 0.985, 0.97
LOSSY = Feed(lost=0.05, repeated=0.0)
EDGES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
UNSEEN = 5000
"""The first seed of fights on which no constant was ever chosen."""

HEADINGS = (
    "F1", "worst", "precis.", "recall", "B-cubed", "ARI", "homog.", "compl.", "pieces", "minutes", "lossy",
)  # fmt: skip

Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(parser.parse_args().seeds)
    detection, buckets = _detection(seeds)
    sides, named = _sides(seeds)
    mixed = [opinion for seed in range(UNSEEN, UNSEEN + 40 * len(seeds)) for opinion in _opinions([_mixed(seed)])]
    report("battles", {
        "seeds": len(seeds),
        "detection": detection,
        "recall_by_size": buckets,
        "sides": sides,
        "confidence": {"named": _told("named scenarios", named), "mixed": _told("half drawn, half hard", mixed)},
        "short": [name for name, row in (*detection.items(), *sides.items()) if _falls_short(row)],
    })  # fmt: skip


def _detection(seeds: Sequence[int]) -> tuple[dict[str, Row], dict[int, dict[str, float]]]:
    _line("detection", *HEADINGS)
    rows: dict[str, Row] = {}
    everything: list[DetectionScores] = []
    for build in DETECTION:
        found = [score_detection(detection_scene(build, seed)) for seed in seeds]
        everything += found
        rows[build.__name__] = row = {
            "f1": _mean(one.pairs.f1 for one in found),
            "f1_worst": round(min(one.pairs.f1 for one in found), 4),
            "precision": _mean(one.pairs.precision for one in found),
            "recall": _mean(one.pairs.recall for one in found),
            "b_cubed": _mean(one.b_cubed.f1 for one in found),
            "ari": _mean(one.ari for one in found),
            "homogeneity": _mean(one.purity.homogeneity for one in found),
            "completeness": _mean(one.purity.completeness for one in found),
            "fragments": _mean(one.outline.fragments for one in found),
            "boundary_minutes": _mean(one.outline.boundary_minutes for one in found),
            "f1_with_5_percent_lost": _mean(_with_losses(build, seed) for seed in seeds),
        }
        _line(build.__name__, *row.values())
    return rows, _by_size(everything)


def _with_losses(build: Detection, seed: int) -> float:
    scene = detection_scene(build, seed)
    return score_detection(scene, [mail for _, mail in arrivals(scene.killmails, LOSSY, Random(seed))]).pairs.f1


def _by_size(found: Iterable[DetectionScores]) -> dict[int, dict[str, float]]:
    mails: Counter[int] = Counter()
    recall: dict[int, float] = {}
    for one in found:
        for least, (count, share) in one.recall.items():
            mails[least] += count
            recall[least] = recall.get(least, 0.0) + count * share
    _line("\nsize of battle, from", "mails", "recall")
    for least in sorted(mails):
        _line(str(least), mails[least], recall[least] / mails[least])
    return {least: {"mails": mails[least], "recall": round(recall[least] / mails[least], 4)} for least in sorted(mails)}


def _sides(seeds: Sequence[int]) -> tuple[dict[str, Row], list[tuple[float, bool]]]:
    _line("\nsides", "ARI", "worst", "floor", "pilots", "ISK", "unass.", "3rd p", "3rd r")
    rows: dict[str, Row] = {}
    opinions: list[tuple[float, bool]] = []
    for name in SIDES:
        scenes = [sides_scene(name, seed) for seed in seeds]
        found = [score_sides(scene) for scene in scenes]
        third = sum((one.third_party_counts for one in found), Counter[str]())
        rows[name] = row = {
            "ari": _mean(one.ari for one in found),
            "ari_worst": round(min(one.ari for one in found), 4),
            "two_colours": _mean(agreement(scene, two_colouring(scene.killmails)) for scene in scenes),
            "right_by_pilots": _mean(one.right_by_pilots for one in found),
            "right_by_isk": _mean(one.right_by_isk for one in found),
            "unassigned": _mean(one.unassigned for one in found),
        }
        if third["true"] or third["named"]:
            row["third_precision"] = round(third["both"] / max(third["named"], 1), 4)
            row["third_recall"] = round(third["both"] / third["true"], 4) if third["true"] else 1.0
        _line(name, *row.values())
        opinions += _opinions(found)
    return rows, opinions


def _mixed(seed: int) -> SideScores:
    return score_sides(mixed_scene(seed))


def _opinions(found: Iterable[SideScores]) -> list[tuple[float, bool]]:
    return [(confidence, right) for one in found for confidence, _, right in one.predictions]


def _told(title: str, opinions: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    bins = reliability(opinions, EDGES)
    error = calibration_error(bins)
    _line(f"\nconfidence, {title}", "parties", "said", "right")
    for one in bins:
        _line(f"from {one.lower}", one.count, one.confidence, one.accuracy)
    _line("ECE", error)
    return {"opinions": len(opinions), "ece": round(error, 4), "bins": [_bin(one) for one in bins]}


def _bin(one: Bin) -> Row:
    return {
        "from": one.lower, "parties": one.count, "said": round(one.confidence, 3), "right": round(one.accuracy, 3),
    }  # fmt: skip


def _falls_short(row: Row) -> bool:
    return row["f1"] < F1_GOAL if "f1" in row else row["ari"] < ARI_GOAL


def _mean(values: Iterable[float]) -> float:
    return round(mean(values), 4)


def _line(name: str, *values: object) -> None:
    cells = [f"{one:>8.3f}" if isinstance(one, float) else f"{one!s:>8}" for one in values]
    sys.stdout.write(f"{name:<28}{''.join(cells)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
