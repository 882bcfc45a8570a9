"""Any order, any repetition, any batch, any neighbourhood large enough: one result."""

from collections.abc import Sequence

from builders import CAPSULE, CITADEL, FAR, HOME, NEXT, RULES, SHIP, TRACTOR, Archive, kill
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import Constraints

QUICK = settings(
    max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # no slow shrinking
NAMES = [f"{alliance}{number}" for alliance in "ABCD" for number in (1, 2, 3)]
HOLE = 31_000_005


@st.composite
def evenings(draw: st.DrawFn) -> list[Killmail]:
    size = draw(st.integers(1, 28))
    hulls = st.sampled_from([SHIP, SHIP, SHIP, CAPSULE, TRACTOR, CITADEL])
    return [
        kill(
            number,
            draw(st.integers(0, 400)) / 2,
            draw(st.sampled_from(NAMES)),
            " ".join(draw(st.lists(st.sampled_from([*NAMES, "x"]), min_size=1, max_size=4, unique=True))),
            system=draw(st.sampled_from([HOME, HOME, NEXT, FAR, HOLE])),
            hull=draw(hulls),
        )
        for number in range(1, size + 1)
    ]


def tagged(mails: Sequence[Killmail], draw: st.DrawFn) -> Constraints:
    ids = st.sampled_from([mail.killmail_id for mail in mails])
    return Constraints(
        must_link=frozenset(draw(st.lists(st.tuples(ids, ids), max_size=2))),
        cannot_link=((draw(st.frozensets(ids, max_size=2)), draw(st.frozensets(ids, max_size=2))),),
        excluded=draw(st.frozensets(ids, max_size=1)),
    )


@given(evenings(), st.randoms(use_true_random=False), st.data())
@QUICK
def test_order_and_repetition_change_nothing(mails: list[Killmail], chance: object, data: st.DataObject) -> None:
    constraints = tagged(mails, data.draw)
    shuffled = [*mails, *mails[: len(mails) // 2]]
    chance.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]  # hypothesis types it as object
    assert cluster(shuffled, RULES, constraints) == cluster(mails, RULES, constraints)


@given(evenings())
@QUICK
def test_every_mail_is_in_exactly_one_component_held_by_its_links(mails: list[Killmail]) -> None:
    components = cluster(mails, RULES)
    assert sorted(one for c in components for one in c.killmail_ids) == [mail.killmail_id for mail in mails]
    for component in components:
        reached = {component.killmail_ids[0]}
        for _ in component.links:
            reached |= {one for link in component.links for one in (link.a, link.b) if {link.a, link.b} & reached}
        assert reached == set(component.killmail_ids)
        assert len(component.links) == len(component.killmail_ids) - 1


@given(
    evenings(),
    st.sampled_from([RULES, DetectionRules(window=600), DetectionRules.from_configuration(60, 30, 5)]),
    st.data(),
)
@QUICK
def test_a_battle_is_known_from_its_neighbourhood_alone(
    mails: list[Killmail], rules: DetectionRules, data: st.DataObject
) -> None:
    constraints = tagged(mails, data.draw) if data.draw(st.booleans()) else Constraints()
    everything = cluster(mails, rules, constraints)
    archive = Archive(mails)
    for mail in mails[:6]:
        core, loaded = archive.around({mail.killmail_id}, rules, constraints)
        near = {c for c in cluster(loaded, rules, constraints) if core.intersection(c.killmail_ids)}
        assert near == {c for c in everything if core.intersection(c.killmail_ids)}


@given(evenings(), st.integers(1, 9))
@QUICK
def test_in_batches_as_they_arrive_or_all_at_once_the_battles_are_the_same(mails: list[Killmail], batch: int) -> None:
    held: dict[int, frozenset[int]] = {}
    for start in range(0, len(mails), batch):
        present = mails[: start + batch]
        refile(Archive(present), {mail.killmail_id for mail in present[start:]}, held)
    assert set(held.values()) == {frozenset(component.killmail_ids) for component in cluster(mails, RULES)}


def refile(archive: Archive, arrived: set[int], held: dict[int, frozenset[int]]) -> None:
    """What a store does: everything the arrival may change is looked at anew, with all that was filed with it."""
    members: frozenset[int] = frozenset()
    while True:
        core, loaded = archive.around(arrived, RULES, members=members)
        filed_with = frozenset(one for killmail_id in core for one in held.get(killmail_id, ()))
        if filed_with <= core:
            break
        members |= filed_with
    for component in cluster(loaded, RULES):
        if core.intersection(component.killmail_ids):
            held.update(dict.fromkeys(component.killmail_ids, frozenset(component.killmail_ids)))
