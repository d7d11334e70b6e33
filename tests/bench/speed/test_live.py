"""Live runs, stopped before their time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.faults.board import wait_until

PARTS = 3  # broker, player and agent
PATIENCE_S = 60.0
needs_broker = pytest.mark.skipif(shutil.which("mosquitto") is None, reason="mosquitto is not installed")


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text(encoding="ascii")


@needs_broker
def test_a_live_run_that_is_told_to_stop_leaves_nothing_running() -> None:
    words = [sys.executable, "-m", "bench.speed", "--only", "live", "--runs", "1", "--minutes", "1"]
    bench = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    parts: list[int] = []
    try:
        assert wait_until(lambda: len(children(bench.pid)) >= PARTS, PATIENCE_S)
        parts = children(bench.pid)
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(PATIENCE_S) == 128 + signal.SIGTERM
        assert wait_until(lambda: not any(runs(pid) for pid in parts), PATIENCE_S)
    finally:
        bench.kill()
        bench.wait()
        for pid in parts:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
