"""The `shelf-bench` command: one module a subcommand, each with `NAME`, `HELP`, `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from bench.commands.errors import UsageError

SUBCOMMANDS = ("make", "families", "score", "judge", "board", "demo", "faults")


def build_parser() -> argparse.ArgumentParser:
    """The parser with all subcommands; their modules import what they need only when they run."""
    parser = argparse.ArgumentParser(
        prog="shelf-bench", description="The virtual store: recordings with their truth, and the score of an agent."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in SUBCOMMANDS:
        module = importlib.import_module(f"bench.commands.{name}")
        sub = commands.add_parser(module.NAME, help=module.HELP, description=module.HELP)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Exit 0 done, 1 failed, 2 wrong usage (one line on standard error), 130 interrupted."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except UsageError as error:
        print(f"shelf-bench {arguments.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: nothing more to say
        return 0
    except KeyboardInterrupt:
        return 130
