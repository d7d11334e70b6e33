"""The kernel driver's files, in a folder of one's own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent.sources.capture import Capture
from agent.sources.iio import RAW_FILE, IioPort
from agent.sources.opener import open_port
from agent.sources.port import PortError


def test_codes_are_offset_binary_and_a_chip_that_fails_is_absent(tmp_path: Path) -> None:
    for name, code in (("iio:device0", 0x800000 + 4321), ("iio:device1", 0x800000 - 99)):
        (tmp_path / name).mkdir()
        (tmp_path / name / RAW_FILE).write_text(f"{code}\n")
    port = open_port(f"iio:{tmp_path}/iio:device0,{tmp_path}/iio:device1")
    assert isinstance(port, IioPort)
    capture = Capture("iio")
    try:

        def run(until) -> bool:  # type: ignore[no-untyped-def] # a condition
            end_s = time.monotonic() + 8.0
            while time.monotonic() < end_s:
                capture.feed(port.read(0.1))
                if until():
                    return True
            return False

        assert run(lambda: capture.hello is not None and capture.conversions().present.sum(axis=0).min() > 10)
        rows = capture.conversions()
        assert set(rows.counts[rows.present[:, 0], 0].tolist()) == {4321}
        assert set(rows.counts[rows.present[:, 1], 1].tolist()) == {-99}
        (tmp_path / "iio:device0" / RAW_FILE).unlink()
        assert run(lambda: capture.status is not None and capture.status.faults == 0b01)
    finally:
        port.close()


def test_a_folder_without_a_voltage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="not there"):
        open_port(f"iio:{tmp_path}")
