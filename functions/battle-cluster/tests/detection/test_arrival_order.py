"""However a feed delays, reorders and repeats mails, the battles in the end are those of one look at all of them."""

from random import Random
from statistics import mean

import pytest
from arrivals import DAY, Feed, arrivals, batches
from builders import Archive
from judging import detected
from scenarios import (
    Detection,
    chase,
    detection_scene,
    drawn_evening,
    ejections,
    everything_at_once,
    ganks,
    militia_chain,
    reship_lull,
    scout,
    small_gang,
    strangers,
)
from simulator import Scene
from test_clustering_properties import refile

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules


def filed(scene: Scene, feed: Feed, seed: int) -> set[frozenset[int]]:
    """What a store holds in the end, when each batch is filed as it comes in."""
    held: dict[int, frozenset[int]] = {}
    present = {}
    for batch in batches(arrivals(scene.mails, feed, Random(seed)), feed):
        news = {mail.killmail_id: mail for mail in batch if mail.killmail_id not in present}
        present |= news
        if news:
            refile(Archive(list(present.values())), set(news), held)
    return set(held.values())


@pytest.mark.parametrize("build", [reship_lull, chase, scout, ganks, ejections], ids=lambda build: build.__name__)
def test_mails_that_come_late_twice_and_out_of_order_make_the_same_battles(build: Detection) -> None:
    scene = detection_scene(build, 1)
    whole = {frozenset(component.killmail_ids) for component in cluster(scene.mails, DetectionRules())}
    assert filed(scene, Feed(poll=600.0), 1) == whole


def test_one_mail_at_a_time_makes_the_same_battles_as_well() -> None:
    scene = detection_scene(small_gang, 2)
    scene.mails = scene.mails[:70]
    whole = {frozenset(component.killmail_ids) for component in cluster(scene.mails, DetectionRules())}
    assert filed(scene, Feed(late=0.3, day_late=0.1, poll=0.001), 2) == whole


def test_a_feed_that_only_came_backwards_would_make_the_same_battles() -> None:
    scene = detection_scene(strangers, 3)
    held: dict[int, frozenset[int]] = {}
    backwards = sorted(scene.mails, key=lambda mail: -mail.time)
    for at in range(0, len(backwards), 25):
        present = backwards[: at + 25]
        refile(Archive(present), {mail.killmail_id for mail in backwards[at : at + 25]}, held)
    assert set(held.values()) == {
        frozenset(component.killmail_ids) for component in cluster(scene.mails, DetectionRules())
    }


@pytest.mark.parametrize("build", [small_gang, militia_chain, everything_at_once, drawn_evening])
def test_a_mail_in_twenty_that_never_comes_hardly_changes_the_rest(build: Detection) -> None:
    found = []
    for seed in range(3):
        scene = detection_scene(build, seed)
        came = [mail for _, mail in arrivals(scene.mails, Feed(lost=0.05, twice=0.0), Random(seed))]
        assert len(came) < len(scene.mails)
        found.append(detected(scene, came).pairs.f1)
    assert mean(found) >= 0.97


def test_a_stream_is_what_its_dials_say() -> None:
    scene = detection_scene(drawn_evening, 4)
    gentle = arrivals(scene.mails, Feed(late=0.0, day_late=0.0, twice=0.0), Random(4))
    assert sorted(mail.killmail_id for _, mail in gentle) == sorted(mail.killmail_id for mail in scene.mails)
    assert all(0 < arrival - mail.time < 900 for arrival, mail in gentle)
    assert [mail.time for _, mail in gentle] != sorted(mail.time for _, mail in gentle)
    hard = arrivals(scene.mails, Feed(lost=0.2, twice=0.5, day_late=0.2), Random(4))
    ids = [mail.killmail_id for _, mail in hard]
    assert len(set(ids)) < 0.9 * len(scene.mails) < len(ids)
    assert max(arrival - mail.time for arrival, mail in hard) > DAY
