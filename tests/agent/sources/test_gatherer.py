"""One thread for all ports that work: bytes of each to its own reader, and what breaks breaks alone."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Callable

import pytest

from agent.sources.gatherer import EARLY_S, Gatherer, PromptPort
from agent.sources.port import GONE, Port, SerialPort
from agent.sources.reader import PortReader
from agent.wire import seal

BOUND_S = 10.0
SAMPLE = seal(bytes.fromhex("02 0100 00000000 01 010203".replace(" ", "")))


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.001)


class Sink:
    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.faults: list[tuple[str, str, bool]] = []

    def bytes_came(self, source: str, data: bytes) -> None:
        self.data[source] = self.data.get(source, b"") + data

    def port_fault(self, source: str, fault: str, remedy: str) -> None:
        self.faults.append((source, fault, False))

    def port_recovered(self, source: str, fault: str) -> None:
        self.faults.append((source, fault, True))


def test_many_ptys_are_read_by_one_thread_and_one_that_hangs_up_is_its_own_fault() -> None:
    pairs = [os.openpty() for _ in range(5)]
    for _, slave in pairs:
        tty.setraw(slave)
    names = [os.ttyname(slave) for _, slave in pairs]
    sink, gatherer = Sink(), Gatherer(0.002)
    readers = [PortReader(name, sink, SerialPort, gatherer=gatherer) for name in names]
    for reader in readers:
        reader.start()
    for master, slave in pairs:
        assert os.read(master, 100)  # it was asked who it is
        os.close(slave)
    for master, _ in pairs:
        os.write(master, SAMPLE)
    wait(lambda: len(sink.data) == len(pairs))
    assert sum(thread.name == "ports" for thread in threading.enumerate()) == 1
    os.close(pairs[0][0])
    wait(lambda: (names[0], GONE, False) in sink.faults)
    for master, _ in pairs[1:]:
        os.write(master, SAMPLE)
    wait(lambda: all(sink.data[name] == 2 * SAMPLE for name in names[1:]))
    assert {source for source, _, _ in sink.faults} == {names[0]}
    for reader in readers:
        reader.stop()
    wait(lambda: all(reader.finished for reader in readers))
    wait(lambda: not any(thread.name == "ports" for thread in threading.enumerate()))
    for master, _ in pairs[1:]:
        os.close(master)


class Broken(PromptPort):
    def read(self, timeout_s: float) -> bytes:
        return b""

    def read_now(self) -> bytes:
        raise RuntimeError("a fault of our own")

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Who:
    def take_in(self, port: Port, data: bytes) -> bool:
        return True


def test_what_is_nobodys_fault_but_ours_is_raised_where_the_port_is_served() -> None:
    with pytest.raises(RuntimeError, match="of our own"):
        Gatherer(0.002).serve(Who(), Broken())


class Still(Broken):
    """A port that gives a byte whenever it is read, and may hang in it."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def read_now(self) -> bytes:
        self.free.wait(BOUND_S)
        return b"x"


class Counting(Who):
    def __init__(self) -> None:
        self.read = 0
        self.enough = False

    def take_in(self, port: Port, data: bytes) -> bool:
        self.read += len(data)
        return not self.enough


def test_ports_are_read_when_asked_and_nobody_waits_for_one_that_hangs() -> None:
    gatherer, port, who = Gatherer(BOUND_S), Still(), Counting()
    assert gatherer.gather(0.0)  # there is nothing to read
    serving = threading.Thread(target=gatherer.serve, args=(who, port))
    serving.start()
    wait(lambda: who.read == 1)
    for number in (2, 3, 4):
        assert gatherer.gather(BOUND_S)
        assert who.read == number
    port.free.clear()
    assert not gatherer.gather(0.01)
    port.free.set()
    who.enough = True
    wait(lambda: gatherer.gather(BOUND_S) and not serving.is_alive())


def test_a_reading_that_is_asked_for_ahead_is_one_with_that_which_is_planned() -> None:
    gatherer, port, who = Gatherer(0.25), Still(), Counting()
    serving = threading.Thread(target=gatherer.serve, args=(who, port), daemon=True)
    serving.start()
    wait(lambda: who.read == 1)
    soon_s = time.monotonic() + 0.05
    planned_s = gatherer.gather_at(soon_s)
    assert gatherer.gather_at(soon_s + EARLY_S / 2) == planned_s  # a little early serves as well
    assert gatherer.gathered(planned_s, BOUND_S)
    assert time.monotonic() >= planned_s
    assert who.read == 2
    assert gatherer.gathered(planned_s, 0.0)  # it is over
    who.enough = True
    wait(lambda: gatherer.gather(BOUND_S) and not serving.is_alive())
