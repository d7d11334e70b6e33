"""The running agent on a floor in real time: its processor time, memory and delays, by the system's own books."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.faults.actors import Agent, Broker, Collector, seconds
from bench.faults.board import wait_until
from bench.speed.floor import store_text

SETTLING_S = 5.0  # the start is a figure of its own
SLACK_S = 10.0  # what a player may need beyond its time
_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class LiveRun:
    """One run: processor time of the agent over `seconds`, after it had settled; memory at the end, in bytes."""

    boards: int
    seconds: float
    cpu_s: float
    conversions: int
    lost: int
    player_late_s: float
    resident: int
    first_s: float  # from the start of the process to a watermark over conversions
    moves: int
    told: int
    faults: tuple[str, ...]
    delays_s: list[float] = field(default_factory=list)  # from `settled` to the message at the subscriber

    @property
    def share(self) -> float:
        """Of one core."""
        return self.cpu_s / self.seconds

    @property
    def ns_a_conversion(self) -> float:
        """Processor time for each."""
        return 1e9 * self.cpu_s * self.seconds_played / (self.seconds * max(self.conversions, 1))

    @property
    def seconds_played(self) -> float:
        """Settling among them."""
        return self.seconds + SETTLING_S


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def lacks_broker() -> str:
    """What is missing for a live run, and what to do; "" where nothing is."""
    return "" if shutil.which("mosquitto") else "mosquitto is not installed; `make test-packages` installs it"


def run_live(boards: int, measured_s: float, moves_an_hour: float, seed: int) -> LiveRun:
    """Play a floor to an agent with its broker and a subscriber.

    Raises:
        RuntimeError: a part of it did not start or did not last.
    """
    with tempfile.TemporaryDirectory(prefix="bench-speed-") as name, contextlib.ExitStack() as ends:
        folder = Path(name)
        store = folder / "store.toml"
        store.write_text(store_text(boards), encoding="utf-8")
        broker = Broker(folder / "broker")
        broker.start()
        ends.callback(broker.stop)
        collector = Collector(broker.port)
        collector.start()
        ends.callback(collector.stop)
        player = _Player(boards, measured_s + SETTLING_S, moves_an_hour, seed)
        ends.callback(player.end)
        agent = Agent(folder, store, player.ports, broker.port)
        player.go()
        begin_s = time.monotonic()
        agent.start()
        ends.callback(agent.kill)
        if not wait_until(lambda: bool(collector.until()), SLACK_S):
            raise RuntimeError(f"the agent told nothing: {agent.log.read_text(encoding='utf-8')[-500:]}")
        first_s = time.monotonic() - begin_s
        time.sleep(max(0.0, SETTLING_S - first_s))
        assert agent.process is not None
        cpu_s, clock_s = -cpu_seconds(agent.process.pid), -time.monotonic()
        time.sleep(measured_s - 0.5)  # to the end of what is played, but not into its silence
        if agent.process.poll() is not None:
            raise RuntimeError(f"the agent ended: {agent.log.read_text(encoding='utf-8')[-500:]}")
        cpu_s, clock_s = cpu_s + cpu_seconds(agent.process.pid), clock_s + time.monotonic()
        resident = agent.resident_bytes()
        faults = tuple(str(e["data"]["fault"]) for e in collector.events if e["type"] == "shelf.v1.fault")
        played = player.result()
        movements = [k for k, event in enumerate(collector.events) if "delta_g" in event["data"]]
        delays = [collector.arrived_s[k] - seconds(collector.events[k]["data"]["settled"]) for k in movements]
        return LiveRun(
            boards,
            clock_s,
            cpu_s,
            round(int(played["conversions"])),
            int(played["lost"]),
            float(played["late_s"]),
            resident,
            first_s,
            int(played["moves"]),
            len(movements),
            faults,
            delays,
        )


class _Player:
    """`bench.speed.playing` as a process."""

    def __init__(self, boards: int, play_s: float, moves_an_hour: float, seed: int) -> None:
        words = [sys.executable, "-m", "bench.speed.playing", f"--boards={boards}", f"--seconds={play_s}"]
        words += [f"--moves-an-hour={moves_an_hour}", f"--seed={seed}"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports: list[str] = self._line()

    def go(self) -> None:
        """Begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """What was played, at the end."""
        result: dict[str, Any] = self._line()
        return result

    def end(self) -> None:
        """Stop it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(SLACK_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the player of the boards ended before its time")
        return json.loads(line)
