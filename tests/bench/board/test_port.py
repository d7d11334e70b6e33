"""The pty port: in use or not, bytes both ways, its link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import serial

from bench.board.port import PortPathError, PtyPort


def test_bytes_go_both_ways_and_a_close_is_seen() -> None:
    port = PtyPort()
    try:
        assert not port.in_use
        with serial.Serial(port.path, 500_000, timeout=2.0, exclusive=True) as host:
            assert port.in_use
            assert port.write(b"\x00\x01\r\n\x03\xff")  # no byte means anything to the line
            assert host.read(6) == b"\x00\x01\r\n\x03\xff"
            host.write(b"\x11\x13\x00")
            host.flush()
            assert port.read() == b"\x11\x13\x00"
        assert not port.in_use
        assert port.read() == b""
    finally:
        port.close()


def test_a_host_that_does_not_read_loses_bytes_and_never_blocks() -> None:
    port = PtyPort()
    try:
        with serial.Serial(port.path, 500_000):
            assert not all(port.write(b"x" * 4096) for _ in range(100))
    finally:
        port.close()


def test_the_link_comes_and_goes(tmp_path: Path) -> None:
    link = tmp_path / "board"
    port = PtyPort(link)
    assert port.path == str(link)
    assert os.path.realpath(link).startswith("/dev/")
    port.close()
    port.close()
    assert not link.is_symlink()


def test_a_dead_link_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.symlink_to("/dev/pts/9999")
    PtyPort(link).close()
    link.write_text("mine")
    with pytest.raises(PortPathError, match="board: file exists"):
        PtyPort(link)
    assert link.read_text() == "mine"
