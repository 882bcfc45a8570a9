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
from battle_cluster.reconciliation.battle_identity import new_battle_id
from battle_cluster.sides.assignment import Sides, assign
from battlescope_local import settings
from battlescope_local.devtools.project import ROOT
from battlescope_local.errors import UserError
from battlescope_local.replay import killmail_files as files_module
from battlescope_local.replay import workers
from battlescope_local.replay.command import ReplayRequest, replay
from battlescope_local.replay.esi_killmail import (
    ParsedKillmail,
    StaticData,
    build_killmail,
    estimated_value,
    parse_killmail,
)
from battlescope_local.replay.hourly_buckets import HourlyBuckets
from battlescope_local.replay.output import IdentifiedBattle, assign_ids
from battlescope_local.replay.rule_overrides import rules_with_overrides
from battlescope_local.replay.static_data import EMPTY_UNIVERSE, find_static_data, load_universe

STARTED = datetime(2021, 11, 28, 10, tzinfo=UTC).timestamp()
HOME, NEXT, FAR = 30_000_001, 30_000_002, 30_000_009
FRIGATE, TRACTOR = 587, 33_475
SHARED = ROOT.parent / "shared" / "data"
ZIP = "eve-online-static-data-7-jsonl.zip"


def body(killmail_id: int, second: int, victim: int, by: Iterable[int], **more: Any) -> dict[str, Any]:
    """A killmail; pilot 11 is in alliance 1, pilot 23 in alliance 2."""
    attackers = [{**pilot_ids(pilot), "damage_done": 100, "final_blow": index == 0} for index, pilot in enumerate(by)]
    time = datetime.fromtimestamp(STARTED + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "killmail_id": killmail_id, "killmail_time": time, "solar_system_id": more.pop("system", HOME),
        "victim": {**pilot_ids(victim), "ship_type_id": more.pop("ship", FRIGATE), "damage_taken": 100},
        "attackers": attackers, **more,
    }  # fmt: skip


def parsed(body: dict[str, Any]) -> ParsedKillmail:
    return parse_killmail(json.dumps(body).encode(), datetime.now(UTC))


def pilot_ids(number: int) -> dict[str, int]:
    alliance = 99_000_000 + number // 10
    return {"character_id": 90_000_000 + number, "corporation_id": alliance - 1_000_000, "alliance_id": alliance}


def random_killmails(seed: int = 3, count: int = 400) -> list[dict[str, Any]]:
    random = Random(seed)
    bodies: list[dict[str, Any]] = []
    for index in range(count):
        pilots = random.sample(range(10, 60), random.randint(2, 5))
        value = {"zkb": {"totalValue": random.uniform(1e6, 1e9)}} if random.random() < 0.5 else {}
        location = {"system": random.choice((HOME, NEXT, FAR)), "ship": random.choice((FRIGATE, 670, TRACTOR))}
        bodies.append(body(1000 + index, random.randint(0, 6 * 3600), pilots[0], pilots[1:], **location, **value))
    return bodies


