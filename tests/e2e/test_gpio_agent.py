"""HX711s on the Pi's own pins, through the running agent to events: simulated chips behind a fake RPi.GPIO."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bench.faults.actors import Agent, Collector, seconds
from bench.faults.board import wait_until
from tests.e2e.conftest import Mosquitto

TREE = Path(__file__).parents[2]
FAKE = TREE / "tests" / "agent" / "sources" / "fake_rpi"
FAULTS = ("", "unplugged", "zero", "minus-one", "stall-high", "stall-low")  # of channel 0, 1, ...
SILENT = {1, 2, 3}
COUNTS_PER_GRAM, ZERO, UNIT_G, STOCK = 400.0, 20_000, 350.0, 5
BOUND_S = 15.0
HANG_S = 2.0


def store_text() -> str:
    """A bin of one cell on each chip."""
    lines = ['schema = "store/1"', "[store]", 'id = "faults"', 'currency = "EUR"', "[[item]]", 'sku = "can"']
    lines += ['name = "Can"', 'price = "1.50"', 'sold_by = "unit"', f"unit_weight_g = {UNIT_G}", "unit_sd_g = 1.8"]
    for channel in range(len(FAULTS)):
        lines += ["[[plate]]", f'id = "P{channel}"', "size_mm = [220.0, 300.0]", "max_g = 5000.0", "[[plate.cell]]"]
        lines += ['board = "gpio"', f"channel = {channel}", "x_mm = 110.0", "y_mm = 150.0", f"zero_counts = {ZERO}"]
        lines += [f"counts_per_gram = {COUNTS_PER_GRAM}", "[[plate.lane]]", 'sku = "can"', "x_mm = [0.0, 220.0]"]
        lines += [f"stock = {STOCK}"]
    return "\n".join(lines) + "\n"


class Pins:
    """An agent on simulated chips, and who listens to it. `units` by channel is what stands there."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        (folder / "store.toml").write_text(store_text())
        self._chips = folder / "chips.json"
        self.units, self.faults = [STOCK] * len(FAULTS), [""] * len(FAULTS)
        self.set()
        port = "gpio:" + ",".join(f"{2 * k + 1}/{2 * k + 2}" for k in range(len(FAULTS))) + "@80"
        self.agent = Agent(folder, folder / "store.toml", [port], broker_port)
        self.agent.environment["PYTHONPATH"] = os.pathsep.join((str(FAKE), str(TREE)))
        self.agent.environment["SHELF_FAKE_CHIPS"] = str(self._chips)
        self.collector = Collector(broker_port)
        self.told_s: list[float] = []

    def set(self) -> None:
        """Put `units` and `faults` on the chips."""
        chips = {
            str(2 * k + 1): {
                "sck": 2 * k + 2,
                "counts": round(ZERO + COUNTS_PER_GRAM * UNIT_G * units),
                "noise": 60,
                "fault": self.faults[k],
            }
            for k, units in enumerate(self.units)
        }
        part = self._chips.with_suffix(".part")
        part.write_text(json.dumps(chips))
        part.replace(self._chips)

    def channels(self, kind: str) -> set[int]:
        """Those whose silence (fault) or return (recovered) was told."""
        events = [e for e in self.collector.events if e["type"] == f"shelf.v1.{kind}"]
        return {e["data"]["channel"] for e in events if e["data"]["fault"] == "cell-silent"}

    def taken(self) -> list[tuple[str, int]]:
        """Plate and units (negative: put) of each event of goods, whether pick or change: a machine that stops for a
        second makes one of the other."""
        kinds = ("shelf.v1.pick", "shelf.v1.put", "shelf.v1.change")
        told = [event for event in self.collector.events if event["type"] in kinds]
        units = [sum(item["qty"] for item in event["data"]["items"]) for event in told]
        return [
            (event["subject"], number if event["data"]["delta_g"] < 0 else -number)
            for event, number in zip(told, units, strict=True)
        ]

    def wait(self, what: str, condition) -> None:  # type: ignore[no-untyped-def] # a condition
        assert wait_until(condition, BOUND_S), f"no {what}: {self.last()}"

    def last(self) -> object:
        """What it said last, for a test that fails."""
        return self.collector.events[-8:], self.collector.watermarks[-1:], self.agent.log.read_text()


@pytest.fixture
def pins(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Pins]:
    made = Pins(tmp_path, mosquitto.port)
    made.collector.start()
    made.agent.start()
    yield made
    made.agent.kill()
    made.collector.stop()


def test_chips_that_fail_are_faults_and_no_events_and_what_is_taken_meanwhile_is_told(pins: Pins) -> None:
    """Two things are taken: one from a sound chip beside those that fail, one from a chip that is unplugged."""
    pins.wait("measuring", pins.collector.wait_measuring)
    assert pins.collector.events == []
    first = len(pins.collector.watermarks)
    pins.faults = list(FAULTS)
    pins.set()
    pins.wait("silence of three", lambda: pins.channels("fault") == SILENT)
    assert all(e["data"]["remedy"] for e in pins.collector.events if e["type"] == "shelf.v1.fault")
    pins.units[0] -= 1
    pins.units[1] -= 2
    pins.set()
    pins.wait("pick from the sound chip", lambda: len(pins.taken()) == 1)
    assert pins.taken() == [("P0", 1)]
    pins.faults = [""] * len(FAULTS)
    pins.set()
    pins.wait("return of three", lambda: pins.channels("recovered") == SILENT)
    pins.wait("what was taken from the chip that was unplugged", lambda: len(pins.taken()) == 2)
    pins.wait("measuring", pins.collector.wait_measuring)
    assert pins.taken() == [("P0", 1), ("P1", 2)]
    made_s = [seconds(mark["recordedtime"]) for mark in pins.collector.watermarks[first:]]
    assert max(later - earlier for earlier, later in pairwise(made_s)) < HANG_S
