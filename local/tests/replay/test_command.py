"""`battlescope replay`: the same battles for any order of files, equal to those of the live rules."""

import bz2
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.console import Console

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.reconciliation.battle_identity import new_id
from battle_cluster.sides.assignment import Sides, assign
from battlescope_local import settings
from battlescope_local.devtools.project import ROOT
from battlescope_local.errors import UserError
from battlescope_local.replay import killmail_files as files_module
from battlescope_local.replay import workers
from battlescope_local.replay.command import ReplayRequest, replay
from battlescope_local.replay.esi_killmail import StaticData, guessed_value, mail_of, plain
from battlescope_local.replay.hourly_buckets import HourlyBuckets
from battlescope_local.replay.output import IdentifiedBattle, assign_ids
from battlescope_local.replay.rule_overrides import rules_with_overrides
from battlescope_local.replay.static_data import EMPTY_UNIVERSE, find_static_data, load_universe

BEGAN = datetime(2021, 11, 28, 10, tzinfo=UTC).timestamp()


HOME, NEXT, FAR = 30_000_001, 30_000_002, 30_000_009


FRIGATE, TRACTOR = 587, 33_475


SHARED = ROOT.parent / "shared" / "data"


ZIP = "eve-online-static-data-7-jsonl.zip"


def body(killmail_id: int, second: int, victim: int, by: Iterable[int], **more: Any) -> dict[str, Any]:
    """Pilot 11 is of alliance 1, pilot 23 of alliance 2."""
    attackers = [{**who(one), "damage_done": 100, "final_blow": at == 0} for at, one in enumerate(by)]
    time = datetime.fromtimestamp(BEGAN + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "killmail_id": killmail_id, "killmail_time": time, "solar_system_id": more.pop("system", HOME),
        "victim": {**who(victim), "ship_type_id": more.pop("ship", FRIGATE), "damage_taken": 100},
        "attackers": attackers, "killmail_hash": f"{killmail_id:040x}", **more,
    }  # fmt: skip


def who(number: int) -> dict[str, int]:
    alliance = 99_000_000 + number // 10
    return {"character_id": 90_000_000 + number, "corporation_id": alliance - 1_000_000, "alliance_id": alliance}


def evening(seed: int = 3, count: int = 400) -> list[dict[str, Any]]:
    chance = Random(seed)
    found: list[dict[str, Any]] = []
    for at in range(count):
        pilots = chance.sample(range(10, 60), chance.randint(2, 5))
        value = {"zkb": {"totalValue": chance.uniform(1e6, 1e9)}} if chance.random() < 0.5 else {}
        place = {"system": chance.choice((HOME, NEXT, FAR)), "ship": chance.choice((FRIGATE, 670, TRACTOR))}
        found.append(body(1000 + at, chance.randint(0, 6 * 3600), pilots[0], pilots[1:], **place, **value))
    return found


