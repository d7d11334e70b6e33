"""`shelf-agent plan`: what weight and place cannot tell apart in a store, and where products would stand better."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.commands.errors import EXIT_DONE

if TYPE_CHECKING:
    from agent.planning import Amount, Confusion, Swap
    from agent.planning.placing import Spot
    from agent.store import Store

RATES = (80, 10)
DEFAULT_LEAST = 0.01
_HEADINGS = ("PLATE", "MOVEMENT", "ONE", "OR THE OTHER", "ERROR", "OF TAKES", "BETTER")
_GAP = "  "
_NOTE = """\
ERROR is the probability that the wrong one of the two is told, were both equally likely (50 %: weight and place
cannot tell them apart at all). OF TAKES is the share of all takes from that plate which is told wrongly for it.
Goods put back are held against each other on their own plate and on the plates beside it in the file, both having
been weighed when they were taken. BETTER is a swap of two lanes that at least halves the error, with the error that
remains, and confuses nothing else as badly."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `plan`."""
    parser.epilog = _NOTE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--store", metavar="FILE", type=Path, help="store file (default: SHELF_AGENT_STORE)")
    parser.add_argument(
        "--rate",
        metavar="HZ",
        type=int,
        choices=RATES,
        default=RATES[0],
        help="nominal conversions a second of the chips: 80 or 10 (default: 80)",
    )
    parser.add_argument(
        "--least",
        metavar="P",
        type=_probability,
        default=DEFAULT_LEAST,
        help=f"list errors of at least this probability, above 0 and up to 0.5 (default: {DEFAULT_LEAST})",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object rather than a table; probabilities 0 to 1")


def run(arguments: argparse.Namespace) -> int:
    """List what is confused, the worst first."""
    from agent.commands.common import read_store, store_path
    from agent.planning import Planner, PlanParameters, better_swap

    store = read_store(store_path(arguments.store))
    planner = Planner(store.items, PlanParameters(rate_hz=arguments.rate, least_error=arguments.least))
    rows = []
    for confusion in planner.confusions(store):
        plates = store.plates_of(store.plates[confusion.plate].agent)
        rows.append((confusion, better_swap(planner, plates, store.items, confusion)))
    if arguments.json:
        print(json.dumps(_document(store, arguments, rows), ensure_ascii=False))
    elif rows:
        print(_table(store, rows))
    else:
        print(f"no two movements are confused with a probability of {_percent(arguments.least)} or more")
    return EXIT_DONE


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 0.5:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability above 0 and up to 0.5")
    return value


def _table(store: Store, rows: list[tuple[Confusion, Swap | None]]) -> str:
    cells = [_HEADINGS]
    for confusion, swap in rows:
        share = "-" if confusion.share is None else _percent(confusion.share)
        one, other = (_told(store, amounts) for amounts in (confusion.one, confusion.other))
        better = "-" if swap is None else _swap(store, swap)
        cells.append((confusion.plate, confusion.kind, one, other, _percent(confusion.error), share, better))
    widths = [max(len(row[k]) for row in cells) for k in range(len(_HEADINGS))]
    return "\n".join(
        _GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _told(store: Store, amounts: tuple[Amount, ...]) -> str:
    if not amounts:
        return "nothing"
    return " + ".join(
        store.items[sku].name if count is None else f"{count} x {store.items[sku].name}" for sku, count in amounts
    )


def _swap(store: Store, swap: Swap) -> str:
    one, other = (f"{store.items[spot.sku].name} ({_place(spot)})" for spot in (swap.one, swap.other))
    return f"swap {one} with {other}: {_percent(swap.error)}"


def _place(spot: Spot) -> str:
    return f"{spot.plate}, {spot.x_mm[0]:g}-{spot.x_mm[1]:g} mm"


def _percent(share: float) -> str:
    """A share with two digits that tell."""
    percent = share * 100
    if percent < 0.01:
        return "below 0.01 %"
    return f"{percent:.1f} %" if percent >= 1 else f"{percent:.2g} %"


def _document(store: Store, arguments: argparse.Namespace, rows: list[tuple[Confusion, Swap | None]]) -> dict[str, Any]:
    return {
        "store": store.id,
        "store_revision": store.revision,
        "rate_hz": arguments.rate,
        "least": arguments.least,
        "confusions": [
            {
                "plate": confusion.plate,
                "movement": confusion.kind,
                "one": _amounts(confusion.one),
                "other": _amounts(confusion.other),
                "error": round(confusion.error, 4),
                "share_of_takes": None if confusion.share is None else round(confusion.share, 5),
                "better": None if swap is None else _swap_document(swap),
            }
            for confusion, swap in rows
        ],
    }


def _amounts(amounts: tuple[Amount, ...]) -> list[dict[str, Any]]:
    return [{"sku": sku, "qty": count} for sku, count in amounts]


def _swap_document(swap: Swap) -> dict[str, Any]:
    spots = [{"plate": spot.plate, "sku": spot.sku, "x_mm": list(spot.x_mm)} for spot in (swap.one, swap.other)]
    return {"swap": spots, "error": round(swap.error, 4)}
