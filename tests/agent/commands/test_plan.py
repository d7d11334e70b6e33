"""`shelf-agent plan` as people use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.commands import main

STORE = """\
schema = "store/1"
[store]
id = "demo"
currency = "EUR"
"""
ITEM = '[[item]]\nsku = "{0}"\nname = "{1}"\nprice = "1.00"\nsold_by = "unit"\nunit_weight_g = {2}\nunit_sd_g = 2.0\n'
PLATE = """\
[[plate]]
id = "{0}"
size_mm = [220.0, 300.0]
max_g = 5000.0
[[plate.cell]]
board = "b000000000000001"
channel = {1}
x_mm = 110.0
y_mm = 150.0
zero_counts = 0
counts_per_gram = 429.0
"""
LANE = '[[plate.lane]]\nsku = "{0}"\nx_mm = [{1}, {2}]\nstock = 2\n'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Twins on one bin of one cell, two others on the next."""
    text = STORE + ITEM.format("cola", "Cola", 350.0) + ITEM.format("zero", "Cola Zero", 350.5)
    text += ITEM.format("rice", "Rice", 1_010.0) + ITEM.format("salt", "Salt", 505.0)
    text += PLATE.format("B1", 0) + LANE.format("cola", 0.0, 110.0) + LANE.format("zero", 110.0, 220.0)
    text += PLATE.format("B2", 1) + LANE.format("rice", 0.0, 110.0) + LANE.format("salt", 110.0, 220.0)
    path = tmp_path / "shop.toml"
    path.write_text(text)
    return path


def test_one_line_for_each_confusion_with_a_better_placing(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--store", str(store)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    head, first, *rest = said.out.splitlines()
    assert head.split() == ["PLATE", "MOVEMENT", "ONE", "OR", "THE", "OTHER", "ERROR", "OF", "TAKES", "BETTER"]
    assert first.startswith("B1     take      1 x Cola")
    assert "1 x Cola Zero" in first
    assert "swap" in first
    assert "below 0.01 %" in first
    assert any("1 x Rice" in line and "2 x Salt" in line for line in rest)


def test_json_holds_the_same_with_probabilities(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--store", str(store), "--json", "--rate", "10"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["store"], document["rate_hz"], document["least"]) == ("demo", 10, 0.01)
    assert len(document["store_revision"]) == 12
    first = document["confusions"][0]
    assert (first["plate"], first["movement"]) == ("B1", "take")
    assert [first["one"], first["other"]] == [[{"sku": "cola", "qty": 1}], [{"sku": "zero", "qty": 1}]]
    assert 0.4 < first["error"] <= 0.5
    assert 0 < first["share_of_takes"] < 0.5
    assert {spot["plate"] for spot in first["better"]["swap"]} == {"B1", "B2"}
    puts = [row for row in document["confusions"] if row["movement"] == "put"]
    assert puts
    assert all(row["share_of_takes"] is None for row in puts)


def test_a_store_without_doubt_says_so(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store.write_text(store.read_text().replace("350.5", "420.0").replace("1010.0", "1450.0"))
    assert main(["plan", "--store", str(store)]) == 0
    assert capsys.readouterr().out == "no two movements are confused with a probability of 1.0 % or more\n"


def test_a_store_file_with_an_error_is_refused_in_one_line(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store.write_text(store.read_text().replace("350.5", "-1.0"))
    assert main(["plan", "--store", str(store)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "unit_weight_g" in said.err


@pytest.mark.parametrize("arguments", [["--least", "0"], ["--least", "x"], ["--least", "0.6"], ["--rate", "20"]])
def test_wrong_usage_exits_2(arguments: list[str], store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["plan", "--store", str(store), *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_store_named_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SHELF_AGENT_STORE", raising=False)
    assert main(["plan"]) == 2
    assert "--store" in capsys.readouterr().err
