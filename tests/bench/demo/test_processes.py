"""Processes on a leash: told when they end, ended in order, gone when we are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.demo.broker import named_broker
from bench.demo.errors import PartFailedError, SetupError
from bench.demo.processes import LEASH, Children, program, wait_until
from bench.demo.stage import page_address

BOUND_S = 10.0
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def until(ready: Callable[[], bool]) -> None:
    wait_until(ready, "it does not happen", lambda: None, BOUND_S)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_one_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    children = Children(tmp_path)
    child = children.start("brief", [sys.executable, "-c", "print('no luck'); raise SystemExit(3)"], {})
    until(lambda: child.ended)
    with pytest.raises(PartFailedError, match=r"brief has ended by itself \(exit 3\)") as told:
        children.check()
    assert "no luck" in told.value.tail
    children.stop()


def test_settings_of_others_do_not_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_AGENT_STORE", "/somebody/elses")
    children = Children(tmp_path)
    show = "import os; print({k: v for k, v in os.environ.items() if k.startswith('SHELF_')})"
    child = children.start("env", [sys.executable, "-c", show], {"SHELF_AGENT_ID": "a1"})
    until(lambda: child.ended)
    assert child.words().strip() == "{'SHELF_AGENT_ID': 'a1'}"
    children.stop()


def test_a_stubborn_one_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.demo.processes.STOP_S", 0.3)
    children = Children(tmp_path)
    child = children.start("stubborn", [sys.executable, "-c", STUBBORN], {})
    until(child.says("up"))
    children.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_when_we_are_killed_it_is_told_to_end(tmp_path: Path) -> None:
    parent = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, {str(LEASH)!r}, str(os.getpid()), '/bin/sleep', '60'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    until(lambda: Path(f"/proc/{pid}/comm").read_text().strip() == "sleep")
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not alive(pid))


def test_waiting_has_a_bound() -> None:
    began_s = time.monotonic()
    with pytest.raises(PartFailedError, match=r"nothing comes within 0\.2 s"):
        wait_until(lambda: False, "nothing comes", lambda: None, 0.2)
    assert time.monotonic() - began_s < 2.0


def test_a_program_that_is_not_there_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="no no-such-thing here; do this"):
        program("no-such-thing", "do this")
    assert os.access(program("shelf-agent", ""), os.X_OK)


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://localhost", "mqtt://", "mqtt://h:0", "mqtt://h:99999", "mqtt://a b"]
)
def test_no_address_of_a_broker(url: str) -> None:
    with pytest.raises(SetupError, match=r"--broker: .*write mqtt://host:1883"):
        named_broker(url)


@pytest.mark.parametrize("listen", ["x", ":8080", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999"])
def test_no_address_of_a_page(listen: str) -> None:
    with pytest.raises(SetupError, match=r"--listen: .*write 127\.0\.0\.1:8080"):
        page_address(listen)
