"""The port reader, on ports that break as the test wants."""

from __future__ import annotations

import errno
import os
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.sources.finder import PortFinder
from agent.sources.port import DENIED, GONE, TAKEN, PortError, SerialPort, port_error
from agent.sources.reader import PortReader
from agent.wire import identify, seal

BOUND_S = 10.0
HELLO = seal(bytes.fromhex("01 01 b000000000000001 010000 08 80 50 01 0100".replace(" ", "")))
SAMPLE = seal(bytes.fromhex("02 0100 00000000 01 010203".replace(" ", "")))


class Sink:
    def __init__(self) -> None:
        self.data = b""
        self.faults: list[tuple[str, bool]] = []

    def bytes_came(self, source: str, data: bytes) -> None:
        self.data += data

    def port_fault(self, source: str, fault: str, remedy: str) -> None:
        assert remedy
        self.faults.append((fault, False))

    def port_recovered(self, source: str, fault: str) -> None:
        self.faults.append((fault, True))


class FakePort:
    """Gives what the test puts in; breaks where it says."""

    def __init__(self) -> None:
        self.incoming: list[bytes] = []
        self.written: list[bytes] = []
        self.broken = False
        self.closed = threading.Event()

    def read(self, timeout_s: float) -> bytes:
        if self.broken:
            raise port_error("fake", OSError(errno.EIO, ""))
        if self.incoming:
            return self.incoming.pop(0)
        time.sleep(0.001)
        return b""

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed.set()


class SteppedPort(FakePort):
    """Each reading takes a tenth of a second of its own clock, and gives `answer`."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer, self.now_s, self.reads = answer, 0.0, 0

    def read(self, timeout_s: float) -> bytes:
        self.now_s += 0.1
        self.reads += 1
        time.sleep(0.0001)
        return self.answer


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.001)


def test_a_port_that_goes_and_comes_back_is_one_fault_and_one_recovery() -> None:
    ports, sink = [FakePort()], Sink()
    there = True

    def opener(path: str) -> FakePort:
        if not there:
            raise port_error(path, OSError(errno.ENOENT, ""))
        return ports[-1]

    reader = PortReader("fake", sink, opener)
    reader.start()
    ports[0].incoming.append(SAMPLE)
    wait(lambda: sink.data == SAMPLE)
    there, ports[0].broken = False, True
    ports.append(FakePort())
    wait(lambda: sink.faults == [(GONE, False)])
    there = True
    ports[-1].incoming.append(SAMPLE)
    wait(lambda: sink.faults == [(GONE, False), (GONE, True)])
    assert sink.data == SAMPLE * 2
    reader.stop()
    reader.join(BOUND_S)
    assert ports[-1].closed.is_set()


def test_a_silent_board_is_asked_every_second_and_its_port_opened_again_after_five() -> None:
    port = SteppedPort(b"")
    reader = PortReader("fake", Sink(), lambda _: port, now_s=lambda: port.now_s)
    reader.start()
    wait(port.closed.is_set)
    assert 50 <= port.reads <= 53
    assert port.written.count(identify()) in (4, 5)
    reader.stop()


def test_a_board_that_talks_is_not_disturbed() -> None:
    port = SteppedPort(SAMPLE)
    reader = PortReader("fake", Sink(), lambda _: port, now_s=lambda: port.now_s)
    reader.start()
    wait(lambda: port.reads > 300)
    assert port.written == [identify()]
    assert not port.closed.is_set()
    reader.stop()


def test_a_found_port_counts_only_with_a_hello_and_what_came_before_is_kept() -> None:
    port, sink = FakePort(), Sink()
    reader = PortReader("fake", sink, lambda _: port, probing=True)
    reader.start()
    port.incoming.append(SAMPLE)
    wait(lambda: not port.incoming)
    assert sink.data == b"" and not reader.is_board
    port.incoming.append(b"\x00" + HELLO)
    wait(lambda: reader.is_board)
    wait(lambda: sink.data == SAMPLE + b"\x00" + HELLO)
    reader.stop()


def test_the_finder_leaves_what_is_no_board_and_takes_what_comes() -> None:
    now = 0.0
    there = ["modem"]
    ports = {"modem": FakePort(), "board": FakePort()}
    sink = Sink()
    finder = PortFinder(sink, lambda path: ports[path], lambda: there, lambda: now)
    finder.turn()
    ports["modem"].broken = True
    wait(lambda: finder.readers[0].finished)
    there.append("board")
    ports["board"].incoming.append(b"\x00" + HELLO)
    now = 3.0
    finder.turn()
    wait(lambda: [reader.path for reader in finder.readers if reader.is_board] == ["board"])
    assert sink.faults == []
    there.clear()
    now = 6.0
    finder.turn()
    now = 20.0
    finder.turn()
    assert finder.readers == []


@pytest.mark.parametrize(
    ("number", "fault"),
    [(errno.ENOENT, GONE), (errno.EACCES, DENIED), (errno.EBUSY, TAKEN), (errno.EAGAIN, TAKEN), (errno.EIO, GONE)],
)
def test_what_the_system_says_becomes_a_fault_with_a_remedy(number: int, fault: str) -> None:
    error = port_error("/dev/x", OSError(number, "text"))
    assert error.fault == fault
    assert error.remedy
    assert "/dev/x" in str(error)


def test_a_real_pty_is_read_at_once_and_held_alone(tmp_path: Path) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    port = SerialPort(path)
    os.write(master, b"abc")
    assert port.read(1.0) == b"abc"
    assert port.read(0.0) == b""
    port.write(b"xyz")
    assert os.read(master, 10) == b"xyz"
    with pytest.raises(PortError) as caught:
        SerialPort(path)
    assert caught.value.fault == TAKEN
    os.close(slave)
    os.close(master)
    with pytest.raises(PortError) as caught:
        port.read(1.0)
    assert caught.value.fault == GONE
    port.close()


def test_ports_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(PortError) as caught:
        SerialPort(str(tmp_path / "none"))
    assert caught.value.fault == GONE
    (tmp_path / "file").write_text("")
    with pytest.raises(PortError):
        SerialPort(str(tmp_path / "file"))
