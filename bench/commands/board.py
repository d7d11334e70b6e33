"""`shelf-bench board`: virtual boards on pseudo-terminals, to try the agent without hardware."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.commands.errors import UsageError
from bench.commands.selection import LARGEST_SEED, parse_seconds

NAME = "board"
HELP = "run the boards of a store file on ptys in real time, with virtual goods and hands (weights in g, times in s)"
ACTS = """\
Each line on standard input is an act, carried out at once:
  pick PLATE SKU [COUNT]       take units off a plate, together
  put PLATE SKU [COUNT]        set units down in their lane, or anywhere on a plate that has none for them
  clear PLATE                  take everything off
  weight PLATE GRAMS X Y       set a weight down there (mm from the left and the front); lift PLATE takes it off again
  press PLATE GRAMS SECONDS [X Y]  lean on a plate, there or anywhere
  trouble BOARD CHANNEL KIND   silent (cable off), stuck (full scale) or ok again
Standard output: a line `port BOARD PATH` a board, then a JSON line a movement as it truly is: UTC of the instant at
which half the weight has moved, plate, "pick" or "put", items, weight in g."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which store, how fast, where the ports are."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = HELP, ACTS
    parser.add_argument("--store", type=Path, required=True, metavar="FILE", help="store file (TOML)")
    parser.add_argument("--new", action="store_true", help="write the demo's store to FILE first (it must not exist)")
    parser.add_argument("--rate", type=int, choices=[80, 10], default=80, help="nominal samples/s (default 80)")
    parser.add_argument("--room", choices=["default", "harsh"], default="default", help="conditions (default: default)")
    parser.add_argument(
        "--links", type=Path, metavar="DIR", help="folder for links to the ports, named like the boards"
    )
    parser.add_argument("--shoppers", action="store_true", help="somebody takes and puts back all the time")
    parser.add_argument(
        "--for", dest="duration", metavar="S", help="end after so many seconds (60s, 2m; default: never)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of goods, cells and hands (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until the time is up, or Ctrl-C or SIGTERM."""
    from bench.board.port import PortPathError
    from bench.board.session import BoardSession, serve
    from bench.demo.store import demo_shop, fresh
    from bench.shop.reading import StoreFileError, read_shop
    from bench.shop.storefile import store_toml

    if not 0 <= arguments.seed <= LARGEST_SEED:
        raise UsageError(f"--seed: {arguments.seed}; from 0 to {LARGEST_SEED}")
    seconds = parse_seconds("--for", arguments.duration) if arguments.duration else None
    path: Path = arguments.store
    try:
        if arguments.new:
            with path.open("x", encoding="utf-8") as file:
                file.write(store_toml(demo_shop("demo", fresh(arguments.seed))))
        shop = read_shop(path, arguments.rate)
        session = BoardSession(shop, arguments.room, arguments.seed, arguments.links)
    except (StoreFileError, PortPathError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"--new: {path}: {(error.strerror or str(error)).lower()}") from None
    return serve(session, path, seconds, arguments.shoppers)
