"""Mutants on which no test can fail, because the change has no effect. Each with the reason."""

_ROUNDING = "sums of floats within a billionth of zero: no evidence is that small, and zero is on the same side of both"
_CACHE = "the size of a cache changes speed only"

EQUIVALENT: dict[str, str] = {
    "sides.correlation_clustering.EPSILON: 1e-09 -> 5e-10": _ROUNDING,
    "sides.correlation_clustering.EPSILON: 1e-09 -> 2e-09": _ROUNDING,
    "sides.correlation_clustering._agglomerated: score > EPSILON -> score >= EPSILON": _ROUNDING,
    "sides.correlation_clustering._agglomerated: value > EPSILON -> value >= EPSILON": _ROUNDING,
    "sides.correlation_clustering._local_moves: current < -EPSILON -> current <= -EPSILON": _ROUNDING,
    "sides.structural_balance.enemy_profile_similarity: first.total <= EPSILON -> first.total < EPSILON": _ROUNDING,
    "sides.structural_balance.enemy_profile_similarity: second.total <= EPSILON -> second.total < EPSILON": _ROUNDING,
    "sides.fit._common_hostility: focus <= EPSILON -> focus < EPSILON": _ROUNDING,
    "sides.fit._common_hostility: spent > EPSILON -> spent >= EPSILON": _ROUNDING,
    "sides.fit._common_hostility: by_others > EPSILON -> by_others >= EPSILON": _ROUNDING,
    "sides.fit._better_bloc: fit[best] <= max(own_fit, 0.0) + EPSILON -> fit[best] < max(own_fit, 0.0) + EPSILON":
        _ROUNDING,
    "sides.correlation_clustering._agglomerated: a < b -> a <= b": "no party has a weight with itself",
    "sides.structural_balance._merge_pairs: if index < partner[index] inverted":
        "whichever of the two yields the pair, the result is sorted",
    "sides.structural_balance._merge_pairs: index < partner[index] -> index <= partner[index]":
        "no cluster is its own partner",
    "detection.engagements._shared_pilot_counts: systems[system] > 1 -> systems[system] >= 1":
        "a single engagement in a system shares pilots with no other; the condition saves time",
    "detection.guests._union_double_edges: sets.union(low, high) or joined -> sets.union(low, high) and joined":
        "two pilots link the blocks that stay apart when it stops early, so no single pilot's removal separates them",
    "detection.split_suggestions._articulation_killmails: not node[0] -> node[0]":
        "the articulation points do not depend on the root of the search",
    "detection.clustering.MAX_CACHED_SYSTEMS: 256 -> 128": _CACHE,
    "detection.clustering.MAX_CACHED_SYSTEMS: 256 -> 512": _CACHE,
    "detection.clustering.MAX_CACHED_KILLMAILS: 10000 -> 5000": _CACHE,
    "detection.clustering.MAX_CACHED_KILLMAILS: 10000 -> 20000": _CACHE,
    "detection.clustering.classify: if len(self._classified) >= MAX_CACHED_KILLMAILS inverted": _CACHE,
    "detection.clustering.classify: len(self._classified) >= MAX_CACHED_KILLMAILS"
    " -> len(self._classified) > MAX_CACHED_KILLMAILS": _CACHE,
    "detection.clustering.timeline: if len(self._timelines) > self._max_systems inverted": _CACHE,
    "detection.clustering.timeline: len(self._timelines) > self._max_systems"
    " -> len(self._timelines) >= self._max_systems": _CACHE,
}  # fmt: skip
