"""The GPIO source over simulated chips: no fault makes it hang, none makes a wrong word."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.sources.assembler import LoneWords
from agent.sources.capture import Capture
from agent.sources.gpio import GpioPort, parse_pins
from agent.sources.port import PortError

FAKE = Path(__file__).parent / "fake_rpi"
COUNTS = {5: 123_456, 13: -54_321}
START_S, BOUND_S = 12.0, 2.0


class Bench:
    """Two chips on a port, whose faults are set while it runs."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "chips.json"
        self.fault(5, "")
        self.port = GpioPort("gpio:5/6,13/19@80")
        self.capture = Capture("gpio")
        self.longest_s = 0.0

    def fault(self, dout: int, fault: str) -> None:
        chips = {
            str(pin): {"sck": sck, "counts": COUNTS[pin], "fault": fault if pin == dout else ""}
            for pin, sck in ((5, 6), (13, 19))
        }
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(chips))
        part.replace(self.file)

    def run(self, until: Callable[[], bool], within_s: float) -> bool:
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            begin_s = time.monotonic()
            self.capture.feed(self.port.read(0.1))
            self.longest_s = max(self.longest_s, time.monotonic() - begin_s)
            if until():
                return True
        return False

    def delivered(self, channel: int) -> int:
        return int(self.capture.conversions().present[:, channel].sum()) if self.capture.hello else 0


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PYTHONPATH", f"{FAKE}:{Path(__file__).parents[3]}")
    monkeypatch.setenv("SHELF_FAKE_CHIPS", str(tmp_path / "chips.json"))
    made = Bench(tmp_path)
    yield made
    made.port.close()


@pytest.mark.parametrize("fault", ["unplugged", "zero", "ones", "minus-one", "stall-high", "stall-low", "torn"])
def test_a_chip_that_fails_neither_hangs_nor_lies_and_the_other_goes_on(bench: Bench, fault: str) -> None:
    assert bench.run(lambda: bench.delivered(0) > 10 and bench.delivered(1) > 10, START_S)
    bench.fault(5, fault)
    other = bench.delivered(1)
    bench.run(lambda: False, BOUND_S + 0.5)
    assert bench.delivered(1) > other + 20
    rows = bench.capture.conversions()
    assert set(rows.counts[rows.present[:, 0], 0].tolist()) == {COUNTS[5]}
    assert set(rows.counts[rows.present[:, 1], 1].tolist()) == {COUNTS[13]}
    assert bench.longest_s < BOUND_S
    assert bench.capture.hello is not None and bench.capture.hello.board_id == "gpio"
    if fault in ("unplugged", "zero", "ones", "minus-one"):
        assert bench.capture.status is not None
        assert bench.capture.status.faults == 0b01
    if fault in ("unplugged", "zero"):
        dead = bench.delivered(0)
        bench.fault(5, "")
        assert bench.run(lambda: bench.delivered(0) > dead + 5, START_S)


def test_a_worker_that_stands_still_is_killed_and_started_anew(bench: Bench) -> None:
    import os
    import signal

    assert bench.run(lambda: bench.delivered(0) > 10, START_S)
    process = bench.port._workers[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert bench.run(lambda: bench.port.killed == 1, BOUND_S)
    assert process.poll() is not None
    before = bench.delivered(0)
    assert bench.run(lambda: bench.delivered(0) > before + 5, START_S)


def test_where_there_is_no_gpio_it_says_so(tmp_path: Path) -> None:
    port = GpioPort("gpio:5/6")
    try:
        with pytest.raises(PortError, match="no GPIO"):
            end_s = time.monotonic() + START_S
            while time.monotonic() < end_s:
                port.read(0.1)
    finally:
        port.close()


@pytest.mark.parametrize("path", ["gpio:", "gpio:5", "gpio:5/5", "gpio:5/6,6/7", "gpio:28/1", "gpio:5/6@20"])
def test_pins_that_cannot_be_are_refused(path: str) -> None:
    with pytest.raises(PortError):
        parse_pins(path)


def test_only_a_lone_wild_word_is_dropped() -> None:
    def through(counts: list[int]) -> list[int]:
        words = LoneWords()
        return [taken[1] for n, c in enumerate([*counts, counts[-1]]) if (taken := words.take(n, c)) is not None]

    assert through([10, 11, 900_000, 12, 10]) == [10, 11, 12, 10]
    assert through([10, 11, 900_000, 900_010, 900_020]) == [10, 11, 900_000, 900_010, 900_020]
    assert through([10, 20, 15, 3000, 12]) == [10, 20, 15, 3000, 12]


def test_the_boards_clock_never_goes_back() -> None:
    from agent.sources.assembler import Assembler

    assembler, capture = Assembler(2, 80, 1, 1_000), Capture("gpio")
    capture.feed(b"\x00" + assembler.hello())
    for n in range(200):
        t_us = 2_000 + 12_500 * n
        late = 11_000 if n % 7 else -9_000
        for channel, at_us in ((0, t_us), (1, t_us + late)):
            capture.feed(assembler.add(channel, at_us, 5))
        capture.feed(assembler.advance(t_us + 12_000))
    t_s = capture.conversions().t_s
    assert len(t_s) > 150
    assert (t_s[1:] >= t_s[:-1]).all()
    assert t_s[-1] - t_s[0] < 3.0
