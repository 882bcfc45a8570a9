"""Hypothesis strategies: random killmails of a few pilots in a few systems, and random constraints on them."""

from collections.abc import Sequence
from dataclasses import replace

from builders import CAPSULE, CITADEL, FAR, HOME, NEXT, SHIP, TRACTOR, kill, party
from hypothesis import Phase, settings
from hypothesis import strategies as st

from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.edits.constraints import Constraints
from battle_cluster.sides.priors import AMARR, CALDARI

QUICK = settings(
    max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking is slow
PILOTS = [f"{alliance}{number}" for alliance in "ABCD" for number in (1, 2, 3)]
WORMHOLE = 31_000_005
EMPIRE_OF = {party("A"): CALDARI, party("B"): AMARR}


@st.composite
def killmail_lists(draw: st.DrawFn, minutes: int = 200) -> list[Killmail]:
    size = draw(st.integers(1, 28))
    ships = st.sampled_from([SHIP, SHIP, SHIP, CAPSULE, TRACTOR, CITADEL])
    return [
        kill(
            number,
            draw(st.integers(0, 2 * minutes)) / 2,
            draw(st.sampled_from(PILOTS)),
            " ".join(draw(st.lists(st.sampled_from([*PILOTS, "x"]), min_size=1, max_size=4, unique=True))),
            system=draw(st.sampled_from([HOME, HOME, NEXT, FAR, WORMHOLE])),
            ship=draw(ships),
        )
        for number in range(1, size + 1)
    ]


def enlisted(person: Victim | Attacker, *, is_enlisted: bool) -> Party | None:
    """Pilots of A and B as militia, or alone; a structure keeps its owner."""
    if person.party not in EMPIRE_OF or person.character_id is None:
        return person.party
    if is_enlisted:
        return Party(PartyKind.FACTION, EMPIRE_OF[person.party])
    return Party(PartyKind.CHARACTER, person.character_id)


@st.composite
def militia_killmails(draw: st.DrawFn) -> list[Killmail]:
    """Killmails on which the pilots of two alliances are enlisted or not."""
    return [
        replace(
            killmail,
            victim=killmail.victim._replace(party=enlisted(killmail.victim, is_enlisted=flag)),
            attackers=tuple(a._replace(party=enlisted(a, is_enlisted=flag)) for a in killmail.attackers),
        )
        for killmail in draw(killmail_lists())
        for flag in [draw(st.booleans())]
    ]


def draw_constraints(killmails: Sequence[Killmail], draw: st.DrawFn) -> Constraints:
    ids = st.sampled_from([killmail.killmail_id for killmail in killmails])
    return Constraints(
        must_link=frozenset(draw(st.lists(st.tuples(ids, ids), max_size=2))),
        cannot_link=((draw(st.frozensets(ids, max_size=2)), draw(st.frozensets(ids, max_size=2))),),
        excluded=draw(st.frozensets(ids, max_size=1)),
    )
