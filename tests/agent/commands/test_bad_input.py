"""Every command with bad input: exit 2, one line that says what is wrong and where, nothing on standard output.

In this process, for there are many; that a process of its own behaves so too, tests/e2e holds.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.commands.errors import EXIT_FAILED, EXIT_USAGE
from agent.commands.main import COMMANDS, main
from agent.sources.recorder import Recorder
from bench.faults.shelf import store_text

NEEDED = {
    "replay": ["--recording", "RECORDING"],
    "record": ["--output", "NEW", "--for", "0.1"],
    "tare": ["P1"],
    "calibrate": ["P1", "--weight", "2000"],
    "monitor": ["--once"],
    "restock": ["P1", "--begin"],
}
STATEFUL = ("run", "replay", "record", "check", "tare", "calibrate")
CONFIGURED = sorted(set(COMMANDS) - {"replay", "plan"})


class Shell:
    """Runs commands where the words in capitals stand for files."""

    def __init__(self, folder: Path, said: Callable[[], tuple[str, str]]) -> None:
        self._said = said
        store = store_text()
        (folder / "binary").write_bytes(bytes(range(256)))
        (folder / "folder").mkdir()
        self.files = {
            "STORE": self._file(folder / "store.toml", store),
            "BAD": self._file(folder / "bad.toml", store.replace("unit_sd_g", "colour = 1\nunit_sd_g", 1)),
            "EMPTY": self._file(folder / "empty", ""),
            "TEXT": self._file(folder / "text", "not a tty\n"),
            "UNKNOWN": self._file(folder / "unknown.toml", "colour = 1\n"),
            "WRONG": self._file(folder / "wrong.toml", "store = 5\n"),
            "BROKEN": self._file(folder / "broken.toml", "store =\n"),
            "BINARY": str(folder / "binary"),
            "FOLDER": str(folder / "folder"),
            "NONE": str(folder / "none" / "none"),
            "NEW": str(folder / "new.mcap"),
            "STATE": str(folder / "state"),
            "RECORDING": str(folder / "recording.mcap"),
        }
        Recorder(folder / "recording.mcap", [], 0, lambda: 0).close()

    @staticmethod
    def _file(path: Path, text: str) -> str:
        path.write_text(text)
        return str(path)

    def refused(self, *words: str, code: int = EXIT_USAGE) -> str:
        """The one line."""
        try:
            ended = main([self.files.get(word, word) for word in words])
        except SystemExit as exit_:
            ended = int(exit_.code or 0)
        out, line = self._said()
        assert (ended, out, line.count("\n")) == (code, "", 1), line
        assert line.startswith("shelf-agent")
        assert not Path(self.files["NEW"]).exists()
        return line


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    for name in os.environ:
        if name.startswith("SHELF_AGENT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield Shell(tmp_path, capsys.readouterr)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_file_that_is_wrong(shell: Shell, command: str) -> None:
    words = [command, *NEEDED.get(command, [])]
    assert "bad.toml:" in (line := shell.refused(*words, "--store", "BAD")) and "colour" in line
    assert "is a directory" in shell.refused(*words, "--store", "FOLDER")
    assert "no such file" in shell.refused(*words, "--store", "NONE")
    assert "not UTF-8" in shell.refused(*words, "--store", "BINARY")
    assert "schema: missing" in shell.refused(*words, "--store", "EMPTY")
    if command != "record":  # which stores what it is given
        assert "SHELF_AGENT_STORE" in shell.refused(*words)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("unit_sd_g = 1.2", "unit_sd_g = 1.2\ncolour = 1"), "colour"),
        (('sku = "can"', 'sku = "cam"'), "can"),
        (("x_mm = [300.0, 450.0]", "x_mm = [300.0, 460.0]"), "460"),
        (("channel = 1\n", "channel = 0\n"), "channel"),
        (("counts_per_gram = 415.0", "counts_per_gram = 0.0"), "counts_per_gram"),
        (('schema = "store/1"', "schema"), "TOML"),
    ],
)
def test_whatever_is_wrong_in_a_store_file_is_named_with_its_line(
    shell: Shell, change: tuple[str, str], says: str
) -> None:
    store = Path(shell.files["STORE"])
    text = store.read_text()
    assert change[0] in text
    store.write_text(text.replace(change[0], change[1], 1))
    line = shell.refused("run", "--store", "STORE", "--state", "STATE")
    assert says in line
    assert f"{store}:" in line


@pytest.mark.parametrize("command", CONFIGURED)
def test_settings_that_are_wrong(shell: Shell, command: str) -> None:
    words = [command, *NEEDED.get(command, [])]
    assert "no such file" in shell.refused(*words, "--config", "NONE")
    assert "is a directory" in shell.refused(*words, "--config", "FOLDER")
    assert "not TOML" in shell.refused(*words, "--config", "BROKEN")
    assert "not TOML" in shell.refused(*words, "--config", "BINARY")
    assert "unknown setting" in shell.refused(*words, "--config", "UNKNOWN")
    assert "wrong.toml" in shell.refused(*words, "--config", "WRONG")
    assert "'a9' is not in the store file" in shell.refused(*words, "--store", "STORE", "--id", "a9")


@pytest.mark.parametrize("command", STATEFUL)
def test_a_damaged_calibration(shell: Shell, command: str) -> None:
    words = [command, *NEEDED.get(command, []), "--store", "STORE", "--state", "STATE"]
    calibration = Path(shell.files["STATE"]) / "calibration.json"
    calibration.parent.mkdir()
    for damage, says in (
        (b"\xff", "calibration.json: invalid JSON"),
        (b'{"cells":[{"board":"x"}]}', "cells.0.channel: field required"),
        (b'{"cells":[{"board":"x","channel":1,"zero_counts":1,"counts_per_gram":0}]}', "counts_per_gram is 0"),
    ):
        calibration.write_bytes(damage)
        assert says in shell.refused(*words)
    calibration.unlink()
    calibration.mkdir()
    assert "is a directory" in shell.refused(*words)


@pytest.mark.parametrize("command", ["run", "replay", "tare", "calibrate"])
def test_a_state_folder_that_is_none(shell: Shell, command: str) -> None:
    words = [command, *NEEDED.get(command, []), "--store", "STORE", "--state"]
    assert "--state" in shell.refused(*words, "TEXT")
    assert "--state" in shell.refused(*words, "/dev/null/state")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["replay", "--store", "STORE", "--recording", "none.mcap"], "none.mcap"),
        (["replay", "--store", "STORE", "--recording", "FOLDER"], "is a directory"),
        (["replay", "--store", "STORE", "--recording", "STORE"], "no recording"),
        (["replay", "--store", "STORE", "--recording", "EMPTY"], "no recording: empty"),
        (["replay", "--store", "STORE", "--recording", "RECORDING", "--agent", "a9"], "'a9' is not in the store file"),
        (["replay", "--store", "STORE"], "--recording"),
        (["run", "--store", "STORE", "--broker", "tcp://h"], "mqtt://host:1883"),
        (["run", "--store", "STORE", "--broker", "mqtt://h:99999"], "no port from 1 to 65535"),
        (["run", "--store", "STORE", "--ports", "[1"], "--ports"),
        (["run", "--store", "STORE", "--ports", "gpio:5"], "BCM numbers"),
        (["run", "--store", "STORE", "--broker", "mqtts://h", "--broker-ca", "STORE", "--state", "STATE"], "broker_ca"),
        (["run", "--store", "STORE", "--broker-key", "TEXT"], "--broker-cert"),
        (["run", "--store", "STORE", "--broker-password-file", "FOLDER"], "broker_password_file"),
        (["run", "--store", "STORE", "--stat", "x"], "--stat"),
        (["record", "--output", "STORE"], "does not exist yet"),
        (["record", "--output", "NONE"], "no such file"),
        (["record", "--output", "NEW", "--for", "-1"], "--for"),
        (["record", "--output", "NEW", "--for", "soon"], "--for"),
        (["record"], "--output"),
        (["check", "--store", "STORE", "--for", "0"], "--for"),
        (["check", "--store", "STORE", "--for", "nan"], "--for"),
        (["check", "--store", "STORE", "--corners", "P9"], "no plate 'P9'"),
        (["check", "--store", "STORE", "--corners", "P1", "--wait", "-1"], "--wait"),
        (["tare", "--store", "STORE"], "name plates"),
        (["tare", "P1", "--all", "--store", "STORE"], "name plates"),
        (["tare", "P9", "--store", "STORE"], "no plate 'P9'"),
        (["tare", "P1", "--store", "STORE", "--wait", "0"], "--wait"),
        (["calibrate", "P1", "--store", "STORE"], "--weight"),
        (["calibrate", "P1", "--weight", "-5", "--store", "STORE"], "--weight"),
        (["calibrate", "P1", "--weight", "nan", "--store", "STORE"], "--weight"),
        (["calibrate", "P9", "--weight", "5", "--store", "STORE"], "no plate 'P9'"),
        (["calibrate", "P1", "--weight", "5", "--limit", "9", "--store", "STORE"], "--limit"),
        (["calibrate", "P1", "--weight", "5", "--wait", "-1", "--store", "STORE"], "--wait"),
        (["monitor", "--store", "STORE", "--for", "-3"], "--for"),
        (["restock", "P9", "--store", "STORE"], "no plate 'P9'"),
        (["restock", "P1", "--begin", "--end", "--store", "STORE"], "not allowed with"),
        (["restock", "P1", "--end", "--contents", "x", "--store", "STORE"], "SKU=N"),
        (["restock", "P1", "--end", "--contents", "cam=1", "--store", "STORE"], "'cam' is not sold here"),
        (["dance"], "dance"),
        ([], "COMMAND"),
    ],
)
def test_wrong_usage(shell: Shell, words: list[str], says: str) -> None:
    assert says in shell.refused(*words)


@pytest.mark.parametrize(
    "words",
    [
        ["monitor", "--once", "--store", "STORE"],
        ["restock", "P1", "--begin", "--store", "STORE"],
        ["tare", "P1", "--live", "--store", "STORE", "--state", "STATE"],
    ],
)
def test_a_broker_that_is_gone_is_a_failure(shell: Shell, words: list[str]) -> None:
    assert "start the broker" in shell.refused(*words, "--broker", "mqtt://127.0.0.1:1", code=EXIT_FAILED)


@pytest.mark.parametrize(
    "words", [["tare", "P1"], ["calibrate", "P1", "--weight", "100"], ["check", "--corners", "P1"]]
)
@pytest.mark.parametrize(("port", "says"), [("NONE", "not there"), ("TEXT", "serial port"), ("iio:/none", "not there")])
def test_a_port_that_is_none_is_a_failure(shell: Shell, words: list[str], port: str, says: str) -> None:
    port = shell.files.get(port, port)
    files = ["--store", "STORE", "--state", "STATE", "--ports", port]
    assert says in (line := shell.refused(*words, *files, code=EXIT_FAILED))
    assert port.removeprefix("iio:") in line


def test_a_recording_on_a_full_disk_is_refused_and_leaves_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdatasync", full)
    assert "no space left on device" in shell.refused("record", "--output", "NEW")