def write_killmails(path: Path, bodies: Iterable[Any]) -> Path:
    """Write a file in the format of its name: plain, gzip or EVE Ref's archive."""
    texts = [text if isinstance(text, str) else json.dumps(text) for text in bodies]
    if path.name.endswith(".tar.bz2"):
        with tarfile.open(path, "w:bz2") as archive:
            for index, text in enumerate(texts):
                member = tarfile.TarInfo(f"killmails/{index}.json")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
    else:
        text = "".join(f"{text}\n" for text in texts)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_static_data(path: Path) -> Path:
    tables = {
        "types": [{"_key": FRIGATE, "groupID": 25}, {"_key": 670, "groupID": 29}, {"_key": TRACTOR, "groupID": 1250}],
        "groups": [{"_key": 25, "categoryID": 6}, {"_key": 29, "categoryID": 6}, {"_key": 1250, "categoryID": 22}],
        "mapSolarSystems": [
            {
                "_key": system,
                "name": {"en": f"S{system % 100}"},
                "constellationID": 1,
                "regionID": 1,
                "securityStatus": 0.1,
            }
            for system in (HOME, NEXT, FAR)
        ],
        "mapStargates": [{"_key": 1, "solarSystemID": HOME, "destination": {"solarSystemID": NEXT}}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, entries in tables.items():
            archive.writestr(f"{name}.jsonl", "".join(f"{json.dumps(system)}\n" for system in entries))
    return path


def run_replay(folder: Path, *files: Path, **options: Any) -> list[IdentifiedBattle]:
    return replay(ReplayRequest(files, folder / "out", **options), Console(file=io.StringIO()))


def output(folder: Path, *files: Path, **options: Any) -> bytes:
    run_replay(folder, *files, **options)
    return (folder / "out").read_bytes()


def battles_of(folder: Path, *files: Path, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output(folder, *files, **options).splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder two levels deep, so that the static data of another test is not beside it."""
    (tmp_path / "work" / "killmails").mkdir(parents=True)
    return tmp_path / "work" / "killmails"


FIGHT = (body(1, 0, 11, [21, 22]), body(2, 60, 21, [11, 12]), body(3, 90, 12, [21]))


def test_battle_is_one_line_of_the_documented_format(folder: Path) -> None:
    (battle,) = battles_of(folder, write_killmails(folder / "a.jsonl", [*FIGHT, body(9, 50_000, 31, [41])]))
    assert list(battle) == [
        "battleId", "tier", "systemIds", "startTime", "endTime", "killmailIds", "sides", "unassigned", "links",
        "isk", "computedIsk",
    ]  # fmt: skip
    assert battle["battleId"] == new_battle_id(HOME, 1)
    assert (battle["tier"], battle["systemIds"], battle["killmailIds"]) == ("small", [HOME], [1, 2, 3])
    assert (battle["startTime"], battle["endTime"]) == ("2021-11-28T10:00:00Z", "2021-11-28T10:01:30Z")
    assert [side["sideId"] for side in battle["sides"]] == [1, 2]
    assert battle["sides"][0]["role"] == "side"
    (entity,) = battle["sides"][0]["entities"]
    assert (entity["kind"], entity["id"]) == ("alliance", 99_000_001)
    assert 0.2 <= entity["confidence"] <= 1
    assert battle["unassigned"] == []
    assert battle["links"] == [
        {"a": 1, "b": 2, "reason": "same-people"}, {"a": 2, "b": 3, "reason": "same-people"},
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.tar.bz2"])
def test_every_file_format_gives_the_same_battles(folder: Path, name: str) -> None:
    plain_file = write_killmails(folder / "b.jsonl", random_killmails())
    assert output(folder, write_killmails(folder / name, random_killmails())) == output(folder, plain_file)


def test_order_of_files_and_lines_does_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("battlescope_local.replay.hourly_buckets.MAX_UNPACKED", 30)
    monkeypatch.setattr("battlescope_local.replay.batches.MIN_BATCH_SIZE", 40)
    write_static_data(folder / ZIP)
    whole = output(folder, write_killmails(folder / "a.jsonl", random_killmails(count=180)))
    assert whole.count(b"\n") > 15
    shuffled = random_killmails(count=180)
    Random(1).shuffle(shuffled)
    halves = write_killmails(folder / "b.jsonl", shuffled[:90]), write_killmails(folder / "c.jsonl.gz", shuffled[90:])
    assert output(folder, *halves) == output(folder, *reversed(halves)) == whole


def test_repeated_killmail_is_counted_once(folder: Path) -> None:
    once = write_killmails(folder / "a.jsonl", FIGHT)
    priced = [killmail | {"zkb": {"totalValue": 5.0}} for killmail in FIGHT]
    twice = write_killmails(folder / "b.jsonl", [*FIGHT, *reversed(priced)])
    assert [battle["killmailIds"] for battle in battles_of(folder, once, twice)] == [[1, 2, 3]]
    for files in ((once, twice), (twice,)):
        assert [identified.battle.isk for identified in run_replay(folder, *files)] == [15.0]


def test_earlier_of_two_times_for_one_killmail_is_used(folder: Path) -> None:
    """No archive should contain that; if one does, the order of reading must not matter."""
    late = body(1, 40_000, 11, [21])
    for files in ([*FIGHT, late], [late, *FIGHT]):
        (battle,) = battles_of(folder, write_killmails(folder / "a.jsonl", files))
        assert battle["killmailIds"] == [1, 2, 3]


def test_invalid_lines_are_reported_and_skipped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_killmails(folder / "a.jsonl", [FIGHT[0], "{", "", "[]", FIGHT[1], {"killmail_id": 5}, FIGHT[2]])
    (battle,) = battles_of(folder, file)
    assert battle["killmailIds"] == [1, 2, 3]
    messages = capsys.readouterr().err.splitlines()
    assert [line.partition(", ")[2].partition(" is not a killmail")[0] for line in messages] == [
        "line 2",
        "line 4",
        "line 6",
    ]
    assert str(file) in messages[0]
    assert "body" in messages[2]


def test_number_of_messages_per_file_is_limited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_replay(folder, write_killmails(folder / "a.jsonl", ["no"] * 500)) == []
    messages = capsys.readouterr().err.splitlines()
    assert len(messages) == files_module.MAX_MESSAGES + 1
    assert "480 more" in messages[-1]


def test_invalid_archive_member_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    battles_of(folder, write_killmails(folder / "a.tar.bz2", [FIGHT[0], "{"]))
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
def test_unreadable_file_is_an_error(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        run_replay(folder, folder / name)
    assert not (folder / "out").exists()


def test_input_file_is_never_overwritten(folder: Path) -> None:
    file = write_killmails(folder / "out", FIGHT)
    with pytest.raises(UserError, match="one of the files"):
        run_replay(folder, file)
    with pytest.raises(UserError, match="cannot be written"):
        replay(ReplayRequest([file], folder / "nowhere" / "out"), Console(file=io.StringIO()))


def test_two_outputs_in_one_file_are_an_error(folder: Path) -> None:
    file = write_killmails(folder / "a.jsonl", FIGHT)
    (folder / "link").symlink_to(folder / "out")
    for csv_file in (folder / "out", folder / "link"):
        with pytest.raises(UserError, match="--out and --csv both name"):
            run_replay(folder, file, csv=csv_file)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("outputs", [("-", None), ("out", "-")])
def test_a_dash_is_no_output_file(folder: Path, outputs: tuple[str, str | None]) -> None:
    out, csv_file = outputs
    file = write_killmails(folder / "a.jsonl", FIGHT)
    request = ReplayRequest([file], Path(out), Path(csv_file) if csv_file else None)
    with pytest.raises(UserError, match="`-` is no output file"):
        replay(request, Console(file=io.StringIO()))


def test_rules_can_be_changed(folder: Path) -> None:
    file = write_killmails(folder / "a.jsonl", FIGHT)
    assert battles_of(folder, file, rules=["min_kills=4"]) == []
    assert battles_of(folder, file, rules=["skirmish_pilots=4", "skirmish_killmails = 2"])[0]["tier"] == "skirmish"
    assert rules_with_overrides(["window=2400", "crew_share=.5", "battle_isk=1e12"]) == DetectionRules(
        window=2400, crew_share=0.5, battle_isk=1e12
    )


@pytest.mark.parametrize(
    ("assignment", "message"),
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
def test_invalid_rule_is_rejected(folder: Path, assignment: str, message: str) -> None:
    with pytest.raises(UserError) as rejected:
        run_replay(folder, write_killmails(folder / "a.jsonl", FIGHT), rules=[assignment])
    assert message in str(rejected.value)


def test_table_marks_unknown_values(folder: Path) -> None:
    write_static_data(folder / ZIP)
    priced = [body(11, 0, 11, [21], system=FAR, zkb={"totalValue": 2.5}), body(12, 9, 21, [11], system=FAR)]
    run_replay(folder, write_killmails(folder / "a.jsonl", [*FIGHT, *priced]), csv=folder / "table.csv")
    with (folder / "table.csv").open(newline="") as table:
        first, second = csv.DictReader(table)
    assert (first["systems"], first["kills"], first["pilots"], first["minutes"]) == ("S1", "3", "4", "1.5")
    assert (first["isk"], first["mailsWithoutIsk"]) == ("", "3")
    assert (second["isk"], second["mailsWithoutIsk"], second["unassigned"]) == ("2.50", "1", "0")
    assert first["sides"] == "alliance 99000001; alliance 99000002"


def test_summary_shows_the_largest_battles(folder: Path) -> None:
    terminal_output = io.StringIO()
    write_static_data(folder / ZIP)
    file = write_killmails(folder / "a.jsonl", [*FIGHT, "{"])
    replay(ReplayRequest([file], folder / "out"), Console(file=terminal_output, width=120))
    assert "2021-11-28 10:00" in terminal_output.getvalue()
    assert "99000001 v 99000002" in terminal_output.getvalue()
    assert "unknown" in terminal_output.getvalue()
    assert "\x1b" not in terminal_output.getvalue()


def test_missing_static_data_is_reported_and_replay_continues(folder: Path) -> None:
    terminal_output = io.StringIO()
    capsule = body(4, 95, 31, [41], ship=670)
    file = write_killmails(folder / "a.jsonl", [*FIGHT, capsule])
    replay(ReplayRequest([file], folder / "out"), Console(file=terminal_output))
    assert "No static data was found" in terminal_output.getvalue()
    (battle,) = map(json.loads, (folder / "out").read_bytes().splitlines())
    assert battle["killmailIds"] == [1, 2, 3]


@pytest.mark.parametrize("location", [".", "sde", "../sde"])
def test_static_data_beside_the_files_is_found(folder: Path, location: str) -> None:
    file = write_killmails(folder / "a.jsonl", FIGHT)
    assert find_static_data(None, [file]) is None
    older, newer = (write_static_data(folder / location / name) for name in (ZIP.replace("7", "6"), ZIP))
    assert (find_static_data(None, [file]) or older).resolve() == newer.resolve()
    assert find_static_data(older, [file]) == older


def test_environment_can_name_static_data() -> None:
    assert settings.static_data_path({"BATTLESCOPE_SDE": "there.zip"}) == Path("there.zip")
    assert settings.static_data_path({}) is None


def test_static_data_decides_which_losses_count(folder: Path) -> None:
    tractors = [body(number, number, 11, [21], ship=TRACTOR) for number in (1, 2, 3)]
    file = write_killmails(folder / "a.jsonl", tractors)
    assert len(battles_of(folder, file)) == 1
    assert battles_of(folder, file, sde=write_static_data(folder.parent / "named.zip")) == []


@pytest.mark.parametrize("content", [None, b"no zip", b""])
def test_unreadable_static_data_is_an_error(folder: Path, content: bytes | None) -> None:
    wrong = folder / "wrong.zip"
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises(UserError, match=r"static data .*wrong\.zip cannot be read"):
        run_replay(folder, write_killmails(folder / "a.jsonl", FIGHT), sde=wrong)


def test_zip_without_static_data_is_an_error(folder: Path) -> None:
    with zipfile.ZipFile(folder / "wrong.zip", "w") as archive:
        archive.writestr("groups.jsonl", "{}\n")
    with pytest.raises(UserError, match="cannot be read"):
        load_universe(folder / "wrong.zip")


def expected(
    bodies: Sequence[dict[str, Any]], static_data_of_zip: StaticData, rules: DetectionRules
) -> list[dict[str, Any]]:
    """Battles by the domain alone, from all killmails at once."""
    plain_killmails = {body["killmail_id"]: parsed(body) for body in bodies}
    killmails = {
        killmail_id: build_killmail(killmail, static_data_of_zip, killmail.value or 0)
        for killmail_id, killmail in plain_killmails.items()
    }
    battles: list[dict[str, Any]] = []
    for component in cluster(killmails.values(), rules):
        members = [killmails[killmail_id] for killmail_id in component.killmail_ids]
        evidence = [
            killmail if plain_killmails[killmail.killmail_id].value is not None
            else replace(killmail, value=estimated_value(plain_killmails[killmail.killmail_id].damage_taken))
            for killmail in members
        ]  # fmt: skip
        if component.is_battle:
            values = [plain_killmails[killmail_id].value for killmail_id in component.killmail_ids]
            known = [value for value in values if value is not None]
            isk = {"isk": round(sum(known), 2) if known else None, "computedIsk": 0.0}
            battles.append(battle_json(component, members, assign(evidence)) | isk)
    return sorted(battles, key=lambda battle: (battle["startTime"], battle["battleId"]))


def battle_json(component: Component, members: Sequence[Killmail], sides: Sides) -> dict[str, Any]:
    systems = [killmail.system_id for killmail in members]
    return {
        "battleId": new_battle_id(members[0].system_id, members[0].killmail_id),
        "tier": str(component.tier),
        "systemIds": sorted(set(systems), key=lambda system: (-systems.count(system), system)),
        "startTime": iso_time(members[0]),
        "endTime": iso_time(members[-1]),
        "killmailIds": list(component.killmail_ids),
        "sides": [
            {
                "sideId": side.side_id,
                "role": str(side.role),
                "entities": [
                    {"kind": str(member.party.kind), "id": member.party.id, "confidence": member.confidence}
                    for member in side.parties
                ],
            }
            for side in sides.sides
        ],
        "unassigned": [{"kind": str(member.party.kind), "id": member.party.id} for member in sides.unassigned],
        "links": [
            {"a": link.from_killmail_id, "b": link.to_killmail_id, "reason": str(link.reason)}
            for link in component.links
        ],
    }


def iso_time(killmail: Killmail) -> str:
    return datetime.fromtimestamp(killmail.time, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("seed", range(5))
def test_battles_equal_those_of_the_live_rules(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("battlescope_local.replay.batches.MIN_BATCH_SIZE", 20)
    static_data_of_zip = load_universe(write_static_data(folder / ZIP)).static_data
    rules = DetectionRules(quiet_limit=120, max_absence=240)
    file = write_killmails(folder / "a.jsonl", random_killmails(seed))
    battles = battles_of(folder, file, rules=["quiet_limit=120", "max_absence=240"])
    assert battles == expected(random_killmails(seed), static_data_of_zip, rules)


def test_battle_ids_are_assigned_in_order_and_unique(folder: Path) -> None:
    (identified,) = run_replay(folder, write_killmails(folder / "a.jsonl", FIGHT))
    first, second = assign_ids([identified.battle, identified.battle])
    assert {first.battle_id, second.battle_id} == {
        new_battle_id(HOME, 1),
        new_battle_id(HOME, 1, frozenset({new_battle_id(HOME, 1)})),
    }


def test_buckets_are_dropped_after_reading() -> None:
    buckets = HourlyBuckets()
    buckets.add(parsed(FIGHT[0]))
    buckets.flush()
    assert [len(killmails) for killmails in buckets.drain()] == [1]
    assert list(buckets.drain()) == []


def battlescope(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "battlescope_local.cli", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_command(folder: Path) -> None:
    file = write_killmails(folder / "a.jsonl", [*FIGHT, "{"])
    zip_file = write_static_data(folder.parent / "elsewhere" / "any.zip")
    process = battlescope("replay", "--out", folder / "out", file, BATTLESCOPE_SDE=str(zip_file))
    assert process.returncode == 0, process.stderr
    assert "line 4 is not a killmail" in process.stderr
    assert str(zip_file) in process.stdout
    missing = battlescope("replay", "--out", folder / "out", folder / "missing.jsonl")
    assert missing.returncode == 2
    assert f"there is no file {folder / 'missing.jsonl'}" in missing.stderr


def test_several_processes_give_the_same_battles(folder: Path) -> None:
    file = write_killmails(folder / "a.jsonl", random_killmails())
    whole = output(folder, file)
    always_fork = f"import {workers.__name__} as workers; workers.MIN_BYTES_FOR_PROCESSES = 0"
    code = f"{always_fork}; from battlescope_local.cli import main; main()"
    command = [sys.executable, "-c", code, "replay", "--out", str(folder / "out"), str(file)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stderr
    assert (folder / "out").read_bytes() == whole


@pytest.fixture(scope="module")
def real_battles(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("real") / "battles.jsonl"
    process = battlescope("replay", "--out", out, *sorted((SHARED / "killmails").glob("everef-*.jsonl.gz")))
    assert process.returncode == 0, process.stderr
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: real killmails are not part of the project")
class TestRealDays:
    def test_battles_are_in_order_and_killmails_in_one_battle(self, real_battles: list[dict[str, Any]]) -> None:
        order = [(battle["startTime"], battle["battleId"]) for battle in real_battles]
        assert order == sorted(order)
        members = [killmail_id for battle in real_battles for killmail_id in battle["killmailIds"]]
        assert len(members) == len(set(members)) > 40_000

    @pytest.mark.parametrize(
        ("system", "start", "kills"),
        [
            ("Jorund", "28T10:21", 1105),
            ("LXQ2-T", "27T20:57", 266),
            ("UW9B-F", "30T00:26", 200),
            ("X47L-Q", "30T19:22", 174),
            ("R1O-GN", "27T08:41", 70),
            ("Elarel", "30T01:43", 174),
        ],
    )
    def test_known_fights_are_battles(
        self, real_battles: list[dict[str, Any]], system: str, start: str, kills: int
    ) -> None:
        names = load_universe(find_static_data(None, [SHARED / "killmails" / "any"])).names
        there = [battle for battle in real_battles if names[battle["systemIds"][0]] == system]
        (fight,) = [battle for battle in there if battle["startTime"].startswith(f"2021-11-{start}")]
        assert len(fight["killmailIds"]) == kills
        assert [side["role"] for side in fight["sides"][:2]] == ["side", "side"]

    def test_ships_ejected_from_a_dying_structure_are_no_battle(self, real_battles: list[dict[str, Any]]) -> None:
        names = load_universe(find_static_data(None, [SHARED / "killmails" / "any"])).names
        assert not [
            battle
            for battle in real_battles
            if names[battle["systemIds"][0]] == "J105951" and len(battle["killmailIds"]) > 50
        ]


def test_capsules_are_known_by_their_type() -> None:
    assert EMPTY_UNIVERSE.static_data.types[670] == (29, 6)
