"""The demo as a stranger runs it: right receipts, and nothing left behind however it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = Path(sys.executable).parent / "shelf-bench"
START_BOUND_S, RUN_BOUND_S, STOP_BOUND_S = 60.0, 120.0, 15.0
SHOPPING_S = 22
EVENT_MEDIAN_S, RECEIPT_MEDIAN_S, RECEIPT_MOST_S = 0.7, 1.5, 3.0  # issue: the demo's figures


class Demo:
    """A demo in a process group and temporary folder of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._output = folder / "output.txt"
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [BENCH, "demo", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                process_group=0,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, text: str) -> None:
        end_s = time.monotonic() + START_BOUND_S
        while text not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < end_s, self.output
            time.sleep(0.05)

    def children(self) -> list[int]:
        """Processes that know of our folder or are ours by descent."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"TMPDIR={self.temporary}".encode() in environment and int(entry.name) != self.process.pid:
                found.append(int(entry.name))
        return found

    def assert_nothing_left(self) -> None:
        assert self.children() == []
        assert list(self.temporary.iterdir()) == []


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def silently_wrong(output: str) -> list[str]:
    """Receipts that are wrong and that no person is asked about. A doubt that is told may turn out either way."""
    lines = re.findall(r"^.*has left; receipt .*WRONG.*$", output, re.MULTILINE)
    return [line for line in lines if "for review" not in line]


def figures(output: str) -> tuple[int, int, int, float, float, float]:
    """Receipts, right, wrong, event median, receipt median, longest receipt."""
    counts = re.search(r"(\d+) receipts: (\d+) right, (\d+) wrong", output)
    delays = re.findall(r"subscriber: median ([\d.]+) s .*? longest ([\d.]+) s", output)
    assert counts, output
    assert len(delays) == 2, output
    (event, _), (receipt, longest) = delays
    return int(counts[1]), int(counts[2]), int(counts[3]), float(event), float(receipt), float(longest)


@pytest.mark.realtime  # the delays
def test_receipts_are_right_or_left_to_a_person_and_in_time(folder: Path) -> None:
    demo = Demo(folder, "--for", f"{SHOPPING_S}s")
    code = demo.process.wait(RUN_BOUND_S)
    receipts, right, wrong, event_s, receipt_s, longest_s = figures(demo.output)
    assert code == (1 if wrong else 0), demo.output
    assert not silently_wrong(demo.output), demo.output
    assert receipts - wrong == right >= 1, demo.output
    assert re.search(r"page +http://127\.0\.0\.1:\d+/", demo.output)
    assert event_s <= EVENT_MEDIAN_S, demo.output
    assert receipt_s <= RECEIPT_MEDIAN_S, demo.output
    assert longest_s <= RECEIPT_MOST_S, demo.output
    demo.assert_nothing_left()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_it_and_leaves_nothing_behind(folder: Path, number: int, code: int) -> None:
    demo = Demo(folder)
    demo.wait_for("has come in")
    assert len(demo.children()) >= 3  # broker, resolver, agent
    os.killpg(demo.process.pid, number)  # as a terminal does
    assert demo.process.wait(STOP_BOUND_S) == code, demo.output
    assert "receipts:" in demo.output
    assert "Traceback" not in demo.output
    demo.assert_nothing_left()


def test_a_signal_while_it_starts_leaves_nothing_behind(folder: Path) -> None:
    demo = Demo(folder)
    end_s = time.monotonic() + START_BOUND_S
    while not demo.children():
        assert time.monotonic() < end_s
        time.sleep(0.01)
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(STOP_BOUND_S) == 130, demo.output
    assert "Traceback" not in demo.output
    demo.assert_nothing_left()


def test_killed_it_leaves_no_process_behind(folder: Path) -> None:
    demo = Demo(folder)
    demo.wait_for("the shop is open")
    demo.process.kill()
    demo.process.wait()
    end_s = time.monotonic() + STOP_BOUND_S
    while demo.children():
        assert time.monotonic() < end_s, demo.children()
        time.sleep(0.05)


def test_a_part_that_dies_is_told_with_its_last_words(folder: Path) -> None:
    demo = Demo(folder)
    demo.wait_for("the shop is open")
    for pid in demo.children():
        if b"shelf-resolver" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    assert demo.process.wait(STOP_BOUND_S) == 1
    assert "resolver has ended by itself" in demo.output
    assert "page on http" in demo.output  # the tail of its log
    demo.assert_nothing_left()


def test_what_is_taken_or_missing_is_one_line_and_exit_2(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = _refused(folder, "--listen", f"127.0.0.1:{port}")
        assert f"127.0.0.1:{port}: address already in use" in told
    assert "nobody takes connections at mqtt://127.0.0.1:9" in _refused(folder, "--broker", "mqtt://127.0.0.1:9")
    assert "at least" in _refused(folder, "--for", "3s")


def _refused(folder: Path, *arguments: str) -> str:
    """The one line on standard error."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(
        [BENCH, "demo", *arguments], capture_output=True, text=True, env=environment, timeout=START_BOUND_S, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert list(folder.iterdir()) == []
    return done.stderr
