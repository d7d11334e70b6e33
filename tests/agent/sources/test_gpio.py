"""The GPIO source over simulated chips: no fault makes it hang, none makes a wrong word."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from agent.sources.assembler import Assembler, LoneWords
from agent.sources.capture import Capture
from agent.sources.gpio import GpioPort, parse_pins
from agent.sources.port import PortError

FAKE = Path(__file__).parent / "fake_rpi"
FAULTS = ("", "unplugged", "zero", "ones", "minus-one", "stall-high", "stall-low", "torn")
SILENT = {FAULTS.index(fault) for fault in ("unplugged", "zero", "ones", "minus-one")}
BOUND_S, HANG_S = 12.0, 2.0


class Bench:
    """Chips on a port, whose faults are set while it runs."""

    def __init__(self, folder: Path, channels: int) -> None:
        self.file = folder / "chips.json"
        self.counts = [123_456 - 50_000 * channel for channel in range(channels)]
        self.faults("" for _ in range(channels))
        self.port = GpioPort("gpio:" + ",".join(f"{2 * k + 1}/{2 * k + 2}" for k in range(channels)) + "@80")
        self.capture = Capture("gpio")
        self.longest_s = 0.0

    def faults(self, faults: Iterable[str]) -> None:
        """Of the chips in order of their channels."""
        chips = {
            str(2 * k + 1): {"sck": 2 * k + 2, "counts": self.counts[k], "fault": fault}
            for k, fault in enumerate(faults)
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

    def delivered(self) -> list[int]:
        """Words by channel."""
        if not self.capture.hello:
            return [0] * len(self.counts)
        return [int(n) for n in self.capture.conversions().present.sum(axis=0)]


@pytest.fixture
def benches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Bench]]:
    monkeypatch.setenv("PYTHONPATH", f"{FAKE}:{Path(__file__).parents[3]}")
    monkeypatch.setenv("SHELF_FAKE_CHIPS", str(tmp_path / "chips.json"))
    made: list[Bench] = []

    def make(channels: int) -> Bench:
        made.append(Bench(tmp_path, channels))
        return made[-1]

    yield make
    for bench in made:
        bench.port.close()


def test_chips_that_fail_neither_hang_nor_lie_and_the_others_go_on(benches: Callable[[int], Bench]) -> None:
    """All at once: a sound chip, and one of each fault."""
    bench = benches(len(FAULTS))
    assert bench.run(lambda: min(bench.delivered()) > 10, BOUND_S)
    bench.faults(FAULTS)
    before = bench.delivered()
    bench.run(lambda: bench.capture.status is not None and bench.capture.status.faults == _bits(SILENT), BOUND_S)
    assert bench.capture.status is not None
    assert bench.capture.status.faults == _bits(SILENT)
    assert bench.run(lambda: bench.delivered()[0] > before[0] + 20, BOUND_S)
    assert bench.longest_s < HANG_S
    assert bench.capture.hello is not None and bench.capture.hello.board_id == "gpio"
    dead = bench.delivered()
    bench.faults("" for _ in FAULTS)
    assert bench.run(lambda: all(now > then + 5 for now, then in zip(bench.delivered(), dead, strict=True)), BOUND_S)
    rows = bench.capture.conversions()
    for channel, counts in enumerate(bench.counts):
        assert set(rows.counts[rows.present[:, channel], channel].tolist()) == {counts}, FAULTS[channel]


def _bits(channels: set[int]) -> int:
    return sum(1 << channel for channel in channels)


def test_a_worker_that_stands_still_is_killed_and_started_anew(benches: Callable[[int], Bench]) -> None:
    bench = benches(1)
    assert bench.run(lambda: bench.delivered()[0] > 10, BOUND_S)
    process = bench.port._workers[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert bench.run(lambda: bench.port.killed == 1, BOUND_S)
    assert process.poll() is not None
    before = bench.delivered()[0]
    assert bench.run(lambda: bench.delivered()[0] > before + 5, BOUND_S)


def test_where_there_is_no_gpio_it_says_so(tmp_path: Path) -> None:
    port = GpioPort("gpio:5/6")
    try:
        with pytest.raises(PortError, match="no GPIO"):
            end_s = time.monotonic() + BOUND_S
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


def test_who_is_still_starting_is_not_silent_and_who_never_starts_is() -> None:
    assembler, capture = Assembler(2, 80, 1, 0), Capture("gpio")
    assert assembler.identify() == b""
    told = []
    for t_us in range(0, 9_000_000, 12_500):
        if t_us > 2_000_000:
            capture.feed(assembler.add(0, t_us, t_us % 7))
        capture.feed(assembler.advance(t_us))
        told.append((capture.hello is not None, capture.status.faults if capture.status else 0))
    assert [hello for hello, _ in told].index(True) == 162  # with the second conversion
    assert {faults for _, faults in told[: 5 * 80]} == {0b00}
    assert told[-1] == (True, 0b10)
    nothing, capture = Assembler(1, 80, 1, 0), Capture("gpio")
    for t_us in range(0, 9_000_000, 12_500):
        capture.feed(nothing.advance(t_us))
    assert capture.hello is not None and capture.status is not None
    assert capture.status.faults == 0b1


def test_the_boards_clock_never_goes_back() -> None:
    assembler, capture = Assembler(2, 80, 1, 1_000), Capture("gpio")
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
