"""`shelf-bench faults`: break things on purpose, and count what was lost."""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TYPE_CHECKING

from bench.commands.errors import UsageError

if TYPE_CHECKING:
    from bench.faults.verdict import Verdict

NAME = "faults"
HELP = "break things on purpose (real agent, real mosquitto) and count what was lost, doubled or wrong"
COLUMNS = ("fault", "times", "true", "told", "lost", "doubled", "wrong", "sure&wrong", "seconds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which faults, and how often."""
    parser.add_argument("--only", metavar="NAMES", help="names separated by commas (default: all)")
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="share of the times (default: 1)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the shoppers (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="rows at a time (default: 1)")
    parser.add_argument("--verbose", action="store_true", help="say what was lost, doubled or wrong")


def run(arguments: argparse.Namespace) -> int:
    """One line a fault, as they end; exit 1 if anything was lost, doubled, or wrong and said to be sure."""
    from bench.faults.scenarios import SCENARIOS

    known = {scenario.name: scenario for scenario in SCENARIOS}
    names = arguments.only.split(",") if arguments.only else list(known)
    for name in names:
        if name not in known:
            raise UsageError(f"--only: {name!r} is no fault; there are: {', '.join(known)}")
    if not 0.0 < arguments.share <= 1.0:
        raise UsageError(f"--share: {arguments.share} is not above 0 and at most 1")
    print("  ".join(f"{column:>10}" if place else f"{column:60}" for place, column in enumerate(COLUMNS)), flush=True)
    if arguments.jobs < 1:
        raise UsageError(f"--jobs: {arguments.jobs} is less than 1")
    clean = True
    tasks = [(name, max(1, round(known[name].times * arguments.share)), arguments.seed) for name in names]
    # Each row in a process of its own: their threads play boards in real time.
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for done in as_completed([pool.submit(_row, *task) for task in tasks]):
            name, times, verdict, took_s = done.result()
            if isinstance(verdict, str):
                print(f"{known[name].what:60}  {times:10}  failed: {verdict}", flush=True)
                clean = False
                continue
            counts = (verdict.true, verdict.told, verdict.lost, verdict.doubled, verdict.wrong, verdict.sure_wrong)
            numbers = "  ".join(f"{number:10}" for number in (times, *counts, took_s))
            print(f"{known[name].what:60}  {numbers}", flush=True)
            clean &= verdict.clean
            if arguments.verbose:
                print("\n".join(f"    {note}" for note in verdict.notes), flush=True)
    return 0 if clean else 1


def _row(name: str, times: int, seed: int) -> tuple[str, int, Verdict | str, int]:
    """Run one scenario: its name, times, the verdict (or why there is none), and seconds."""
    from bench.faults.scenarios import SCENARIOS

    scenario = next(scenario for scenario in SCENARIOS if scenario.name == name)
    begin_s = time.monotonic()
    try:
        verdict: Verdict | str = scenario.run(times, seed)
    except RuntimeError as error:
        verdict = str(error)
    return name, times, verdict, round(time.monotonic() - begin_s)
