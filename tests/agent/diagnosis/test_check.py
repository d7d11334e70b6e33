"""Twelve planted faults are each named with a remedy; a sound shelf gives no alarm."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from agent.diagnosis import DiagnosisParameters, Finding, Press, PressWatch, diagnose_walk
from agent.diagnosis.findings import REMEDIES
from agent.sources.capture import Capture
from agent.sources.port import GONE, PortError
from agent.wire import seal
from bench.board.chips import Conversion
from bench.demo.store import BOARDS
from tests.agent.diagnosis.shelves import Bend, Shop4, hum, only, with_counts

CHANNEL = 1


def codes(findings: list[Finding]) -> list[str]:
    return sorted({finding.code for finding in findings if finding.severity == "problem"})


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("room", ["default", "harsh"])
def test_no_false_alarm_on_a_sound_shelf(tmp_path: Path, seed: int, room: str) -> None:
    shop = Shop4(tmp_path, seed, room)
    assert shop.diagnose(shop.listen()) == []


def _loose() -> Bend:
    rng = random.Random(5)
    away = {"until": 0.0}

    def change(c: Conversion) -> list[Conversion]:
        if rng.random() < 0.01:
            away["until"] = c.t + rng.uniform(0.05, 0.3)
        if c.t < away["until"]:
            return [with_counts(c, rng.choice([0x7FFFFF, -0x800000, rng.randint(-(2**22), 2**22)]))]
        return [c]

    return only(CHANNEL, change)


def _every_eighth() -> Bend:
    seen = {"n": 0}

    def change(c: Conversion) -> list[Conversion]:
        seen["n"] += 1
        return [c] if seen["n"] % 8 == 0 else []

    return only(CHANNEL, change)


def _swapped(c: Conversion) -> list[Conversion]:
    return [dataclasses.replace(c, channel={0: 1, 1: 0}.get(c.channel, c.channel))]


_REVERSED: Bend = only(CHANNEL, lambda c: [c if c.counts is None else with_counts(c, -c.counts)])


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (only(CHANNEL, lambda _: []), "unplugged"),
        (only(CHANNEL, lambda c: [with_counts(c, 123_456)]), "stuck"),
        (only(CHANNEL, lambda c: [with_counts(c, 0x7FFFFF)]), "saturated"),
        (only(CHANNEL, lambda c: [with_counts(c, -0x800000)]), "saturated"),
        (hum(CHANNEL, 50.0, 1500.0), "mains-hum"),
        (hum(CHANNEL, 60.0, 1500.0), "mains-hum"),
        (_loose(), "loose-cable"),
        (_every_eighth(), "wrong-rate"),
    ],
    ids=["unplugged", "stuck", "saturated-high", "saturated-low", "hum-50", "hum-60", "loose", "rate"],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_fault_between_cell_and_board_is_named(tmp_path: Path, seed: int, bend: Bend, code: str) -> None:
    shop = Shop4(tmp_path, seed)
    findings = shop.diagnose(shop.listen(bend))
    assert codes(findings) == [code]
    finding = next(f for f in findings if f.code == code)
    assert f"channel {CHANNEL}" in finding.where + finding.verdict
    assert finding.remedy


@pytest.mark.parametrize("seed", [1, 2])
def test_a_swapped_pair_under_an_uneven_load_is_named(tmp_path: Path, seed: int) -> None:
    shop = Shop4(tmp_path, seed)
    findings = shop.diagnose(shop.listen(_swapped, BOARDS[1]))
    assert codes(findings) == ["swapped"]
    assert findings[0].where == "plate P3"
    assert "channel 0 " in findings[0].verdict and "channel 1 " in findings[0].verdict


@pytest.mark.parametrize("seed", [1, 2])
def test_a_reversed_cell_is_named(tmp_path: Path, seed: int) -> None:
    shop = Shop4(tmp_path, seed)
    findings = shop.diagnose(shop.listen(_REVERSED))
    assert codes(findings) == ["reversed"]
    assert f"channel {CHANNEL} " in findings[0].verdict


def test_a_supply_of_3_volts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.board.board.SUPPLY_MV", 3300)
    shop = Shop4(tmp_path, 1)
    findings = shop.diagnose(shop.listen())
    assert codes(findings) == ["supply-low"]
    assert "3.30 V" in findings[0].verdict
    assert "5 V" in findings[0].remedy


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "dead-board"),
        (seal(bytes([0x01, 2]) + bytes.fromhex(BOARDS[0]) + b"\x00\x01\x02"), "wrong-protocol"),
        (b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M*47\r\n" * 40, "wrong-port"),
    ],
    ids=["dead-board", "wrong-protocol", "wrong-port"],
)
def test_what_is_behind_a_port(tmp_path: Path, data: bytes, code: str) -> None:
    shop = Shop4(tmp_path, 1)
    captures = shop.listen()
    captures[0] = Capture("/dev/ttyUSB0")
    captures[0].feed(data)
    findings = shop.diagnose(captures)
    assert codes(findings) == [code]
    assert findings[0].where == "port /dev/ttyUSB0"


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    shop = Shop4(tmp_path, 1)
    captures = shop.listen()
    captures[0] = Capture("/dev/nope")
    captures[0].error = PortError(GONE, "/dev/nope", "not there", "plug it in")
    findings = shop.diagnose(captures)
    assert codes(findings) == [GONE]
    assert findings[0].remedy == "plug it in"


def test_boards_that_are_unknown_missing_and_twice(tmp_path: Path) -> None:
    shop = Shop4(tmp_path, 1)
    captures = shop.listen()
    assert codes(shop.diagnose(captures[:1])) == ["board-missing"]
    assert "duplicate-board" in codes(shop.diagnose([captures[0], captures[1], captures[0]]))
    assert codes(shop.diagnose([])) == ["no-ports"]
    other = Shop4(tmp_path, 2)
    other.boards[BOARDS[0]].board_id = bytes(8)
    assert "board-id-unset" in codes(other.diagnose(other.listen()))


def test_an_empty_shelf_that_should_be_full_is_a_remark_only(tmp_path: Path) -> None:
    shop = Shop4(tmp_path, 1)
    captures = shop.listen()
    nothing: dict[str, dict[str, int]] = {plate: {} for plate in shop.store.plates}
    findings = shop.diagnose(captures, nothing)
    assert codes(findings) == []
    assert {finding.code for finding in findings} == {"weight-unlike-stock"}


def test_every_code_has_its_remedy() -> None:
    assert all(len(remedy) > 20 for remedy in REMEDIES.values())


def test_the_walk_names_swapped_reversed_and_dead_cells(tmp_path: Path) -> None:
    plate = Shop4(tmp_path, 1).store.plates["P1"]
    near, far = 800.0, 100.0

    def gains(at: int) -> list[float]:
        return [near if cell == at else far for cell in range(4)]

    import numpy as np

    def walk(change) -> list[Finding]:  # type: ignore[no-untyped-def] # a row of grams to another
        return diagnose_walk(plate, [Press(np.array(change(gains(at)))) for at in range(4)])

    assert walk(lambda row: row) == []
    assert codes(walk(lambda row: [row[1], row[0], row[2], row[3]])) == ["swapped"]
    assert codes(walk(lambda row: [row[0], row[1], -row[2], row[3]])) == ["reversed"]
    assert codes(walk(lambda row: [row[0], row[1], row[2], 0.0])) == ["dead-cell"]


def test_a_press_is_what_lasts_and_ends() -> None:
    import numpy as np

    parameters = DiagnosisParameters()
    watch = PressWatch(4, parameters)
    rng = np.random.default_rng(1)
    load = np.zeros(800)
    load[160:168] = 2000.0  # a knock of a tenth of a second
    load[320:480] = 1200.0
    t_s = np.arange(800) / 80.0
    rows = np.outer(load, [0.7, 0.1, 0.1, 0.1]) + rng.normal(0, 0.4, (800, 4))
    found = [press for k in range(0, 800, 8) for press in watch.feed(t_s[k : k + 8], rows[k : k + 8])]
    assert len(found) == 1
    assert found[0].grams[0] == pytest.approx(840.0, abs=5.0)
