"""Mutants that no test can notice, because nobody could: what they change makes no difference. Each with the reason."""

_DUST = "sums of floats within a billionth of zero: no evidence is that small, and zero is on the same side of both"
_CACHE = "how much is remembered changes speed only"
_PIN = "any number far above all evidence holds a pin"

EQUIVALENT: dict[str, str] = {
    "correlation.NOTHING: 1e-09 -> 5e-10": _DUST,
    "correlation.NOTHING: 1e-09 -> 2e-09": _DUST,
    "correlation._agglomerated: score > NOTHING -> score >= NOTHING": _DUST,
    "correlation._agglomerated: value > NOTHING -> value >= NOTHING": _DUST,
    "correlation._swept: here < -NOTHING -> here <= -NOTHING": _DUST,
    "balance.likeness: first.total <= NOTHING -> first.total < NOTHING": _DUST,
    "balance.likeness: second.total <= NOTHING -> second.total < NOTHING": _DUST,
    "correlation.PINNED: 1000000000.0 -> 500000000.0": _PIN,
    "correlation.PINNED: 1000000000.0 -> 2000000000.0": _PIN,
    "correlation._agglomerated: a < b -> a <= b": "no party has a score with itself",
    "correlation._pin: score < 0 -> score <= 0": "what speaks neither for nor against is in no sum",
    "balance._joined: if at < partner[at] turned": "whichever of the two yields the pair, all are sorted after",
    "balance._joined: at < partner[at] -> at <= partner[at]": "nobody is his own partner",
    "chapters._met_again: systems[system] > 1 -> systems[system] >= 1": "one chapter meets nobody again; it saves time",
    "bridges._united: groups.unite(low, high) or found -> groups.unite(low, high) and found":
        "blocks left apart by stopping early are tied by two pilots, so no single one parts them",
    "suggestions._cut_mails: not node[0] -> node[0]": "what holds a whole together does not depend on where one begins",
    "clustering.MOST_LINES: 256 -> 128": _CACHE,
    "clustering.MOST_LINES: 256 -> 512": _CACHE,
    "clustering.MOST_SIGHTINGS: 20000 -> 10000": _CACHE,
    "clustering.MOST_SIGHTINGS: 20000 -> 40000": _CACHE,
    "clustering.seen: if len(self._seen) >= MOST_SIGHTINGS turned": _CACHE,
    "clustering.seen: len(self._seen) >= MOST_SIGHTINGS -> len(self._seen) > MOST_SIGHTINGS": _CACHE,
    "clustering.line: if len(self._known) > MOST_LINES turned": _CACHE,
    "clustering.line: len(self._known) > MOST_LINES -> len(self._known) >= MOST_LINES": _CACHE,
}  # fmt: skip