def lines(path: Path, bodies: Iterable[Any]) -> Path:
    """As the name says: plain, gzip, or EVE Ref's archive."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in bodies]
    if path.name.endswith(".tar.bz2"):
        with tarfile.open(path, "w:bz2") as archive:
            for at, text in enumerate(texts):
                member = tarfile.TarInfo(f"killmails/{at}.json")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
    else:
        text = "".join(f"{one}\n" for one in texts)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def static_data(path: Path) -> Path:
    tables = {
        "types": [{"_key": FRIGATE, "groupID": 25}, {"_key": 670, "groupID": 29}, {"_key": TRACTOR, "groupID": 1250}],
        "groups": [{"_key": 25, "categoryID": 6}, {"_key": 29, "categoryID": 6}, {"_key": 1250, "categoryID": 22}],
        "mapSolarSystems": [
            {"_key": one, "name": {"en": f"S{one % 100}"}, "constellationID": 1, "regionID": 1, "securityStatus": 0.1}
            for one in (HOME, NEXT, FAR)
        ],
        "mapStargates": [{"_key": 1, "solarSystemID": HOME, "destination": {"solarSystemID": NEXT}}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, entries in tables.items():
            archive.writestr(f"{name}.jsonl", "".join(f"{json.dumps(entry)}\n" for entry in entries))
    return path


def run(folder: Path, *files: Path, **order: Any) -> list[IdentifiedBattle]:
    return replay(ReplayRequest(files, folder / "out", **order), Console(file=io.StringIO()))


def output(folder: Path, *files: Path, **order: Any) -> bytes:
    run(folder, *files, **order)
    return (folder / "out").read_bytes()


def told(folder: Path, *files: Path, **order: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output(folder, *files, **order).splitlines()]


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    """Two folders deep, so that no static data of another test lies beside it."""
    (tmp_path / "work" / "killmails").mkdir(parents=True)
    return tmp_path / "work" / "killmails"


FIGHT = (body(1, 0, 11, [21, 22]), body(2, 60, 21, [11, 12]), body(3, 90, 12, [21]))


def test_battle_is_one_line_of_the_documented_format(tmp: Path) -> None:
    (one,) = told(tmp, lines(tmp / "a.jsonl", [*FIGHT, body(9, 50_000, 31, [41])]))
    assert list(one) == ["battleId", "tier", "systemIds", "startTime", "endTime", "killmailIds", "sides", "unassigned",
                         "links"]  # fmt: skip
    assert one["battleId"] == new_id(HOME, 1)
    assert (one["tier"], one["systemIds"], one["killmailIds"]) == ("small", [HOME], [1, 2, 3])
    assert (one["startTime"], one["endTime"]) == ("2021-11-28T10:00:00Z", "2021-11-28T10:01:30Z")
    assert [side["sideId"] for side in one["sides"]] == [1, 2]
    assert one["sides"][0]["role"] == "side"
    (entity,) = one["sides"][0]["entities"]
    assert (entity["kind"], entity["id"]) == ("alliance", 99_000_001)
    assert 0.2 <= entity["confidence"] <= 1
    assert one["unassigned"] == []
    assert one["links"] == [
        {"a": 1, "b": 2, "reason": "same-people"}, {"a": 2, "b": 3, "reason": "same-people"},
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.tar.bz2"])
def test_every_file_format_gives_the_same_battles(tmp: Path, name: str) -> None:
    assert output(tmp, lines(tmp / name, evening())) == output(tmp, lines(tmp / "b.jsonl", evening()))


def test_order_of_files_and_lines_does_not_matter(tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("battlescope_local.replay.hourly_buckets.MAX_UNPACKED", 30)
    monkeypatch.setattr("battlescope_local.replay.batches.MIN_BATCH_SIZE", 40)
    static_data(tmp / ZIP)
    whole = output(tmp, lines(tmp / "a.jsonl", evening()))
    assert whole.count(b"\n") > 20
    turned = evening()
    Random(1).shuffle(turned)
    halves = lines(tmp / "b.jsonl", turned[:150]), lines(tmp / "c.jsonl.gz", turned[150:])
    assert output(tmp, *halves) == output(tmp, *reversed(halves)) == whole


def test_repeated_killmail_is_counted_once(tmp: Path) -> None:
    once = lines(tmp / "a.jsonl", FIGHT)
    priced = [one | {"zkb": {"totalValue": 5.0}} for one in FIGHT]
    twice = lines(tmp / "b.jsonl", [*FIGHT, *reversed(priced)])
    assert [one["killmailIds"] for one in told(tmp, once, twice)] == [[1, 2, 3]]
    assert [one.battle.isk for one in run(tmp, once, twice)] == [one.battle.isk for one in run(tmp, twice)] == [15.0]


def test_earlier_of_two_times_for_one_killmail_is_used(tmp: Path) -> None:
    """No archive should hold that; if one does, every order of reading must decide alike."""
    late = body(1, 40_000, 11, [21])
    for files in ([*FIGHT, late], [late, *FIGHT]):
        (one,) = told(tmp, lines(tmp / "a.jsonl", files))
        assert one["killmailIds"] == [1, 2, 3]


def test_invalid_lines_are_reported_and_skipped(tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = lines(tmp / "a.jsonl", [FIGHT[0], "{", "", "[]", FIGHT[1], {"killmail_id": 5}, FIGHT[2]])
    (one,) = told(tmp, file)
    assert one["killmailIds"] == [1, 2, 3]
    complaints = capsys.readouterr().err.splitlines()
    assert [line.partition(", ")[2].partition(" is not a killmail")[0] for line in complaints] == [
        "line 2",
        "line 4",
        "line 6",
    ]
    assert str(file) in complaints[0]
    assert "victim" in complaints[2]


def test_number_of_messages_per_file_is_limited(tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp, lines(tmp / "a.jsonl", ["no"] * 500)) == []
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == files_module.MAX_MESSAGES + 1
    assert "480 more" in complaints[-1]


def test_invalid_archive_member_is_named(tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(tmp, lines(tmp / "a.tar.bz2", [FIGHT[0], "{"]))
    assert "killmails/1.json is not a killmail" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl.gz", b"this is no gzip"),
        ("b.jsonl.gz", gzip.compress(b"{}\n" * 1000, mtime=0)[:-12]),
        ("c.tar.bz2", b"this is no archive"),
        ("d.tar.bz2", bz2.compress(b"this is no archive either")),
    ],
)
def test_unreadable_file_is_an_error(tmp: Path, name: str, content: bytes) -> None:
    (tmp / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        run(tmp, tmp / name)
    assert not (tmp / "out").exists()


def test_input_file_is_never_overwritten(tmp: Path) -> None:
    file = lines(tmp / "out", FIGHT)
    with pytest.raises(UserError, match="one of the files"):
        run(tmp, file)
    with pytest.raises(UserError, match="cannot be written"):
        replay(ReplayRequest([file], tmp / "nowhere" / "out"), Console(file=io.StringIO()))


def test_rules_can_be_changed(tmp: Path) -> None:
    file = lines(tmp / "a.jsonl", FIGHT)
    assert told(tmp, file, rules=["min_kills=4"]) == []
    assert told(tmp, file, rules=["skirmish_pilots=4", "skirmish_mails = 2"])[0]["tier"] == "skirmish"
    assert rules_with_overrides(["window=2400", "crew_share=.5", "battle_isk=1e12"]) == DetectionRules(
        window=2400, crew_share=0.5, battle_isk=1e12
    )


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("windw=5", "There is no rule 'windw'; the rules are battle_isk, "),
        ("window", "takes NAME=VALUE"),
        ("window=soon", "window must be a whole number from 1, not 'soon'"),
        ("window=0", "whole number from 1, not"),
        ("window=1.5", "whole number from 1, not"),
        ("crew_share=1.5", "crew_share must be a share from 0 to 1"),
        ("crew_share=nan", "a share from 0 to 1"),
        ("battle_isk=-1", "battle_isk must be a number from 0, not"),
        ("battle_isk=inf", "a number from 0, not"),
    ],
)
def test_invalid_rule_is_rejected(tmp: Path, choice: str, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        run(tmp, lines(tmp / "a.jsonl", FIGHT), rules=[choice])
    assert sentence in str(refused.value)


def test_table_marks_unknown_values(tmp: Path) -> None:
    static_data(tmp / ZIP)
    priced = [body(11, 0, 11, [21], system=FAR, zkb={"totalValue": 2.5}), body(12, 9, 21, [11], system=FAR)]
    run(tmp, lines(tmp / "a.jsonl", [*FIGHT, *priced]), csv=tmp / "table.csv")
    with (tmp / "table.csv").open(newline="") as table:
        first, second = csv.DictReader(table)
    assert (first["systems"], first["kills"], first["pilots"], first["minutes"]) == ("S1", "3", "4", "1.5")
    assert (first["isk"], first["mailsWithoutIsk"]) == ("", "3")
    assert (second["isk"], second["mailsWithoutIsk"], second["unassigned"]) == ("2.50", "1", "0")
    assert first["sides"] == "alliance 99000001; alliance 99000002"


def test_summary_shows_the_largest_battles(tmp: Path) -> None:
    shown = io.StringIO()
    static_data(tmp / ZIP)
    file = lines(tmp / "a.jsonl", [*FIGHT, "{"])
    replay(ReplayRequest([file], tmp / "out"), Console(file=shown, width=120))
    assert "2021-11-28 10:00" in shown.getvalue()
    assert "99000001 v 99000002" in shown.getvalue()
    assert "unknown" in shown.getvalue()
    assert "\x1b" not in shown.getvalue()


def test_missing_static_data_is_reported_and_replay_continues(tmp: Path) -> None:
    shown = io.StringIO()
    capsule = body(4, 95, 31, [41], ship=670)
    replay(ReplayRequest([lines(tmp / "a.jsonl", [*FIGHT, capsule])], tmp / "out"), Console(file=shown))
    assert "No static data was found" in shown.getvalue()
    (one,) = map(json.loads, (tmp / "out").read_bytes().splitlines())
    assert one["killmailIds"] == [1, 2, 3]


@pytest.mark.parametrize("place", [".", "sde", "../sde"])
def test_static_data_beside_the_files_is_found(tmp: Path, place: str) -> None:
    file = lines(tmp / "a.jsonl", FIGHT)
    assert find_static_data(None, [file]) is None
    older, newer = (static_data(tmp / place / name) for name in (ZIP.replace("7", "6"), ZIP))
    assert (find_static_data(None, [file]) or older).resolve() == newer.resolve()
    assert find_static_data(older, [file]) == older


def test_environment_can_name_static_data() -> None:
    assert settings.static_data_path({"BATTLESCOPE_SDE": "there.zip"}) == Path("there.zip")
    assert settings.static_data_path({}) is None


def test_static_data_decides_which_losses_count(tmp: Path) -> None:
    tractors = [body(at, at, 11, [21], ship=TRACTOR) for at in (1, 2, 3)]
    file = lines(tmp / "a.jsonl", tractors)
    assert len(told(tmp, file)) == 1
    assert told(tmp, file, sde=static_data(tmp.parent / "named.zip")) == []


@pytest.mark.parametrize("content", [None, b"no zip", b""])
def test_unreadable_static_data_is_an_error(tmp: Path, content: bytes | None) -> None:
    wrong = tmp / "wrong.zip"
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises(UserError, match=r"static data .*wrong\.zip cannot be read"):
        run(tmp, lines(tmp / "a.jsonl", FIGHT), sde=wrong)


def test_zip_without_static_data_is_an_error(tmp: Path) -> None:
    with zipfile.ZipFile(tmp / "wrong.zip", "w") as archive:
        archive.writestr("groups.jsonl", "{}\n")
    with pytest.raises(UserError, match="cannot be read"):
        load_universe(tmp / "wrong.zip")


def expected(bodies: Sequence[dict[str, Any]], known: StaticData, rules: DetectionRules) -> list[dict[str, Any]]:
    """By the domain alone, all mails at once."""
    plains = {one["killmail_id"]: plain(one) for one in bodies}
    mails = {key: mail_of(one, known, one.value or 0) for key, one in plains.items()}
    battles: list[dict[str, Any]] = []
    for component in cluster(mails.values(), rules):
        own = [mails[one] for one in component.killmail_ids]
        evidence = [
            mail if plains[mail.killmail_id].value is not None
            else replace(mail, value=guessed_value(plains[mail.killmail_id].damage_taken))
            for mail in own
        ]  # fmt: skip
        if component.is_battle:
            battles.append(described(component, own, assign(evidence)))
    return sorted(battles, key=lambda one: (one["startTime"], one["battleId"]))


def described(component: Component, own: Sequence[Killmail], sides: Sides) -> dict[str, Any]:
    systems = [mail.system_id for mail in own]
    return {
        "battleId": new_id(own[0].system_id, own[0].killmail_id),
        "tier": str(component.tier),
        "systemIds": sorted(set(systems), key=lambda one: (-systems.count(one), one)),
        "startTime": time_of(own[0]),
        "endTime": time_of(own[-1]),
        "killmailIds": list(component.killmail_ids),
        "sides": [
            {
                "sideId": side.side_id,
                "role": str(side.role),
                "entities": [
                    {"kind": str(one.party.kind), "id": one.party.id, "confidence": one.confidence}
                    for one in side.parties
                ],
            }
            for side in sides.sides
        ],
        "unassigned": [{"kind": str(one.party.kind), "id": one.party.id} for one in sides.unassigned],
        "links": [{"a": link.a, "b": link.b, "reason": str(link.reason)} for link in component.links],
    }


def time_of(mail: Killmail) -> str:
    return datetime.fromtimestamp(mail.time, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("seed", range(5))
def test_battles_equal_those_of_the_live_rules(tmp: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("battlescope_local.replay.batches.MIN_BATCH_SIZE", 20)
    known = load_universe(static_data(tmp / ZIP)).static_data
    rules = DetectionRules(default_gap=300, max_gap=400)
    found = told(tmp, lines(tmp / "a.jsonl", evening(seed)), rules=["default_gap=300", "max_gap=400"])
    assert found == expected(evening(seed), known, rules)


def test_battle_ids_are_assigned_in_order_and_unique(tmp: Path) -> None:
    (one,) = run(tmp, lines(tmp / "a.jsonl", FIGHT))
    first, second = assign_ids([one.battle, one.battle])
    assert {first.battle_id, second.battle_id} == {new_id(HOME, 1), new_id(HOME, 1, frozenset({new_id(HOME, 1)}))}


def test_buckets_are_dropped_after_reading() -> None:
    hours = HourlyBuckets()
    hours.add(plain(FIGHT[0]))
    hours.flush()
    assert [len(mails) for mails in hours.drain()] == [1]
    assert list(hours.drain()) == []


def battlescope(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "battlescope_local.cli", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_command(tmp: Path) -> None:
    file = lines(tmp / "a.jsonl", [*FIGHT, "{"])
    zipped = static_data(tmp.parent / "elsewhere" / "any.zip")
    done = battlescope("replay", "--out", tmp / "out", file, BATTLESCOPE_SDE=str(zipped))
    assert done.returncode == 0, done.stderr
    assert "line 4 is not a killmail" in done.stderr
    assert str(zipped) in done.stdout
    missing = battlescope("replay", "--out", tmp / "out", tmp / "missing.jsonl")
    assert (missing.returncode, missing.stderr) == (1, f"battlescope: There is no file {tmp / 'missing.jsonl'}.\n")


def test_several_processes_give_the_same_battles(tmp: Path) -> None:
    file = lines(tmp / "a.jsonl", evening())
    whole = output(tmp, file)
    code = (
        f"import {workers.__name__} as w; w.MIN_BYTES_FOR_PROCESSES = 0; from battlescope_local.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "replay", "--out", str(tmp / "out"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp / "out").read_bytes() == whole


@pytest.fixture(scope="module")
def real_battles(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("real") / "battles.jsonl"
    done = battlescope("replay", "--out", out, *sorted((SHARED / "killmails").glob("everef-*.jsonl.gz")))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: real killmails are not part of the project")
class TestRealDays:
    def test_battles_are_in_order_and_hold_each_mail_once(self, real_battles: list[dict[str, Any]]) -> None:
        order = [(one["startTime"], one["battleId"]) for one in real_battles]
        assert order == sorted(order)
        members = [one for battle in real_battles for one in battle["killmailIds"]]
        assert len(members) == len(set(members)) > 40_000

    @pytest.mark.parametrize(
        ("system", "start", "kills"),
        [
            ("Jorund", "28T10:21", 1108),
            ("LXQ2-T", "27T21:10", 259),
            ("UW9B-F", "30T00:26", 199),
            ("X47L-Q", "30T19:22", 174),
            ("R1O-GN", "27T08:41", 70),
            ("Elarel", "30T01:43", 175),
        ],
    )
    def test_the_named_fights_come_out(
        self, real_battles: list[dict[str, Any]], system: str, start: str, kills: int
    ) -> None:
        names = load_universe(find_static_data(None, [SHARED / "killmails" / "any"])).names
        there = [one for one in real_battles if names[one["systemIds"][0]] == system]
        (fight,) = [one for one in there if one["startTime"].startswith(f"2021-11-{start}")]
        assert len(fight["killmailIds"]) == kills
        assert [side["role"] for side in fight["sides"][:2]] == ["side", "side"]

    def test_ships_spilled_from_a_dying_structure_are_no_battle(self, real_battles: list[dict[str, Any]]) -> None:
        names = load_universe(find_static_data(None, [SHARED / "killmails" / "any"])).names
        assert not [
            one for one in real_battles if names[one["systemIds"][0]] == "J105951" and len(one["killmailIds"]) > 50
        ]


def test_capsules_are_known_by_their_type() -> None:
    assert EMPTY_UNIVERSE.static_data.types[670] == (29, 6)
