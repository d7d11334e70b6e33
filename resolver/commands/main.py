"""Arguments of `shelf-resolver`, and what each exit code means."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.store import StoreError
from resolver.settings import PREFIX, Settings, SettingsError, flag

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. 0 done, 1 failed, 2 wrong usage, settings or store file, 130 interrupted."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_usage(sys.stderr)
        print("shelf-resolver: name a command: run, replay, password", file=sys.stderr)
        return USAGE
    try:
        return _run(chosen)
    except (SettingsError, StoreError) as error:
        print(f"shelf-resolver: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter's last flush is quiet
        return DONE


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "replay":
        from resolver.commands.replay import replay

        return replay(chosen.store, chosen.messages)
    if chosen.command == "password":
        from resolver.commands.password import password

        return password(chosen.user)
    from resolver.commands.run import run

    return run({name: value for name, value in vars(chosen).items() if name != "command"})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shelf-resolver", description="Events, sessions and presence to baskets, receipts and a page."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="the service: MQTT in, receipts out, and the web page",
        description="The service, until it is stopped. Each setting may also stand as "
        f"{PREFIX}NAME in the environment, or as a key of the TOML file named by --config.",
    )
    run.add_argument("--config", type=Path, metavar="FILE", help="TOML file with settings")
    for name, field in Settings.model_fields.items():
        run.add_argument(flag(name), dest=name, metavar="VALUE", help=field.description)
    replay = commands.add_parser(
        "replay",
        help="receipts of a stored stream of messages",
        description='Receipts as JSON lines on standard output. MESSAGES is JSON lines {"topic":..,"payload":{..}} in '
        "order of arrival; `-` reads standard input. Time comes from the messages only.",
    )
    replay.add_argument("--store", type=Path, required=True, metavar="FILE", help="store file (TOML)")
    replay.add_argument("messages", metavar="MESSAGES", help="file of JSON lines, or - for standard input")
    password = commands.add_parser(
        "password",
        help="a line for the users file: who may decide reviews on the page",
        description="Reads a password from the terminal (or one line of standard input) and prints USER:HASH.",
    )
    password.add_argument("user", help="name that stands beside each decision")
    return parser
