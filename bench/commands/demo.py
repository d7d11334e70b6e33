"""`shelf-bench demo`: the whole chain on this machine, with receipts beside the truth."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from bench.commands.errors import UsageError
from bench.commands.selection import LARGEST_SEED, parse_seconds

NAME = "demo"
HELP = (
    "a virtual shop, the real agent, broker, resolver and page; each receipt beside what was truly taken (times in s)"
)
FAILED, INTERRUPTED = 1, 130
SHORTEST_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long, and on what."""
    parser.epilog = "Exit 0: every receipt was right (also on SIGTERM); 1: one was not, or a part failed; 130: Ctrl-C."
    parser.add_argument("--for", dest="duration", metavar="S", help="seconds of shopping (60s, 2m; default: no end)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of goods, cells and shoppers (default 1)")
    parser.add_argument("--room", choices=["default", "harsh"], default="default", help="conditions (default: default)")
    parser.add_argument(
        "--board",
        choices=["virtual", "simavr"],
        default="virtual",
        help="virtual boards, or the compiled firmware in simavr (build it with: make -C firmware all sim)",
    )
    parser.add_argument("--broker", metavar="URL", help="a broker of yours, mqtt://host:1883 (default: one of our own)")
    parser.add_argument(
        "--listen", metavar="HOST:PORT", help="address of the page (default 127.0.0.1:8080, or a free port)"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep logs, store file and states in this new folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; the exit code."""
    from bench.demo.errors import PartFailedError, SetupError, StoppedError
    from bench.demo.stage import Options, Stage

    if not 0 <= arguments.seed <= LARGEST_SEED:
        raise UsageError(f"--seed: {arguments.seed}; from 0 to {LARGEST_SEED}")
    options = Options(
        seconds=parse_seconds("--for", arguments.duration) if arguments.duration else None,
        seed=arguments.seed,
        broker=arguments.broker,
        listen=arguments.listen,
        room=arguments.room,
        board=arguments.board,
        keep=arguments.keep,
    )
    if options.seconds is not None and options.seconds < SHORTEST_S:
        raise UsageError(f"--for: {arguments.duration}; a visit takes up to {SHORTEST_S:g} s, so at least that")
    try:
        stage = Stage(options)
    except SetupError as error:
        raise UsageError(str(error)) from None
    try:
        stage.watch_signals()
        book = stage.run()
    except SetupError as error:
        raise UsageError(str(error)) from None
    except PartFailedError as error:
        print(f"shelf-bench demo: {error}", file=sys.stderr)
        if error.tail:
            print(error.tail, file=sys.stderr)
        return FAILED
    except StoppedError as stopped:
        return INTERRUPTED if stopped.number == signal.SIGINT else 0
    finally:
        stage.close()
    return 0 if book.receipts and book.right == book.receipts else FAILED
