"""The tool that gives a board its id, at a running board."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.firmware.simboard import FIRMWARE, RealTimeBoard, SimBoard

TOOL = FIRMWARE / "set_board_id.py"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, TOOL, *words], capture_output=True, text=True, timeout=30, check=False)


def test_a_board_gets_its_id_and_another_one(board: SimBoard) -> None:
    with RealTimeBoard(board) as real_time:
        first = _run(real_time.port, "B000000000000001")
        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout == f"{real_time.port}: had no id, is b000000000000001\n"
        second = _run(real_time.port, "b000000000000002")
        assert second.stdout == f"{real_time.port}: was b000000000000001, is b000000000000002\n"


@pytest.mark.parametrize("board_id", ["b0", "b00000000000000x", "ff" * 8, "00" * 8, ""])
def test_what_is_no_id_is_refused(board_id: str) -> None:
    refused = _run("/dev/null", board_id)
    assert refused.returncode == 2
    assert "16 hex digits" in refused.stderr


def test_a_port_that_is_not_there_is_told_in_one_line() -> None:
    failed = _run("/dev/ttyNOPE", "b000000000000001")
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
