"""Parses the command line and hands over to the module of the subcommand."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol, cast

from agent import __version__
from agent.commands.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, CommandError

PROGRAM = "shelf-agent"
COMMANDS = {
    "run": "the service: serial ports to events to MQTT, until it is stopped",
    "replay": "events of a recording as JSON lines on standard output",
    "record": "raw serial bytes to a recording, until it is stopped",
    "plan": "what weight and place cannot tell apart in a store, and where products would stand better",
    "check": "what is wrong with ports, boards, cells and plates, and what to do about it",
    "tare": "what rests on a plate now counts as nothing",
    "calibrate": "counts a gram of a plate's cells, from one known weight set down at five places",
    "monitor": "the plates as they are, live, and what happens on them",
    "restock": "staff refills a plate: no purchase, and what it teaches is kept",
}
"""Subcommands, each the module of that name in this package, with its line in --help."""
LEAN = {
    "OPENBLAS_NUM_THREADS": "1",  # arrays here are small: threads for large ones would only spin at the start (0.1 s)
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # there are none: else each installed distribution is looked through
}
"""What libraries are told before they are imported, unless the environment says otherwise."""


class CommandModule(Protocol):
    """What a module of a subcommand offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare flags, with units in their help."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit code."""


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line; flags are written out."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(EXIT_USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for name, value in LEAN.items():
        os.environ.setdefault(name, value)
    arguments = _parser(words).parse_args(words)
    module = _module(arguments.command)
    try:
        code = module.run(arguments)
        sys.stdout.flush()
    except CommandError as error:
        print(f"{PROGRAM} {arguments.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our results has enough; the interpreter must not stumble over the flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=PROGRAM,
        description="Load cells to pick and put events. Standard output carries results only.",
        epilog="exit: 0 done, 1 failed, 2 wrong usage, settings or store file, 3 something found, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=OneLineParser)
    asked = next((word for word in words if not word.startswith("-")), None)
    for name, what in COMMANDS.items():
        sub = subparsers.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        if name == asked:
            _module(name).add_arguments(sub)
    return parser


def _module(name: str) -> CommandModule:
    return cast(CommandModule, importlib.import_module(f"agent.commands.{name.replace('-', '_')}"))
