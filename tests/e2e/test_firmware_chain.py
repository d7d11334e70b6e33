"""Physics -> simulated chips -> compiled firmware -> pty -> agent -> mosquitto -> resolver: a right receipt."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.faults.actors import program
from tests.e2e.conftest import Mosquitto, free_port
from tests.firmware.simboard import build, build_sim

SHOPPING_S = 20
BOUND_S = 120


@pytest.mark.realtime  # two simulators keep step with the clock
def test_receipts_are_right_through_the_compiled_firmware(tmp_path: Path, mosquitto: Mosquitto) -> None:
    if not shutil.which("avr-gcc"):
        pytest.skip("avr-gcc is missing; `make test-packages` installs it")
    build()
    build_sim()
    kept = tmp_path / "kept"
    words = [
        program("shelf-bench"), "demo", "--board", "simavr", "--for", f"{SHOPPING_S}s", "--seed", "1",
        "--broker", mosquitto.url, "--listen", f"127.0.0.1:{free_port()}", "--keep", str(kept),
    ]  # fmt: skip
    demo = subprocess.run(words, capture_output=True, text=True, timeout=BOUND_S, check=False)
    said = f"{demo.stdout}\n{demo.stderr}"
    counted = re.search(r"(\d+) receipts: (\d+) right, (\d+) wrong", said)
    assert counted, said
    receipts, right, wrong = map(int, counted.groups())
    assert receipts - wrong == right >= 1, said
    assert demo.returncode == (1 if wrong else 0), said
    doubted = len(re.findall(r"has left; receipt .*WRONG, for review", said))
    assert wrong == doubted, said  # a doubt that is told may turn out either way
    assert "simavr, on ptys" in said
