"""`shelf-agent calibrate PLATE --weight G`: each cell's factor from one weight set down at five places. Hands free."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from agent.commands.errors import EXIT_DONE, CommandError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from agent.calibration import PlacementWatch, Solution
    from agent.operation.live import LivePlates
    from agent.store import Plate

LIMIT_PERCENT = 0.2
STEP_WAIT_S = 120.0
TURN_S = 0.1
REMIND_S = 10.0
LEFT_OUT = ("broker", "broker_user", "broker_password_file", "broker_ca", "broker_cert", "broker_key", "record",
            "clock", "log_level", "home_assistant")  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `calibrate`."""
    from agent.commands.flags import add_settings

    parser.add_argument("plate", metavar="PLATE", help="plate of the store file")
    parser.add_argument(
        "--weight", metavar="G", type=float, required=True, help="the weight's mass in grams, well known"
    )
    parser.add_argument("--not-empty", action="store_true", help="goods stay on the plate: zeros are left as they are")
    parser.add_argument("--no-verify", action="store_true", help="leave out the last place, which only tests")
    parser.add_argument("--limit", metavar="PERCENT", type=float, default=LIMIT_PERCENT, help="refuse above (0.2)")
    parser.add_argument("--replace", action="store_true", help="the cells are new: their factors may be anything")
    parser.add_argument("--wait", metavar="S", type=float, default=STEP_WAIT_S, help="for each step (120)")
    parser.add_argument("--dry-run", action="store_true", help="show the result, write nothing")
    add_settings(parser, LEFT_OUT)


def run(arguments: argparse.Namespace) -> int:
    """Guide, solve, write. What was written is on standard output."""
    from agent.calibration import CalibrationRefusedError, PlacementWatch, places_of, solve
    from agent.commands.calibrations import require_writable
    from agent.commands.common import agent_of, read_store, store_path
    from agent.commands.flags import settings_of
    from agent.commands.live import live_plates, plate_of

    settings = settings_of(arguments)
    assert settings.state is not None  # load_settings fills it in
    store = read_store(store_path(settings.store), settings.state)
    plate = plate_of(store, agent_of(store, settings.id), arguments.plate)
    if not 0 < arguments.weight <= plate.max_g:
        raise UsageError(f"--weight: {arguments.weight:g} g; plate {plate.id} is rated from 0 to {plate.max_g:g} g")
    if not 0 < arguments.limit <= 5:
        raise UsageError("--limit: above 0, up to 5 percent")
    if not arguments.wait > 0:
        raise UsageError("--wait: seconds above 0")
    if not arguments.dry_run:
        require_writable(settings.state)
    places = places_of(plate, verify=not arguments.no_verify)
    watch = PlacementWatch(plate, arguments.weight, places, empty=not arguments.not_empty)
    with live_plates(settings, [plate]) as live:
        _guide(watch, live, plate, places, arguments.wait, empty=not arguments.not_empty)
    try:
        solution = solve(
            plate,
            arguments.weight,
            watch.placements,
            verify=not arguments.no_verify,
            limit=arguments.limit / 100,
            replace=arguments.replace,
        )
    except CalibrationRefusedError as error:
        raise CommandError(f"refused, nothing is written: {error}") from None
    if not arguments.dry_run:
        _write(settings.state, plate, solution, watch, zeros=not arguments.not_empty, replace=arguments.replace)
    _show(plate, arguments.weight, solution)
    if not arguments.dry_run:
        _say(f"written to {settings.state / 'calibration.json'}; the agent reads it at its start or reload")
    return EXIT_DONE


def _guide(
    watch: PlacementWatch,
    live: LivePlates,
    plate: Plate,
    places: list[tuple[float, float]],
    wait_s: float,
    *,
    empty: bool,
) -> None:
    """Say what to do, follow what is done."""
    from agent.operation.errors import OperationError

    said: tuple[str, int] | None = None
    began_s = reminded_s = time.monotonic()
    while not watch.done:
        step = (watch.expects, len(watch.placements))
        now_s = time.monotonic()
        if step != said:
            said, began_s, reminded_s = step, now_s, now_s
            _say(_prompt(watch, places, empty=empty))
        elif now_s - began_s > wait_s:
            why = f": {watch.unquiet}" if watch.unquiet else ""
            raise CommandError(f"nothing came of it within {wait_s:.0f} s{why}; nothing is written")
        elif now_s - reminded_s > REMIND_S:
            reminded_s = now_s
            _say(f"waiting ({watch.unquiet})" if watch.unquiet else "waiting")
        time.sleep(TURN_S)
        try:
            t_s, counts = live.rows(plate)
        except OperationError as error:
            raise CommandError(str(error)) from None
        watch.feed(t_s, counts)


def _prompt(watch: PlacementWatch, places: list[tuple[float, float]], *, empty: bool) -> str:
    if watch.expects == "empty":
        return "take everything off the plate and leave it alone" if empty else "leave the plate alone"
    number = len(watch.placements) + 1
    if watch.expects == "lift":
        return f"place {number} of {len(places)} is read; lift the weight off and leave the plate alone"
    x_mm, y_mm = watch.next_place
    return f"place {number} of {len(places)}: set the weight down at x {x_mm:.0f}, y {y_mm:.0f} mm, and let go"


def _write(state: Path, plate: Plate, solution: Solution, watch: PlacementWatch, *, zeros: bool, replace: bool) -> None:
    from agent.commands.calibrations import forget_cells, merge

    zero_counts = watch.zero_counts
    assert zero_counts is not None
    cells = []
    for index, cell in enumerate(plate.cells):
        zero = float(zero_counts[index]) if zeros else cell.zero_counts
        cells.append((cell, zero, float(solution.counts_per_gram[index])))
    if replace:
        forget_cells(state, plate.id)
    merge(state, cells)


def _show(plate: Plate, weight_g: float, solution: Solution) -> None:
    for index, cell in enumerate(plate.cells):
        factor = solution.counts_per_gram[index]
        change = factor / cell.counts_per_gram - 1.0
        print(f"channel {cell.channel}: {factor:.3f} counts a gram ({change:+.2%})")
    print(f"corner error {solution.corner_error:.3%} of {weight_g:g} g (before {solution.before:.2%})")
    print(f"residual {solution.fit_error:.3%}", end="")
    print("" if solution.verified is None else f", at the place that only tested {solution.verified:.3%}")


def _say(text: str) -> None:
    print(f"shelf-agent calibrate: {text}", file=sys.stderr, flush=True)
