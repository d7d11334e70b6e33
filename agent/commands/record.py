"""`shelf-agent record`: raw serial bytes to a recording, while it runs."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.errors import EXIT_DONE, CommandError, UsageError

if TYPE_CHECKING:
    from agent.sources.recorder import Recorder

TURN_S = 0.2
LEFT_OUT = (
    "broker",
    "broker_user",
    "broker_password_file",
    "broker_ca",
    "broker_cert",
    "broker_key",
    "record",
    "clock",
    "home_assistant",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `record`."""
    from agent.commands.flags import add_settings

    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="the recording; must not exist yet")
    parser.add_argument("--for", metavar="S", dest="seconds", type=float, help="end by itself after so many seconds")
    add_settings(parser, LEFT_OUT)


def run(arguments: argparse.Namespace) -> int:
    """Record until SIGTERM, SIGINT or the end of --for."""
    from agent.commands.attachments import explaining
    from agent.commands.common import agent_of, read_store
    from agent.commands.flags import settings_of, start_log
    from agent.sources.recorder import Recorder, RecorderError

    if arguments.seconds is not None and not arguments.seconds > 0:
        raise UsageError("--for: seconds above 0")
    settings = settings_of(arguments)
    if settings.store is not None:  # it goes into the recording: what is wrong with it is said now
        agent_of(read_store(settings.store, settings.state), settings.id)
    start_log(settings.log_level)
    line_minus_mono_ns = time.time_ns() - time.monotonic_ns()
    try:
        recorder = Recorder(
            arguments.output, explaining(settings), time.monotonic_ns() + line_minus_mono_ns, time.time_ns
        )
    except RecorderError as error:
        raise UsageError(str(error)) from None
    sink = _Sink(recorder, line_minus_mono_ns)
    try:
        _until_stopped(sink, recorder, settings.ports, arguments.seconds)
    finally:
        try:
            recorder.close()
        except RecorderError as error:
            raise CommandError(str(error)) from None
    print(f"shelf-agent record: {sink.bytes} bytes of {len(sink.sources)} ports in {arguments.output}", file=sys.stderr)
    if recorder.dropped_bytes:
        raise CommandError(f"{recorder.dropped_bytes} bytes were left out; the disk is too slow")
    return EXIT_DONE


class _Sink:
    """Stamps bytes as they come and gives them to the recorder."""

    def __init__(self, recorder: Recorder, line_minus_mono_ns: int) -> None:
        self._recorder = recorder
        self._line_minus_mono_ns = line_minus_mono_ns
        self._lock = threading.Lock()
        self.bytes = 0
        self.sources: set[str] = set()

    def bytes_came(self, source: str, data: bytes) -> None:
        from agent.sources.types import SourceChunk

        with self._lock:  # the file's order is that of the times
            self.bytes += len(data)
            self.sources.add(source)
            self._recorder.add(SourceChunk(source, time.monotonic_ns() + self._line_minus_mono_ns, data))

    def port_fault(self, source: str, fault: str, remedy: str) -> None:
        """The reader has logged it."""

    def port_recovered(self, source: str, fault: str) -> None:
        """The reader has logged it."""


def _until_stopped(sink: _Sink, recorder: Recorder, ports: list[str] | None, seconds: float | None) -> None:
    from agent.sources.finder import PortFinder
    from agent.sources.opener import open_port
    from agent.sources.reader import PortReader

    stopped: list[int] = []  # no lock: a second signal may interrupt the handling of the first
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopped.append(number))
    finder = PortFinder(sink, open_port) if ports is None else None
    named = [PortReader(path, sink, open_port) for path in ports or []]
    for reader in named:
        reader.start()
    end_s = None if seconds is None else time.monotonic() + seconds
    while not stopped and (end_s is None or time.monotonic() < end_s) and recorder.failure is None:
        time.sleep(TURN_S)
        if finder is not None:
            finder.turn()
    readers = named + (finder.readers if finder else [])
    for reader in readers:
        reader.stop()
    for reader in readers:
        reader.join(1.0)
