"""`battlescope value` and `battlescope replay --prices`: values by a folder of market history files."""

import bz2
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from battlescope_local.devtools.project import ROOT
from battlescope_local.errors import UserError
from battlescope_local.replay.command import ReplayRequest, replay
from battlescope_local.valuation.command import killmail_id_of, print_values_by_folder

HULL, MODULE, AMMUNITION, UNTRADED = 587, 34, 35, 36
ITEMS = [
    {"item_type_id": MODULE, "flag": 11, "quantity_destroyed": 1, "singleton": 0},
    {"item_type_id": AMMUNITION, "flag": 5, "quantity_dropped": 1000, "singleton": 0,
     "items": [{"item_type_id": MODULE, "flag": 5, "quantity_dropped": 2, "singleton": 2}]},
    {"item_type_id": UNTRADED, "flag": 5, "quantity_destroyed": 1, "singleton": 0},
]  # fmt: skip


def killmail(killmail_id: int, minute: int, **more: Any) -> dict[str, Any]:
    pilots = [{"character_id": 90000000 + n, "corporation_id": 98000001, "final_blow": n == 0, "damage_done": 5}
              for n in range(5)]  # fmt: skip
    return {
        "killmail_id": killmail_id,
        "killmail_time": f"2026-07-23T19:{minute:02d}:00Z",
        "solar_system_id": 30000001,
        "victim": {"character_id": 91000000 + killmail_id, "corporation_id": 98000002, "ship_type_id": HULL,
                   "damage_taken": 9, "items": ITEMS},
        "attackers": pilots,
    } | more  # fmt: skip


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Forty days of three traded types; one file is broken."""
    folder = tmp_path / "prices"
    for day in [*(f"2026-06-{n:02d}" for n in range(10, 31)), *(f"2026-07-{n:02d}" for n in range(1, 23))]:
        path = folder / day[:4] / f"market-history-{day}.csv.bz2"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{price},{day},1,1,1,9,10000002,{type_id}" for type_id, price in
                ((HULL, 400_000), (MODULE, "12345.67"), (AMMUNITION, 5))]  # fmt: skip
        text = "\n".join(["average,date,highest,lowest,order_count,volume,region_id,type_id", *rows, ""])
        path.write_bytes(bz2.compress(text.encode()))
    (folder / "2026" / "market-history-2026-07-10.csv.bz2").write_bytes(b"broken")
    return folder


@pytest.fixture
def killmails(tmp_path: Path) -> Path:
    path = tmp_path / "killmails.jsonl"
    zkb = {"totalValue": 7_000_000, "fittedValue": 6_000_000, "droppedValue": 1_000_000, "destroyedValue": 6_000_000}
    bodies = [killmail(130000001, 1), killmail(130000002, 2), killmail(130000003, 3, zkb=zkb),
              killmail(130000004, 4, zkb={"totalValue": 0})]  # fmt: skip
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return path


VALUE = 400_000 + 12345.67 + 5000 + 0.02 + 0.01


def replayed(killmails: Path, prices: Path | None, tmp_path: Path) -> dict[str, Any]:
    out = tmp_path / "battles.jsonl"
    replay(ReplayRequest([killmails], out, prices=prices), Console(width=80, quiet=True))
    (line,) = out.read_text().splitlines()
    return json.loads(line)


def test_replay_values_what_zkillboard_does_not(killmails: Path, prices: Path, tmp_path: Path) -> None:
    without, valued = replayed(killmails, None, tmp_path), replayed(killmails, prices, tmp_path)
    assert (without["isk"], without["computedIsk"]) == (7_000_000, 0)
    assert (valued["isk"], valued["computedIsk"]) == (round(7_000_000 + 3 * VALUE, 2), round(3 * VALUE, 2))
    assert valued["killmailIds"] == without["killmailIds"]


def test_values_fit_eighty_columns_and_name_price_day_and_rule(
    killmails: Path, prices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_values_by_folder(killmails, prices, None)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines if not line.startswith("battlescope:"))
    table = next(line for line in lines if line.split()[:3] == ["1,000", "type", "35"])
    assert table.split() == ["1,000", "type", "35", "D", "5.00", "market", "07-22", "5,000.00"]
    assert any("· type 34 (copy)" in line and "none" in line for line in lines)
    assert "Without a price: type 36." in lines
    totals = [line.split() for line in lines if line.startswith("total")]
    assert totals[0] == ["total", f"{VALUE:,.2f}"]
    assert totals[2] == ["total", f"{VALUE:,.2f}", "7,000,000.00"]
    assert "zKillboard's value is shown." in lines
    assert "zKillboard's value is refused: the computed one is shown." in lines
    assert any("2026-07-10" in line for line in lines)


def test_document_shows_the_output_as_it_is(tmp_path: Path, prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zkb = {"totalValue": 7_000_000, "fittedValue": 6_000_000, "droppedValue": 1_000_000, "destroyedValue": 6_000_000}
    path = tmp_path / "loss.jsonl"
    path.write_text(json.dumps(killmail(130000001, 1, zkb=zkb)) + "\n")
    print_values_by_folder(path, prices, None)
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("battlescope:")]
    assert "\n".join(lines).strip() in (ROOT / "docs" / "values.md").read_text()


def test_day_before_the_folder_has_no_prices(tmp_path: Path, prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps(killmail(1, 1) | {"killmail_time": "2020-01-01T00:00:00Z"}))
    print_values_by_folder(path, prices, None)
    assert "No prices are loaded for 2020-01-01." in capsys.readouterr().out


def test_folder_without_prices_is_an_error(tmp_path: Path, killmails: Path) -> None:
    with pytest.raises(UserError, match="no folder"):
        print_values_by_folder(killmails, tmp_path / "missing", None)
    with pytest.raises(UserError, match="has no prices"):
        print_values_by_folder(killmails, tmp_path, None)


def test_line_that_is_no_killmail_is_an_error(tmp_path: Path, prices: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("{}")
    with pytest.raises(UserError, match="line 1 is not a killmail"):
        print_values_by_folder(path, prices, None)


@pytest.mark.parametrize(("text", "killmail_id"), [("137202920", 137202920), ("x", None), ("-3", None), ("²", None)])
def test_id_of_a_killmail(text: str, killmail_id: int | None) -> None:
    assert killmail_id_of(text) == killmail_id
