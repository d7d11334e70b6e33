"""`shelf-agent replay`: a recording through the pipeline, events as JSON lines."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.errors import EXIT_DONE, UsageError

if TYPE_CHECKING:
    from agent.journal import Journal
    from agent.pipeline.told import Told
    from agent.sources.recording import Recording
    from agent.store import Store

DEFAULT_EPOCH = "replay"
_LARGEST_BYTES = 31 << 20  # below the 32 MiB from which on glibc learns nothing from a block


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `replay`."""
    parser.add_argument("--store", metavar="FILE", type=Path, help="store file (default: SHELF_AGENT_STORE)")
    parser.add_argument("--recording", metavar="FILE", type=Path, required=True, help="MCAP recording")
    parser.add_argument("--agent", metavar="ID", help="which agent of the store; optional where it has one")
    parser.add_argument(
        "--state", metavar="DIR", type=Path, help="begin from the state saved in DIR, and save it there at the end"
    )
    parser.add_argument("--epoch", metavar="TEXT", default=DEFAULT_EPOCH, help="epoch of the events (default: replay)")


def run(arguments: argparse.Namespace) -> int:
    """Replay; remarks about the file on standard error."""
    from agent.commands.common import agent_of, opened_journal, read_store, store_path
    from agent.sources.recording import Recording, RecordingError

    store = read_store(store_path(arguments.store), arguments.state)
    agent = agent_of(store, arguments.agent)
    recording = Recording(arguments.recording)
    try:
        if arguments.state is None:
            _replay(store, agent, arguments.epoch, recording, None)
        else:
            with opened_journal(arguments.state) as journal:
                _replay(store, agent, arguments.epoch, recording, journal)
    except RecordingError as error:
        raise UsageError(str(error)) from None
    for remark in recording.remarks:
        print(f"shelf-agent replay: {remark}", file=sys.stderr)
    return EXIT_DONE


def _replay(store: Store, agent: str, epoch: str, recording: Recording, journal: Journal | None) -> None:
    from agent.commands.common import made_pipeline
    from agent.pipeline.arrivals import Arrivals

    pipeline = made_pipeline(store, agent, epoch, journal)
    _keep_memory()
    gc.freeze()  # what was loaded by now lives as long as the process: no pass over it for cycles, nor at the exit
    for stretch in recording.stretches():
        came = [Arrivals(part.source, part.t_mono_ns, part.number, part.ends, part.data) for part in stretch]
        _tell(pipeline.feed_stretch(came), store, agent)
    _tell(pipeline.finish(), store, agent)
    if journal:
        journal.save_belief(pipeline.snapshot())


def _keep_memory() -> None:
    """Have the C library keep for itself what it is given back. glibc returns blocks to the system at once, to get each
    anew page by page, unless a larger one was freed before; stretches of a recording come and go by the megabyte.

    A second such block lies where smaller ones will. numpy asks for huge pages there, and they stay asked for.
    """
    import numpy as np

    for _ in range(2):
        np.empty(_LARGEST_BYTES, np.uint8)  # not one page of it is touched


def _tell(told: list[Told], store: Store, agent: str) -> None:
    from agent.pipeline.told import stamp

    for event in told:
        print(stamp(event, store.id, agent, 0).to_json())
